"""Whether a change is one to worry about: how much changed, against what is usual, and into what.

How much is no alarm by itself: photos are tagged anew, a checkout changes its branch. What alarms
is bytes that no longer are what their names say, and files that went with nothing in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from statistics import median

from verifier.inventory import Changes

__all__ = ["Alarm", "Level", "alarm", "usual_limit"]

# More than half, and a hundred files: from there on Veeam calls deletions suspicious.
# https://helpcenter.veeam.com/docs/backup/vsphere/malware_detection_guest_index.html
DEFAULT_SHARE, LEAST_FILES = 0.5, 100
# Five points above what was seen before: Commvault's limit for contents that belie their names.
# documentation.commvault.com, "Unusual File Activity Report for File Type Anomaly Detection"
SCRAMBLED_SHARE = 0.05
# Files lost before CryptoDrop noticed: Scaife, Carter, Traynor, Butler, "CryptoLock (and Drop It)",
# ICDCS 2016 (median of 492 samples).
SCRAMBLED_FILES = 10
# Three standard deviations above the baseline is Commvault's limit for file activity; here of the
# median and the median deviation, which one odd run does not move (1.4826: their ratio in a normal
# law).
DEVIATIONS, NORMAL = 3.0, 1.4826
ENOUGH_RUNS = 5
# A small set has no hundred files to lose: there ten are enough, as above, if hardly any are left.
SMALL_SHARE, SMALL_FILES = 2 / 3, 10
_FLOOR = 0.05
_FEW, _MOST = 3, 0.5
_ALL = 0.99


class Level(IntEnum):
    """How bad a change looks."""

    NOTE = 0
    UNSURE = 1
    WARNING = 2
    BAD = 3


@dataclass(frozen=True, slots=True)
class Alarm:
    """A change that somebody should look at, as a clause without a period."""

    level: Level
    text: str


def alarm(now: Changes, earlier: Sequence[Changes] = ()) -> Alarm | None:
    """Judge a change.

    Parameters
    ----------
    now : Changes
        What changed.
    earlier : sequence of Changes
        What changed between earlier audits of the same location.

    Returns
    -------
    Alarm or None
        None if there is nothing to say.
    """
    return next((found for test in _TESTS if (found := test(now, earlier)) is not None), None)


def usual_limit(
    now: Changes, earlier: Sequence[Changes], share: Callable[[Changes], float]
) -> tuple[float, str]:
    """Return the share above which a change is unusual, and where the limit is from.

    Parameters
    ----------
    now : Changes
        The change to judge; what is usual is scaled up if it took longer than they did.
    earlier : sequence of Changes
        Those before it.
    share : callable
        What of a change is looked at, in [0, 1].

    Returns
    -------
    tuple of float and str
        With five earlier ones the larger of the largest and of three robust deviations above the
        median, at least 5 %; else 50 %. If changes were exchangeable, n earlier ones are exceeded
        by chance with a probability of at most 1 / (n + 1).
    """
    known = [one for one in earlier if one.files]
    if len(known) < ENOUGH_RUNS:
        return DEFAULT_SHARE, "too few audits yet to know what is usual"
    shares = [share(one) for one in known]
    middle = median(shares)
    spread = NORMAL * median(abs(one - middle) for one in shares)
    limit = max(_FLOOR, middle + DEVIATIONS * spread, *shares)
    span = median((one.at - one.since) / timedelta(hours=1) for one in known)
    longer = ((now.at - now.since) / timedelta(hours=1)) / span if span > 0 else 1.0
    words = f"usual are {middle:.1%}, and at most {max(shares):.1%} in {len(known)} audits"
    return min(1.0, limit * max(1.0, longer)), words


def _scrambled(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    # an audit in which most was scrambled is an attack that goes on, and never what is usual
    shares = (one.scrambled / one.looked for one in earlier if one.looked)
    before = max((share for share in shares if share < _MOST), default=0.0)
    share = now.scrambled / now.looked if now.looked else 0.0
    many = now.scrambled >= SCRAMBLED_FILES and share > before + SCRAMBLED_SHARE
    most = now.scrambled >= min(_FEW, max(now.files, 1)) and share >= max(_MOST, 2 * before)
    if not (many or most):
        return None
    touched = _altered(now)
    what = (
        f"{now.scrambled} of {now.looked} changed or new files that were looked into are random "
        f"bytes and no longer what their names say"
    )
    if now.ending and now.gained:
        what += f"; {now.gained:,} got the new ending .{now.ending}"
    if now.folder and touched < DEFAULT_SHARE:
        text = f"{what}; all in the folder {now.folder}: encrypted on purpose, or just begun?"
        return Alarm(Level.UNSURE, text)
    return Alarm(Level.BAD, f"this looks like ransomware: {_altered_words(now)}; {what}")


def _replaced_by_noise(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    """Files that went, and in their place files of which nothing tells what they are."""
    if not (now.gone and now.ending and now.looked and now.opaque / now.looked >= _MOST):
        return None
    limit, words = usual_limit(now, earlier, _gone)
    touched, touched_words = usual_limit(now, earlier, _altered)
    what = f"{now.ending_files:,} files of random bytes with the new ending .{now.ending}"
    if _lost(now.gone, now, limit):
        lost = f"{_share_words(now.gone, now, 'are gone')} ({words})"
    elif _lost(now.gone + now.changed + now.rotten, now, touched):
        lost = f"{_altered_words(now)} ({touched_words})"
    elif now.gained >= SCRAMBLED_FILES:
        text = f"{now.gone:,} files are gone, and in their place are {what}"
        return Alarm(Level.UNSURE, f"{text}: encrypted on purpose, or just begun?")
    else:
        return None
    return Alarm(Level.BAD, f"this looks like ransomware: {lost}, and in their place are {what}")


def _sealed(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    del earlier
    if not now.looked or now.sealed / now.looked < _MOST or not (now.changed or now.gone):
        return None
    where = f" in the folder {now.folder}" if now.folder else ""
    text = (
        f"{now.sealed} of {now.looked} changed or new files that were looked into are encrypted "
        f"by a known tool{where}"
    )
    if _altered(now) <= DEFAULT_SHARE:
        return Alarm(Level.NOTE, f"{text}: on purpose, it seems")
    return Alarm(Level.UNSURE, f"{text}, and {_altered_words(now)}: on purpose?")


def _deleted(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    limit, words = usual_limit(now, earlier, _gone)
    if not _lost(now.gone, now, limit):
        return None
    text = f"{_share_words(now.gone, now, 'are gone')} ({words})"
    if now.new >= now.gone / 2:
        told = now.looked > 0 and (now.scrambled + now.opaque) / now.looked <= SCRAMBLED_SHARE
        if told:
            return Alarm(Level.NOTE, f"{text}, and {now.new:,} new ones are what their names say")
        return Alarm(Level.UNSURE, f"{text}, and nobody can tell what the {now.new:,} new ones are")
    return Alarm(Level.BAD if _gone(now) > DEFAULT_SHARE else Level.WARNING, text)


def _rewritten(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    limit, words = usual_limit(now, earlier, _changed)
    if not _mass(now.changed, now, limit):
        return None
    text = f"{_share_words(now.changed, now, 'have other bytes')} ({words})"
    if now.grown_alike > now.changed * _MOST:
        text += f"; {now.grown_alike:,} of them grew by the same number of bytes"
    plain = now.looked - now.scrambled - now.opaque - now.sealed
    if now.looked and plain / now.looked >= _MOST:
        return Alarm(
            Level.NOTE, f"{text}, and {plain} of {now.looked} looked into are what their names say"
        )
    why = "none of them could be looked into" if not now.looked else "their kind does not tell"
    return Alarm(Level.UNSURE, f"{text}, and whether they are sound is not known: {why}")


_TESTS = (_scrambled, _replaced_by_noise, _sealed, _deleted, _rewritten)


def _gone(one: Changes) -> float:
    return one.gone / one.files if one.files else 0.0


def _changed(one: Changes) -> float:
    return one.changed / one.files if one.files else 0.0


def _altered(one: Changes) -> float:
    return min(1.0, (one.changed + one.gone + one.rotten) / one.files) if one.files else 0.0


def _mass(count: int, now: Changes, limit: float) -> bool:
    """Tell whether so many files are a mass: beyond the limit, and a hundred, or nearly all."""
    if not now.files:
        return False
    share = count / now.files
    return share > min(limit, _ALL) and (count >= LEAST_FILES or share > _ALL)


def _lost(count: int, now: Changes, limit: float) -> bool:
    """Tell whether so many files are a mass of lost ones, of a small set too.

    Files that only have other bytes are not: in a small set all may be edited in a week.
    """
    if _mass(count, now, limit):
        return True
    few = count >= SMALL_FILES and count > SMALL_SHARE * now.files
    return few and count / now.files > min(limit, _ALL)


def _share_words(count: int, now: Changes, what: str) -> str:
    return f"{count:,} of {now.files:,} files ({count / now.files:.0%}) {what}"


def _altered_words(now: Changes) -> str:
    parts = [(now.changed, "changed"), (now.gone, "are gone"), (now.rotten, "changed unnoticed")]
    told = [f"{count:,} {word}" for count, word in parts if count]
    return f"of {now.files:,} files {', '.join(told) or 'none changed'}"
