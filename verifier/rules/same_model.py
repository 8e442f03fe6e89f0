"""Drives of one model, and of one batch as far as serial numbers tell."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from verifier.inventory import Drive
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import Copyhood
from verifier.rules._view import View, names

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="same-model",
    title="Copies on drives of different models",
    risk="Drives of one model, age and batch tend to fail together, with one another's faults.",
    remediation="Replace one of them by a drive of another make before its time.",
)

_BATCH_STEP = 50  # serial numbers this close left the line together
_TAIL = re.compile(r"(.*?)([0-9]+)")
_SAY_NOTHING = re.compile(
    r"qemu|virtual|vbox|vmware|usb ?(disk|device)|mass storage", re.IGNORECASE
)


def judge(view: View) -> Iterator[Finding]:
    """Yield a note for each model that several drives below the locations have.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    drives: dict[str, dict[str, Drive]] = defaultdict(dict)
    on: dict[str, list[str]] = defaultdict(list)
    for number, place in enumerate(view.locations):
        if view.standings[number].copyhood is Copyhood.NO and number:
            continue
        for drive in place.domains.drives.value or ():
            if drive.model and not _SAY_NOTHING.search(drive.model):
                model = " ".join(drive.model.split())
                drives[model][drive.key] = drive
                if place.name not in on[model]:
                    on[model].append(place.name)
    for model, found in drives.items():
        if len(found) < 2:
            continue
        devices = sorted({drive.device for drive in found.values()})
        text = (
            f"{names(on[model])}: {len(found)} drives of one model, {model} ({', '.join(devices)})"
        )
        serials = sorted(drive.serial for drive in found.values() if drive.serial)
        close = [one for one in pairwise(serials) if _adjacent(*one)]
        if close:
            text += (
                f", with serials as close as {close[0][0]} and {close[0][1]}: one batch, it seems"
            )
        yield Finding(RULE.id, Status.PASS, Severity.NOTE, None, f"{text}.", RULE.remediation)


def _adjacent(one: str, other: str) -> bool:
    """Tell whether two serials differ by a small number at their end only."""
    first, second = _TAIL.fullmatch(one.strip()), _TAIL.fullmatch(other.strip())
    if not first or not second or len(one.strip()) != len(other.strip()):
        return False
    same = first[1] == second[1]
    return same and len(first[2]) < 20 and abs(int(first[2]) - int(second[2])) <= _BATCH_STEP
