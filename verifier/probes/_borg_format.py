"""The files of a borg 1 repository, as its page on data structures and formats describes them."""

from __future__ import annotations

import configparser
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = [
    "COMMIT",
    "KEY_TYPES",
    "PUT",
    "Config",
    "Entry",
    "Held",
    "Malformed",
    "ends_in_commit",
    "entries",
    "key_type_of",
    "parse_config",
    "read_index",
]

MAGIC = b"BORG_SEG"
PUT, DELETE, COMMIT = 0, 1, 2
COMMIT_ENTRY = bytes.fromhex("40f43c250900000002")
KEY_BYTES = 32
_HEADER = struct.Struct("<IIB")
_INDEX_HEADER = struct.Struct("<8siibb")
_FREE_SEGMENT = 0xFFFFFFFE  # this and the one above mark empty and deleted buckets
_MAX_ENTRY_BYTES = 20 << 20  # MAX_OBJECT_SIZE of borg 1.x
_BUCKETS_AT_ONCE = 1 << 16

# first byte of every stored object -> mode, whether it is encrypted
KEY_TYPES = {
    0x00: ("keyfile", True),
    0x01: ("passphrase", True),
    0x02: ("none", False),
    0x03: ("repokey", True),
    0x04: ("keyfile-blake2", True),
    0x05: ("repokey-blake2", True),
    0x06: ("authenticated-blake2", False),
    0x07: ("authenticated", False),
}


class Malformed(ValueError):
    """The file breaks its own format."""


@dataclass(frozen=True, slots=True)
class Config:
    """``config`` of a repository.

    Parameters
    ----------
    id : str
        64 hexadecimal digits; copies of one repository share it.
    append_only : bool
        Whether borg refuses to free space in it.
    storage_quota_bytes : int
        0 if there is none. [bytes]
    holds_key : bool
        Whether the key, wrapped by the passphrase, lies in the repository.
    """

    id: str
    append_only: bool = False
    storage_quota_bytes: int = 0
    holds_key: bool = False


class Entry(NamedTuple):
    """One entry of a segment: where, what kind, its bytes, and whether its CRC-32 holds."""

    offset: int
    tag: int
    size: int
    key_type: int | None
    intact: bool


class Held(NamedTuple):
    """What the index places in one segment: how many objects, and the farthest offset in bytes."""

    objects: int
    farthest: int


