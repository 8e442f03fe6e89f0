"""No errors after verification, and how deep the verification went."""

from __future__ import annotations

from math import ceil, floor, log10

from verifier.bounds import most_bad
from verifier.depths import beyond, blind_to_gaps
from verifier.inventory import Depth, Evidence, Location, State
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._standing import differing, percent
from verifier.rules._view import View, names

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="zero-errors",
    title="0 errors in any location, looked for at the depth that the policy asks",
    risk="A backup that was never read back may have been broken from the first day.",
    remediation="Repair or rewrite what is damaged, and examine every location at full depth.",
)


def judge(view: View) -> Gate:
    """Ask whether every claimed location was examined deep enough, and what was found.

    Any error fails, and so does a set of which nothing can be restored. Without one, a location
    that nobody examined, one that was examined less deep than the policy asks, or one with files
    that differ so that nothing tells which side is right, leaves the gate unknown. A sample passes
    only where the policy is content with one: it says ``max_bad``, and the bound that the sample
    gives is no larger; or it asks for a restore drill, which is one by its nature. It is always
    said to be a sample. Plain trees reach depth ``source`` at once, as they have no digests of
    their own. The source itself needs only to be read.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
        Its value is the number of errors and the shallowest depth that was reached.
    """
    wanted = view.policy.required_depth
    backups = view.inventory.locations
    damaged = {place.name: told for place in view.locations if (told := _damage(place))}
    unexamined = [place for place in backups if _reached(place) is None]
    depths = [reached for place in backups if (reached := _reached(place)) is not None]
    shallowest = "no depth" if unexamined or not depths else f"depth {min(depths).word}"
    errors = sum(len(told) for told in damaged.values())
    value, aim = f"{errors} at {shallowest}", f"0 at depth {wanted.word}"
    if damaged:
        reason = "; ".join(f"{name}: {told[0].rstrip('.')}" for name, told in damaged.items())
        return Gate(Status.FAIL, value, aim, Evidence.MEASURED, reason)
    source = view.inventory.source
    if source.state is not State.READ:
        reason = f"the source could not be read: {source.reason or source.state.value}"
        return Gate(Status.UNKNOWN, value, aim, Evidence.UNKNOWN, reason)
    if not backups:
        reason = "there is no backup to verify"
        return Gate(Status.UNKNOWN, value, aim, Evidence.UNKNOWN, reason)
    if unexamined:
        reason = f"not examined: {names(place.name for place in unexamined)}"
        return Gate(Status.UNKNOWN, value, aim, Evidence.UNKNOWN, reason)
    open_ = [f"{place.name}: {why}" for place in backups if (why := differing(place))]
    if open_:
        reason = "; ".join(open_)
        return Gate(Status.UNKNOWN, value, aim, Evidence.UNKNOWN, reason)
    shallow = [
        f"{place.name} only to depth {reached.word}"
        for place in backups
        if (reached := _reached(place)) is not None and reached < wanted
    ]
    if shallow:
        reason = f"examined {names(shallow)}, wanted is {wanted.word}"
        reason = "; ".join([reason, *_beyond(backups)])
        return Gate(Status.UNKNOWN, value, aim, Evidence.UNKNOWN, reason)
    blind = [place.name for place in backups if _blind(place)]
    if blind:
        reason = f"whether a file of {names(blind)} is gone is not known: only the contents tell, "
        reason += "and they could not be listed"
        return Gate(Status.UNKNOWN, value, aim, Evidence.UNKNOWN, reason)
    parts = [place for place in backups if place.sample is not None]
    lacking = [] if wanted is Depth.RESTORE else _short_of(parts, view.policy.max_bad)
    if lacking:
        return Gate(Status.UNKNOWN, value, aim, Evidence.UNKNOWN, "; ".join(lacking))
    notes = [f"nothing is damaged at {shallowest}", *map(_sampled, parts), *_leaning_on(backups)]
    return Gate(Status.PASS, value, aim, Evidence.MEASURED, "; ".join([*notes, *_beyond(backups)]))


def _short_of(parts: list[Location], max_bad: float | None) -> list[str]:
    """Say of which samples the policy asks more."""
    if max_bad is None:
        more = "the policy asks for all; max_bad is content with a sample"
        return [f"{_sampled(place)}; {more}" for place in parts]
    return [
        f"{_sampled(place)}, and the policy asks for {percent(max_bad)}"
        for place in parts
        if (sample := place.sample)
        and most_bad(sample.looked, sample.of, sample.bad) > max_bad * sample.of
    ]


def _sampled(place: Location) -> str:
    """Say what a sample tells of the whole."""
    assert place.sample is not None  # noqa: S101 - asked only of those that have one
    looked, of, bad = place.sample.looked, place.sample.of, place.sample.bad
    errors = f"{bad} error" + ("" if bad == 1 else "s")
    most = _rounded_up(100.0 * most_bad(looked, of, bad) / of) if of else 0.0
    drawn = "" if place.sample.seed is None else f" (seed {place.sample.seed})"
    return (
        f"{place.name}: {errors} in a sample of {looked:,} of {of:,} files{drawn}: "
        f"with 95 % confidence at most {most:.2g} % are bad"
    )


def _rounded_up(value: float) -> float:
    """Return a number with two digits that is no smaller."""
    if value <= 0.0:
        return 0.0
    step = 10.0 ** (floor(log10(value)) - 1)
    return ceil(value / step - 1e-9) * step


def _leaning_on(backups: tuple[Location, ...]) -> list[str]:
    """Say how old the oldest read is that the verdict leans on."""
    times = [place.read_since for place in backups if place.read_since is not None]
    return [f"bytes last read {min(times):%Y-%m-%d} or later"] if times else []


def _beyond(backups: tuple[Location, ...]) -> list[str]:
    """Say what the shallowest examination could not find."""
    found = [(reached, place.kind) for place in backups if (reached := _reached(place)) is not None]
    told = beyond(min(found)[1], min(found)[0]) if found else ""
    return [told] if told else []


def _damage(place: Location) -> tuple[str, ...]:
    """Return what is damaged; a set of which nothing can be restored is, whatever its bytes say."""
    ruined = place.state is State.READ and place.points.count == 0
    return place.errors or (place.points.breaks if ruined else ())


def _blind(place: Location) -> bool:
    reached, opened = _reached(place), place.files is not None
    return reached is not None and blind_to_gaps(place.kind, reached, opened=opened)


def _reached(place: Location) -> Depth | None:
    return place.depth if place.state is State.READ or place.audited else None
