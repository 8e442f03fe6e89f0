"""What a shell offers after a tab: depths, rules, and the names that stand in a set-up file.

Only the standard library is imported before it is asked; what cannot be read offers nothing.
"""

from __future__ import annotations

import os
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["dataset_names", "depth_words", "location_names", "schema_names", "topics"]

_LONGEST = 1_000_000  # no set-up file is longer; a tab must answer at once [bytes]
_HARMLESS = " ._-@%+=:,/"  # beside letters and digits: what no shell makes a command of


def dataset_names(incomplete: str) -> list[str]:
    """Return the datasets of the set-up file that stands on the line."""
    raw = _setup_on_the_line()
    return _fitting(_named(raw.get("datasets")) or _named([raw]), incomplete)


def location_names(incomplete: str) -> list[str]:
    """Return the locations of the set-up file that stands on the line."""
    raw = _setup_on_the_line()
    tables = [raw, *_tables(raw.get("datasets"))]
    return _fitting((name for one in tables for name in _named(one.get("locations"))), incomplete)


def depth_words(incomplete: str) -> list[str]:
    """Return how deep an audit can look."""
    from verifier.inventory import Depth

    return _fitting((depth.word for depth in Depth), incomplete)


def topics(incomplete: str) -> list[str]:
    """Return what can be explained: rules, gates, kinds of location, the score."""
    from verifier.kinds import kind_documents
    from verifier.rules import GATE_RULES, PRACTICE_RULES, RULES

    gates = (one.gate.replace("_", "-") for one in (*GATE_RULES, *PRACTICE_RULES))
    return _fitting((*(rule.id for rule in RULES), *gates, *kind_documents(), "score"), incomplete)


def schema_names(incomplete: str) -> list[str]:
    """Return the schemas that there are."""
    from verifier.schemas import SCHEMAS

    return _fitting(SCHEMAS, incomplete)


def _setup_on_the_line() -> dict[str, Any]:
    """Read the set-up file of a command; nothing is checked, and nothing is said of it.

    The line is taken from where the shell's script left it: an option that lacks its value, as the
    one that is being completed does, keeps all other words from being read.
    """
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    try:
        first = next(word for word in shlex.split(line) if word.endswith(".toml"))
        with Path(first).expanduser().open("rb") as file:
            return tomllib.loads(file.read(_LONGEST).decode())
    except (StopIteration, OSError, ValueError, RuntimeError, RecursionError):
        return {}


def _tables(value: object) -> Iterator[dict[str, Any]]:
    yield from (one for one in (value if isinstance(value, list) else ()) if isinstance(one, dict))


def _named(value: object) -> list[str]:
    return [one["name"] for one in _tables(value) if isinstance(one.get("name"), str)]


def _fitting(words: Iterable[str], incomplete: str) -> list[str]:
    """Return those that begin so; a name that a shell could take for a command is left out."""
    plain = (w for w in dict.fromkeys(words) if all(c.isalnum() or c in _HARMLESS for c in w))
    found = [word for word in plain if word.startswith(incomplete)]
    if os.environ.get("_VERIFIER_COMPLETE", "").endswith("bash"):
        return [word.replace(" ", "\\ ") for word in found]  # bash inserts it as it is
    return found
