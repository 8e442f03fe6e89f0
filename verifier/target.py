"""What a probe is asked to look at: one location, as a set-up file or command line names it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from verifier.inventory import Depth

__all__ = ["Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """One location to examine, with what was declared about it.

    Parameters
    ----------
    name : str
        From the set-up file; unique within one dataset.
    address : str
        A path, or a tool's own address such as ``"sftp:ada@nas:/backup"``; no secrets.
    kind : str or None
        A probe's kind, ``"declared"``, or None to find it by signature.
    password_file : str or None
        File with the repository's password; its content is never read here, only passed on.
    profile, identity_file : str or None
        Which of the user's own credentials open it: an AWS profile, a file with an SSH key.
    site, account, provider, credentials, key : str or None
        Declared failure domains.
    offline : bool
        Declared to be away from its reader most of the time: absence is normal.
    depth : Depth
        How deep the examination should go.
    media : str or None
        Declared medium.
    files, bytes : int or None
        Declared content, for a location that no probe reaches.
    newest, last_seen : datetime or None
        Declared newest point, and when somebody last saw the location; aware, UTC.
    """

    name: str
    address: str = ""
    kind: str | None = None
    password_file: str | None = None
    profile: str | None = None
    identity_file: str | None = None
    site: str | None = None
    account: str | None = None
    provider: str | None = None
    credentials: str | None = None
    key: str | None = None
    offline: bool = False
    depth: Depth = Depth.LISTED
    media: str | None = None
    files: int | None = None
    bytes: int | None = None
    newest: datetime | None = None
    last_seen: datetime | None = None
