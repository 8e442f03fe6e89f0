"""Hostile bytes out of sound ones: flips, cuts, splices, words that break parsers, wrong values.

It needs nothing installed, so that it runs everywhere; where Atheris is there, long runs use that
to follow the branches of the code as well.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

__all__ = ["WORDS", "Mutator", "wrong_values"]

WORDS: tuple[bytes, ...] = (
    b"", b"\0", b"\n", b"\r\n", b"\x0b", b"\x85", b"\x1c", b"\xe2\x80\xa8", b"\x1b[2J\x1b]0;x\x07",
    b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xb2\x80", "\N{SUPERSCRIPT TWO}".encode(),
    "\N{ARABIC-INDIC DIGIT THREE}".encode(), b"../../../../etc/passwd", b"/etc/passwd", b"//", b".",
    b"..", b"-rf", b"--checkpoint-action=exec=true", b"~", b"$HOME", b"${", b"%s%n", b"%(x)s", b"%",
    b"0", b"-1", b"1e999", b"-0.0", b"nan", b"inf", b"NaN", b"Infinity", b"9" * 30, b"9" * 5000,
    b"18446744073709551616", b"2147483648", b"4294967295", b"null", b"true", b"[]", b"{}", b'""',
    b"[" * 3000, b"{\"a\":" * 3000, b"(" * 3000,
    b"<a>" * 3000, b"A" * 4096, b"/a" * 2500, b" " * 999,
    b"0001-01-01T00:00:00+23:59", b"9999-12-31T23:59:59-23:59", b"2026-02-30", b"0000-00-00",
    b"24:61:61", b"\\", b"\\777", b"\\000", b"'", b'"', b"`", b"#", b";", b"=", b":", b",", b"|",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>", b"&b;", b"<?xml version='1.0' encoding='utf-7'?>",
    b"encoding='idna'", b"\x80\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0",
    b"\xff" * 8, b"\0" * 512,
)  # fmt: skip
_LONGEST = 1 << 18
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, 10**400, 0.5, -0.0, 1e308, -1e308,
    float("inf"), float("-inf"), float("nan"), "", "a", "\0", "\ud800", "\x1b[2J", "/", "../..",
    "-rf", "~", "nan",
    "1 year", "-1 year", "1e400 years", "0 %", "101 %", "99999999 TB", "2026-02-30",
    "9" * 5000,
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", [], {}, [[]], [None], {"": None},
    {"a": {"a": {}}}, [1] * 300, "x" * 5000,
)  # fmt: skip


class Mutator:
    """Makes endless variants of samples.

    Parameters
    ----------
    samples : sequence of bytes
        Sound inputs; an empty one is always among them.
    words : sequence of bytes
        Further words of the format.
    seed : int
        The same seed makes the same variants.
    """

    def __init__(
        self, samples: Sequence[bytes], words: Sequence[bytes] = (), seed: int = 0
    ) -> None:
        self._random = random.Random(seed)
        self._samples = [*samples, b""]
        self._words = (*WORDS, *words)
        self._trees = [tree for tree in map(_read_json, self._samples) if tree is not None]

    def next(self) -> bytes:
        """Return one more input."""
        if self._trees and self._random.random() < 0.5:
            return self._other_tree()
        data = bytearray(self._random.choice(self._samples))
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 3, 5, 10))):
            self._random.choice(_CHANGES)(self, data)
        return bytes(data[:_LONGEST])

    def keep(self, sample: bytes) -> None:
        """Use an input as a sample from now on."""
        self._samples.append(sample)

    def _other_tree(self) -> bytes:
        tree = copy.deepcopy(self._random.choice(self._trees))
        for _ in range(self._random.choice((1, 1, 1, 2, 4))):
            places = list(_places(tree))
            if not places:
                break
            holder, key = self._random.choice(places)
            action = self._random.random()
            if action < 0.15:
                del holder[key]
            elif action < 0.3:
                theirs, name = self._random.choice(places)
                holder[key] = copy.deepcopy(theirs[name])
            else:
                holder[key] = copy.deepcopy(self._random.choice(_VALUES))
        return json.dumps(tree).encode()

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self._at(data)] ^= 1 << self._random.randrange(8)

    def _byte(self, data: bytearray) -> None:
        if data:
            data[self._at(data)] = self._random.choice(
                (0, 0xFF, 0x80, 0x7F, 0x0A, 0x20, 0x2D, 0x30)
            )

    def _cut(self, data: bytearray) -> None:
        if data:
            del data[self._at(data) :]

    def _drop(self, data: bytearray) -> None:
        if data:
            start = self._at(data)
            del data[start : start + self._random.choice((1, 2, 4, 16, 64, 512))]

    def _double(self, data: bytearray) -> None:
        if data and len(data) < _LONGEST:
            start = self._at(data)
            piece = data[start : start + self._random.choice((1, 4, 32, 512, 4096))]
            data[start:start] = piece * self._random.choice((1, 2, 50))

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._samples)
        if other:
            start = self._at(other)
            at = self._at(data) if data else 0
            data[at:at] = other[start : start + self._random.choice((4, 32, 256, 4096))]

    def _word(self, data: bytearray) -> None:
        at = self._at(data) if data else 0
        word = self._random.choice(self._words)
        stop = at + (len(word) if self._random.random() < 0.5 else 0)
        data[at:stop] = word

    def _number(self, data: bytearray) -> None:
        """Put another number where digits stand, which keeps the shape and breaks the meaning."""
        digits = [at for at in range(len(data)) if 0x30 <= data[at] <= 0x39]
        if digits:
            at = stop = self._random.choice(digits)
            while stop < len(data) and 0x30 <= data[stop] <= 0x39:
                stop += 1
            data[at:stop] = self._random.choice(
                (b"0", b"-1", b"9" * 20, b"9" * 5000, b"1.5", b"x", b"00", b"1e9", b"31", b"61")
            )

    def _field(self, data: bytearray) -> None:
        """Overwrite a number of a binary header."""
        if len(data) > 4:
            at = self._at(data)
            value = self._random.choice((0, 1, -1, 1 << 31, 1 << 63, 255, 65535, 1 << 20))
            size = self._random.choice((1, 2, 4, 8))
            order: Any = self._random.choice(("little", "big"))
            data[at : at + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, order)

    def _lines(self, data: bytearray) -> None:
        lines = bytes(data).split(b"\n")
        self._random.shuffle(lines)
        data[:] = b"\n".join(lines[: self._random.randint(0, len(lines))])

    def _at(self, data: bytes | bytearray) -> int:
        # headers are at the start: half of the changes fall into the first 600 bytes
        limit = len(data) if self._random.random() < 0.5 else min(len(data), 600)
        return self._random.randrange(limit)


_CHANGES: tuple[Callable[[Mutator, bytearray], None], ...] = (
    Mutator._flip, Mutator._byte, Mutator._cut, Mutator._drop, Mutator._double, Mutator._splice,
    Mutator._word, Mutator._word, Mutator._number, Mutator._number, Mutator._field, Mutator._lines,
)  # fmt: skip


def wrong_values() -> tuple[Any, ...]:
    """Return values that stand where others are expected."""
    return _VALUES


def _read_json(sample: bytes) -> Any:
    try:
        tree = json.loads(sample)
    except ValueError:
        return None
    return tree if isinstance(tree, dict | list) and tree else None


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what holds each value of a tree of JSON, and its key there."""
    waiting = [tree]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            yield holder, key
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
