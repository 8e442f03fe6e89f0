"""Refuse what no machine plays to its end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from riskmodel._rest import expanded, pieces_of, refresh_of, turn_of
from riskmodel.errors import LayoutError
from riskmodel.lifetimes import Law, mean_within

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["error_cycles", "require_bounded"]

_MAX_DRIVES = 100_000
_MAX_EVENTS = 1e7
_MAX_WORK = 3e9  # each failure looks at all drives of its group


def require_bounded(
    layout: Layout, stores: Sequence[Mapping[str, float]], rate: float, horizon: float
) -> None:
    """Raise if a trial would be too long.

    Parameters
    ----------
    layout : Layout
        What is simulated.
    stores : sequence of mapping
        Rows of the store records, one for each set of each copy.
    rate : float
        Of all perils and shocks together. [1/h]
    horizon : float
        Mission time. [h]

    Raises
    ------
    LayoutError
        Naming what there is too much of.
    """
    for copy, store in zip(expanded(layout), stores, strict=True):
        drives = pieces_of(copy) * copy.store.group_count * copy.store.group_drives
        if drives > _MAX_DRIVES:
            raise LayoutError(
                f"copies.{copy.name}.store: {drives:,} drives; {_MAX_DRIVES:,} at most"
            )
        failures = drives * store["failures"]
        if not failures < _MAX_EVENTS:
            raise LayoutError(
                f"media.{copy.store.media}.lifetime: so short that drives of {copy.name} would "
                f"fail more than {_MAX_EVENTS:,.0f} times within the horizon"
            )
        if not failures * copy.store.group_drives < _MAX_WORK:
            raise LayoutError(
                f"media.{copy.store.media}.lifetime: drives of {copy.name} would fail some "
                f"{failures:,.0f} times within the horizon, too often for groups of "
                f"{copy.store.group_drives:,}"
            )
        if not drives * store["errors"] < _MAX_EVENTS:
            raise LayoutError(
                f"media.{copy.store.media}.latent_errors.mean_time: so short that drives of "
                f"{copy.name} would have more than {_MAX_EVENTS:,.0f} errors within the horizon"
            )
    _require_bounded_calendars(layout, horizon)
    if rate * horizon > _MAX_EVENTS:
        raise LayoutError(
            f"{layout.name}: perils and shocks would strike more than {_MAX_EVENTS:,.0f} times "
            "within the horizon"
        )


def error_cycles(mean_hours: float, scrub: Law, horizon: float) -> float:
    """Return how many latent errors arise on a drive within the horizon and are cleared, about.

    Parameters
    ----------
    mean_hours : float
        Mean time until an error arises on a clean drive. [h]
    scrub : Law
        Law of the time to its clearing, or the cycle of scrubs.
    horizon : float
        Mission time. [h]

    Returns
    -------
    float
    """
    if scrub.is_never:
        return 1.0
    there = 0.5 * scrub.every if scrub.every else mean_within(scrub.terms(), horizon)
    return horizon / (mean_hours + there)


def _require_bounded_calendars(layout: Layout, horizon: float) -> None:
    for copy in layout.copies:
        often = max(horizon / (every or math.inf) for every in (refresh_of(copy), turn_of(copy)))
        if often > _MAX_EVENTS:
            raise LayoutError(
                f"copies.{copy.name}: media would be refreshed or change places more than "
                f"{_MAX_EVENTS:,.0f} times within the horizon"
            )
        law = layout.medium(copy.store.media).obsolescence
        if law is None:
            continue
        if law.fixed is not None:
            ends = horizon / max(law.fixed, 1e-300)
        else:
            ends = float(law.cumulative_hazard(horizon))
        if not ends < _MAX_EVENTS:
            raise LayoutError(
                f"media.{copy.store.media}.obsolescence: so short that it would end more than "
                f"{_MAX_EVENTS:,.0f} times within the horizon"
            )
