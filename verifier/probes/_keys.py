"""Where the key or password of an encrypted location lies, as far as the set-up file tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from verifier.domains import place_of
from verifier.host import AccessError, Host
from verifier.inventory import Evidence, Fact, Location
from verifier.target import Target

__all__ = ["declared_key", "kept_at", "password_path"]


def password_path(target: Target) -> str:
    """Return the password file's absolute path: programs start in a folder of their own."""
    return str(Path(target.password_file or "").expanduser().absolute())


def declared_key(host: Host, target: Target, found: Location) -> Location:
    """Say where the password lies if a file was named, and on which drives."""
    if target.password_file is None:
        return found
    return kept_at(host, found, password_path(target), Evidence.DECLARED, "password_file")


def kept_at(host: Host, found: Location, path: str, evidence: Evidence, source: str) -> Location:
    """Say that the key is in a file of this machine, and on which drives."""
    try:
        place = place_of(host, path)
    except AccessError:
        return replace(found, key_kept=Fact((path,), evidence, source))
    return replace(
        found,
        key_kept=Fact((place.real_path,), evidence, source),
        key_drives=place.domains.drives,
    )
