"""People and malware: from a layout to whom each threat reaches, and how data flows between copies.

One Poisson process for each login (mistake, ransomware), account, provider, tool and person that
keeps a key: two logins are twice as likely to be misused as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from riskmodel._job_chances import (
    hand_variance,
    missed_share,
    shared_chance,
    shared_jobs,
    with_defaults,
)
from riskmodel._resolve import NEVER, is_online
from riskmodel._rest import expanded, sets_of
from riskmodel.errors import LayoutError, did_you_mean
from riskmodel.policies import Threat
from riskmodel.preset_catalogue import ShockPreset, presets
from riskmodel.units import HOURS_PER_YEAR, format_hours

if TYPE_CHECKING:
    from riskmodel._builder import Builder
    from riskmodel.layout import Copy, Layout
    from riskmodel.lifetimes import Law

__all__ = [
    "LOGIN",
    "People",
    "Reach",
    "add_sources",
    "key_rows",
    "people_of",
    "threats_of",
    "versions_kept_hours",
]

LOGIN = ""  # of copies that name no credentials
_DAMAGE = ("mistake", "ransomware", "software-fault")
_HOURS = {"hourly": 1.0, "daily": 24.0, "weekly": 168.0, "monthly": 730.5, "yearly": HOURS_PER_YEAR}
_READS = ("bytes", "source", "restore")


@dataclass(frozen=True, slots=True)
class Reach:
    """One Poisson process: what it is called, how often it strikes, and whom.

    ``targets`` are indices of copies, or of one person where ``takes`` is ``"person"``; without a
    law in ``noticed`` damage is seen at once, and a lost copy like any loss of it. Who takes over
    deletes the versions that no lock holds, on all targets.
    """

    cause: str
    rate: float
    takes: str  # data, copies, person
    targets: tuple[int, ...]
    noticed: Law | None
    takes_over: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """What the kernel needs of people, keys and feeds; ``rows`` are those of FEED."""

    reaches: tuple[Reach, ...] = ()
    rows: tuple[dict[str, float], ...] = ()
    jobs: tuple[float, ...] = ()
    keys: tuple[tuple[tuple[str, int], ...], ...] = ()
    hand_variance: float = 0.0
    assumptions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def matter(self) -> bool:
        """Whether anything of it can happen."""
        fed = any(row["source"] >= 0 for row in self.rows)
        return fed or bool(self.reaches) or bool(self.keys)


def threats_of(layout: Layout) -> dict[str, Threat]:
    """Return the threats that act on a layout by name, each with its rate.

    Raises
    ------
    LayoutError
        If a threat has no rate and the defaults are not asked for.
    """
    table = layout.threats
    if table is None:
        return {}
    found = {}
    for name in ("mistake", "ransomware", "account-loss", "provider-failure", "key-loss",
                 "software-fault"):  # fmt: skip
        own: Threat | None = getattr(table, name.replace("-", "_"))
        if own is None and not table.defaults:
            continue
        known = _preset_of(name, own)
        rate = own.rate if own is not None else None
        noticed = own.noticed if own is not None else None
        named = own is not None and own.preset is not None
        if rate is None and not (table.defaults or named):
            raise LayoutError(
                f"threats.{name}.rate: is required, such as '0.5 %/year'; "
                "threats.defaults = true brings the sourced ones"
            )
        law = noticed or known.noticed
        if law is not None and law.kind in ("bandwidth", "every"):
            raise LayoutError(f"threats.{name}.noticed: '{law.kind}' is no law of a notice")
        backups = own.backups if own is not None and own.backups is not None else known.backups
        if backups is not None and name != "ransomware":
            raise LayoutError(f"threats.{name}.backups: only ransomware may spare what it reaches")
        over = own.takes_over if own is not None else None
        if over is not None and name != "ransomware":
            raise LayoutError(f"threats.{name}.takes_over: only ransomware may take over")
        found[name] = _threat(known.rate if rate is None else rate, law, backups, over)
    return found


@lru_cache(maxsize=1024)  # one layout asks several times, and those of a search share their threats
def _threat(
    rate: float | None, noticed: Law | None, backups: float | None, over: bool | None
) -> Threat:
    return Threat(rate=rate, noticed=noticed, backups=backups, takes_over=over)


def _preset_of(name: str, own: Threat | None) -> ShockPreset:
    """Return the sourced threat that stands in for what a layout does not say."""
    if own is None or own.preset is None:
        return presets().shocks[name]
    known = [preset for preset in presets().shocks if preset.startswith(name)]
    if own.preset not in known:
        hint = did_you_mean(own.preset, known)
        raise LayoutError(f"threats.{name}.preset: unknown preset '{own.preset}'{hint}")
    return presets().shocks[own.preset]


def people_of(layout: Layout) -> People:
    """Return whom the threats of a layout reach, and what its feeds, versions and keys allow.

    Raises
    ------
    LayoutError
        If something that the law needs is missing or contradicts itself.
    """
    used = sorted({copy.key for copy in layout.copies if copy.key})
    names = [copy.name for copy in expanded(layout)]
    sites = list(layout.sites)
    persons: dict[str, int] = {}
    keys = []
    for key in used:
        kept = layout.keys_[key].kept
        if not kept:
            raise LayoutError(f"keys.{key}.kept: is empty; name sites, copies or people")
        holders = []
        for name in dict.fromkeys(kept):
            if name in sites:
                holders.append(("site", sites.index(name)))
            elif name in names:
                holders += [("copy", index) for index, own in enumerate(names) if own == name]
            else:
                holders.append(("person", persons.setdefault(name, len(persons))))
        keys.append(tuple(holders))
    people = People(
        reaches=tuple(_reaches(layout, persons)),
        rows=tuple(
            _feed_row(layout, copy, used, number)
            for copy in layout.copies
            for number in range(sets_of(copy))
        ),
        jobs=tuple(shared_chance(layout) for _ in shared_jobs(layout)),
        keys=tuple(keys),
        hand_variance=hand_variance(layout),
    )
    people.assumptions.extend(_assumptions(layout))
    people.warnings.extend(_warnings(layout))
    return people


def add_sources(build: Builder, people: People, sites: int) -> None:
    """Add what people and malware do; people are struck at indices after those of the sites."""
    from riskmodel._kernels import records

    kinds = {
        "data": records.THREAT_DATA,
        "copies": records.THREAT_COPIES,
        "person": records.THREAT_PERSON,
    }
    for reach in people.reaches:
        offset = sites if reach.takes == "person" else 0
        build.source(
            reach.cause,
            reach.rate,
            kinds[reach.takes],
            [(0, index + offset, 1.0) for index in reach.targets],
            noticed=-1 if reach.noticed is None else build.law(reach.noticed),
            takes_over=reach.takes_over,
        )


def key_rows(people: People, sites: int) -> tuple[list[dict[str, float]], list[tuple[int, int]]]:
    """Return the kernel's rows of keys and of those who hold them."""
    from riskmodel._kernels import records

    kinds = {
        "site": (records.SITE_HOLDS, 0),
        "copy": (records.COPY_HOLDS, 0),
        "person": (records.PERSON_HOLDS, sites),
    }
    keys: list[dict[str, float]] = []
    holders: list[tuple[int, int]] = []
    for key in people.keys:
        keys.append({"first": len(holders), "count": len(key)})
        holders += [(kinds[kind][0], index + kinds[kind][1]) for kind, index in key]
    return keys, holders


