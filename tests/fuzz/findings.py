"""Inputs that once broke a parser, kept as text: one file each, named PARSER--WHAT.txt.

Bytes are written as Python escapes, so that a diff shows them and no terminal is steered.
"""

from __future__ import annotations

import codecs
from pathlib import Path

__all__ = ["FOLDER", "all_findings", "read_as", "shown_as"]

FOLDER = Path(__file__).parent / "findings"
_WIDTH = 100


def shown_as(data: bytes) -> str:
    """Return bytes as lines of ASCII; a run of one byte is ``*COUNT`` on a line of its own."""
    lines, start = [], 0
    while start < len(data):
        end = start
        while end < len(data) and data[end] == data[start]:
            end += 1
        if end - start > _WIDTH:
            lines.append(f"*{end - start} {_escaped(data[start : start + 1])}")
            start = end
            continue
        end = start + 1
        while end < len(data) and end - start < _WIDTH // 2:
            if data[end : end + _WIDTH + 1] == data[end : end + 1] * (_WIDTH + 1):
                break
            end += 1
        lines.append(f"={_escaped(data[start:end])}")
        start = end
    return "\n".join(lines) + "\n"


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
