"""Bacula and Bareos volumes: blocks, records, labels; no catalog, no daemon, no password.

A volume is a row of blocks, each with a CRC32 of itself, each of one job session. A block holds
records; a record that does not fit goes on in the session's next block under a negative stream
number. Labels are records with a negative file index.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

__all__ = [
    "HEAD_BYTES",
    "Run",
    "Session",
    "Volume",
    "decode_size",
    "is_volume",
    "parse_session",
    "read_volume",
]

BLOCK = struct.Struct(">III4sII")
RECORD = struct.Struct(">iiI")
MAGIC = b"BB02"
IDS = (b"Bacula 1.0 immortal\n", b"Bareos 2.0 immortal\n")
HEAD_BYTES = BLOCK.size + RECORD.size + len(IDS[0])
MAX_BLOCK_BYTES = 20 << 20
MAX_RECORD_BYTES = 1 << 20
MAX_ERRORS = 50

VOLUME_LABEL, SESSION_START, SESSION_END = -2, -4, -5
_ATTRIBUTES = 1
_ENCRYPTED = frozenset({16, 20, 21, 23, 24, 25, 30, 31})
_HARD_LINK, _EMPTY, _REGULAR, _DELETED = 1, 2, 3, 23
_DIGITS = {
    digit: value
    for value, digit in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}
_MOST_DIGITS = 10  # of a size: 2^60 bytes
_TIMED_IN_MICROSECONDS = 11  # label version; older labels keep Julian days


@dataclass(frozen=True, slots=True)
class Session:
    """One job's session label: its start has no counts, its end has."""

    job_id: int
    job: str
    client: str
    file_set: str
    type: str
    level: str
    written: datetime | None
    files: int | None = None
    size_bytes: int | None = None
    errors: int | None = None
    status: str = ""


@dataclass(slots=True)
class Run:
    """What a volume holds of one session; `cut` if its last record goes on elsewhere."""

    start: Session | None = None
    end: Session | None = None
    files: dict[str, int] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    indexes: int = 0
    encrypted: bool = False
    cut: bool = False
    _first_index: int = 0
    _last_index: int = 0

    def add(self, later: Run) -> None:
        """Take over what a later volume holds of the same session."""
        self.start, self.end = self.start or later.start, later.end or self.end
        self.files.update(later.files)
        self.deleted |= later.deleted
        self.encrypted = self.encrypted or later.encrypted
        self.cut = later.cut
        # a file that spans two volumes is met in both
        shared = 0 < later._first_index <= self._last_index
        self.indexes += later.indexes - shared
        self._last_index = max(self._last_index, later._last_index)

    def count(self, index: int) -> None:
        """Count a file index once; they ascend within a session."""
        if index > self._last_index:
            self._first_index = self._first_index or index
            self._last_index = index
            self.indexes += 1


@dataclass(slots=True)
class Volume:
    """One volume read through: sessions by their id and time, damage, what was left unchecked."""

    name: str = ""
    program: str = ""
    runs: dict[tuple[int, int], Run] = field(default_factory=dict)
    blocks: int = 0
    unchecked: int = 0
    errors: list[str] = field(default_factory=list)


def is_volume(start: bytes) -> bool:
    """Tell a volume by its first bytes: a block header and the label's identity."""
    return start[12:16] == MAGIC and start[36:].startswith(IDS)


def parse_session(data: bytes) -> Session:
    """Read a start or end of session label.

    Parameters
    ----------
    data : bytes
        The record's content.

    Returns
    -------
    Session

    Raises
    ------
    ValueError
        If it is not such a label.
    """
    reader = _Reader(data)
    if f"{reader.text()}".encode() not in IDS:
        raise ValueError("a session label does not say who wrote it")
    version, job_id = reader.number(), reader.number()
    seconds = None
    if version >= _TIMED_IN_MICROSECONDS:
        seconds = reader.long() / 1e6
        reader.skip(8)
    else:
        reader.skip(16)
    reader.text(), reader.text(), reader.text()
    client, job, file_set = reader.text(), reader.text(), reader.text()
    kind, level = chr(reader.number() & 127), chr(reader.number() & 127)
    if version >= _TIMED_IN_MICROSECONDS:
        reader.text()
    start = Session(job_id, job, client, file_set, kind, level, _instant(seconds))
    if reader.exhausted:
        return start
    files, size = reader.number(), reader.long()
    reader.skip(16)
    errors = reader.number()
    status = chr(reader.number() & 127) if version >= _TIMED_IN_MICROSECONDS else "T"
    return Session(
        job_id, job, client, file_set, kind, level, start.written, files, size, errors, status
    )


def decode_size(attributes: str) -> int:
    """Return the size [bytes] in a file's encoded attributes: the eighth number, in base 64.

    Raises
    ------
    ValueError
        If there is none.
    """
    digits = "".join(attributes.split(" ", 8)[7:8])
    if not digits or len(digits) > _MOST_DIGITS or not _DIGITS.keys() >= set(digits):
        raise ValueError("a file's attributes hold no size")
    value = 0
    for digit in digits:
        value = value * 64 + _DIGITS[digit]
    return value


