"""Files that are lost: gone, emptied, cut off, or overwritten with one byte and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.drift._usual import (
    DEFAULT_SHARE,
    FEW,
    MOST,
    SCRAMBLED_FILES,
    SCRAMBLED_SHARE,
    SMALL_FILES,
    Alarm,
    Level,
    altered,
    altered_words,
    beyond,
    enough,
    is_loss,
    share_words,
    telling,
    usual_limit,
)
from verifier.inventory import Changes

__all__ = ["cut", "deleted", "emptied", "gone_share", "wiped"]

# less than a mass, and still too much to say nothing: of a hundred photos, an album
NOTED_SHARE = 0.2


def gone_share(one: Changes) -> float:
    """Return the share of files that went."""
    return one.gone / one.files if one.files else 0.0


def wiped(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    """Files of a known kind that are one byte repeated, as wipers and crashes leave them."""
    many, most = telling(now, earlier, lambda one: one.wiped)
    if many or most:
        text = (
            f"content is lost: {altered_words(now)}; {now.wiped} of {now.looked} changed or new "
            f"files that were looked into are one byte repeated, and no longer what their names say"
        )
        if now.folder and altered(now) < DEFAULT_SHARE:
            return Alarm(Level.WARNING, f"{text}; all in the folder {now.folder}")
        return Alarm(Level.BAD, text)
    _, most = telling(now, earlier, lambda one: one.odd)
    limit, words = usual_limit(now, earlier, altered)
    count = now.changed + now.rotten
    if now.odd < SCRAMBLED_FILES or not most or not is_loss(count, now, limit):
        return None
    text = (
        f"{share_words(count, now, 'have other bytes')} ({words}), and {now.odd} of {now.looked} "
        f"looked into are one byte repeated, or do not begin as files of their names do"
    )
    return Alarm(Level.UNSURE, f"{text}: on purpose?")


def deleted(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    """Files that are gone or emptied, more than usual; fewer of them are asked about or noted."""
    limit, words = usual_limit(now, earlier, _lost_share)
    count, share = now.gone + now.emptied, _lost_share(now)
    mass = is_loss(count, now, limit)
    if not (mass or (now.gone and count >= SMALL_FILES and _much(share, limit, earlier))):
        return None
    text = f"{_lost_words(now)} ({words}){_vanished_words(now)}"
    replaced = now.new >= count / 2 and now.emptied <= SCRAMBLED_SHARE * count
    if replaced and _recognised(now):
        return Alarm(Level.NOTE, f"{text}, and {now.new:,} new ones are what their names say")
    if replaced and mass:
        text += f", and nobody can tell what the {now.new:,} new ones are"
        return Alarm(Level.UNSURE, text)
    if mass:
        return Alarm(Level.BAD if share > DEFAULT_SHARE else Level.WARNING, text)
    if _unmounted(now):
        return Alarm(Level.UNSURE, text)
    if enough(earlier) and share >= NOTED_SHARE:
        return Alarm(Level.UNSURE, f"{text}: on purpose?")
    return Alarm(Level.NOTE, text)


def emptied(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    """Files that lost their bytes and kept their names, which nobody does to tidy up."""
    limit, words = usual_limit(now, earlier, _emptied_share)
    share = _emptied_share(now)
    if not now.files or not (now.emptied >= FEW or now.emptied_unnoticed):
        return None
    text = f"{share_words(now.emptied, now, _EMPTIED)} ({words})"
    if now.emptied >= SMALL_FILES and _much(share, limit, earlier):
        if share >= DEFAULT_SHARE:
            return Alarm(Level.BAD, text)
        return Alarm(Level.UNSURE, f"{text}: on purpose?")
    if now.emptied_unnoticed:  # no program that writes a file leaves its time
        text += f", {now.emptied_unnoticed:,} of them under the time that they had"
        return Alarm(Level.UNSURE, f"{text}: lost in a crash?")
    ever = max((_emptied_share(one) for one in earlier), default=0.0)
    few = share <= ever or (now.emptied < SMALL_FILES and share <= SCRAMBLED_SHARE)
    return None if few else Alarm(Level.NOTE, text)


def cut(now: Changes, earlier: Sequence[Changes]) -> Alarm | None:
    """Files of which most bytes went: made smaller, replaced by stand-ins, or cut off."""
    limit, words = usual_limit(now, earlier, _cut_share)
    share = _cut_share(now)
    half = now.cut >= SMALL_FILES and share >= DEFAULT_SHARE and beyond(share, limit)
    if not (half or is_loss(now.cut, now, limit)):
        return None
    told = share_words(now.cut, now, "have less than a quarter of the bytes that they had")
    return Alarm(Level.UNSURE, f"{told} ({words}): made smaller on purpose, or cut off?")


_EMPTIED = "have lost all of their bytes, or nearly all"


def _lost_words(now: Changes) -> str:
    if not now.emptied:
        return share_words(now.gone, now, "are gone")
    if not now.gone:
        return share_words(now.emptied, now, _EMPTIED)
    what = f"are lost: {now.gone:,} are gone, and {now.emptied:,} {_EMPTIED}"
    return share_words(now.gone + now.emptied, now, what)


def _vanished_words(now: Changes) -> str:
    if not now.vanished:
        return ""
    text = f"; among them all {now.vanished_files:,} of the folder {now.vanished}"
    apart = ", which was a file system of its own: is it not mounted?"
    return text + apart if now.vanished_apart else text


def _unmounted(now: Changes) -> bool:
    return now.vanished_apart and now.vanished_files >= now.gone / 2


def _recognised(now: Changes) -> bool:
    """Tell whether nearly all new files that were looked into are what their names say."""
    unlike = now.scrambled + now.opaque + now.wiped
    return now.looked > 0 and unlike / now.looked <= SCRAMBLED_SHARE and now.odd < MOST * now.looked


def _much(share: float, limit: float, earlier: Sequence[Changes]) -> bool:
    """Tell whether a share is unusual, or, where nobody knows what is usual, worth a word."""
    return beyond(share, limit) if enough(earlier) else share >= NOTED_SHARE


def _lost_share(one: Changes) -> float:
    return min(1.0, (one.gone + one.emptied) / one.files) if one.files else 0.0


def _emptied_share(one: Changes) -> float:
    return one.emptied / one.files if one.files else 0.0


def _cut_share(one: Changes) -> float:
    return one.cut / one.files if one.files else 0.0
