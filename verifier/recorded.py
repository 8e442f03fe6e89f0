"""Audits that start from recordings, or leave one behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from riskmodel._described import first_mistake
from riskmodel.errors import InputError
from verifier.audit import Audit, judge, remember
from verifier.examine import examine
from verifier.host import Host
from verifier.inventory import Depth, Inventory
from verifier.joining import joined_with
from verifier.noticing import held_against
from verifier.recording import Recording, read, record, write
from verifier.setup import Setup

if TYPE_CHECKING:
    from verifier.catalogue import Catalogue
    from verifier.effort import Effort

__all__ = ["recorded_audit"]


def recorded_audit(
    what: Setup | Path,
    *,
    now: datetime,
    depth: Depth | None = None,
    catalogue: Catalogue | None = None,
    talk: Callable[[str], None] = lambda text: None,
    complain: Callable[[str], None] = lambda text: None,
    recordings: Sequence[Recording] = (),
    keep: Path | None = None,
    redact: bool = False,
    effort: Effort | None = None,
) -> Audit:
    """Audit with recordings of other machines, and record the result if asked to.

    Parameters
    ----------
    what : Setup or Path
        What to look at, or the recording of an audit.
    now : datetime
        The time that ages are measured from; a recorded audit keeps its own.
    depth, catalogue, talk, complain
        As for `audit`.
    recordings : sequence of Recording
        Of other machines.
    keep : Path, optional
        Where to write a recording.
    redact : bool
        Whether names are replaced in it.
    effort : Effort, optional
        As for `examine`.

    Returns
    -------
    Audit

    Raises
    ------
    InputError
        If a recording cannot be used.
    """
    host = Host(record=keep is not None)
    own = None
    if isinstance(what, Path):
        own = read(what)
        setup, inventory = _of(own, str(what))
    else:
        setup = what
        matching = next((one.inventory for one in recordings if _answers(one, setup)), None)
        if matching is not None:
            talk("a recording answers for this set-up; nothing is looked at here")
        inventory = matching or examine(
            setup,
            host,
            now=now,
            depth=depth,
            catalogue=catalogue,
            talk=talk,
            complain=complain,
            effort=effort,
        )
        if matching is None:
            inventory = held_against(catalogue, inventory, host)
    inventory = joined_with(inventory, recordings)
    talk(f"judging {len(inventory.all_locations):,} locations")
    judged = judge(setup, inventory)
    if own is None:
        remember(catalogue, judged, complain)
    if keep is not None:
        made = setup.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        write(_kept(own, host, now, made, inventory), keep.expanduser(), redact=redact)
    return judged


def _kept(
    own: Recording | None, host: Host, now: datetime, setup: dict[str, object], found: Inventory
) -> Recording:
    if own is None:
        return record(host, now=now, setup=setup, inventory=found)
    return replace(own, inventory=found)


def _of(recording: Recording, path: str) -> tuple[Setup, Inventory]:
    if recording.inventory is None or recording.setup is None:
        raise InputError(
            f"{path}: it records a machine, not an audit; join it: audit FILE --from {path}"
        )
    try:
        # its times are numbers of hours: it was written by this program, not by a person
        return Setup.model_validate(recording.setup), recording.inventory
    except ValidationError as error:
        raise InputError(f"{path}: setup.{first_mistake(error, recording.setup)}") from None


def _answers(recording: Recording, setup: Setup) -> bool:
    """Tell whether a recording is of this very set-up, made on the machine that has its source."""
    found = recording.inventory
    if found is None or found.source.address != setup.source.path:
        return False
    return [one.name for one in found.locations] == [one.name for one in setup.locations]
