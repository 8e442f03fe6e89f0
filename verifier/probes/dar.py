"""Dar: archives in numbered slices, each of which says at its end whether it is the last."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from xml.etree import ElementTree as ET

from verifier._texts import whole_number
from verifier.host import AccessError, Completed, Host, Missing
from verifier.inventory import Depth, Evidence, Fact, Location, Points
from verifier.manifest import Manifest, cover, instant, prefix_in
from verifier.probes._dar_chain import Chain, Listing, Reference, chain_of
from verifier.probes._digests import closed
from verifier.probes._noting import noted
from verifier.probes.archive import parse_date
from verifier.probes.comparing import capped
from verifier.probes.newer import as_of
from verifier.probes.outdated import without_older
from verifier.target import Target

__all__ = ["collect", "detect", "newest_chain", "parse_listing", "slices_of"]

_SLICE = re.compile(r"(?P<base>.+)\.(?P<number>\d{1,9})\.dar")
_MAGIC = b"\x00\x00\x00\x7b"
_LAST, _MORE = b"T", b"N"
_ENCRYPTED = "it is encrypted"


@dataclass(frozen=True, slots=True)
class _Archive:
    """One archive: its name, when it was made, its slices by number, and what is wrong."""

    base: str
    time: datetime | None
    slices: dict[int, str]
    flaws: tuple[str, ...] = ()
    unseen: str = ""
    meant: bool = True  # else it lies beside the one that was asked for


class _Refused(ValueError):
    """dar does not list an archive, and says why."""


def detect(host: Host, path: str) -> bool:
    """Tell whether a path is a slice, or a directory that holds slices of dar."""
    facts = host.stat(path)
    if not facts.is_dir:
        return _SLICE.fullmatch(path.rpartition("/")[2]) is not None
    slices = slices_of(host.listdir(path))
    first = next((name for found in slices.values() for name in found.values()), None)
    if first is None:
        return False
    with host.open(f"{path}/{first}") as file:
        start = file.read(len(_MAGIC))
    return start in (_MAGIC, b"")


def slices_of(names: Iterable[str]) -> dict[str, dict[int, str]]:
    """Sort file names into archives: base name to slice number to file name."""
    found: dict[str, dict[int, str]] = {}
    for name in names:
        if match := _SLICE.fullmatch(name):
            found.setdefault(match["base"], {})[int(match["number"])] = name
    return found


def parse_listing(text: str) -> Listing:
    """Read ``dar -l BASE -ay -T xml``.

    Raises
    ------
    ValueError
        If the text is no such listing.
    """
    if "<!ENTITY" in text:  # dar writes none; expat would expand them
        message = "it declares entities"
        raise ValueError(message)
    content = io.BytesIO(text[max(text.find("<?xml"), 0) :].encode("utf-8", "surrogateescape"))
    found = Listing()
    sums = 0
    try:
        for folders, element in _files(content):
            facts = element.find("Attributes")
            held = "" if facts is None else facts.get("data", "")
            if held == "deleted":
                continue
            path = "/".join([*folders, element.get("name", "")])
            size = _bytes(element.get("size", ""))
            when = None if facts is None else whole_number(facts.get("mtime", "").partition(" ")[0])
            time = None if when is None else when * 1_000_000_000
            if held != "saved":
                linked = facts is not None and facts.get("permissions", "").startswith("*")
                plain = held in ("referenced", "inode") and not linked
                found.elsewhere[path] = Reference(size, time, plain)
                sums += held == "referenced" and bool(element.get("crc"))
                continue
            found.sizes[path] = size
            if time is not None:
                found.times[path] = time
    except ET.ParseError as error:
        message = f"not a listing of dar: {error}"
        raise ValueError(message) from error
    # a catalogue on its own keeps the checksums of what it holds nothing of
    return replace(found, isolated=not found.sizes and sums > 0)


def _bytes(text: str) -> int:
    """Read ``"20000"`` or ``"17 o"``; dar rounds all other units."""
    number, _, unit = text.partition(" ")
    if unit not in ("", "o"):
        message = f"the size {text!r} is rounded"
        raise ValueError(message)
    return int(number)


def _files(content: io.BytesIO) -> Iterator[tuple[list[str], ET.Element]]:
    """Yield each file of a listing with the folders above it."""
    folders: list[str] = []
    for event, element in ET.iterparse(content, ("start", "end")):  # noqa: S314 - no entities
        if element.tag == "Directory" and event == "start":
            folders.append(element.get("name", ""))
        elif element.tag == "Directory":
            folders.pop()
            element.clear()
        elif element.tag == "File" and event == "end":
            yield folders, element
            element.clear()


def collect(
    host: Host, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a directory of slices.

    Parameters
    ----------
    host : Host
        Access to the location.
    target : Target
        What was asked for.
    source : Manifest or None
        The live data's files.
    depth : Depth
        ``STRUCTURE`` looks at the ends of all slices, ``BYTES`` lets dar test its own CRCs.
    found : Location
        What is already known.

    Returns
    -------
    Location
        Contents are those of the newest archive without a flaw, if dar is here to list it, with
        what it refers to in the others; one whose base is gone is no point.
    """
    folder, archives = _archives(host, found.real_path or target.address)
    meant = [archive for archive in archives if archive.meant]
    whole = _whole(meant)
    breaks = [flaw for a in meant for flaw in a.flaws]
    unseen = next((a.unseen for a in meant if a.unseen), "")
    located = replace(
        found,
        kind="dar",
        points=Points.at((a.time for a in whole if a.time), breaks=capped(breaks)),
        depth=None if unseen else min(depth, Depth.STRUCTURE),
        reason=unseen,
    )
    if not whole:
        return closed(located, unseen or "no archive in it is complete")
    if not host.local:
        return closed(located, "the program dar reads local files only")
    try:
        located = _listed(host, source, folder, archives, located)
        if depth >= Depth.BYTES and not unseen and located.files is not None:
            located = _tested(host, [f"{folder}/{a.base}" for a in whole], located)
    except Missing:
        return closed(located, "the program dar is not installed")
    except AccessError as problem:
        return closed(located, problem.reason)
    return located


