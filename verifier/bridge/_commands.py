"""The commands ``verifier layout`` and ``verifier risk``."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel._console import say, show
from riskmodel.errors import InputError
from riskmodel.reporting import require_writable, write
from verifier.bridge._advice import Advice, advise
from verifier.bridge._layouts import Bridged, to_layouts

if TYPE_CHECKING:
    from riskmodel.estimate import LossEstimate
    from verifier.audit import Audit

__all__ = ["Risk", "advise_command", "assess", "layout_command", "risk_command"]


@dataclass(frozen=True, slots=True)
class Risk:
    """An audit with its probability of loss.

    Parameters
    ----------
    audit : Audit
        What was found and judged.
    bridged : Bridged
        The layouts made of it.
    worst : LossEstimate
        With the independent copies that are certain: the headline.
    best : LossEstimate or None
        With all that might be independent; None if nothing is in doubt.
    history : LossEstimate or None
        Whole histories of the headline: the loss of a part, time without data; None unless asked.
    advice : Advice or None
        What to change first; None unless asked, as it takes a run a change.
    """

    audit: Audit
    bridged: Bridged
    worst: LossEstimate
    best: LossEstimate | None
    history: LossEstimate | None = None
    advice: Advice | None = None


def assess(
    found: Audit,
    *,
    horizon: str | float = "10 years",
    seed: int = 1,
    ranges: bool = False,
    whole_histories: bool = False,
) -> Risk:
    """Compute the probability of losing the data that an audit looked at.

    Parameters
    ----------
    found : Audit
        The audit.
    horizon : str or float
        Mission time. [h]
    seed : int
        Key of the random streams.
    ranges : bool
        Also give the headline its range over the uncertain inputs.
    whole_histories : bool
        Also play histories of the headline, for what only they tell; takes some seconds.

    Returns
    -------
    Risk

    Raises
    ------
    InputError
        If the source could not be read.
    """
    from riskmodel._console import bar
    from riskmodel.simulation import simulate

    bridged = to_layouts(found.setup.name, found.view, horizon=horizon)
    estimates = []
    for layout in (bridged.worst, bridged.best):
        if layout is not None:
            with bar(layout.name) as progress:
                wanted = ranges and layout is bridged.worst
                estimates.append(simulate(layout, seed=seed, progress=progress, ranges=wanted))
    history = None
    if whole_histories:
        from riskmodel.reporting.assessing import histories

        with bar("histories") as progress:
            history = histories(bridged.worst, horizon=horizon, seed=seed, progress=progress)
    best = estimates[1] if len(estimates) > 1 else None
    return Risk(found, bridged, estimates[0], best, history)


def layout_command(path: Path, *, as_json: bool, dataset: str | None = None) -> int:
    """Run ``verifier layout``: print what was found as a layout file; return the exit code."""
    from riskmodel._write import layout_toml

    found = _audit(path, dataset)
    bridged = to_layouts(found.setup.name, found.view)
    if as_json:
        documents = {
            "worst": bridged.worst.model_dump(mode="json", exclude_unset=True, by_alias=True),
            "best": bridged.best
            and bridged.best.model_dump(mode="json", exclude_unset=True, by_alias=True),
            "assumptions": [
                {"text": note.text, "evidence": note.evidence} for note in bridged.assumptions
            ],
        }
        sys.stdout.write(json.dumps(documents, indent=2) + "\n")
        return found.exit_code
    head = [f"made by 'verifier layout' from {path.name}; it assumes that"]
    head += [f"- {note.text} [{note.evidence}]" for note in bridged.assumptions]
    sys.stdout.write(layout_toml(bridged.worst, "\n".join(head)))
    if bridged.best is not None:
        say(f"verifier: without {', '.join(bridged.doubts)}, whose independence is unknown")
    return found.exit_code


def risk_command(
    path: Path,
    *,
    as_json: bool,
    horizon: str,
    seed: int,
    html: Path | None,
    dataset: str | None = None,
) -> int:
    """Run ``verifier risk``: audit, compute, print; return the exit code of the audit."""
    from verifier.advice_text import advice_text
    from verifier.risk import risk_json, risk_page, risk_text

    if html is not None:
        require_writable(html)
    audit = _audit(path, dataset, html)
    risk = assess(audit, horizon=horizon, seed=seed, ranges=True, whole_histories=True)
    talking = not as_json and sys.stdout.isatty()  # then somebody reads while changes are computed
    if talking:
        show(risk_text(risk, _width()), end="")
        sys.stdout.flush()
    advice = advise(audit, horizon=horizon, seed=seed, talk=_progress)
    risk = replace(risk, advice=advice)
    if html is not None:
        write(risk_page(risk), html)
        say(f"verifier: wrote {html}")
    if as_json:
        sys.stdout.write(risk_json(risk))
        return risk.audit.exit_code
    if not talking:
        show(risk_text(risk, _width()), end="")
    show(f"\nWhat to change first\n{advice_text(advice, _width())}", end="")
    return risk.audit.exit_code


def advise_command(
    path: Path, *, as_json: bool, horizon: str, seed: int, dataset: str | None = None
) -> int:
    """Run ``verifier advise``: audit, change one thing at a time, print; return the exit code."""
    from verifier.advice_text import advice_json, advice_text

    found = _audit(path, dataset)
    advice = advise(found, horizon=horizon, seed=seed, talk=_progress)
    show(advice_json(advice) if as_json else advice_text(advice, _width()), end="")
    return found.exit_code


def _audit(path: Path, dataset: str | None, html: Path | None = None) -> Audit:
    from verifier.apart import keep_apart
    from verifier.catalogue import Catalogue, default_path
    from verifier.datasets import chosen, load_setups
    from verifier.recorded import recorded_audit

    setups = chosen(load_setups(path), dataset)
    if len(setups) > 1:
        known = ", ".join(setup.name for setup in setups)
        raise InputError(f"{path}: holds several datasets; choose one with --dataset: {known}")
    keep_apart({"--html": html}, (place.path for place in setups[0].locations if place.path))
    found = recorded_audit(
        setups[0],
        now=datetime.now(UTC),
        catalogue=Catalogue(default_path()),
        talk=_progress,
        complain=_talk,
    )
    for alarm in found.alarms:  # the exit code tells of it, and nothing that is printed would
        _talk(alarm.message)
    return found


def _width() -> int | None:
    """Return the columns of the terminal, if one reads along."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _talk(text: str) -> None:
    say(f"verifier: {text}")


def _progress(text: str) -> None:
    """Say what is being done, if somebody is looking."""
    if sys.stderr.isatty():
        _talk(text)
