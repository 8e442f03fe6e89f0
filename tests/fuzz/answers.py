"""What a command may answer to hostile input: an exit code of its own, and no byte that steers."""

from __future__ import annotations

import json
from pathlib import Path

from tests.commands import verifier_command

__all__ = ["audited", "clean", "ended"]

_STEERS = frozenset(map(chr, (*range(9), *range(11, 32), *range(127, 160))))


def clean(text: str) -> None:
    found = _STEERS & set(text.replace("\n", "").replace("\t", ""))
    assert not found, f"{found} in {text[:500]!r}"


def ended(done) -> None:
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in {0, 1, 2, 3}, done.stderr
    clean(done.stderr)


def audited(live: Path, copy: Path, *options: str) -> dict:
    done = verifier_command("audit", str(live), str(copy), "--json", "--no-catalogue", *options)
    ended(done)
    return json.loads(done.stdout)["locations"][1]
