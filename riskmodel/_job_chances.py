"""Runs that do not happen, and jobs that never worked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskmodel.layout import Copy, Layout

__all__ = ["hand_variance", "missed_share", "shared_chance", "shared_jobs", "with_defaults"]


def with_defaults(layout: Layout) -> bool:
    """Tell whether sourced values stand in for what the threats of a layout leave out."""
    return layout.threats is not None and layout.threats.defaults


def missed_share(layout: Layout, copy: Copy) -> float:
    """Return the share of a feed's runs that do not happen."""
    fed = copy.fed
    if fed is None:
        return 0.0
    if fed.missed is None and with_defaults(layout):
        known = layout.stand_ins()
        return known.missed_by_hand if fed.by == "hand" else known.missed_by_scheduler
    return fed.missed or 0.0


def hand_variance(layout: Layout) -> float:
    """Return how much hands differ in the runs that they miss; 0 where none feeds a copy."""
    by_hand = any(
        copy.fed is not None and copy.fed.by == "hand" and missed_share(layout, copy)
        for copy in layout.copies
    )
    return layout.stand_ins().hand_variance if by_hand else 0.0


def shared_jobs(layout: Layout) -> list[tuple[str, str]]:
    """Return the pairs of tool and source that write several backups, where that counts."""
    if not with_defaults(layout):
        return []
    pairs = [
        (copy.fed.tool, copy.fed.source)
        for copy in layout.copies
        if copy.fed is not None and copy.fed.how == "backup" and copy.fed.tool
    ]
    return sorted({pair for pair in pairs if pairs.count(pair) > 1})


def shared_chance(layout: Layout) -> float:
    """Return the chance that a whole job never worked: a share of each backup's, in hazard."""
    known = layout.stand_ins()
    return float(1.0 - (1.0 - known.unrestorable) ** known.unrestorable_shared)
