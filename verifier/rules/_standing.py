"""How one location stands by itself: whether it is a whole, fresh copy that somebody read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from riskmodel.units import format_hours
from verifier.inventory import Evidence, Location, State
from verifier.rules._model import Status

if TYPE_CHECKING:
    from verifier.setup import Policy

__all__ = [
    "Age",
    "Copyhood",
    "Standing",
    "age_of",
    "clock_is_behind",
    "counted",
    "differing",
    "held_words",
    "in_memory",
    "percent",
    "perhaps_whole",
    "seen_lately",
    "standing",
    "why_no_age",
]

# a file system may keep times to two seconds (FAT), and clocks of two machines differ a little
_SAME_TIME = timedelta(seconds=2)
_CLOCK_SLACK = timedelta(days=1)
_MUCH = 0.01  # between the shares of files and of bytes
_MEMORY = frozenset({"tmpfs", "ramfs", "devtmpfs", "hugetlbfs", "rootfs", "memory", "zram"})


class Copyhood(StrEnum):
    """Whether a location holds a whole, fresh copy."""

    YES = "yes"
    MAYBE = "maybe"
    DECLARED = "declared"
    NO = "no"


class Age(StrEnum):
    """Whether the newest point is recent enough."""

    FRESH = "fresh"
    STALE = "stale"
    FUTURE = "future"
    CLOCK = "clock"
    PERHAPS = "perhaps"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """The verdict on one location by itself, before it is compared with the others.

    Parameters
    ----------
    copyhood : Copyhood
        Whether it holds a whole, fresh copy.
    status : Status
        Pass, fail or unknown; damage fails even where the copy still counts.
    reason : str
        Why; empty if there is nothing to say.
    """

    copyhood: Copyhood
    status: Status
    reason: str = ""


def standing(location: Location, source: Location, policy: Policy, now: datetime) -> Standing:
    """Judge one location by itself.

    Parameters
    ----------
    location, source : Location
        The location, and the live data; they may be the same.
    policy : Policy
        The limits.
    now : datetime
        When the audit ran.

    Returns
    -------
    Standing
    """
    if in_memory(location):
        reason = "it is in memory and gone when the power is"
        return Standing(Copyhood.NO, Status.FAIL, reason)
    if location.state is not State.READ:
        return _unread(location, source, policy, now)
    if location is source and location.files == 0:
        # what was left out was there
        reason = "it is empty: is something not mounted?"
        if location.exclude and location.reason:
            reason = f"no file of it stays: {location.reason}"
        return Standing(Copyhood.NO, Status.FAIL, reason)
    if location is source and location.in_memory:
        reason = f"what is below {location.in_memory[0]} is in memory and gone when the power is"
        return Standing(Copyhood.NO, Status.FAIL, reason)
    if location is source:
        return _damaged(location) or Standing(Copyhood.YES, Status.PASS, location.reason)
    if location.disqualified:
        return Standing(Copyhood.NO, Status.FAIL, location.disqualified)
    if location.points.count == 0 and location.points.breaks:
        reason = f"no point in it is whole: {location.points.breaks[0].rstrip('.')}"
        return Standing(Copyhood.NO, Status.FAIL, reason)
    share = location.coverage
    short = share.value is not None and share.value < policy.min_coverage
    if share.value is not None and short and not perhaps_whole(location, policy):
        reason = f"it holds {held_words(location)}, less than {percent(policy.min_coverage)}"
        return Standing(Copyhood.NO, Status.FAIL, reason)
    age = age_of(location, source, policy, now)
    if age is Age.STALE:
        limit = format_hours(policy.max_age)
        return Standing(
            Copyhood.NO,
            Status.FAIL,
            f"its newest point is {_days(location.points.newest, now)} old, more than {limit}",
        )
    damaged = _damaged(location)
    if short and _perhaps_right(location, policy):
        status = damaged.status if damaged else Status.UNKNOWN
        return Standing(Copyhood.MAYBE, status, differing(location))
    if short and location.newer is not None:
        reason = f"whether it lacked {counted(location.newer.doubtful, 'file')} that changed since "
        reason += f"its newest point is not known: {location.newer.reason}"
        return Standing(Copyhood.MAYBE, damaged.status if damaged else Status.UNKNOWN, reason)
    if share.value is None:
        why = location.reason or share.source
        reason = "how much of the source it holds is not known" + (f": {why}" if why else "")
        return Standing(Copyhood.MAYBE, damaged.status if damaged else Status.UNKNOWN, reason)
    if age is not Age.FRESH:
        reason = why_no_age(age, location, source)
        return Standing(Copyhood.MAYBE, damaged.status if damaged else Status.UNKNOWN, reason)
    if share.evidence is Evidence.DECLARED:
        return Standing(Copyhood.DECLARED, Status.UNKNOWN, "its content is declared, not measured")
    open_ = differing(location)
    if open_ and not damaged:
        return Standing(Copyhood.YES, Status.UNKNOWN, open_)
    return damaged or Standing(Copyhood.YES, Status.PASS)


def age_of(location: Location, source: Location, policy: Policy, now: datetime) -> Age:
    """Tell whether a location's newest point is recent enough.

    A location that is identical to the source is fresh, however old its files are, and so is one
    that the source did not change after; all other ages hang on the clock. One that is behind makes
    nothing older than it is, so what is too old by it is. A tree that lacks but new files may be
    as young as the first of these, however old its newest file is.
    """
    newest = location.points.newest
    if location.identical:
        return Age.FRESH
    if newest is None:
        return Age.UNKNOWN
    if newest > now + _CLOCK_SLACK:
        return Age.FUTURE
    if _unchanged_since(location, source):
        return Age.FRESH
    if now - newest > timedelta(hours=policy.max_age):
        unlike = location.newer.unlike_since if location.newer is not None else None
        late = unlike is None or now - unlike > timedelta(hours=policy.max_age)
        return Age.STALE if late else Age.PERHAPS
    return Age.CLOCK if clock_is_behind(source, now) else Age.FRESH


def clock_is_behind(source: Location, now: datetime) -> bool:
    """Tell whether a file of the source changed later than now, by the kernel's word.

    Dates of files can be anything, and one photo of a camera that lived in 2099 says nothing; when
    an inode changed is the clock of this machine, or of the server that holds the source.
    """
    return source.changed_last is not None and source.changed_last > now + _CLOCK_SLACK


def why_no_age(age: Age, location: Location, source: Location) -> str:
    """Say why the age of a newest point is not known."""
    if age is Age.PERHAPS and location.newer is not None and location.newer.unlike_since:
        since = f"{location.newer.unlike_since:%Y-%m-%d %H:%M}"
        reason = f"nothing dates its last run: all that it lacks was made since {since}"
        return f"{reason}, and its newest file is of {location.points.newest:%Y-%m-%d}"
    if age is Age.FUTURE:
        reason = "its newest point is dated in the future, so that its age is not known"
        return f"{reason}: the clock of this machine is wrong, or the one that dated it"
    if age is Age.CLOCK and source.changed_last is not None:
        changed = f"a file of the source was changed on {source.changed_last:%Y-%m-%d %H:%M}"
        return f"its age is not known: {changed}, later than now, so a clock is wrong"
    return "the date of its newest point is not known"


def perhaps_whole(location: Location, policy: Policy) -> bool:
    """Tell whether it is whole unless files that it lacks were there when it was made.

    Or unless it, and not the source, is wrong about the length of some.
    """
    newer = location.newer
    if _perhaps_right(location, policy):
        return True
    return newer is not None and newer.doubtful > 0 and newer.at_most >= policy.min_coverage


def _perhaps_right(location: Location, policy: Policy) -> bool:
    found = location.unlike
    return found is not None and found.shorter_files > 0 and found.at_most >= policy.min_coverage


def differing(location: Location) -> str:
    """Say how many files differ so that nothing tells which are right; empty if none does."""
    found = location.unlike
    if found is None:
        return ""
    parts = []
    if found.shorter_files:
        verb = "is" if found.shorter_files == 1 else "are"
        files = counted(found.shorter_files, "file")
        parts.append(f"{files} {verb} shorter at the source under the same time")
    if found.younger_files:
        verb = "differs and is" if found.younger_files == 1 else "differ and are"
        files = counted(found.younger_files, "file")
        parts.append(f"{files} {verb} younger in it than at the source")
    return f"which side is right is not known: {' and '.join(parts)}" if parts else ""


def in_memory(location: Location) -> bool:
    """Tell whether it is on tmpfs, ramfs, zram or the like, which is no copy at all."""
    if location.media_type.value == "memory":
        return True
    kinds = {pool.partition(":")[0] for pool in location.domains.pools.value or ()}
    return bool(kinds & _MEMORY) or (location.domains.file_system.value in _MEMORY)


def seen_lately(location: Location, policy: Policy, now: datetime) -> bool:
    """Tell whether an absent location was seen within the time that it may be away."""
    seen = location.last_seen
    if seen is None or seen > now + _CLOCK_SLACK:
        return False
    return now - seen <= timedelta(hours=policy.max_absence)


def _unchanged_since(location: Location, source: Location) -> bool:
    """Tell whether the source is no younger than a location that holds every file.

    One of which nobody knows what it holds is not too old by that, either; it is no pass.
    """
    open_ = location.unlike
    whole = location.coverage.value in (None, 1.0)
    # what the source may have lost is no change that the copy is behind
    whole |= open_ is not None and open_.shorter_files > 0 and open_.at_most == 1.0
    if not whole:
        return False
    newest, wanted = location.points.newest, source.points.newest
    return newest is not None and wanted is not None and newest >= wanted - _SAME_TIME


def _stale_by_its_own_word(
    location: Location, source: Location, policy: Policy, now: datetime
) -> bool:
    newest, changed = location.points.newest, source.points.newest
    if newest is None or (changed is not None and newest >= changed):
        return False
    return now - newest > timedelta(hours=policy.max_age)


def _unread(location: Location, source: Location, policy: Policy, now: datetime) -> Standing:
    if location.state is State.MISSING:
        return Standing(Copyhood.NO, Status.FAIL, location.reason or "there is nothing")
    if location.state is State.ABSENT_OFFLINE:
        if not seen_lately(location, policy, now):
            seen = (
                f"last seen {location.last_seen:%Y-%m-%d}" if location.last_seen else "never seen"
            )
            limit = format_hours(policy.max_absence)
            reason = f"it is offline and away, {seen}; it may be away for {limit}"
            return Standing(Copyhood.MAYBE, Status.UNKNOWN, reason)
        if clock_is_behind(source, now):
            reason = "it is offline and away, and for how long is not known, as a clock is wrong"
            return Standing(Copyhood.MAYBE, Status.UNKNOWN, reason)
        assert location.last_seen is not None  # noqa: S101 - it was seen lately
        if location.audited:
            # judged as it was on that day: a disk in a drawer does not go stale within max_absence
            then = replace(location, state=State.READ, reason="")
            found = standing(then, source, policy, location.last_seen)
            reason = f"it is offline and away, last audited {location.last_seen:%Y-%m-%d}"
            reason += f": {found.reason}" if found.reason else ""
            return replace(found, reason=reason)
        reason = f"it is offline and away, last seen {location.last_seen:%Y-%m-%d} (declared)"
        return Standing(Copyhood.DECLARED, Status.PASS, reason)
    if location.state is State.DECLARED:
        if _stale_by_its_own_word(location, source, policy, now):
            reason = f"its newest point is declared to be of {location.points.newest:%Y-%m-%d}"
            return Standing(Copyhood.NO, Status.FAIL, f"{reason}, which is too old")
        return Standing(Copyhood.DECLARED, Status.UNKNOWN, "it is declared; nobody looked")
    words = {State.TIMEOUT: "no answer came in time", State.UNREADABLE: "it could not be read"}
    reason = words[location.state] + (f": {location.reason}" if location.reason else "")
    status = Status.FAIL if location.errors else Status.UNKNOWN
    return Standing(Copyhood.MAYBE, status, reason)


def _damaged(location: Location) -> Standing | None:
    if not location.errors:
        return None
    more = f" (and {len(location.errors) - 1} more)" if len(location.errors) > 1 else ""
    return Standing(Copyhood.YES, Status.FAIL, f"damage: {location.errors[0].rstrip('.')}{more}")


def counted(number: int, word: str) -> str:
    """Write a number of things, as in "1 file" and "1,200 files"."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def held_words(location: Location, whole: str = "the source") -> str:
    """Say how much of the source it holds: of which bytes, where these decide."""
    shares, least = location.shares, location.coverage.value
    assert least is not None  # noqa: S101 - asked only of what could be compared
    if shares is None or shares.files <= least:
        return f"{percent(least)} of {whole}"
    apart = shares.files - least > _MUCH
    files = f" ({percent(shares.files)} of its files)" if apart else ""
    return f"{percent(least)} of the source's bytes{files}"


def percent(share: float) -> str:
    """Write a share so that 0.98999 does not look like 99 %."""
    return f"{int(share * 1000) / 10:g} %"


def _days(then: datetime | None, now: datetime) -> str:
    assert then is not None  # noqa: S101 - stale locations have a newest point
    return format_hours((now - then) / timedelta(hours=1))
