"""Files and digests as pieces that are named by their content.

A piece is a run of neighbouring folders, about 4,096 files. Where one ends is decided by the
folders' names and sizes alone, so that a folder that changes leaves the other pieces as they were.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import numpy as np

from verifier.digests import DIGEST_BYTES, Readings
from verifier.files import Files

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "KEY_BYTES",
    "NOTHING",
    "PIECE_NAMES",
    "Cut",
    "DamagedPiece",
    "cuts",
    "files_of",
    "key_of",
    "packed",
    "packed_digests",
    "packed_listing",
    "packed_times",
    "rows_in",
    "unpacked",
    "unpacked_digests",
    "unpacked_times",
]

KEY_BYTES = 16
NOTHING = bytes(KEY_BYTES)  # the key of what is not there: no file of the piece was ever read
PIECE_NAMES = 65_536
_USUAL_NAMES = 4096
_MOST_BYTES = 1 << 30  # of one piece: 65,536 paths of 4,096 bytes and their columns take less
_HEAD = struct.Struct("<IIIQQ")  # folders, rows, hollow rows, bytes of folders, bytes of names
_LEVEL = 3


class DamagedPiece(ValueError):
    """A piece is not what its name says."""


class Cut(NamedTuple):
    """One piece of a tree: rows ``first`` to ``end``, in folders ``folder`` to ``last``."""

    first: int
    end: int
    folder: int
    last: int


def key_of(raw: bytes) -> bytes:
    """Return the name of a piece."""
    return hashlib.blake2b(raw, digest_size=KEY_BYTES).digest()


def cuts(files: Files) -> Iterator[Cut]:
    """Yield the pieces of a tree, in the order of rows."""
    folders, starts = files.folder_rows()
    first = folder = 0
    for number, (name, (begin, end)) in enumerate(zip(folders, pairwise(starts), strict=True)):
        if end - first > PIECE_NAMES and begin > first:
            yield Cut(first, begin, folder, number - 1)
            first, folder = begin, number
        while end - first > PIECE_NAMES:
            yield Cut(first, first + PIECE_NAMES, number, number)
            first += PIECE_NAMES
        # a folder ends a piece the likelier the more files it has, so pieces are of like size
        if crc32(name.encode("utf-8", "surrogateescape")) % _USUAL_NAMES < end - begin:
            yield Cut(first, end, folder, number)
            first, folder = end, number + 1
    if first < len(files):
        yield Cut(first, len(files), folder, len(folders) - 1)


def packed_listing(files: Files, cut: Cut, devices: Sequence[int]) -> bytes:
    """Return the rows of a piece as bytes: the same rows always give the same bytes.

    Devices are numbers into `devices`, for a disk has another number wherever it is plugged in.
    """
    folders, starts = files.folder_rows()
    names, counts = [], []
    for number in range(cut.folder, cut.last + 1):
        joined, begin, end = files.joined_names(number), starts[number], starts[number + 1]
        if begin < cut.first or end > cut.end:
            begin, kept = max(begin, cut.first), min(end, cut.end)
            part = joined.split(b"\0")[begin - starts[number] : kept - starts[number]]
            joined, end = b"\0".join(part), kept
        if joined.count(b"\0") != end - begin - 1:
            message = f"a name in {folders[number]!r} cannot be kept"
            raise ValueError(message)
        names.append(joined)
        counts.append(end - begin)
    rows = slice(cut.first, cut.end)
    device = np.searchsorted(np.asarray(devices, np.uint64), files.column("dev")[rows])
    low, high = (bisect_right(files.hollow, edge - 1) for edge in (cut.first, cut.end))
    hollow = np.asarray(files.hollow[low:high], np.int64) - cut.first
    of_folders = "\0".join(folders[cut.folder : cut.last + 1]).encode("utf-8", "surrogateescape")
    of_names = b"\0".join(names)
    head = _HEAD.pack(len(counts), cut.end - cut.first, len(hollow), len(of_folders), len(of_names))
    columns = (
        np.asarray(counts, np.int64),
        files.column("size")[rows],
        files.column("mtime")[rows],
        _steps(files.column("ino")[rows].view(np.int64)),
        device.astype(np.int64),
        files.column("ctime")[rows],
        hollow,
    )
    return b"".join((head, of_folders, of_names, *map(_turned, columns)))


def rows_in(raw: bytes) -> int:
    """Return how many files a piece lists."""
    try:
        return int(_HEAD.unpack_from(raw)[1])
    except struct.error as error:
        raise DamagedPiece from error


def packed_digests(known: Readings, cut: Cut) -> bytes:
    """Return the digests of a piece as bytes."""
    return known.of(np.arange(cut.first, cut.end)).tobytes()


def packed_times(known: Readings, cut: Cut) -> bytes:
    """Return when the files of a piece were read, as bytes."""
    return _turned(_steps(known.read_at[cut.first : cut.end]))


def unpacked_digests(raw: bytes, rows: int) -> NDArray[np.uint8]:
    """Return what `packed_digests` packed."""
    if len(raw) != rows * DIGEST_BYTES:
        raise DamagedPiece
    return np.frombuffer(raw, np.uint8).reshape(rows, DIGEST_BYTES)


def unpacked_times(raw: bytes, rows: int) -> NDArray[np.int64]:
    """Return what `packed_times` packed."""
    return _summed(_straight(raw, rows))


def files_of(listings: Iterable[bytes], devices: Sequence[int]) -> Files:
    """Return the tree that these pieces, in order, are cut from; one of them at a time is held."""
    names: dict[str, bytes] = {}
    starts = array("q")
    made = (array("q"), array("q"), array("Q"), array("Q"), array("q"))
    hollow = array("q")
    rows = 0
    known = np.asarray([*devices, 0], np.uint64)
    for raw in listings:
        folders, counts, joined, columns, holes = _parts(raw)
        for folder, count, some in zip(folders, counts, joined, strict=True):
            if folder in names:  # one folder in several pieces
                names[folder] += b"\0" + some
            else:
                names[folder] = some
                starts.append(rows)
            rows += count
        size, mtime, ino, device, ctime = columns
        if len(device) and not 0 <= device.min() <= device.max() < len(known):
            raise DamagedPiece
        hollow.extend((holes + (rows - len(size))).tolist())
        for column, part in zip(made, (size, mtime, known[device], ino, ctime), strict=True):
            column.frombytes(part.tobytes())
    starts.append(rows)
    return Files(names, starts, made, hollow)


def packed(raw: bytes) -> bytes:
    """Return a piece as the database keeps it."""
    from backports import zstd

    return zstd.compress(raw, level=_LEVEL)


def unpacked(key: bytes, data: bytes) -> bytes:
    """Return a piece from what the database kept.

    Raises
    ------
    DamagedPiece
        If it is not what its name says, or larger than any piece.
    """
    from backports import zstd

    try:
        reader = zstd.ZstdDecompressor()
        raw = reader.decompress(data, max_length=_MOST_BYTES)
    except zstd.ZstdError as error:
        raise DamagedPiece from error
    if key_of(raw) != key:
        raise DamagedPiece
    return raw


def _parts(
    raw: bytes,
) -> tuple[list[str], list[int], list[bytes], list[NDArray[np.int64]], NDArray[np.int64]]:
    """Return folders, their counts and joined names, the columns, and the hollow rows."""
    try:
        n_folders, rows, holes, of_folders, of_names = _HEAD.unpack_from(raw)
    except struct.error as error:
        raise DamagedPiece from error
    at = _HEAD.size
    numbers = n_folders + 5 * rows + holes
    if len(raw) != at + of_folders + of_names + 8 * numbers:
        raise DamagedPiece
    folders = raw[at : at + of_folders].decode("utf-8", "surrogateescape").split("\0")
    at += of_folders
    names = raw[at : at + of_names].split(b"\0")
    at += of_names
    columns = []
    for count in (n_folders, rows, rows, rows, rows, rows, holes):
        columns.append(_straight(raw[at : at + 8 * count], count))
        at += 8 * count
    counts = columns[0].tolist()
    if len(folders) != n_folders or len(names) != rows or sum(counts) != rows or min(counts) < 1:
        raise DamagedPiece
    joined, first = [], 0
    for count in counts:
        joined.append(b"\0".join(names[first : first + count]))
        first += count
    size, mtime, ino, device, ctime, hollow = columns[1:]
    return folders, counts, joined, [size, mtime, _summed(ino), device, ctime], hollow


def _turned(column: NDArray[np.int64]) -> bytes:
    """Return the lowest bytes of all numbers, then the next: like bytes together pack better."""
    plain = np.ascontiguousarray(column, dtype="<i8")
    return plain.view(np.uint8).reshape(-1, 8).T.tobytes()


def _straight(raw: bytes, rows: int) -> NDArray[np.int64]:
    if len(raw) != 8 * rows:
        raise DamagedPiece
    turned = np.frombuffer(raw, np.uint8).reshape(8, rows).T
    return np.ascontiguousarray(turned).reshape(-1).view("<i8").astype(np.int64, copy=False)


def _steps(column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the differences of neighbours, modulo 2^64."""
    steps = column.copy()
    steps[1:] -= column[:-1]
    return steps


def _summed(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.cumsum(steps, dtype=np.int64)
