"""Whether a change is one to worry about: how much changed, against what is usual, and into what.

How much is no alarm by itself: photos are tagged anew, a checkout changes its branch. What alarms
is bytes that no longer are what their names say, and files that went with nothing in their place.
"""

from __future__ import annotations

from collections.abc import Sequence

from verifier.drift._losses import cut, deleted, emptied, gone_share, wiped
from verifier.drift._usual import (
    DEFAULT_SHARE,
    MOST,
    SCRAMBLED_FILES,
    Alarm,
    Level,
    altered,
    altered_words,
    is_loss,
    is_mass,
    share_words,
    telling,
    usual_limit,
)
from verifier.inventory import Changes

__all__ = ["Alarm", "Level", "alarm", "usual_limit"]


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
        The worst that there is to say; None if there is nothing.
    """
    found = [one for test in _TESTS if (one := test(now, earlier)) is not None]
    return max(found, key=lambda one: one.level, default=None)


def _scrambled(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    many, most = telling(now, earlier, lambda one: one.scrambled)
    if not (many or most):
        return None
    touched = altered(now)
    what = (
        f"{now.scrambled} of {now.looked} changed or new files that were looked into are random "
        f"bytes and no longer what their names say"
    )
    if now.ending and now.gained:
        what += f"; {now.gained:,} got the new ending .{now.ending}"
    if now.folder and touched < DEFAULT_SHARE:
        text = f"{what}; all in the folder {now.folder}: encrypted on purpose, or just begun?"
        return Alarm(Level.UNSURE, text)
    return Alarm(Level.BAD, f"this looks like ransomware: {altered_words(now)}; {what}")


def _replaced_by_noise(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    """Files that went, and in their place files of which nothing tells what they are."""
    if not (now.gone and now.ending and now.looked and now.opaque / now.looked >= MOST):
        return None
    limit, words = usual_limit(now, earlier, gone_share)
    touched, touched_words = usual_limit(now, earlier, altered)
    what = f"{now.ending_files:,} files of random bytes with the new ending .{now.ending}"
    if is_loss(now.gone, now, limit):
        lost = f"{share_words(now.gone, now, 'are gone')} ({words})"
    elif is_loss(now.gone + now.changed + now.rotten, now, touched):
        lost = f"{altered_words(now)} ({touched_words})"
    elif now.gained >= SCRAMBLED_FILES:
        text = f"{now.gone:,} files are gone, and in their place are {what}"
        return Alarm(Level.UNSURE, f"{text}: encrypted on purpose, or just begun?")
    else:
        return None
    return Alarm(Level.BAD, f"this looks like ransomware: {lost}, and in their place are {what}")


def _sealed(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    del earlier
    if not now.looked or now.sealed / now.looked < MOST or not (now.changed or now.gone):
        return None
    where = f" in the folder {now.folder}" if now.folder else ""
    text = (
        f"{now.sealed} of {now.looked} changed or new files that were looked into are encrypted "
        f"by a known tool{where}"
    )
    if altered(now) <= DEFAULT_SHARE:
        return Alarm(Level.NOTE, f"{text}: on purpose, it seems")
    return Alarm(Level.UNSURE, f"{text}, and {altered_words(now)}: on purpose?")


def _rewritten(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    limit, words = usual_limit(now, earlier, _changed)
    if not is_mass(now.changed, now, limit):
        return None
    text = f"{share_words(now.changed, now, 'have other bytes')} ({words})"
    if now.grown_alike > now.changed * MOST:
        text += f"; {now.grown_alike:,} of them grew by the same number of bytes"
    plain = now.looked - now.scrambled - now.opaque - now.sealed - now.wiped - now.odd
    if now.looked and plain / now.looked >= MOST:
        return Alarm(
            Level.NOTE, f"{text}, and {plain} of {now.looked} looked into are what their names say"
        )
    why = "none of them could be looked into" if not now.looked else "their kind does not tell"
    return Alarm(Level.UNSURE, f"{text}, and whether they are sound is not known: {why}")


_TESTS = (
    _scrambled, wiped, _replaced_by_noise, _sealed, deleted, emptied, cut, _rewritten,
)  # fmt: skip


def _changed(one: Changes) -> float:
    return one.changed / one.files if one.files else 0.0
