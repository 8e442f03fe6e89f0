"""What a set-up leaves out of the source: patterns as in a ``.gitignore``, seen from its root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verifier.walking import Columns

__all__ = ["Excluding", "refusal"]


def refusal(pattern: str) -> str:
    """Say why a text is no pattern; empty if it is one.

    Examples
    --------
    >>> refusal("*.tmp"), refusal("[")
    ('', "'[' is no pattern that matches anything")
    """
    from pathspec import GitIgnoreSpec

    try:
        matching = any(
            one.include is not None for one in GitIgnoreSpec.from_lines([pattern]).patterns
        )
    except ValueError:
        matching = False
    return "" if matching else f"{pattern!r} is no pattern that matches anything"


@dataclass(slots=True)
class Excluding:
    """Leaves out what matches, and counts it; what lies below such a folder is not looked at.

    Parameters
    ----------
    patterns : sequence of str
        In the syntax of ``gitignore(5)``: ``.cache/`` is any folder of that name, ``/tmp`` what
        lies at the top, ``!keep.tmp`` is not left out whatever was said before.

    Examples
    --------
    >>> leaving = Excluding([".cache/", "*.tmp"])
    >>> leaving.folder("home/.cache"), leaving.file("a.tmp"), leaving.file("a.jpg")
    (True, True, False)
    >>> leaving.words
    'left out by exclude: 1 folder, 1 file'
    """

    patterns: Sequence[str]
    folders: int = 0
    files: int = 0
    _spec: Any = field(init=False)
    _maybe: Any = field(init=False)

    def __post_init__(self) -> None:
        from pathspec import GitIgnoreSpec

        self._spec = GitIgnoreSpec.from_lines(self.patterns)
        # asking the whole specification takes 20 us, and most files match none of these
        self._maybe = [one.regex.match for one in self._spec.patterns if one.include and one.regex]

    def folder(self, path: str) -> bool:
        """Tell whether a folder is left out, by its path from the source."""
        out = self._matches(f"{path}/")
        self.folders += out
        return out

    def file(self, path: str) -> bool:
        """Tell whether a file is left out."""
        out = self._matches(path)
        self.files += out
        return out

    def sift(self, folder: str, met: Columns) -> Columns:
        """Return what stays of the things that a walk met in a folder."""
        before = f"{folder}/" if folder else ""
        keep = [not self.file(before + name) for name in met.names]
        problems = [one for one in met.problems if not self.file(before + one[0])]
        met.linked = [name for name in met.linked if not self._matches(before + name)]
        if all(keep):
            met.problems = problems
            return met
        return met.only(keep, problems)

    @property
    def words(self) -> str:
        """What was left out, as far as it was looked at; empty if nothing was."""
        counted = ((self.folders, "folder"), (self.files, "file"))
        parts = [f"{count:,} {what}{'s' * (count != 1)}" for count, what in counted if count]
        return f"left out by exclude: {', '.join(parts)}" if parts else ""

    def _matches(self, path: str) -> bool:
        return any(match(path) for match in self._maybe) and bool(self._spec.match_file(path))
