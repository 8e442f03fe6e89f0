"""What a command line says about how much is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from riskmodel.errors import InputError
from verifier.effort import Effort
from verifier.setup import Policy, Setup

__all__ = ["asked_effort", "with_max_bad"]


def asked_effort(setup: Setup, now: datetime, *, seed: int | None, reread: bool) -> Effort:
    """Return the effort that a policy asks for, with the seed and the rereading of this run."""
    asked = setup.policy.effort(now, seed)
    return replace(asked, stale_before=int(now.timestamp() * 1e9)) if reread else asked


def with_max_bad(setups: tuple[Setup, ...], said: str | None) -> tuple[Setup, ...]:
    """Let policies be content with a sample: ``"1%"``, ``"1 %"`` or ``"0.01"``.

    Raises
    ------
    InputError
        If it is no share between 0 and 1.
    """
    if said is None:
        return setups
    try:
        asked = Policy.model_validate({"max_bad": _share(said.strip())}).max_bad
    except ValidationError:
        expected = "expects a share between 0 and 1 such as '1%' or 0.01"
        raise InputError(f"--max-bad: {expected}, got '{said}'") from None
    return tuple(
        one.model_copy(update={"policy": one.policy.model_copy(update={"max_bad": asked})})
        for one in setups
    )


def _share(text: str) -> float | str:
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return text
