"""Trees and files that may hold the source where nothing here can look: encrypted, packed, images.

A folder that has none of the source's files holds none, unless what lies in it is, by signature or
ending, something that only another program opens, and enough of it to hold the source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from verifier.files import table
from verifier.host import AccessError, Host
from verifier.manifest import Coverage, Manifest, cover, shown
from verifier.probes.newer import as_of
from verifier.probes.reading import head

__all__ = ["Unopened", "unopened"]

_MARKS = {
    "gocryptfs.conf": "gocryptfs", "gocryptfs.diriv": "gocryptfs",
    "masterkey.cryptomator": "Cryptomator", "vault.cryptomator": "Cryptomator",
    ".encfs6.xml": "EncFS", ".encfs5": "EncFS", "cryfs.config": "CryFS",
    ".securefs.json": "securefs",
}  # fmt: skip
_IN_BLOCKS = frozenset({"CryFS"})  # one file of the source is any number of its own
_NAMED = (
    (re.compile(r"(^|/)ECRYPTFS_FNEK_ENCRYPTED\."), "eCryptfs"),
    (re.compile(r"\.c9[rs](/|$)"), "Cryptomator"),
)
_WRAPPED = re.compile(r"\.(gpg|pgp|age|enc|aes|ccrypt|cpt|gz|bz2|xz|zst|lz4|lz|lzma|br|Z|7z|zip)$")
_IMAGE = re.compile(
    r"\.(img|dd|raw|ima|hc|tc|dmg|vhd|luks|(?P<packs>squashfs|sqsh|sqfs|sfs|qcow2?|vhdx|vmdk|vdi|"
    r"wim|esd|swm|ffu|tibx?|mrimg|gho|bkf|sparseimage|aes|gpg|pgp|age|enc|cpio(\.\w{1,4})?))$",
    re.IGNORECASE,
)
_SPARSE_BUNDLE = re.compile(r"(?P<name>.*\.sparsebundle)/", re.IGNORECASE)
_HIDES_ITS_TIME = re.compile(r"\.(hc|tc)$", re.IGNORECASE)
_STARTS = (  # where, what, whether less than it holds may be enough
    (0, b"hsqs", True), (0, b"sqsh", True), (0, b"QFI\xfb", True), (0, b"vhdxfile", True),
    (0, b"conectix", True), (0, b"KDMV", True), (0x40, b"\x7f\x10\xda\xbe", True),
    (0, b"MSWIM\0\0\0", True), (0, b"0707", False), (0, b"\xc7\x71", False),
    (0, b"LUKS\xba\xbe", False), (1080, b"\x53\xef", False), (3, b"NTFS    ", False),
    (0, b"XFSB", False), (1024, b"H+", False), (32, b"NXSB", False), (510, b"\x55\xaa", False),
)  # fmt: skip
_HEAD_BYTES = 2048
_LOOKED_AT = 8  # files whose beginning is read
_MOSTLY = 0.9
_LEAST_PACKED = 0.01  # nothing packs what people keep to less than this


@dataclass(frozen=True, slots=True)
class Unopened:
    """Why nobody knows how much of the source a tree holds.

    `dated` if its newest file tells when it was made: of a mirror that keeps the times of its files
    they tell nothing, nor of a container that hides when somebody wrote to it.
    """

    reason: str
    encrypted: bool = False
    dated: bool = False


def unopened(
    host: Host, source: Manifest | None, held: Manifest, coverage: Coverage
) -> Unopened | None:
    """Say why the source may be in a tree that does not show it.

    Parameters
    ----------
    host : Host
        Access to the location.
    source : Manifest or None
        The live data's files.
    held : Manifest
        The tree's files.
    coverage : Coverage
        What it holds by names and sizes.

    Returns
    -------
    Unopened or None
        None if nothing speaks for that.
    """
    shares = coverage.shares
    if source is None or shares is None or not held.files or shares.least >= _MOSTLY:
        return None
    if told := _wrapped(host, source, held):
        return Unopened(told)
    if shares.files > 0.0:
        return None
    if told := _encrypted(host, source, held):
        return Unopened(told, encrypted=True)
    return _images(host, source, held)


def _wrapped(host: Host, source: Manifest, held: Manifest) -> str:
    """Find the source's files under names with an ending more, as gpg and gzip leave each."""
    files = table(held.files)
    ends: dict[str, int] = {}
    for path, fact in files.items():
        stem = _WRAPPED.sub("", path)
        if stem != path and fact.size:
            ends[stem] = fact.size
    if not ends:
        return ""
    some = [path for path, _ in table(source.files).some(1000)]
    befores = ["", f"{source.folder}/", f"{held.folder}/{source.folder}/"]
    before = max(befores, key=lambda top: sum(top + path in ends for path in some))
    names = {
        path: fact.size
        for path, fact in source.files.items()
        if before + path in ends
        or (before + path in files and files[before + path].size == fact.size)
    }
    met = [path for path in names if before + path in ends]
    packed = sum(ends[before + path] for path in met)
    if not met or packed < _LEAST_PACKED * sum(names[path] for path in met):
        return ""
    if not _could_be(host, source, held, names):
        return ""
    return (
        f"the names of {len(met):,} of {len(source.files):,} files are there, packed or encrypted"
    )


