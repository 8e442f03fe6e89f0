"""Lists folders for `_listing`, as a program of its own (``python -m verifier._lister``).

It is asked for some folders at once, and answers folder by folder; whoever asks keeps the order.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from typing import Any

from verifier.access import AccessError
from verifier.walking import Columns, Part, Walk

__all__ = ["FRAME", "framed"]

FRAME = struct.Struct("<Q")  # length of what follows


def framed(message: Any) -> bytes:
    """Return numbers, texts, tuples and lists of these as bytes that tell their length."""
    text = json.dumps(message).encode("ascii")  # which keeps names that are no UTF-8
    return FRAME.pack(len(text)) + text


def _listed(root: str, folder: str, seconds: float) -> Iterator[tuple[Any, ...]]:
    """Yield what is in one folder, in pieces, and with the last one the folders below it."""
    below: list[str] = []

    def set_aside(path: str) -> bool:
        below.append(path)
        return True

    walk = Walk(root, Columns, seconds, set_aside, [folder])
    while not walk.ended:
        for part in walk.step():
            yield _told(part, below if part.ended else [])


def _told(part: Part[Columns], below: list[str]) -> tuple[Any, ...]:
    met = part.met
    problems = [(name, *_reason(problem)) for name, problem in met.problems]
    broken = _reason(part.problem) if part.problem is not None else None
    columns = (met.names, met.size, met.mtime, met.ctime, met.dev, met.ino, met.hollow)
    links = (met.links, met.linked)
    return columns, links, met.specials, problems, part.ended, broken, below


def _reason(problem: AccessError) -> tuple[str, str, str, bool]:
    return problem.word, problem.path, problem.reason, problem.damage


def main() -> None:
    """Serve: a root and how long to look before something is said, then folders again and again."""
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    told.write(framed(None))
    told.flush()

    def heard() -> Any:
        head = asked.read(FRAME.size)
        return json.loads(asked.read(*FRAME.unpack(head))) if head else None

    root, seconds = heard()
    while folders := heard():
        for folder in folders:
            for piece in _listed(root, folder, seconds):
                told.write(framed(piece))
                told.flush()


if __name__ == "__main__":
    main()