def _reaches(layout: Layout, persons: dict[str, int]) -> Iterator[Reach]:
    copies = expanded(layout)
    for name, threat in threats_of(layout).items():
        takes = "data" if name in _DAMAGE else "person" if name == "key-loss" else "copies"
        over = threat.takes_over is True
        groups = _online_as_one(layout) if over else _grouped(layout, name)
        if takes == "person":
            groups = {person: (index,) for person, index in persons.items()}
        for group, targets in groups.items():
            if threat.rate:
                cause = f"{name} of {group}" if group else name
                noticed = threat.noticed
                too = 1.0 if threat.backups is None else threat.backups
                if too > 0.0:
                    yield Reach(cause, too * threat.rate, takes, targets, noticed, over)
                if too == 1.0:
                    continue
                live = tuple(index for index in targets if not _is_backup(copies[index]))
                if live:
                    rate = (1.0 - too) * threat.rate
                    yield Reach(f"{cause}, sparing backups", rate, takes, live, noticed)


def _online_as_one(layout: Layout) -> dict[str, tuple[int, ...]]:
    """Return all that is online, as the reach of whoever has every login."""
    online = (i for i, copy in enumerate(expanded(layout)) if _login(layout, copy) is not None)
    reached = tuple(online)
    return {LOGIN: reached} if reached else {}