def parse_config(text: str) -> Config:
    """Read ``config``.

    Raises
    ------
    ValueError
        If it is not the configuration of a borg 1 repository.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        section = parser["repository"]
        if section.getint("version") != 1:
            raise Malformed(f"version {section.get('version')!r} is not known")
        return Config(
            section["id"].strip().lower(),
            section.getboolean("append_only", fallback=False),
            section.getint("storage_quota", fallback=0),
            bool(section.get("key", "").strip()),
        )
    except (configparser.Error, KeyError) as error:
        raise Malformed(f"not a borg configuration: {type(error).__name__}") from error


def entries(file: BinaryIO) -> Iterator[Entry]:
    """Read a segment to its end and compare each entry with its CRC-32.

    Parameters
    ----------
    file : BinaryIO
        The segment, from its first byte; at most 20 MiB are held at once.

    Yields
    ------
    Entry
        In the order of the file.

    Raises
    ------
    Malformed
        Where no further entry can be told.
    """
    if (magic := file.read(len(MAGIC))) != MAGIC:
        raise Malformed("it is empty" if not magic else "it does not start as a segment")
    offset = len(MAGIC)
    while head := file.read(_HEADER.size):
        if len(head) < _HEADER.size:
            raise Malformed(f"it ends within the entry at {offset}")
        crc, size, tag = _HEADER.unpack(head)
        if not _sound(tag, size):
            raise Malformed(f"there is no entry at {offset}")
        body = file.read(size - _HEADER.size)
        if len(body) < size - _HEADER.size:
            raise Malformed(f"it ends within the entry at {offset}")
        found = zlib.crc32(body, zlib.crc32(head[4:]))
        key_type = body[KEY_BYTES] if tag == PUT and len(body) > KEY_BYTES else None
        yield Entry(offset, tag, size, key_type, found == crc)
        offset += size


def ends_in_commit(tail: bytes) -> bool:
    """Tell whether the last 9 bytes of a segment are the mark of a finished transaction."""
    return tail == COMMIT_ENTRY


def key_type_of(start: bytes) -> int | None:
    """Return the key type of the object that a segment starts with; None if it has none.

    Parameters
    ----------
    start : bytes
        The segment's first 50 bytes.
    """
    first = len(MAGIC) + _HEADER.size
    if len(start) <= first + KEY_BYTES or not start.startswith(MAGIC):
        return None
    _, size, tag = _HEADER.unpack(start[len(MAGIC) : first])
    return start[first + KEY_BYTES] if tag == PUT and _sound(tag, size) else None


def read_index(chunks: Iterable[bytes]) -> dict[int, Held]:
    """Read ``index.N``: in which segments objects lie.

    Parameters
    ----------
    chunks : iterable of bytes
        The file in pieces; it is never held whole.

    Returns
    -------
    dict of int to Held
        By segment.

    Raises
    ------
    Malformed
        If it is no such index, or lacks entries that its header promises.
    """
    pieces = _Pieces(chunks)
    head = pieces.take(_INDEX_HEADER.size)
    if len(head) < _INDEX_HEADER.size:
        raise Malformed("it ends within its header")
    magic, promised, buckets, key_bytes, value_bytes = _INDEX_HEADER.unpack(head)
    if magic != b"BORG_IDX" or (key_bytes, value_bytes) != (KEY_BYTES, 8):
        raise Malformed("it is not an index of borg 1")
    held: dict[int, Held] = {}
    found = 0
    while buckets > 0:
        wanted = min(buckets, _BUCKETS_AT_ONCE) * (KEY_BYTES + 8)
        block = pieces.take(wanted)
        if len(block) < wanted:
            raise Malformed("it is cut off")
        buckets -= _BUCKETS_AT_ONCE
        for segment, here in _in_block(block):
            found += here.objects
            before = held.get(segment, Held(0, 0))
            held[segment] = Held(before.objects + here.objects, max(before.farthest, here.farthest))
    if found != promised:
        raise Malformed(f"it holds {found} entries and promises {promised}")
    return held


def _in_block(block: bytes) -> Iterator[tuple[int, Held]]:
    import numpy as np

    layout = np.dtype([("key", f"V{KEY_BYTES}"), ("segment", "<u4"), ("offset", "<u4")])
    table = np.frombuffer(block, layout)
    table = table[table["segment"] < _FREE_SEGMENT]
    if not len(table):
        return
    order: npt.NDArray[np.intp] = np.argsort(table["segment"], kind="stable")
    segments, starts, counts = np.unique(
        table["segment"][order], return_index=True, return_counts=True
    )
    farthest = np.maximum.reduceat(table["offset"][order], starts)
    for segment, count, offset in zip(segments, counts, farthest, strict=True):
        yield int(segment), Held(int(count), int(offset))


def _sound(tag: int, size: int) -> bool:
    if tag == PUT:
        return _HEADER.size + KEY_BYTES <= size <= _MAX_ENTRY_BYTES
    return size == {DELETE: _HEADER.size + KEY_BYTES, COMMIT: _HEADER.size}.get(tag)


class _Pieces:
    """Cuts a stream of chunks into blocks of wanted lengths."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._left = b""

    def take(self, size: int) -> bytes:
        parts = [self._left]
        have = len(self._left)
        while have < size and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            have += len(chunk)
        whole = b"".join(parts)
        self._left = whole[size:]
        return whole[:size]
