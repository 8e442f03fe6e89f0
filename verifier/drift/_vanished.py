"""Folders that went with all of their files, as when a disk is not mounted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verifier.drift._between import Difference

__all__ = ["vanished_folder"]

_LEAST = 10
_DEEP = 3  # folders below the top: a source may have a wrapper or two around what is mounted


def vanished_folder(found: Difference) -> tuple[str, int, bool]:
    """Return the folder near the top with the most files of which all went.

    Parameters
    ----------
    found : Difference
        The rows; files that moved have not gone.

    Returns
    -------
    tuple of str, int and bool
        Its path, its files, and whether none of the other files was on its file system; nothing
        if it had fewer than ten, or if other files are in it now.
    """
    import numpy as np

    if len(found.gone) < _LEAST:
        return "", 0, False
    folders, starts = found.before.folder_rows()
    firsts = np.frombuffer(starts, dtype=np.int64)
    went = np.zeros(len(found.before), dtype=np.int64)
    went[found.gone] = 1
    before = np.concatenate([[0], np.cumsum(went)])
    lost = before[firsts[1 : len(folders) + 1]] - before[firsts[: len(folders)]]
    whole = (lost == np.diff(firsts)[: len(folders)]) & (lost > 0)
    held: Counter[str] = Counter()
    for number in np.flatnonzero(whole).tolist():
        for name in _above(folders[number]):
            held[name] += int(lost[number])
    tops = {name.partition("/")[0] for name in held}  # of a million folders most are elsewhere
    stayed = (folders[number] for number in np.flatnonzero(~whole).tolist())
    for folder in chain(stayed, found.now.folder_rows()[0]):
        if folder.partition("/")[0] in tops:
            for name in _above(folder):
                held.pop(name, None)
    if not held or max(held.values()) < _LEAST:
        return "", 0, False
    name = max(held, key=lambda one: (held[one], -len(one)))
    return name, held[name], _apart(found, name)


def _above(folder: str) -> Iterator[str]:
    """Yield a folder's ancestors near the top, and it itself if it is one."""
    end = -1
    for _ in range(_DEEP):
        end = folder.find("/", end + 1)
        if end < 0:
            if folder:
                yield folder
            return
        yield folder[:end]


def _apart(found: Difference, name: str) -> bool:
    import numpy as np

    folders, starts = found.before.folder_rows()
    within = np.zeros(len(found.before), dtype=np.bool_)
    for number, folder in enumerate(folders):
        if folder.startswith(name) and f"{folder}/".startswith(f"{name}/"):
            within[starts[number] : starts[number + 1]] = True
    device = found.before.column("dev")
    here, others = np.unique(device[within]), np.unique(device[~within])
    return bool(here.all() and len(others) and not np.isin(here, others).any())
