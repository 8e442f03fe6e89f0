"""Names in another Unicode form: macOS takes accents off their letters, most others do not.

A name in UTF-8 is bytes to Linux, so é as one character (NFC) and as e with an accent (NFD) are two
names there. A copy that went through a Mac has the same files under the other form.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verifier.files import Files, Rows

__all__ = ["composed", "copy_names", "in_other_form", "paths_alike"]


def composed(path: str) -> str:
    """Return a path in NFC, in which all forms of it are the same."""
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def copy_names(paths: Iterable[str], held: Collection[str], before: str = "") -> dict[str, str]:
    """Return what files of the source are called in a copy, where it has them.

    Parameters
    ----------
    paths : iterable of str
        Those of the source.
    held : mapping of str, or Files
        Those of the copy.
    before : str
        What the copy puts before each path.

    Returns
    -------
    dict of str to str
        The same path if the copy has it, else one in another form that is no other file's.
    """
    found: dict[str, str] = {}
    others: dict[str, str] = {}
    for path in paths:
        if before + path in held:
            found[path] = before + path
        elif not path.isascii():
            others.setdefault(composed(before + path), path)
    if others:
        taken = set(found.values())
        for name in held:
            mine = others.get(composed(name))
            if mine is not None and name not in taken:
                found.setdefault(mine, name)
    return found


def in_other_form(mine: Files, theirs: Files, here: Rows, there: Rows) -> tuple[Rows, Rows]:
    """Add to rows of the same path those of the same path in another form.

    Parameters
    ----------
    mine, theirs : Files
        Two trees.
    here, there : array of int
        Their rows that have the same path, byte by byte.

    Returns
    -------
    tuple of arrays of int
        These and the others, in the order of the rows of the first.
    """
    import numpy as np

    wanted = _unmatched(mine, here)
    left = _unmatched(theirs, there) if wanted else {}
    both = sorted((wanted[path], left[path]) for path in wanted.keys() & left.keys())
    if not both:
        return here, there
    more = np.array(both, dtype=np.int64)
    here, there = np.concatenate([here, more[:, 0]]), np.concatenate([there, more[:, 1]])
    order = np.argsort(here, kind="stable")
    return here[order], there[order]


def paths_alike(mine: Files, theirs: Files, here: Rows) -> NDArray[np.bool_]:
    """Tell which rows of `mine`, all of them paired, are paired with the same bytes of a path."""
    import numpy as np

    if next(_spelt(mine), None) is None:
        return np.ones(len(here), dtype=np.bool_)
    alike = np.zeros(len(mine), dtype=np.bool_)
    alike[mine.same_paths(theirs)[0]] = True
    found: NDArray[np.bool_] = alike[here]
    return found


def _spelt(files: Files) -> Iterator[int]:
    """Yield the folders of `folder_rows` in which a path is not plain ASCII."""
    for number, folder in enumerate(files.folder_rows()[0]):
        if not (folder.isascii() and files.joined_names(number).isascii()):
            yield number


def _unmatched(files: Files, rows: Rows) -> Mapping[str, int]:
    """Return the rows that are not among these, by path in NFC, where it is not plain ASCII."""
    import numpy as np

    spelt = list(_spelt(files))
    if not spelt:
        return {}
    _, starts = files.folder_rows()
    candidates = np.zeros(len(files), dtype=np.bool_)
    for number in spelt:
        candidates[starts[number] : starts[number + 1]] = True
    candidates[rows] = False
    alone = np.flatnonzero(candidates).tolist()
    found: dict[str, int] = {}
    for row, path in zip(alone, files.paths(alone), strict=True):
        if not path.isascii():
            found.setdefault(composed(path), row)
    return found