def read_volume(file: BinaryIO, *, check: bool) -> Volume:
    """Read a whole volume; damage becomes sentences, and reading goes on at the next block.

    Parameters
    ----------
    file : binary file
        At its start.
    check : bool
        Compare the CRC32 of each block.

    Returns
    -------
    Volume
    """
    volume = Volume()
    pending: dict[tuple[int, int], _Pending] = {}
    for block in _blocks(file, volume, check=check):
        _, _, _, _, session, moment = BLOCK.unpack_from(block)
        key = (session, moment)
        run = volume.runs.setdefault(key, Run())
        waiting = pending.pop(key, None)
        left = _records(volume, run, block, waiting)
        if left is not None:
            pending[key] = left
    # a record that waits for its rest goes on in the next volume, or was cut off
    for key in pending:
        volume.runs[key].cut = True
    volume.runs = {key: run for key, run in volume.runs.items() if run.start or run.indexes}
    return volume


@dataclass(slots=True)
class _Pending:
    """A record whose rest is in a later block."""

    index: int
    stream: int
    left: int
    data: bytearray | None


def _blocks(file: BinaryIO, volume: Volume, *, check: bool) -> Iterator[bytes]:
    at = 0
    while start := file.read(BLOCK.size):
        if len(start) < BLOCK.size:
            volume.errors.append(f"it ends within a block header at byte {at}")
            return
        crc, size, number, magic, _, _ = BLOCK.unpack(start)
        if magic != MAGIC or not BLOCK.size <= size <= MAX_BLOCK_BYTES:
            # after a lost header nothing says where the next block begins
            volume.errors.append(f"there is no block header at byte {at}")
            return
        rest = file.read(size - BLOCK.size)
        if len(rest) < size - BLOCK.size:
            volume.errors.append(f"it ends within block {number} at byte {at}")
            return
        block = start + rest
        volume.blocks += 1
        # a storage daemon told not to make checksums writes 0
        volume.unchecked += crc == 0
        if check and crc and zlib.crc32(block[4:]) != crc:
            _complain(volume, f"block {number} at byte {at} does not match its CRC32")
        yield block
        at += size


def _records(volume: Volume, run: Run, block: bytes, waiting: _Pending | None) -> _Pending | None:
    at = BLOCK.size
    while at + RECORD.size <= len(block):
        index, stream, size = RECORD.unpack_from(block, at)
        at += RECORD.size
        here = block[at : at + size]
        at += size
        data: bytearray | None = None
        if waiting is not None and (waiting.index, -waiting.stream, waiting.left) == (
            index, stream, size,
        ):  # fmt: skip
            _take(waiting, here)
            stream, data = waiting.stream, waiting.data
        elif waiting is not None or (stream < 0 and index > 0 and run.start is not None):
            _complain(volume, f"a part of file {waiting.index if waiting else index} is missing")
            data = bytearray(here) if stream > 0 and _kept(index, stream) else None
        elif stream > 0 or index < 0 or not index:
            data = bytearray(here) if _kept(index, stream) else None
        waiting, stream = None, abs(stream) if index > 0 else stream
        if len(here) < size:
            return _Pending(index, stream, size - len(here), data)
        run.encrypted = run.encrypted or stream in _ENCRYPTED
        run.count(index)
        if data is not None:
            _meaning(volume, run, index, stream, bytes(data))
    return None


def _complain(volume: Volume, sentence: str) -> None:
    if len(volume.errors) < MAX_ERRORS:
        volume.errors.append(sentence)


def _kept(index: int, stream: int) -> bool:
    return index < 0 or stream == _ATTRIBUTES


def _take(waiting: _Pending, here: bytes) -> None:
    if waiting.data is not None and len(waiting.data) + len(here) <= MAX_RECORD_BYTES:
        waiting.data += here


def _meaning(volume: Volume, run: Run, index: int, stream: int, data: bytes) -> None:
    try:
        if index == VOLUME_LABEL:
            volume.program, volume.name = _label(data)
        elif index == SESSION_START:
            run.start = parse_session(data)
        elif index == SESSION_END:
            run.end = parse_session(data)
        elif index >= 0 and stream == _ATTRIBUTES:
            _file(run, data)
    except ValueError as error:
        _complain(volume, f"a record with file index {index} is not understood: {error}")


def _label(data: bytes) -> tuple[str, str]:
    reader = _Reader(data)
    identity = reader.text()
    reader.skip(4 + 32)
    return identity.partition(" ")[0], reader.text()


def _file(run: Run, data: bytes) -> None:
    """Read index, type and name, then attributes and link, each ended by a zero byte."""
    front, attributes = data.split(b"\0", 2)[:2]
    _, kind, name = front.decode("utf-8", "surrogateescape").split(" ", 2)
    path = name.lstrip("/")
    if int(kind) == _DELETED:
        run.deleted.add(path)
    elif int(kind) in (_HARD_LINK, _EMPTY, _REGULAR):
        run.files[path] = decode_size(attributes.decode("ascii"))


def _instant(seconds: float | None) -> datetime | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return None


class _Reader:
    """Takes numbers (big-endian) and texts (ended by a zero) off a record."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def exhausted(self) -> bool:
        return self._at >= len(self._data)

    def skip(self, count: int) -> None:
        self._at += count

    def number(self) -> int:
        return self._unpacked(">I", 4)

    def long(self) -> int:
        return self._unpacked(">q", 8)

    def text(self) -> str:
        end = self._data.index(b"\0", self._at)
        found = self._data[self._at : end].decode("utf-8", "replace")
        self._at = end + 1
        return found

    def _unpacked(self, form: str, size: int) -> int:
        piece = self._data[self._at : self._at + size]
        if len(piece) < size:
            raise ValueError("a label ends within a number")
        self._at += size
        return int(struct.unpack(form, piece)[0])
