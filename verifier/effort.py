"""How much of the bytes an audit reads: all or a sample, and which earlier reads still stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from verifier.bounds import sample_size
from verifier.inventory import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

__all__ = ["EVERYTHING", "Effort"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Effort:
    """What an audit is to read.

    Parameters
    ----------
    max_bad : float or None
        Read a random sample that bounds the share of bad files by this; None reads all.
    seed : int
        The same seed draws the same sample of the same files.
    stale_before : int
        Reads before this instant do not stand any more. [ns since 1970]
    """

    max_bad: float | None = None
    seed: int = 0
    stale_before: int = 0

    def drawn(self, count: int) -> Rows | None:
        """Return which of so many things to look at, ascending; None if all of them.

        A simple random sample: `verifier.bounds` says why.
        """
        if self.max_bad is None:
            return None
        import numpy as np

        wanted = sample_size(count, self.max_bad)
        if wanted >= count:
            return None
        chosen = np.random.default_rng(self.seed).choice(count, wanted, replace=False)
        return np.sort(chosen).astype(np.int64)

    def some(self, things: Sequence[T]) -> tuple[Sequence[T], Sample | None]:
        """Return the things to look at, and what part they are; what probes of formats call.

        Parameters
        ----------
        things : sequence
            Files, packs, segments: each can be examined by itself.

        Returns
        -------
        tuple of sequence and (Sample or None)
            None if they are all; else a sample of which nothing is bad so far.
        """
        rows = self.drawn(len(things))
        if rows is None:
            return things, None
        return [things[row] for row in rows], Sample(len(rows), len(things), seed=self.seed)


EVERYTHING = Effort()
