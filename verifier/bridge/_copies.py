"""How a copy is made, checked, kept and locked, as an audit knows it and a layout says it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from riskmodel.layout import Copy
from riskmodel.policies import Check, Feed, Key, Restore, Retention
from riskmodel.preset_catalogue import presets
from riskmodel.units import format_hours
from verifier.bridge._places import store_of
from verifier.bridge._undo import undo_hours
from verifier.history import history_hours, keeps_one_state, kept_counts, kept_within_hours
from verifier.inventory import Depth, Evidence, Location
from verifier.rules import View
from verifier.rules._keepers import keepers

__all__ = ["copy_of", "keys_of"]

_RECENT = 10  # gaps between points that tell the rhythm of today
_REPOSITORY = ("restic-key:", "borg-repository:")
_OWN_TOOLS = ("directory", "unknown", "declared")  # nobody knows what wrote these


def copy_of(
    location: Location,
    view: View,
    *,
    site: str,
    key: str | None,
    names: Iterable[str],
    horizon: float,
    notes: dict[str, Evidence],
) -> Copy:
    """Return a location as a copy of a layout, and note what is assumed.

    Parameters
    ----------
    location : Location
        What was found.
    view : View
        All that was found.
    site, key : str or None
        Names in the layout.
    names : iterable of str
        Names of all copies of the layout.
    horizon : float
        Mission time. [h]
    notes : dict
        Assumptions with their evidence; added to.
    """
    fields: dict[str, Any] = {
        "name": location.name,
        "role": "primary" if location.name == "source" else "backup",
        "site": site,
        "store": store_of(location, notes),
        "account": location.domains.account.value,
        "provider": location.domains.provider.value,
        "key": key,
    }
    if location.name == "source":
        fields["retention"] = _undo(view, names, notes)
    else:
        fed = _feed(location, view, set(names), notes)
        fields |= {"fed": fed, "check": _check(location, notes)}
        fields["retention"] = _retention(location, fed, view.policy.min_retention, horizon, notes)
        fields["restore"] = _restore(location, notes)
        fields["immutable"] = _immutable(location, fields["retention"], horizon, notes)
        identity = location.domains.identity
        if identity.value and identity.evidence is Evidence.DECLARED:
            # a login that an audit used from here is the source's own for whoever took the source
            fields["credentials"] = identity.value
    if location.offline:
        fields["offline"] = True
    return Copy(**{name: value for name, value in fields.items() if value is not None})


def _restore(location: Location, notes: dict[str, Evidence]) -> Restore | None:
    """Return how fast a restore drill brought files back: the slower end of what it tells."""
    told = location.restored
    proven = location.depth is Depth.RESTORE and told is not None
    if told is None or not proven or told.whole_seconds is None or not location.size_bytes:
        return None
    quickest, slowest = (bound / 3600.0 for bound in told.whole_seconds)
    notes[
        f"all of {location.name} comes back in {format_hours(slowest)} or less, and hardly in less "
        f"than {format_hours(quickest)}: {told.asked} files took {told.seconds:.1f} s"
    ] = Evidence.INFERRED
    return Restore(bandwidth=location.size_bytes / slowest)


def _undo(view: View, names: Iterable[str], notes: dict[str, Evidence]) -> Retention | None:
    """Return the versions of the live data that stand on its own drives: no copy, but an undo."""
    counted = set(names)
    kept: dict[str, tuple[float, float]] = {}  # how old they grow, and how far that undoes
    for place in (view.locations[number] for number in view.copies):
        if place.name != "source" and place.name in counted:
            continue
        every, back = _every(place, view)[0], _reach_back(place, _every(place, view)[0])
        by_hand = place.schedule.value is not None and place.schedule.value.by == "by hand"
        job = place.name != "source"
        kept[place.name] = back, undo_hours(back, every, by_hand=by_hand, job=job)
    times = sorted(one.time for one in view.inventory.source.snapshots if one.time is not None)
    if len(times) > 1:
        gaps = [(b - a).total_seconds() / 3600.0 for a, b in pairwise(times)]
        span = round(sum(gaps), 2)
        kept["its snapshots"] = span, undo_hours(span, max(gaps[-_RECENT:]), job=False)
    who = max(kept, key=lambda name: kept[name][1], default="")
    if not who or not kept[who][1]:
        return None
    back, within = kept[who]
    notes[
        f"a mistake at the source is undone from {who}, {format_hours(back)} back, counted as "
        f"{format_hours(within)}: versions are behind by a run, and some runs fail"
    ] = Evidence.INFERRED
    return Retention(within=round(within, 2))


def _feed(location: Location, view: View, names: set[str], notes: dict[str, Evidence]) -> Feed:
    origin = "source"
    stated = location.fed_from.value
    by_name = {place.name: place for place in view.locations}
    if stated in names - {location.name} and by_name[stated].fed_from.value not in names:
        origin = stated
    schedule = location.schedule.value
    every, how_known, words = _every(location, view)
    notes[f"{location.name} is made from {origin} every {format_hours(every)}: {words}"] = how_known
    replica = location.repeats_deletions.value is True or location.lag_hours is not None
    more: dict[str, Any] = {}
    if schedule is not None and schedule.by == "by hand":
        more["by"] = "hand"
    if location.tool and location.kind not in _OWN_TOOLS:
        more["tool"] = location.tool.split()[0]
    return Feed(
        **{"from": origin, "how": "replica" if replica else "backup", "every": every}, **more
    )


def _every(location: Location, view: View) -> tuple[float, Evidence, str]:
    """Return the time between two runs, how it is known, and that in words."""
    schedule = location.schedule
    if schedule.value is not None and schedule.value.interval_hours:
        return schedule.value.interval_hours, schedule.evidence, f"promised by {schedule.value.by}"
    last = location.points.times[-_RECENT - 1 :]
    gaps = [round((b - a).total_seconds() / 3600.0, 2) for a, b in pairwise(last)]
    if gaps and max(gaps) > 0:
        words = f"the longest of the last {len(gaps)} gaps between its points"
        return max(gaps), Evidence.MEASURED, words if len(gaps) > 1 else "the gap of its two points"
    return view.policy.max_age, Evidence.INFERRED, "no rhythm is known, and the policy allows that"


def _check(location: Location, notes: dict[str, Evidence]) -> Check:
    every = presets().defaults.check_every
    depth = location.depth or Depth.LISTED
    notes[
        f"{location.name} is looked at every {format_hours(every)} (judgement), each time "
        f"at depth '{depth.word}' as now"
    ] = Evidence.INFERRED
    return Check(every=every, depth=depth.word)


def _retention(
    location: Location, fed: Feed, wanted: float, horizon: float, notes: dict[str, Evidence]
) -> Retention | None:
    said = location.retention
    text = said.value or ""
    counts = kept_counts(location)
    if counts:
        notes[f"{location.name} keeps versions: {text}"] = said.evidence
        return Retention(**counts)
    within = kept_within_hours(location)
    if within is not None:
        notes[f"{location.name}: {text}"] = said.evidence
        return Retention(within=horizon if math.isinf(within) else within)
    back = _reach_back(location, fed.every or 0.0)
    if not back:
        return None
    span = history_hours(location)
    if back == span >= wanted:  # else a young row of points looks like one that is cut short
        words = f"{location.name} keeps versions for {format_hours(back)}, as its points reach now"
        notes[words] = Evidence.MEASURED
        return Retention(within=back)
    reach = "as its points reach now" if back == span else "the one before the newest"
    notes[
        f"nothing says for how long {location.name} keeps versions; counted are "
        f"{format_hours(back)}, {reach}"
    ] = Evidence.INFERRED
    return Retention(within=back)


def _reach_back(location: Location, every: float) -> float:
    """Return how old a version grows, in hours: as old as now, if nothing says more.

    A tool with a history of its own keeps the point before the newest, too.
    """
    span = history_hours(location)
    if location.name == "source":
        return span
    alone = keeps_one_state(location) is not False or location.kind in ("unknown", "declared")
    if not span and (alone or location.repeats_deletions.value):
        return 0.0
    return max(span, every)


def _immutable(
    location: Location, kept: Retention | None, horizon: float, notes: dict[str, Evidence]
) -> float | None:
    """Return for how long nobody can delete a version, in hours."""
    locked = location.immutable
    if locked.value is not True:
        return None
    begin, end = location.points.newest, location.immutable_until
    if begin is not None and end is not None and end > begin:
        hours = round((end - begin).total_seconds() / 3600.0, 2)
        words = f"each version of {location.name} is locked for {format_hours(hours)} as the newest"
    elif end is None:
        hours, words = horizon, f"{location.name} is locked for good: no end of it is known"
    else:
        return None
    notes[words] = locked.evidence if end is not None else Evidence.INFERRED
    return hours


def keys_of(
    locations: Iterable[Location], view: View, places: Mapping[str, str], notes: dict[str, Evidence]
) -> tuple[dict[str, str], dict[str, Key]]:
    """Return the key of each encrypted copy, and for each key where it is kept.

    ``places`` are the names of the layout's sites by those of the set-up file.
    """
    used: dict[str, str] = {}
    keys: dict[str, Key] = {}
    repositories: dict[str, str] = {}
    for location in locations:
        name = location.domains.key.value
        if name is None and location.encrypted.value is True and location.name != "source":
            own = [one for one in location.lineage if one.startswith(_REPOSITORY)]
            name = f"key of {location.name}"
            name = repositories.setdefault(own[0], name) if own else name
        if name is None:
            continue
        used[location.name] = name
        if name not in keys:
            keys[name] = Key(kept=_kept(location, name, view, places, notes))
    return used, keys


def _kept(
    location: Location,
    name: str,
    view: View,
    places: Mapping[str, str],
    notes: dict[str, Evidence],
) -> tuple[str, ...]:
    declared = view.keys.get(name)
    held = keepers(view, hopeful=True).get(name, ())
    if held:
        notes[f"{name} is kept at {', '.join(held)}"] = Evidence.DECLARED
        return tuple(places.get(place, place) for place in held)
    files = location.key_kept.value
    if files:
        drives = {drive.key for drive in location.key_drives.value or ()}
        home = {drive.key for drive in view.inventory.source.domains.drives.value or ()}
        root = (view.inventory.source.real_path or "").rstrip("/")
        inside = bool(root) and all(f"{file}/".startswith(f"{root}/") for file in files)
        if inside or (drives and drives <= home):
            where = "on the source's drive, and nowhere else as far as is known"
            notes[f"{name} is kept {where}"] = location.key_kept.evidence
            return ("source",)
    elif declared is not None and declared.kept:
        notes[f"{name} is kept only in what it opens: it is lost with the source"] = (
            Evidence.DECLARED
        )
        return ("source",)
    notes[f"{name} is known to one person, who may lose it; nothing says where it is kept"] = (
        Evidence.INFERRED
    )
    return (f"who knows {name}",)
