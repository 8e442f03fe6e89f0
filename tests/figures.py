"""What a long test measured, in one line: `make proof` shows these lines, other runs keep them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

__all__ = ["tell", "tell_scores"]


def tell(figure: str) -> None:
    """Print a figure after the name of the test that measured it."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition("::")[2].rpartition(" ")[0]
    print(f"\nproof: {test}: {figure}", flush=True)


def tell_scores(scores: Mapping[Any, float]) -> None:
    """Print how many differences were judged, the largest one, and how large all are together."""
    worst = max(scores, key=lambda name: abs(scores[name]))
    total = sum(score * score for score in scores.values())
    tell(
        f"{len(scores)} scores, the farthest z = {scores[worst]:.2f} ({worst}), "
        f"z² in the mean {total / len(scores):.2f}"
    )
