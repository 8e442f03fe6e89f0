"""Changes of one copy that stays where it is: checks, feeds, reach, parity, media, versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from riskmodel._resolve import is_online
from riskmodel._rest import refresh_of
from riskmodel.units import HOURS_PER_YEAR, format_hours

if TYPE_CHECKING:
    from riskmodel.layout import Copy, Layout
    from riskmodel.media import Store

__all__ = ["CHANGES_OF_COPIES"]

Draft = tuple[str, str, str, Callable[[dict[str, Any]], None]]

_DAY = 24.0
_ROUNDS = tuple(days * _DAY for days in (365.0, 180.0, 90.0, 30.0, 7.0))
_LOCKED = "30 days"
_FIRST_REFRESH = 5.0 * HOURS_PER_YEAR
# (level, fewest drives) -> the level that loses one more drive of the same box
_MORE_PARITY = {
    "raid0": ("raid5", 3), "raid5": ("raid6", 4), "raid10": ("raid6", 4),
    "raidz1": ("raidz2", 4), "raidz2": ("raidz3", 5), "z1": ("z2", 4), "z2": ("z3", 5),
}  # fmt: skip


def _checks(layout: Layout, live: Copy, copy: Copy) -> Iterator[Draft]:
    if copy.name == live.name:
        return
    why = "Notice sooner that a copy is gone"
    if copy.check is None:
        new = {"every": "30 days", "depth": "bytes"}
        yield "check", why, f"check '{copy.name}' every month", lambda raw: raw.update(check=new)
        return
    every, depth = copy.check.every, copy.check.depth
    sooner = next((hours for hours in _ROUNDS if hours <= every / 2.0), None)
    if sooner is not None:
        yield (
            "check", why,
            f"check '{copy.name}' every {format_hours(sooner)} instead of {format_hours(every)}",
            lambda raw: raw.update(check={**raw["check"], "every": sooner}),
        )  # fmt: skip
    if depth != "restore":
        # a drill each day is nobody's: the checks that there are go deeper only if they are rarer
        drill = max(every, 90.0 * _DAY)
        if drill == every:
            yield (
                "deeper check", "Know that a backup can be restored",
                f"let the checks of '{copy.name}', every {format_hours(every)}, be restores",
                lambda raw: raw.update(check={**raw["check"], "depth": "restore"}),
            )  # fmt: skip
        elif depth in ("listed", "structure"):
            yield (
                "deeper check", "Know that a backup can be read",
                f"let the checks of '{copy.name}', every {format_hours(every)}, read every byte",
                lambda raw: raw.update(check={**raw["check"], "depth": "bytes"}),
            )  # fmt: skip


def _feeds(layout: Layout, live: Copy, copy: Copy) -> Iterator[Draft]:
    at_rest = layout.medium(copy.store.media).at_rest
    if copy.fed is None or copy.fed.by != "hand" or at_rest:
        return

    def automatic(raw: dict[str, Any]) -> None:
        feed = {key: value for key, value in raw["fed"].items() if key not in ("by", "missed")}
        raw["fed"] = {**feed, "by": "scheduler"}
        if copy.offline:  # what no hand plugs in hangs on the machine, in reach of its login
            raw["offline"] = False
            if live.credentials is not None and copy.credentials is None:
                raw["credentials"] = live.credentials

    plugged = ", which leaves it plugged in" if copy.offline else ""
    name = f"let a scheduler feed '{copy.name}' instead of a hand{plugged}"
    yield "automate", "Do not rest on somebody's memory", name, automatic


def _reach(layout: Layout, live: Copy, copy: Copy) -> Iterator[Draft]:
    if copy.name == live.name or not is_online(layout, copy):
        return
    why = "Keep a copy that nobody can delete"
    if copy.fed is not None and not copy.immutable:
        name = f"make '{copy.name}' immutable for {_LOCKED}, with versions"
        yield "immutable", why, name, lambda raw: raw.update(
            immutable=_LOCKED, retention=_longer(raw.get("retention"), _MONTH)
        )  # fmt: skip
    kind = layout.sites[copy.site].kind if copy.site is not None else None
    if kind not in ("cloud-region", "data-centre") and copy.store.tolerance == 0:

        def unplugged(raw: dict[str, Any]) -> None:
            raw["offline"] = True
            raw.setdefault("check", {"every": "30 days", "depth": "listed"})
            if "fed" in raw:
                raw["fed"] = {**raw["fed"], "by": "hand"}

        yield "offline", why, f"unplug '{copy.name}' between its runs by hand", unplugged
    if copy.credentials is not None and copy.credentials == live.credentials:
        own = f"login of {copy.name}"
        yield (
            "own login", "Let one login not reach all copies",
            f"give '{copy.name}' a login of its own",
            lambda raw: raw.update(credentials=own),
        )  # fmt: skip


def _parity(layout: Layout, live: Copy, copy: Copy) -> Iterator[Draft]:
    new = _more_parity(copy.store)
    if new is not None:
        words, keys = new
        yield (
            "parity", "Let the store lose one more drive", f"{words} for '{copy.name}'",
            lambda raw: raw.update(store={**raw["store"], **keys}),
        )  # fmt: skip


def _more_parity(store: Store) -> tuple[str, dict[str, Any]] | None:
    level, drives = store.level, store.drives
    if level == "raid1" or (level == "raid0" and drives == 2):
        count = drives + (level == "raid1")
        return f"a mirror of {count} drives", {"level": "raid1", "drives": count}
    if level in _MORE_PARITY:
        better, fewest = _MORE_PARITY[level]
        return (f"{better} instead of {level}", {"level": better}) if drives >= fewest else None
    if level is not None and "-of-" in level:
        least, of = map(int, level.split("-of-"))
        better = f"{least - 1}-of-{of}"
        return (f"{better} instead of {level}", {"level": better}) if least > 1 else None
    if level is None and 0 < store.tolerance < drives - 1:
        return f"{store.tolerance + 1} drives of parity", {"tolerates": store.tolerance + 1}
    return None


def _media(layout: Layout, live: Copy, copy: Copy) -> Iterator[Draft]:
    if not layout.medium(copy.store.media).at_rest:
        return
    old = refresh_of(copy)
    sooner = old / 2.0 if old else _FIRST_REFRESH
    if sooner < HOURS_PER_YEAR:
        return

    def refresh(raw: dict[str, Any]) -> None:
        raw["store"] = {key: value for key, value in raw["store"].items() if key != "refresh"}
        raw["refresh"] = sooner

    name = f"write '{copy.name}' to new media every {format_hours(sooner)}"
    yield "refresh", "Do not let media grow old", name, refresh


_MONTH = {"daily": 31}
_YEAR = {"daily": 7, "weekly": 4, "monthly": 12}
_YEARS = {"daily": 7, "weekly": 4, "monthly": 12, "yearly": 5}
_PERIODS = {"hourly": 1.0, "daily": _DAY, "weekly": 7 * _DAY, "monthly": 30 * _DAY,
            "yearly": HOURS_PER_YEAR}  # fmt: skip


def _reaches(kept: dict[str, Any] | None) -> float:
    kept = kept or {}
    counted = max((kept.get(key) or 0) * hours for key, hours in _PERIODS.items())
    return max(counted, kept.get("within") or 0.0)


def _longer(kept: dict[str, Any] | None, least: dict[str, int]) -> dict[str, Any]:
    """Return a retention that reaches back at least as far as another."""
    if _reaches(kept) >= _reaches(least):
        return dict(kept or {})
    return {**least, **{key: max(n, least.get(key, 0)) for key, n in (kept or {}).items()}}


def _versions(layout: Layout, live: Copy, copy: Copy) -> Iterator[Draft]:
    if copy.fed is None:
        return
    kept = copy.retention.model_dump(exclude_unset=True) if copy.retention is not None else None
    if kept and kept.get("last"):
        return  # how far runs reach back is said by how often they are
    for least, words in ((_YEAR, "a year"), (_YEARS, "five years")):
        if _reaches(kept) < 0.9 * _reaches(least):
            yield (
                "retention", "Keep what was there before the harm",
                f"keep versions on '{copy.name}' for {words}",
                lambda raw, least=least: raw.update(  # type: ignore[misc]
                    retention=_longer(kept, least)
                ),
            )  # fmt: skip
            return


CHANGES_OF_COPIES: tuple[Callable[[Layout, Copy, Copy], Iterator[Draft]], ...] = (
    _checks, _feeds, _reach, _parity, _media, _versions,
)  # fmt: skip