def newest_chain(host: Host, path: str) -> tuple[str, datetime | None, Chain]:
    """Return the folder, the time of the newest archive that can be restored, and what it holds.

    Raises
    ------
    ValueError
        With the reason, if there is none or dar does not list it.
    """
    folder, archives = _archives(host, path)
    chain = _chain(host, folder, archives)
    if chain.doubt or not chain.name:
        raise ValueError(chain.doubt or "no archive in it is complete")
    time = next(archive.time for archive in archives if archive.base == chain.name)
    return folder, time, chain


def _archives(host: Host, path: str) -> tuple[str, list[_Archive]]:
    """Return the folder that holds the slices, and the archives in it."""
    folder, names = path, host.listdir(path) if host.stat(path).is_dir else ()
    only = None
    if not names:
        folder, _, name = path.rpartition("/")
        only, names = str(_SLICE.fullmatch(name)["base"]), host.listdir(folder)  # type: ignore[index]
    return folder, [
        replace(_archive(host, folder, base, slices), meant=only in (None, base))
        for base, slices in slices_of(names).items()
    ]


def _whole(archives: list[_Archive]) -> list[_Archive]:
    return sorted((a for a in archives if not a.flaws and a.time), key=lambda a: str(a.time))


def _chain(host: Host, folder: str, archives: list[_Archive]) -> Chain:
    """Put together what the newest archive holds; a file of no known time may be any of them."""
    whole = _whole(archives)[::-1]
    unseen = next((a.unseen for a in archives if a.unseen), "")
    meant = [archive.base for archive in whole if archive.meant]

    def listed(base: str) -> Listing:
        ended = _dar(host, "-l", f"{folder}/{base}", "-ay", "-T", "xml")
        if ended.code != 0:
            raise _Refused(_failure(ended))
        return parse_listing(ended.stdout)

    return chain_of(meant, [archive.base for archive in whole], listed, unseen)


