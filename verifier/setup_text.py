"""What was discovered, as a set-up file that ``verifier audit`` reads as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from riskmodel.errors import one_line
from verifier.discover import Candidate, Found

__all__ = ["setup_text"]


def setup_text(source: str, found: Found | Iterable[Candidate]) -> str:
    """Return a set-up file.

    Parameters
    ----------
    source : str
        The live data.
    found : Found or iterable of Candidate
        What was found.

    Returns
    -------
    str
        TOML, with what is left to fill in, and what is no location, as comments.
    """
    if not isinstance(found, Found):
        found = Found(tuple(found), finished=True)
    lines = [
        "# Check each location, delete what is no copy, and add what is missing.",
        f"name = {_quoted(one_line(PurePosixPath(source).name or 'root')[:200])}",
        "",
        "[source]                  # the live data: copy 1",
        f"path = {_quoted(source)}",
        '# site = "home"           # name the place of each location',
    ]
    taken = {"source"}
    for candidate in found.candidates:
        name = _name(candidate.path, taken)
        taken.add(name)
        lines += ["", *_location(candidate, name)]
    hints = [f"{one.path}: {'; '.join((one.why, *one.notes))}" for one in found.hints]
    for title, told in (
        ("Set up, but not there now or out of a probe's reach", hints),
        ("Schedules that make copies", found.schedules),
        ("Snapshots, which share the pool of their origin and are no copies", found.snapshots),
        ("Data that no backup found here covers", found.uncovered),
        ("Could not be read, so that there may be more (root can)", found.unread),
    ):
        if told:
            lines += ["", f"# {title}:", *(f"# - {_plain(line)}" for line in told)]
    return "\n".join(lines) + "\n"


def _location(candidate: Candidate, name: str) -> Iterator[str]:
    yield f"[[locations]]             # {_plain(candidate.why)}"
    for note in candidate.notes:
        yield f"# {_plain(note)}"
    yield f"name = {_quoted(name)}"
    yield f"{'path' if candidate.is_path else 'address'} = {_quoted(candidate.path)}"
    if candidate.kind is not None:
        yield f"kind = {_quoted(candidate.kind)}"
    if candidate.password_file:
        yield f"password_file = {_quoted(candidate.password_file)}"
    elif candidate.kind in {"restic", "borg"}:
        yield f'# password_file = "~/.config/{candidate.kind}-password"'
    yield '# site = "…"'
    if candidate.is_path:
        yield "# offline = true          # if it is away most of the time"


def _name(path: str, taken: set[str]) -> str:
    stem = one_line(path.rstrip("/:").replace(":", "/").rpartition("/")[2] or "root")[:190]
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return name


def _quoted(text: str) -> str:
    """Write a TOML basic string; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    """Keep a comment on its line: TOML allows no control characters in it."""
    kept = "".join(c if c.isprintable() else "?" for c in text)
    return kept.encode("utf-8", "replace").decode("utf-8")
