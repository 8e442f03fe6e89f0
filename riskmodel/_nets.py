"""Scrambled Sobol nets, the bits of ``scipy.stats.qmc.Sobol`` without the import of scipy.stats.

That package takes a second to import, as long as all the rest of a short run; of it only the table
of direction numbers is wanted, which is a file beside it.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sobol_net"]

_BITS = 30
_TABLE = "stats/_sobol_direction_numbers.npz"


def sobol_net(dimensions: int, points: int, key: np.random.SeedSequence) -> NDArray[np.float64]:
    """Return the first points of a scrambled Sobol sequence, a point a row.

    Parameters
    ----------
    dimensions : int
        Coordinates of a point, >= 1.
    points : int
        A power of two.
    key : SeedSequence
        What the scrambling is drawn from.

    Returns
    -------
    ndarray of float64
        In [0, 1).

    References
    ----------
    .. [1] Joe, Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM
       J. Scientific Computing 30(5), 2008.
    .. [2] Matousek, "On the L2-discrepancy for anchored boxes", J. Complexity 14(4), 1998.
    """
    rng = np.random.default_rng(key)
    table = _direction_numbers()
    if table is None or dimensions > len(table[0]):
        from scipy.stats import qmc

        drawn: NDArray[np.float64] = qmc.Sobol(dimensions, rng=rng).random(points)
        return drawn
    (own,) = rng.spawn(1)  # SciPy lets a net have a stream of its own
    vectors, shift = _scrambled(_vectors(dimensions), own)
    net = np.empty((points, dimensions), np.uint32)
    net[0] = shift
    done = 1
    for vector in vectors.T[: points.bit_length() - 1]:  # Gray code: the second half mirrors
        net[done : 2 * done] = net[:done][::-1] ^ vector
        done *= 2
    return net.astype(np.float64) * 2.0**-_BITS


@cache
def _direction_numbers() -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return the primitive polynomials and first direction numbers that SciPy has; None if not."""
    spec = find_spec("scipy")
    for folder in (spec and spec.submodule_search_locations) or ():
        try:
            with np.load(Path(folder) / _TABLE, allow_pickle=False) as table:
                return table["poly"], table["vinit"]
        except (OSError, KeyError, ValueError):
            continue
    return None


@lru_cache(maxsize=64)
def _vectors(dimensions: int) -> NDArray[np.uint32]:
    """Return the direction vectors: a row for each dimension, the highest bit first."""
    polynomials, starts = _direction_numbers() or (np.empty(0), np.empty(0))
    vectors = np.ones((dimensions, _BITS), np.int64)
    for row, polynomial, first in zip(vectors[1:], polynomials[1:], starts[1:], strict=False):
        degree = int(polynomial).bit_length() - 1
        row[:degree] = first[:degree]
        for j in range(degree, _BITS):
            new = row[j - degree]
            for k in range(1, degree + 1):
                if polynomial >> (degree - k) & 1:
                    new ^= row[j - k] << k
            row[j] = new
    return (vectors << np.arange(_BITS - 1, -1, -1)).astype(np.uint32)


def _scrambled(
    vectors: NDArray[np.uint32], rng: np.random.Generator
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Multiply the vectors by a random lower triangular matrix each; also draw the shift."""
    dimensions = len(vectors)
    powers = np.uint32(1) << np.arange(_BITS, dtype=np.uint32)
    shift = rng.integers(2, size=(dimensions, _BITS), dtype=np.uint32) @ powers
    matrices = np.tril(rng.integers(2, size=(dimensions, _BITS, _BITS), dtype=np.uint32))
    matrices |= np.eye(_BITS, dtype=np.uint32)
    bits = vectors[:, :, None] // powers[::-1] & np.uint32(1)  # of each vector, the highest first
    bits = np.matmul(bits, matrices.transpose(0, 2, 1)) & np.uint32(1)
    return bits @ powers[::-1], shift