def _is_backup(copy: Copy) -> bool:
    return copy.fed.how == "backup" if copy.fed is not None else copy.role == "backup"


def _grouped(layout: Layout, threat: str) -> dict[str, tuple[int, ...]]:
    by: dict[str, Callable[[Copy], str | None]] = {
        "mistake": lambda copy: _login(layout, copy),
        "ransomware": lambda copy: _login(layout, copy),
        "account-loss": lambda copy: copy.account,
        "provider-failure": lambda copy: copy.provider,
        "software-fault": lambda copy: copy.fed.tool if copy.fed else None,
        "key-loss": lambda copy: None,
    }
    groups: dict[str, tuple[int, ...]] = {}
    for index, copy in enumerate(expanded(layout)):
        group = by[threat](copy)
        if group is not None:
            groups[group] = (*groups.get(group, ()), index)
    return groups


def _login(layout: Layout, copy: Copy) -> str | None:
    if not is_online(layout, copy):
        return None
    return LOGIN if copy.credentials is None else copy.credentials


def versions_kept_hours(copy: Copy) -> float:
    """Return how many hours old a version grows before it is deleted, 0 where none is kept.

    A count of points reaches back that many of its periods; points between are not thinned out.
    """
    spans = [copy.immutable or 0.0]
    retention = copy.retention
    if retention is not None:
        spans.append(retention.within or 0.0)
        spans += [getattr(retention, kind) * hours for kind, hours in _HOURS.items()]
        if retention.last:
            if copy.fed is None or copy.fed.every is None:
                raise LayoutError(
                    f"copies.{copy.name}.retention.last: counts runs; it needs fed.every"
                )
            spans.append(retention.last * copy.fed.every)
    return max(spans)


def _locked_hours(layout: Layout, copy: Copy) -> float:
    """Return how old a locked version may grow; 0 where nobody deletes the others.

    So layouts whose locks make no difference are one law, and a search computes them once.
    """
    ransomware = threats_of(layout).get("ransomware")
    return copy.immutable or 0.0 if ransomware is not None and ransomware.takes_over else 0.0


