"""Inputs that once broke a parser, kept as text: one file each, named PARSER--WHAT.txt.

Bytes are written as Python escapes, so that a diff shows them and no terminal is steered.
"""

from __future__ import annotations

import codecs
from pathlib import Path

__all__ = ["FOLDER", "all_findings", "read_as", "shown_as"]

FOLDER = Path(__file__).parent / "findings"
_WIDTH, _LONGEST_UNIT = 100, 80


def shown_as(data: bytes) -> str:
    """Return bytes as lines of ASCII; what is repeated is one line, ``*COUNT WHAT``."""
    lines, start = [], 0
    while start < len(data):
        unit, count = _repeated(data, start)
        if count:
            lines.append(f"*{count} {_escaped(unit)}")
            start += len(unit) * count
            continue
        end = start + 1
        while end < len(data) and end - start < _WIDTH // 2 and not _repeated(data, end)[1]:
            end += 1
        lines.append(f"={_escaped(data[start:end])}")
        start = end
    return "\n".join(lines) + "\n"


def _repeated(data: bytes, start: int) -> tuple[bytes, int]:
    """Return what is repeated from here on, and how often; 0 if nothing fills more than a line."""
    for length in range(1, _LONGEST_UNIT):
        unit = data[start : start + length]
        if (
            data[start : start + _WIDTH + length]
            != (unit * (_WIDTH // length + 2))[: _WIDTH + length]
        ):
            continue
        end = start + length
        while data[end : end + length] == unit:
            end += length
        return unit, (end - start) // length
    return b"", 0


def read_as(text: str) -> bytes:
    """Return the bytes of such lines."""
    parts = []
    for line in text.splitlines():
        if line.startswith("*"):
            count, _, byte = line[1:].partition(" ")
            parts.append(_bytes(byte) * int(count))
        elif line.startswith("="):
            parts.append(_bytes(line[1:]))
    return b"".join(parts)


def all_findings() -> list[Path]:
    """Return the files of the corpus."""
    return sorted(FOLDER.glob("*.txt"))


def _escaped(data: bytes) -> str:
    return codecs.escape_encode(data)[0].decode("ascii")  # type: ignore[attr-defined]


def _bytes(text: str) -> bytes:
    return codecs.escape_decode(text)[0]  # type: ignore[attr-defined,no-any-return]