def _could_be(host: Host, source: Manifest, held: Manifest, names: dict[str, int]) -> bool:
    found = as_of(host, source, cover(source, names), held.newest_by(source.changed_last))
    doubtful = found.newer.at_most if found.newer is not None and found.newer.doubtful else 0.0
    return max(found.share.value or 0.0, doubtful) >= _MOSTLY


def _encrypted(host: Host, source: Manifest, held: Manifest) -> str:
    """Find a tree in which a program has encrypted each file; it never gets smaller by that."""
    for below, tool in _marked(held):
        count, size = _within(held, below)
        enough = tool in _IN_BLOCKS or count >= _MOSTLY * len(source.files)
        mostly = size >= _MOSTLY * held.size_bytes
        if enough and mostly and size >= _MOSTLY * source.size_bytes:
            return f"it is encrypted with {tool}, and nothing here opens it"
    if len(held.files) < _MOSTLY * len(source.files) or held.size_bytes < source.size_bytes:
        return ""
    starts = list(_starts(host, held, (path for path, _ in table(held.files).some(_LOOKED_AT))))
    for tool, fits in (("rclone", _is_rclone), ("eCryptfs", _is_ecryptfs)):
        if starts and all(map(fits, starts)):
            return f"it is encrypted with {tool}, and nothing here opens it"
    return ""


def _marked(held: Manifest) -> Iterable[tuple[str, str]]:
    """Yield folders of which a file's name tells who encrypted what is below, and who that is."""
    marked: set[tuple[str, str]] = set()
    named: Counter[str] = Counter()
    for path in held.files:
        folder, _, name = path.rpartition("/")
        if name in _MARKS:
            marked.add((folder, _MARKS[name]))
        named.update(tool for pattern, tool in _NAMED if pattern.search(path))
    most = [("", tool) for tool, met in named.items() if met >= _MOSTLY * len(held.files)]
    return [*sorted(marked), *most]


def _within(held: Manifest, folder: str) -> tuple[int, int]:
    """Count the files below a folder, marks apart, and their bytes."""
    before = f"{folder}/" if folder else ""
    sizes = [
        fact.size
        for path, fact in held.files.items()
        if path.startswith(before) and path.rpartition("/")[2] not in _MARKS
    ]
    return len(sizes), sum(sizes)


def _is_rclone(start: bytes) -> bool:
    return start.startswith(b"RCLONE\0\0")


def _is_ecryptfs(start: bytes) -> bool:
    first, second = (int.from_bytes(start[at : at + 4], "big") for at in (8, 12))
    return len(start) >= 16 and first ^ 0x3C81B7F5 == second


def _starts(host: Host, held: Manifest, paths: Iterable[str]) -> Iterable[bytes]:
    for path in paths:
        try:
            if held.files[path].size:
                yield head(host, f"{held.root}/{path}", _HEAD_BYTES)
        except AccessError:
            continue


def _images(host: Host, source: Manifest, held: Manifest) -> Unopened | None:
    """Find images and archives of which a folder mostly consists, and that are large enough."""
    files = table(held.files)
    bundles = (found for path in files if (found := _SPARSE_BUNDLE.match(path)))
    bundle = next(bundles, None)
    if bundle and held.size_bytes >= _LEAST_PACKED * source.size_bytes:
        return _image(bundle["name"])
    ranked = sorted(files.items(), key=lambda item: -item[1].size)[:_LOOKED_AT]
    known = [
        (path, fact.size)
        for path, fact in ranked
        if fact.size and _is_image(host, held, path, fact.size, source)
    ]
    if not known or sum(size for _, size in known) < _MOSTLY * held.size_bytes:
        return None
    return _image(known[0][0])


def _image(path: str) -> Unopened:
    reason = f"{shown(path)} is an image or archive, and nothing here knows what is in it"
    return Unopened(reason, dated=not _HIDES_ITS_TIME.search(path))


def _is_image(host: Host, held: Manifest, path: str, size: int, source: Manifest) -> bool:
    named = _IMAGE.search(path)
    packs = named is not None and named["packs"] is not None
    signed: list[bool] = []
    for start in _starts(host, held, (path,)):
        signed = [less for at, what, less in _STARTS if start[at : at + len(what)] == what]
    if named is None and not signed:
        return False
    packs = packs or any(signed)
    return size >= (_LEAST_PACKED if packs else _MOSTLY) * source.size_bytes