def _feed_row(layout: Layout, copy: Copy, keys: list[str], number: int) -> dict[str, float]:
    """Return how one set of a copy is fed; of several each has its turn."""
    names = [other.name for other in expanded(layout)]
    check = copy.check
    row: dict[str, float] = {
        "source": -1,
        "every": 0.0,
        "phase": 0.0,
        "lag": 0.0,
        "missed": 0.0,
        "by_hand": 0,
        "kept": versions_kept_hours(copy),
        "locked": _locked_hours(layout, copy),
        "key": keys.index(copy.key) if copy.key else -1,
        "reads": check is not None and check.depth in _READS,
        "restores": check is not None and check.depth == "restore",
        "unrestorable": 0.0,
        "job": -1,
    }
    fed = copy.fed
    if fed is None:
        return row
    _check_feed(layout, copy)
    row["source"] = names.index(fed.source)
    row["every"] = (fed.every or 0.0) * sets_of(copy)
    row["phase"] = (fed.every or 0.0) * number
    row["lag"] = fed.lag or 0.0
    row["missed"] = missed_share(layout, copy) if fed.every else 0.0
    row["by_hand"] = fed.by == "hand"
    if fed.how == "backup" and with_defaults(layout):
        jobs = shared_jobs(layout)
        job = (fed.tool, fed.source)
        shared = shared_chance(layout) if job in jobs else 0.0
        row["job"] = jobs.index(job) if job in jobs else -1
        row["unrestorable"] = 1.0 - (1.0 - layout.stand_ins().unrestorable) / (1.0 - shared)
    return row


def _check_feed(layout: Layout, copy: Copy) -> None:
    fed = copy.fed
    place = f"copies.{copy.name}.fed"
    if fed is None:
        return
    if fed.how == "backup" and fed.every is None:
        raise LayoutError(f"{place}.every: is required for a backup, such as every = '1 day'")
    if fed.how == "mirror" and (fed.every or fed.lag):
        raise LayoutError(f"{place}: a mirror is synchronous; 'replica' has a lag or an interval")
    if fed.every and fed.lag:
        raise LayoutError(f"{place}: names both 'every' and 'lag'; keep one")
    by_name = {other.name: other for other in layout.copies}
    seen = {copy.name}
    source = by_name[fed.source]
    if sets_of(source) > 1:
        raise LayoutError(f"{place}.from: {source.name} has sets that rotate; name their source")
    while source.fed is not None:
        if source.name in seen:
            raise LayoutError(f"{place}.from: copies feed each other in a circle")
        seen.add(source.name)
        source = by_name[source.fed.source]


def _assumptions(layout: Layout) -> Iterator[str]:
    if layout.threats is None:
        return
    for name, threat in threats_of(layout).items():
        own = getattr(layout.threats, name.replace("-", "_"))
        if own is None or own.rate is None:
            per = {"account-loss": "account", "provider-failure": "provider",
                   "software-fault": "tool", "key-loss": "person"}.get(name, "login")  # fmt: skip
            yield (f"threats.{name}: {(threat.rate or 0.0) * HOURS_PER_YEAR:.2g} a year for each "
                   f"{per}")  # fmt: skip
        if threat.noticed is not None and (own is None or own.noticed is None):
            yield f"threats.{name}.noticed: {_law_text(threat.noticed)}"
    if with_defaults(layout):
        known = layout.stand_ins()
        if any(copy.fed is not None and copy.fed.how == "backup" for copy in layout.copies):
            yield (
                f"a backup never worked from the first day: {known.unrestorable:.0%} each; "
                "only a check of depth 'restore' sees it"
            )
        for copy in layout.copies:
            if copy.fed is not None and copy.fed.every and copy.fed.missed is None:
                yield f"copies.{copy.name}.fed.missed: {missed_share(layout, copy):.0%} of runs"
    silent = [c.name for c in layout.copies if c.credentials is None and is_online(layout, c)]
    if silent and len(layout.copies) > 1:
        yield f"credentials: one login writes on {', '.join(silent)}"


def _law_text(law: Law) -> str:
    if law.lognormal is not None:
        return f"after {format_hours(law.lognormal.median)} in the median"
    return NEVER.kind if law.is_never else f"by a law of kind '{law.kind}'"


def _warnings(layout: Layout) -> Iterator[str]:
    if layout.threats is None or len(layout.copies) == 1:
        return
    for copy in layout.copies:
        if copy.fed is None and copy.role != "primary":
            yield (
                f"copies.{copy.name}: has no 'fed': taken as always current, and as never "
                "repeating the damage of another copy"
            )
