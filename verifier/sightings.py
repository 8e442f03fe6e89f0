"""What one audit saw, as the catalogue gives it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verifier.digests import Readings
    from verifier.files import Files
    from verifier.inventory import Location

__all__ = ["Run", "Seen"]


@dataclass(frozen=True, slots=True)
class Run:
    """One audit of one dataset.

    Parameters
    ----------
    number : int
        Ascending in the order of time within one catalogue.
    at : datetime
        When it looked; aware, in UTC.
    host : str
        The machine that looked, as ``"kind:identity"``; empty if unknown.
    dataset : str
        Name of the dataset.
    source : str
        Real path or address of the live data.
    finished : bool
        False for one that was stopped or killed: what it kept is true, but not all.
    """

    number: int
    at: datetime
    host: str
    dataset: str
    source: str
    finished: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One location as one run saw it.

    Parameters
    ----------
    location : Location
        Its facts; the source too, under the name ``source``.
    files : Files or None
        What it held, where names could be listed.
    digests : Readings or None
        Of the rows of `files`, as far as they had been read by then.
    """

    location: Location
    files: Files | None = None
    digests: Readings | None = None
