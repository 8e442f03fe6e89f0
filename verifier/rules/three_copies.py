"""Three copies that do not stand on each other's drives; the live data is the first."""

from __future__ import annotations

from itertools import combinations

from verifier.inventory import Evidence, State
from verifier.rules._independence import Tie
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._standing import Copyhood
from verifier.rules._view import View, names, weakest

__all__ = ["RULE", "judge"]

WANTED = 3

RULE = Rule(
    id="three-copies",
    title="At least 3 independent copies of the data, the live data included",
    risk="With fewer, two failures that come together take everything.",
    remediation="Add a whole copy on a drive that no other copy uses.",
)


def judge(view: View) -> Gate:
    """Count the copies that share no drive and no pool.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    certain, possible = len(view.counted), len(view.possible)
    if view.inventory.source.state is State.MISSING:
        reason = "the source is missing, so that no copy can be compared with it"
        return Gate(Status.FAIL, certain, WANTED, Evidence.MEASURED, reason)
    listed = names(view.locations[n].name for n in view.counted) or "none"
    if certain >= WANTED:
        return Gate(Status.PASS, certain, WANTED, _evidence(view), f"independent are {listed}")
    if possible >= WANTED:
        reason = f"certain: {listed}; {names(_open_questions(view))}"
        return Gate(Status.UNKNOWN, certain, WANTED, Evidence.UNKNOWN, reason)
    reason = f"independent: {listed}"
    not_counted = [place.name for n, place in enumerate(view.locations) if n not in view.counted]
    if not_counted:
        reason += f"; not counted: {names(not_counted)}"
    return Gate(Status.FAIL, certain, WANTED, _evidence(view), reason)


def _evidence(view: View) -> Evidence:
    pairs = combinations(view.counted, 2)
    return weakest({Evidence.MEASURED, *(view.relation(a, b).evidence for a, b in pairs)})


def _open_questions(view: View) -> list[str]:
    questions = []
    for number in view.possible:
        if number in view.counted:
            continue
        found = view.standings[number]
        if found.copyhood is Copyhood.YES:
            unclear = [view.relation(number, n) for n in view.counted if n != number]
            why = next((r.reason for r in unclear if r.tie is Tie.UNKNOWN), "")
            questions.append(f"whether {view.locations[number].name} is independent: {why}")
        else:
            questions.append(f"{view.locations[number].name}: {found.reason}")
    return questions
