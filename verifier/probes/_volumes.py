"""Archives that their own program wrote in several volumes: ``tar -M``, and ``zip -s``.

Unlike the pieces of a split file these cannot be read one after the other as they are: a later
volume of tar begins with a header of its own, and zip counts its places from the start of a part.
"""

from __future__ import annotations

import re
import struct
import tarfile
from collections.abc import Iterable

from verifier.host import Host
from verifier.probes.reading import head, tail

__all__ = [
    "beginning",
    "continues",
    "flaw_of_parts",
    "lacking",
    "numbered",
    "part_of_zip",
    "parts_of",
]

_PART_OF_ZIP = re.compile(r"(?P<stem>.+)\.(?P<z>z)(?P<part>\d{2,4})", re.IGNORECASE)
_NUMBERED = re.compile(r"(?P<stem>.*?)(?P<part>\d{1,3})\.tar", re.IGNORECASE)
_HEAD_BYTES = 1024
_CONTINUED, _LABEL = b"M", b"V"
_END, _MOST_COMMENT = struct.Struct("<4sHHHHIIH"), 65_535


def part_of_zip(name: str) -> tuple[str, int] | None:
    """Return what archive a name like ``a.z01`` is a part of, and which; None of another name."""
    found = _PART_OF_ZIP.fullmatch(name)
    if found is None:
        return None
    return f"{found['stem']}.{'zip' if found['z'] == 'z' else 'ZIP'}", int(found["part"])


def numbered(name: str) -> tuple[str, int] | None:
    """Return the stem and the number of a name like ``home-2.tar``; None of another name."""
    found = _NUMBERED.fullmatch(name)
    return None if found is None else (found["stem"], int(found["part"]))


def beginning(host: Host, path: str) -> bytes:
    """Read as much of a file as tells whether it continues another one."""
    return head(host, path, _HEAD_BYTES)


def continues(start: bytes) -> bool:
    """Tell whether a tar begins in the middle of a file that an earlier volume began."""
    try:
        first = tarfile.TarInfo.frombuf(start[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    if first.type == _LABEL:
        label, _, number = first.name.rpartition(" Volume ")
        return bool(label) and number.isdecimal() and number != "1"
    return first.type == _CONTINUED or b" GNU.volume.filename=" in start[512:_HEAD_BYTES]


def parts_of(host: Host, path: str) -> int:
    """Return of how many parts a zip is the last, by the mark at its end; 0 without the mark."""
    end = tail(host, path, _END.size + _MOST_COMMENT)
    at = end.rfind(b"PK\5\6")
    return int(_END.unpack_from(end, at)[1]) + 1 if 0 <= at <= len(end) - _END.size else 0


def flaw_of_parts(host: Host, paths: tuple[str, ...]) -> str:
    """Say what is wrong with the parts of a zip by the mark at the end of the last; else empty."""
    parts = parts_of(host, paths[-1])
    if not parts:
        return "ends without its list of members"
    return "" if parts == len(paths) else f"has {parts} parts, of which {len(paths)} are here"


def lacking(numbers: Iterable[int], first: int) -> str:
    """Name the first that is not there of parts that are counted from `first`; else empty."""
    for wanted, number in enumerate(sorted(numbers), first):
        if number != wanted:
            return f"part {wanted - first + 1}"
    return ""
