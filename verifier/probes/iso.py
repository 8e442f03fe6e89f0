"""Images of optical discs: ISO 9660 with Rock Ridge or Joliet names, and UDF.

An image is a file: its medium is the drive that it lies on, not an optical disc.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime

from verifier.compared import DIFFERS, other_size
from verifier.files import MTIME_SLACK_NS, table
from verifier.host import AccessError, Host, Unreadable
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Manifest, cover, instant, prefix_in
from verifier.probes._digests import hash_of
from verifier.probes._noting import noted
from verifier.probes.bundles import unfinished_in, unfinished_of, unfinished_words
from verifier.probes.comparing import capped
from verifier.probes.iso_image import DAMAGE, HEAD_BYTES, Image, content_of, is_image, read_image
from verifier.probes.newer import as_of, without_equal
from verifier.probes.outdated import without_outdated, without_versions
from verifier.probes.reading import head
from verifier.probes.unlike import Side, listed_unlike, side
from verifier.target import Target

__all__ = ["collect", "detect", "newest_image"]

_NAME = re.compile(r"\.(iso|udf)$", re.IGNORECASE)
_BESIDE = re.compile(r"^\.|\.(sha\d+|md5|asc|sig|par2)$|sums$", re.IGNORECASE)


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is an image, or a folder that holds images and nothing else."""
    facts = host.stat(path)
    if facts.is_dir:
        listed = host.listdir(path)
        aside = {*unfinished_of(listed), *filter(_BESIDE.search, listed)}
        names = [name for name in listed if name not in aside]
        return bool(names) and all(_NAME.search(name) for name in names)
    return facts.is_file and (bool(_NAME.search(path)) or is_image(head(host, path, HEAD_BYTES)))


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine an image, or the images of a folder as one point each.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files.
    depth : Depth
        An image has no digests of its own: from ``BYTES`` on, its content is compared with the
        source's.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Contents are those of the newest image that can be read.
    """
    path = found.real_path or target.address
    places = _images(host, path)
    errors: list[str] = []
    whole: list[tuple[datetime, str, Image]] = []
    aside = unfinished_in(host, path)
    breaks: list[str] = list(map(unfinished_words, aside))
    times: list[datetime] = [bundle.time for bundle in aside]
    unseen = ""
    for place in places:
        name = place.rpartition("/")[2]
        written = instant(host.stat(place).mtime_ns) or datetime.fromtimestamp(0, UTC)
        times.append(written)
        try:
            image, flaw = _read(host, place)
        except AccessError as problem:
            unseen = unseen or f"{name} could not be read: {problem.reason}"
            continue
        if image is None or flaw:
            errors.append(f"{name} {flaw}.")
            breaks.append(f"{name} cannot be used: it {flaw}.")
        else:
            times[-1] = image.made or written
            whole.append((times[-1], place, image))
    whole.sort(key=lambda item: item[:2])
    latest = max(times, default=None)
    located = replace(
        found,
        kind="iso",
        points=Points(0, latest=latest, breaks=tuple(breaks)),
        errors=capped(errors),
        depth=None if unseen else min(depth, Depth.STRUCTURE),
        reason=unseen,
        encrypted=Fact(False, Evidence.MEASURED, "plain file records"),
    )
    if not whole:
        return replace(located, coverage=Fact(source="no image could be read"))
    newest, place, image = whole[-1]
    sizes = {each.path: each.size for each in image.files}
    prefix = prefix_in(source, sizes)
    held = {name.removeprefix(prefix): size for name, size in sizes.items()}
    coverage = as_of(host, source, cover(source, held), newest)
    noted(host, found, held)
    located = replace(
        located,
        points=Points.at(
            [time for time, _, _ in whole],
            latest=latest if latest and latest > newest else None,
            breaks=tuple(breaks),
            consistency=Fact("files", Evidence.INFERRED, "copied file by file"),
        ),
        files=len(sizes),
        size_bytes=sum(sizes.values()),
        coverage=coverage.share,
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        tool=f"{image.names} image {image.label!r}",
    )
    if source is not None and source.complete:
        changed = {each.path.removeprefix(prefix): each.mtime_ns for each in image.files}
        located = listed_unlike(located, source, held, changed)
    if depth < Depth.BYTES or unseen:
        return located
    if source is None or not source.complete:
        return replace(located, reason="no digests of its own, and the source could not be read")
    if not any(name.removeprefix(prefix) in source.files for name in sizes):
        return replace(located, reason="it has no file of the source, so nothing was compared")
    told = _compare(host, place, image, source, prefix)
    different, not_compared, older, equal, younger = told
    located = without_outdated(located, source, older)
    located = without_versions(located, source, younger)
    located = without_equal(located, table(source.files), equal)
    located = replace(located, errors=capped([*errors, *different]))
    return (
        replace(located, reason=not_compared)
        if not_compared
        else replace(located, depth=Depth.SOURCE)
    )


def newest_image(host: Host, path: str) -> tuple[datetime, str, Image] | None:
    """Return time, path and files of the newest image that can be read; None if there is none.

    Raises
    ------
    AccessError
        If one cannot be read.
    """
    whole = []
    for place in _images(host, path):
        image, flaw = _read(host, place)
        if image is not None and not flaw:
            written = instant(host.stat(place).mtime_ns) or datetime.fromtimestamp(0, UTC)
            whole.append((image.made or written, place, image))
    return max(whole, key=lambda item: item[:2], default=None)


def _images(host: Host, path: str) -> list[str]:
    if not host.stat(path).is_dir:
        return [path]
    listed = host.listdir(path)
    aside = set(unfinished_of(listed))
    names = [name for name in listed if _NAME.search(name) and name not in aside]
    return [f"{path}/{name}" for name in names if not name.startswith("._")]


def _read(host: Host, place: str) -> tuple[Image | None, str]:
    """List an image, and say what is wrong with it as the end of a sentence."""
    with host.open(place) as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        if not is_image(file.read(HEAD_BYTES)):
            if size < HEAD_BYTES:
                return None, "is cut off at its beginning"
            raise Unreadable(place, "it is neither ISO 9660 nor UDF")
        file.seek(0)
        try:
            image = read_image(file)
        except DAMAGE as problem:
            return None, f"is damaged: {str(problem)[:100]}"
    if image.declared_bytes > size:
        return image, f"is cut off: it has {size} of {image.declared_bytes} bytes"
    return image, ""


def _compare(
    host: Host, place: str, image: Image, source: Manifest, prefix: str
) -> tuple[list[str], str, list[str], list[int], list[str]]:
    """Return damage, what could not be compared, and files that the source has changed since.

    Then rows of the source's files that have another time, and the same bytes; then files of the
    same size, and of other bytes, that are younger in the image.
    """
    errors: list[str] = []
    unseen = ""
    wanted: dict[str, str] = {}
    late: set[str] = set()
    young: set[str] = set()
    older: list[str] = []
    younger: list[str] = []
    equal: list[int] = []
    files = table(source.files)
    for each in image.files:
        name = each.path.removeprefix(prefix)
        live = source.files.get(name)
        if live is None:
            continue
        # a disc keeps whole seconds
        if live.mtime_ns > each.mtime_ns + MTIME_SLACK_NS:
            late.add(name)
        which = side(live, each.size, each.mtime_ns)
        if which is Side.YOUNGER:
            young.add(name)
        if live.size == each.size:
            wanted[each.path] = name
        elif name not in late and which is Side.NONE:
            errors.append(f"{name} {other_size(each.size, live.size)}")
    try:
        with host.open(place) as file:
            for path, mine in content_of(file, frozenset(wanted)):
                if hash_of(host, f"{source.root}/{wanted[path]}", "sha256") == mine:
                    row = files.row(wanted[path]) if wanted[path] in late else None
                    equal += [] if row is None else [row]
                    continue
                if wanted[path] in late:
                    older.append(wanted[path])
                elif wanted[path] in young:
                    younger.append(wanted[path])
                else:
                    errors.append(f"{wanted[path]} {DIFFERS}")
    except AccessError as problem:
        if problem.path == place and problem.damage:
            errors.append(f"{place.rpartition('/')[2]} cannot be read: {problem.reason}.")
        else:
            unseen = f"{problem.path} could not be read: {problem.reason}"
    except DAMAGE as problem:
        errors.append(f"{place.rpartition('/')[2]} is damaged: {str(problem)[:100]}.")
    return errors, unseen, older, equal, younger
