"""Digests of the files of a tree, column by column, and where those of earlier reads are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verifier.files import Files, Rows

__all__ = ["DIGEST_BYTES", "DigestStore", "Digests", "Readings", "alike", "heads", "nothing_known"]

DIGEST_BYTES = 32  # BLAKE3
_ROWS_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True)
class Digests:
    """BLAKE3 digests of the rows of a `Files`.

    Parameters
    ----------
    digest : array of uint8, shape (rows, 32)
        Zeros where a row was never read.
    read_at : array of int64, shape (rows,)
        When the bytes were last read; 0 if never. [ns since 1970]
    """

    digest: NDArray[np.uint8]
    read_at: NDArray[np.int64]

    def of(self, rows: Rows) -> NDArray[np.uint8]:
        """Return the digests of some rows."""
        found: NDArray[np.uint8] = self.digest[rows]
        return found


class Readings(Protocol):
    """What is known of the rows of a `Files`, wherever the digests themselves are."""

    @property
    def read_at(self) -> NDArray[np.int64]:
        """When each row was last read, 0 if never [ns since 1970]."""

    def of(self, rows: Rows) -> NDArray[np.uint8]:
        """Return the digests of some rows; all of those of millions would fill a machine."""


class DigestStore(Protocol):
    """Where digests of earlier reads come from, and where new ones are kept, batch by batch."""

    def listed(self, root: str, files: Files) -> None:
        """Take note of all files that a tree holds now; called once for each tree of an audit.

        Parameters
        ----------
        root : str
            As in `known`.
        files : Files
            What is there.
        """

    def known(self, root: str, files: Files) -> Readings:
        """Return what is known of the files of a tree that look as they did when they were read.

        It is not to be changed, and what is kept later shows in it. A digest of zeros is none: the
        store fails that had it.

        Parameters
        ----------
        root : str
            Real path or address of the tree, the same in every audit.
        files : Files
            What is there now.
        """

    def keep(
        self,
        root: str,
        files: Files,
        rows: Rows,
        digest: NDArray[np.uint8],
        read_at: NDArray[np.int64],
    ) -> None:
        """Keep the digests of some rows: all of them, or after a crash none.

        Parameters
        ----------
        root : str
            As in `known`.
        files : Files
            The tree that `rows` number.
        rows : array of int64, shape (n,)
            Which files were read.
        digest : array of uint8, shape (n, 32)
            Their digests.
        read_at : array of int64, shape (n,)
            When. [ns since 1970]
        """


def alike(one: Readings, here: Rows, other: Readings, there: Rows) -> NDArray[np.bool_]:
    """Tell which of some pairs of rows have the same digest.

    Parameters
    ----------
    one, other : Readings
        Two trees.
    here, there : array of int64, shape (n,)
        Their rows, pair by pair.
    """
    import numpy as np

    same = np.empty(len(here), dtype=np.bool_)
    for some in _blocks(len(here)):
        same[some] = (one.of(here[some]) == other.of(there[some])).all(axis=1)
    return same


def heads(known: Readings, rows: Rows) -> NDArray[np.uint64]:
    """Return the first eight bytes of the digests of some rows, as numbers."""
    import numpy as np

    found = np.empty(len(rows), dtype=np.uint64)
    for some in _blocks(len(rows)):
        found[some] = np.ascontiguousarray(known.of(rows[some])[:, :8]).view(np.uint64).ravel()
    return found


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + _ROWS_AT_ONCE) for start in range(0, count, _ROWS_AT_ONCE))


def nothing_known(files: Files) -> Digests:
    """Return the digests of files of which none was read."""
    import numpy as np

    count = len(files)
    return Digests(np.zeros((count, DIGEST_BYTES), np.uint8), np.zeros(count, np.int64))
