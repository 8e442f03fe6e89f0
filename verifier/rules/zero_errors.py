"""No errors after verification, and how deep the verification went."""

from __future__ import annotations

import math

from verifier.inventory import Depth, Evidence, Location, State
from verifier.rules._model import Gate, Rule, Status
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
    that nobody examined, or one that was examined less deep than the policy asks, leaves the gate
    unknown. Plain trees reach depth ``source`` at once, as they have no digests of their own. The
    source itself needs only to be read.

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
    shallow = [
        f"{place.name} only to depth {reached.word}"
        for place in backups
        if (reached := _reached(place)) is not None and reached < wanted
    ]
    if shallow:
        reason = f"examined {names(shallow)}, wanted is {wanted.word}"
        return Gate(Status.UNKNOWN, value, aim, Evidence.UNKNOWN, reason)
    reason = f"nothing is damaged at {shallowest}"
    samples = [part for place in backups if (part := _sampled(place))]
    if samples:
        reason += f"; {names(samples)}"
    return Gate(Status.PASS, value, aim, Evidence.MEASURED, reason)


def _sampled(place: Location) -> str:
    """Say what part of a location a restore drill speaks of, and what that bounds."""
    if place.depth is not Depth.RESTORE or place.sample is None or not place.sample.looked:
        return ""
    bound = -math.expm1(math.log(0.05) / place.sample.looked)  # Clopper-Pearson, none bad
    part = f"{place.sample.looked:,} of {place.sample.of:,} files drawn"
    return f"{place.name} by {part}: at 95 % no more than {100 * bound:.2g} % are bad"


def _damage(place: Location) -> tuple[str, ...]:
    """Return what is damaged; a set of which nothing can be restored is, whatever its bytes say."""
    ruined = place.state is State.READ and place.points.count == 0
    return place.errors or (place.points.breaks if ruined else ())


def _reached(place: Location) -> Depth | None:
    return place.depth if place.state is State.READ or place.audited else None
