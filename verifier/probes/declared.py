"""Declared locations: what no probe reaches, taken at its owner's word and shown as such."""

from __future__ import annotations

from dataclasses import replace

from verifier.inventory import Evidence, Fact, Location, Points, State
from verifier.target import Target

__all__ = ["collect"]


def collect(target: Target, found: Location) -> Location:
    """Turn the declarations of a target into a location.

    Parameters
    ----------
    target : Target
        With ``files``, ``bytes``, ``newest``, ``media`` and ``last_seen``, all optional.
    found : Location
        What is already known: declared domains.

    Returns
    -------
    Location
        State ``declared``; never examined, so without depth.
    """
    media: Fact[str] = Fact()
    if target.media:
        media = Fact(target.media, Evidence.DECLARED, "set-up file")
    return replace(
        found,
        kind="declared",
        state=State.DECLARED,
        media_type=media,
        points=Points(1 if target.newest else None, target.newest, target.newest),
        files=target.files,
        size_bytes=target.bytes,
        last_seen=target.last_seen,
    )
