"""Random streams keyed by (seed, trial): the same bits for any number of threads.

xoshiro256++ (Blackman and Vigna, ACM TOMS 47(4), 2021), its state filled by SplitMix64 (Steele,
Lea, Flood, OOPSLA 2014) from the two keys.
"""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import jit

_U = np.uint64
_GOLDEN = _U(0x9E3779B97F4A7C15)
_MIX_1 = _U(0xBF58476D1CE4E5B9)
_MIX_2 = _U(0x94D049BB133111EB)
_S11, _S17, _S19, _S23 = _U(11), _U(17), _U(19), _U(23)
_S27, _S30, _S31, _S41, _S45 = _U(27), _U(30), _U(31), _U(41), _U(45)
_ULP = 1.0 / 9007199254740992.0


@jit
def _mix(z):
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@jit
def start_stream(rng, seed, trial):
    """Key the stream ``rng`` (uint64[4]) by seed and trial."""
    z = _mix(_U(seed) + _GOLDEN) ^ _mix(_U(trial) * _GOLDEN + _MIX_1)
    for i in range(4):
        z = z + _GOLDEN
        rng[i] = _mix(z)


@jit
def keyed_uniform(key, a, b):
    """Return the number in (0, 1) that belongs to three integers, in any order of asking."""
    z = _mix(_U(key) + _U(a) * _GOLDEN)
    z = _mix(z + _U(b) * _GOLDEN + _MIX_1)
    return (np.float64(z >> _S11) + 0.5) * _ULP


@jit
def step(s0, s1, s2, s3):
    """Advance a stream held in registers; return a draw from (0, 1) and the new state."""
    total = s0 + s3
    result = ((total << _S23) | (total >> _S41)) + s0
    shifted = s1 << _S17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = (s3 << _S45) | (s3 >> _S19)
    return (np.float64(result >> _S11) + 0.5) * _ULP, s0, s1, s2, s3


@jit
def uniform(rng):
    """Draw from (0, 1), both ends excluded."""
    u, rng[0], rng[1], rng[2], rng[3] = step(rng[0], rng[1], rng[2], rng[3])
    return u


@jit
def put_back(rng, s0, s1, s2, s3):
    """Put a stream that was held in registers back into its place."""
    rng[0] = s0
    rng[1] = s1
    rng[2] = s2
    rng[3] = s3


@jit
def exponential(rng):
    """Draw from the unit exponential."""
    return -math.log(uniform(rng))


@jit
def gamma_mean_one(rng, variance):
    """Draw a gamma frailty of mean 1 (Marsaglia and Tsang, ACM TOMS 26(3), 2000)."""
    shape = 1.0 / variance
    boost = 1.0
    d = shape
    if shape < 1.0:
        boost = uniform(rng) ** (1.0 / shape)
        d = shape + 1.0
    d -= 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        # polar method: one normal of the pair is enough here
        x = 2.0 * uniform(rng) - 1.0
        y = 2.0 * uniform(rng) - 1.0
        r = x * x + y * y
        if r >= 1.0 or r == 0.0:
            continue
        normal = x * math.sqrt(-2.0 * math.log(r) / r)
        v = (1.0 + c * normal) ** 3
        if v > 0.0 and math.log(uniform(rng)) < 0.5 * normal * normal + d - d * v + d * math.log(v):
            return d * v * boost * variance
