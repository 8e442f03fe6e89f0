"""Where the key or password of an encrypted location lies, as far as the set-up file tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from verifier.domains import place_of
from verifier.host import AccessError, Host
from verifier.inventory import Evidence, Fact, Location
from verifier.target import Target

__all__ = ["declared_key", "password_path"]


def password_path(target: Target) -> str:
    """Return the password file's absolute path: programs start in a folder of their own."""
    return str(Path(target.password_file or "").expanduser().absolute())


def declared_key(host: Host, target: Target, found: Location) -> Location:
    """Say where the password lies if a file was named, and on which drives."""
    if target.password_file is None:
        return found
    path = password_path(target)
    try:
        place = place_of(host, path)
    except AccessError:
        return replace(found, key_kept=Fact((path,), Evidence.DECLARED, "password_file"))
    return replace(
        found,
        key_kept=Fact((place.real_path,), Evidence.DECLARED, "password_file"),
        key_drives=place.domains.drives,
    )