def _archive(host: Host, folder: str, base: str, slices: dict[int, str]) -> _Archive:
    """Judge an archive by the numbers, sizes and last bytes of its slices."""
    flaws: list[str] = []
    unseen = ""
    sizes: dict[int, int] = {}
    when: datetime | None = None
    last = max(slices)
    if missing := [n for n in range(1, last + 1) if n not in slices][:3]:
        flaws.append(f"{base}: slice {', '.join(map(str, missing))} of {last} is missing.")
    for number, name in sorted(slices.items()):
        try:
            facts = host.stat(f"{folder}/{name}")
            start, end = _ends(host, f"{folder}/{name}", facts.size)
        except AccessError as problem:
            unseen = unseen or f"{name}: {problem.reason}"
            continue
        sizes[number] = facts.size
        when = instant(facts.mtime_ns) if number == last else when
        if start != _MAGIC or end not in (_LAST, _MORE):
            flaws.append(f"{name} is empty, cut off or no slice.")
        elif number == last and end == _MORE:
            flaws.append(f"{base}: the slices after {last} are missing.")
        elif number < last and end == _LAST:
            flaws.append(f"{name} says that it is the last, and it is not.")
    inner = {sizes[n] for n in sizes if 1 < n < last}
    if len(inner) > 1:
        flaws.append(f"{base}: slices in the middle have different sizes.")
    named = parse_date(base)
    same_day = named is not None and when is not None and named.date() == when.date()
    return _Archive(
        base, when if named is None or same_day else named, slices, tuple(flaws), unseen
    )


def _ends(host: Host, path: str, size: int) -> tuple[bytes, bytes]:
    with host.open(path) as file:
        start = file.read(len(_MAGIC))
        file.seek(max(0, size - 1))
        return start, file.read(1)


def _listed(
    host: Host, source: Manifest | None, folder: str, archives: list[_Archive], found: Location
) -> Location:
    """Let dar list the newest archive, and those that it refers to."""
    version = host.run(["dar", "-V"], timeout=60.0).stdout.strip().partition(",")[0]
    match = re.search(r"dar version [\d.]+", version)
    found = replace(found, tool=match[0] if match else None)
    try:
        chain = _chain(host, folder, archives)
    except _Refused as refused:
        reason = str(refused)
        secret = Fact(True, Evidence.TOOL_REPORTED, "dar -l") if reason == _ENCRYPTED else Fact()
        return closed(replace(found, encrypted=secret), reason)
    except ValueError as error:
        return closed(found, f"dar's answer is not understood: {error}")
    if chain.dropped:
        whole = [a for a in _whole(archives) if a.meant and a.base not in chain.dropped]
        breaks = capped([*found.points.breaks, *chain.breaks])
        points = Points.at((a.time for a in whole if a.time), breaks=breaks)
        found = replace(found, points=points)
    if chain.doubt or not chain.name:
        return closed(found, chain.doubt or "no archive in it is complete")
    prefix = prefix_in(source, chain.sizes)
    held = {name.removeprefix(prefix): size for name, size in chain.sizes.items()}
    coverage = as_of(host, source, cover(source, held), found.points.newest)
    noted(host, found, held)
    share = coverage.share
    if share.value is not None:
        share = replace(share, evidence=Evidence.TOOL_REPORTED, source="dar -l")
    found = replace(
        found,
        files=len(held),
        size_bytes=sum(held.values()),
        coverage=share,
        missing=coverage.missing,
        shares=coverage.shares,
        newer=coverage.newer,
        content=coverage.content,
        encrypted=Fact(False, Evidence.TOOL_REPORTED, "dar lists it without a password"),
    )
    times = {name.removeprefix(prefix): when for name, when in chain.times.items()}
    return without_older(found, source, held, times)


def _tested(host: Host, bases: list[str], found: Location) -> Location:
    """Let dar compare every file of every archive with its CRC."""
    errors = list(found.errors)
    for base in bases:
        ended = _dar(host, "-t", base)
        if ended.code != 0:
            errors.append(f"{base.rpartition('/')[2]} does not pass dar -t: {_failure(ended)}.")
    return replace(found, errors=capped(errors), depth=Depth.BYTES)


def _dar(host: Host, *arguments: str) -> Completed:
    # -N: the user's own darrc could change what is done; a run with secrets is never recorded
    return host.run(["dar", "-Q", "-N", *arguments], secrets={"DAR_DCF_PATH": ""})


def _failure(ended: Completed) -> str:
    said = f"{ended.stderr}\n{ended.stdout}"
    if "secu_string" in said or "assword" in said or "encrypt" in said:
        return _ENCRYPTED
    lines = [line.strip() for line in said.splitlines() if line.strip(" -")]
    telling = [line for line in lines if "rror" in line or "CRC" in line or "corrupt" in line]
    return ([*telling, *lines] or [f"dar ended with code {ended.code}"])[0][:200].rstrip(".")
