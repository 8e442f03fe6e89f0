"""How much change is a mass, and how bad it looks: limits, levels and words that tests share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from statistics import median

from verifier.inventory import Changes

__all__ = [
    "DEFAULT_SHARE",
    "FEW",
    "MOST",
    "SCRAMBLED_FILES",
    "SCRAMBLED_SHARE",
    "SMALL_FILES",
    "Alarm",
    "Level",
    "altered",
    "altered_words",
    "beyond",
    "enough",
    "is_loss",
    "is_mass",
    "share_words",
    "telling",
    "usual_limit",
]

# Half or more, and a hundred files: from there on Veeam calls deletions suspicious.
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
FEW, MOST = 3, 0.5
_FLOOR = 0.05
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


def enough(earlier: Sequence[Changes]) -> bool:
    """Tell whether earlier changes are enough to know what is usual."""
    return sum(one.files > 0 for one in earlier) >= ENOUGH_RUNS


def usual_limit(
    now: Changes, earlier: Sequence[Changes], share: Callable[[Changes], float]
) -> tuple[float, str]:
    """Return the share above which a change is unusual, and where the limit is from.

    Parameters
    ----------
    now : Changes
        The change to judge; what is usual is scaled up to a half if it took longer than they did.
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
    # after a long pause as much is unusual as if nothing was known, and not only the loss of all
    return max(limit, min(DEFAULT_SHARE, limit * longer)), words


def telling(
    now: Changes, earlier: Sequence[Changes], count: Callable[[Changes], int]
) -> tuple[bool, bool]:
    """Tell whether a count of the files looked into is many, or most of them.

    An audit in which most were is an attack that goes on, and never what is usual.
    """
    shares = (count(one) / one.looked for one in earlier if one.looked)
    before = max((share for share in shares if share < MOST), default=0.0)
    share = count(now) / now.looked if now.looked else 0.0
    many = count(now) >= SCRAMBLED_FILES and share > before + SCRAMBLED_SHARE
    most = count(now) >= min(FEW, max(now.files, 1)) and share >= max(MOST, 2 * before)
    return many, most


def altered(one: Changes) -> float:
    """Return the share of files that changed, went or rotted."""
    return min(1.0, (one.changed + one.gone + one.rotten) / one.files) if one.files else 0.0


def beyond(share: float, limit: float) -> bool:
    """Tell whether a share is more than a limit; that of nothing known is reached by half."""
    return share > min(limit, _ALL) or share == limit == DEFAULT_SHARE


def is_mass(count: int, now: Changes, limit: float) -> bool:
    """Tell whether so many files are a mass: beyond the limit, and a hundred, or nearly all."""
    if not now.files:
        return False
    share = count / now.files
    return beyond(share, limit) and (count >= LEAST_FILES or share > _ALL)


def is_loss(count: int, now: Changes, limit: float) -> bool:
    """Tell whether so many files are a mass of lost ones, of a small set too.

    Files that only have other bytes are not: in a small set all may be edited in a week.
    """
    if is_mass(count, now, limit):
        return True
    few = count >= SMALL_FILES and count > SMALL_SHARE * now.files
    return few and beyond(count / now.files, limit)


def share_words(count: int, now: Changes, what: str) -> str:
    """Say how many files, and which share."""
    return f"{count:,} of {now.files:,} files ({count / now.files:.0%}) {what}"


def altered_words(now: Changes) -> str:
    """Say how many files changed, went and rotted."""
    parts = [(now.changed, "changed"), (now.gone, "are gone"), (now.rotten, "changed unnoticed")]
    told = [f"{count:,} {word}" for count, word in parts if count]
    return f"of {now.files:,} files {', '.join(told) or 'none changed'}"
