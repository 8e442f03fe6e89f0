"""Writes Bacula volumes block by block, from the format's description, for tests."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
IDENTITY = b"Bacula 1.0 immortal\n\0"


def _text(word):
    return word.encode() + b"\0"


def _base64(number):
    digits = ""
    while number:
        digits = _DIGITS[number % 64] + digits
        number //= 64
    return digits or "A"


class VolumeWriter:
    """Collects records into blocks of `block_bytes`; `blocks` are the bytes of each."""

    def __init__(self, name="Vol-1", block_bytes=1000, identity=IDENTITY, checksums=True):
        self.blocks = []
        self._limit = block_bytes
        self._checksums = checksums
        label = identity + struct.pack(">Iqqdd", 11, 0, 0, 0.0, 0.0) + _text(name)
        self.session([(-2, 0, label)], 0, 0)

    @property
    def content(self):
        return b"".join(self.blocks)

    def session(self, records, session_id, moment):
        """Write the records of one session; those that do not fit are continued."""
        room, parts = self._limit - 24, []
        for index, stream, data in records:
            first = True
            while first or data:
                if room < 12 + min(len(data), 1):
                    self._block(b"".join(parts), session_id, moment)
                    room, parts = self._limit - 24, []
                here = data[: room - 12]
                sign = stream if first else -stream
                parts.append(struct.pack(">iiI", index, sign, len(data)) + here)
                room -= 12 + len(here)
                data, first = data[len(here) :], False
        self._block(b"".join(parts), session_id, moment)

    def job(self, number, level, files, day, *, name="J1", status="T", end=True, claim=None,
            stream=2, deleted=()):  # fmt: skip
        """Write one backup job: `files` maps paths to contents, `day` is of November 2026."""
        at = datetime(2026, 11, day, 3, tzinfo=UTC).timestamp()
        label = IDENTITY + struct.pack(">IIqd", 11, number, int(at * 1e6), 0.0)
        label += _text("Pool") + _text("Backup") + _text(name) + _text("client")
        label += _text(f"{name}.2026-11-{day:02}_03.00.00_0{number}") + _text("Set")
        label += struct.pack(">II", ord("B"), ord(level)) + _text("digest")
        records = [(-4, number, label)]
        for index, (path, content) in enumerate(files.items(), 1):
            numbers = [0] * 14
            numbers[7] = len(content)
            attributes = " ".join(_base64(each) for each in numbers)
            records.append((index, 1, f"{index} 3 {path}\0{attributes}\0\0\0".encode()))
            records.append((index, stream, content))
        records += [(0, 1, f"0 23 {path}\0A A A A A A A A\0\0\0".encode()) for path in deleted]
        if end:
            total = sum(map(len, files.values()))
            counts = (len(files) if claim is None else claim, total, 0, 0, 0, 0, 0, ord(status))
            records.append((-5, number, label + struct.pack(">IqIIIIII", *counts)))
        self.session(records, number, int(at))
        return self

    def _block(self, body, session_id, moment):
        size = 24 + len(body)
        rest = struct.pack(">II4sII", size, len(self.blocks), b"BB02", session_id, moment) + body
        crc = zlib.crc32(rest) if self._checksums else 0
        self.blocks.append(struct.pack(">I", crc) + rest)
