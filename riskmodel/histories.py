"""One simulated history: what happened to each copy, and how everything came to be lost."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._history_words import sentence, words
from riskmodel._program import compile_layout
from riskmodel._replay import Change, first_loss, hurried, replayed
from riskmodel._rest import expanded
from riskmodel._tables import table_html
from riskmodel.errors import InputError
from riskmodel.units import HOURS_PER_YEAR, hours

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel._program import Compiled
    from riskmodel.layout import Layout

__all__ = ["Happening", "History", "Lane", "history"]

_HASTES = (1, 3, 10, 30, 100)
_MOST = 200_000


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened at an instant.

    Parameters
    ----------
    hours : float
        From the start. [h]
    kind : str
        Such as ``"drive failed"``, ``"latent error"``, ``"lost"``, ``"back"``, ``"site down"``,
        ``"struck"`` or ``"all lost"``.
    where : str
        The copy or the site; empty for what befalls neither.
    what : str
        In words.
    """

    hours: float
    kind: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Lane:
    """What a copy went through.

    Parameters
    ----------
    name, site : str
        Of the copy, and where it is.
    lost : tuple of (float, float, float)
        From when, until when, and when it was noticed: inf for never within the history. [h]
    down : tuple of (float, float, int)
        From when until when so many of its drives were down. [h]
    errors : tuple of float
        When unreadable sectors came to matter. [h]
    checks : tuple of float
        When it was checked. [h]
    """

    name: str
    site: str
    lost: tuple[tuple[float, float, float], ...]
    down: tuple[tuple[float, float, int], ...]
    errors: tuple[float, ...]
    checks: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class History:
    """One trial of the events engine.

    Parameters
    ----------
    layout : str
        Its name.
    seed, trial : int
        Which trial it is: the same two give the same history.
    horizon_hours : float
        Mission time. [h]
    haste : int
        So many times as often as the layout states things strike, fail and arise in it; 1 for the
        layout as it is.
    before : int or None
        How many trials without a loss were passed over to find it; None if it was asked for.
    lanes : tuple of Lane
        A copy each, in the layout's order; a set each of those that rotate.
    sites : tuple of (str, float, float)
        Which site was destroyed, from when until when. [h]
    happenings : tuple of Happening
        In order of time.
    lost_hours : float or None
        When everything was lost, which ends it; None if that did not happen. [h]
    in_words : str
        How it was lost, in a sentence.
    """

    layout: str
    seed: int
    trial: int
    horizon_hours: float
    haste: int
    before: int | None
    lanes: tuple[Lane, ...]
    sites: tuple[tuple[str, float, float], ...]
    happenings: tuple[Happening, ...]
    lost_hours: float | None
    in_words: str

    @property
    def end_hours(self) -> float:
        """The end of it: the loss, or else the horizon. [h]."""
        return self.horizon_hours if self.lost_hours is None else self.lost_hours

    @property
    def how_found(self) -> str:
        """Say which history this is among all, so that nobody takes it for a typical one."""
        which = f"Trial {self.trial:,} of seed {self.seed}"
        if self.before is None:
            return f"{which}, as asked for."
        if self.haste == 1:
            return (
                f"{which}, the first that loses everything: one way of many, not picked as likely."
            )
        return (
            f"{which} under {self.haste} times the stated rates of all failures, errors, disasters "
            f"and mistakes, since no loss was met in {_MOST:,} trials at the stated ones. It "
            "can happen this way; how often, and how soon, it does not show."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row a happening."""
        import pandas as pd

        rows = [(one.hours / HOURS_PER_YEAR, one.kind, one.where, one.what)
                for one in self.happenings]  # fmt: skip
        return pd.DataFrame(rows, columns=["years", "kind", "where", "what"])

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints; times in hours from the start, None for never."""
        return {
            "layout": self.layout,
            "seed": self.seed,
            "trial": self.trial,
            "horizon_years": self.horizon_hours / HOURS_PER_YEAR,
            "haste": self.haste,
            "in_words": self.in_words,
            "how_found": self.how_found,
            "lost_hours": self.lost_hours,
            "copies": [
                {
                    "name": lane.name,
                    "site": lane.site,
                    "lost": [
                        {"from": since, "until": until,
                         "noticed": seen if math.isfinite(seen) else None}
                        for since, until, seen in lane.lost
                    ],
                }
                for lane in self.lanes
            ],
            "happenings": [asdict(one) for one in self.happenings],
        }  # fmt: skip

    def _repr_html_(self) -> str:
        words = html.escape(self.in_words)
        found = html.escape(self.how_found)
        return f"<p><b>{words}</b> {found}</p>{table_html(self.to_frame())}"


def history(
    layout: Layout,
    *,
    seed: int = 1,
    trial: int | None = None,
    horizon: str | float | None = None,
) -> History:
    """Play one history of a layout: by default the first of a seed in which everything is lost.

    Parameters
    ----------
    layout : Layout
        What is played.
    seed : int
        Key of the random streams.
    trial : int, optional
        A trial of the seed, whatever comes of it.
    horizon : str or float, optional
        Mission time; the layout's own by default. [h]

    Returns
    -------
    History

    Raises
    ------
    InputError
        If no history with a loss is found, however much things are hurried.

    Notes
    -----
    It is the very trial that ``simulate(method="events")`` counts. Where none of 200,000 is lost,
    all that strikes, fails or arises is hurried to 3, 10, 30 and 100 times its stated rate, and
    ``haste`` and ``how_found`` say so: such a history shows a way, not how often it is taken.
    """
    if not 0 <= seed < 2**63:
        raise InputError(f"seed: must be between 0 and 2^63 - 1, got {seed!r}")
    if trial is not None and trial < 0:
        raise InputError(f"trial: must be at least 0, got {trial!r}")
    compiled = compile_layout(layout, hours(horizon, "horizon") if horizon is not None else None)
    if trial is not None:
        return _told(layout, compiled, seed, trial, 1, None)
    for haste in _HASTES:
        program = compiled.program if haste == 1 else hurried(compiled.program, haste)
        found = first_loss(program, seed, _MOST)
        if found is not None:
            return _told(layout, compiled, seed, found, haste, found)
    raise InputError(
        f"{layout.name}: no history of {_MOST:,} ends in a loss, not even at {_HASTES[-1]} times "
        "the stated rates; a longer horizon may show one"
    )


def _told(
    layout: Layout, compiled: Compiled, seed: int, trial: int, haste: int, before: int | None
) -> History:
    program = compiled.program if haste == 1 else hurried(compiled.program, haste)
    changes = tuple(replayed(program, seed, trial))
    end = next((one.time for one in changes if one.kind == "all lost"), None)
    names, sites = _names(layout), list(layout.sites)
    until = compiled.horizon_hours if end is None else end
    with_all = {(one.time, one.index) for one in changes if one.kind in ("lost", "back")}
    happenings = tuple(
        Happening(one.time, *told)
        for one in changes
        if not (one.kind.startswith("drive") and (one.time, one.index) in with_all)
        and (told := words(one, names, sites, compiled.causes)) is not None
    )
    return History(
        layout=layout.name,
        seed=seed,
        trial=trial,
        horizon_hours=compiled.horizon_hours,
        haste=haste,
        before=before,
        lanes=tuple(
            _lane(name, c, compiled, copy.site or "", changes, until)
            for c, (name, copy) in enumerate(zip(names, expanded(layout), strict=True))
        ),
        sites=tuple(
            (sites[one.index], one.time, _until(changes, "site back", one, until))
            for one in changes
            if one.kind == "site down"
        ),
        happenings=happenings,
        lost_hours=end,
        in_words=sentence(changes, names, compiled.causes, compiled.horizon_hours),
    )


def _names(layout: Layout) -> list[str]:
    """Return a name for each copy, and for each set of one that rotates."""
    names = [copy.name for copy in expanded(layout)]
    return [
        f"{name}, set {names[: c + 1].count(name)}" if names.count(name) > 1 else name
        for c, name in enumerate(names)
    ]


def _until(changes: tuple[Change, ...], kind: str, since: Change, end: float) -> float:
    """Return when something ended, or the end of the history."""
    place = next(k for k, one in enumerate(changes) if one is since)
    return next(
        (one.time for one in changes[place:] if one.kind == kind and one.index == since.index), end
    )


def _lane(
    name: str, c: int, compiled: Compiled, site: str, changes: tuple[Change, ...], end: float
) -> Lane:
    own = tuple(one for one in changes if one.index == c and not one.kind.startswith("site"))
    lost = []
    for k, one in enumerate(own):
        if one.kind != "lost":
            continue
        until = _until(own, "back", one, end)
        told = [item.value for item in own[k:] if item.kind in ("lost", "noticed")
                and item.time <= until]  # fmt: skip
        seen = told[0] if len(told) == 1 else next(v for v in told[::-1] if not math.isnan(v))
        lost.append((one.time, until, seen if seen <= end else math.inf))
    return Lane(
        name=name,
        site=site,
        lost=tuple(lost),
        down=tuple(_down(own, end)),
        errors=tuple(one.time for one in own if one.kind == "latent error"),
        checks=tuple(_checks(compiled, c, changes, end)),
    )


def _down(own: tuple[Change, ...], end: float) -> Iterator[tuple[float, float, int]]:
    """Yield the spans in which the same number of drives was down."""
    count, since = 0, 0.0
    for one in own:
        step = {"drive failed": 1, "drive back": -1}.get(one.kind, 0)
        if not step:
            continue
        if count and one.time > since:
            yield since, one.time, count
        count, since = count + step, one.time
    if count and end >= since:  # also what fails at the last
        yield since, end, count


def _checks(compiled: Compiled, c: int, changes: tuple[Change, ...], end: float) -> Iterator[float]:
    every = float(compiled.program.copies[c]["check_every"])
    if not 0.0 < every < math.inf:
        return
    # of a random phase only what the history shows is known: when losses are noticed
    phase = 0.0
    if compiled.program.copies[c]["random_phase"]:
        seen = [one.value for one in changes if one.index == c and one.kind == "lost"
                and one.value > one.time and one.value < math.inf]  # fmt: skip
        if not seen:
            return
        phase = seen[0] % every
    count = int((end - phase) // every)
    for k in range(0 if phase > 0.0 else 1, count + 1):
        yield phase + k * every
