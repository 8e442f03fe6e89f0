"""Kernels that only other kernels call, opened to tests in Python."""

from __future__ import annotations

from typing import Any

from riskmodel._kernels import laws, rng
from riskmodel._kernels._jit import entry

__all__ = ["draw", "gamma_mean_one", "residual_time", "start_stream", "uniform"]


@entry
def start_stream(stream: Any, seed: int, trial: int) -> None:
    """Key a stream."""
    rng.start_stream(stream, seed, trial)


@entry
def uniform(stream: Any) -> float:
    """Draw from (0, 1)."""
    return rng.uniform(stream)


@entry
def gamma_mean_one(stream: Any, variance: float) -> float:
    """Draw a frailty."""
    return rng.gamma_mean_one(stream, variance)


@entry
def residual_time(terms: Any, law: Any, age: float, budget: float, enough: float) -> float:
    """Time beyond an age until a law has spent a budget."""
    return laws.residual_time(terms, law, age, budget, enough)


@entry
def draw(terms: Any, law: Any, stream: Any) -> float:
    """Draw a whole random time."""
    return laws.draw(terms, law, stream)
