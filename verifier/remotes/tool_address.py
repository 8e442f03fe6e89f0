"""What an address that only a tool can open tells of itself: the server, or the company."""

from __future__ import annotations

import re
from dataclasses import replace

from verifier.access import AccessError
from verifier.domains import host_identity, place_of
from verifier.host import Host
from verifier.inventory import Evidence, Fact, Location
from verifier.remotes._address import is_here, within
from verifier.ssh_config import looked_up
from verifier.target import Target

__all__ = ["known", "server_and_path", "unspoken"]

_PROVIDERS = {"b2": "backblaze", "azure": "microsoft", "gs": "google"}
_SFTP = re.compile(
    r"(?:sftp|ssh):(?://)?(?:[^@/]*@)?(\[[^\]]+\]|[^:/\[\]]+)(?::(\d+)(?=/))?[:/]?(.*)"
)
_REST = re.compile(r"rest:https?://(?:[^@/]*@)?(\[[^\]]+\]|[^:/\[\]]+)")


def unspoken(address: str) -> str:
    """Return how an address is written that no probe speaks, as ``ssh://``; empty for a path.

    Parameters
    ----------
    address : str
        One that no remote and no tool took for its own.
    """
    if re.match(r"[^/:@\s]+@[^/:@\s]+:", address):
        return "USER@HOST:PATH"
    found = re.match(r"[a-z][a-z0-9+.-]*://", address)
    return found[0] if found else ""


def server_and_path(address: str) -> tuple[str, str] | None:
    """Return server and path of ``sftp:``, ``ssh:`` and ``rest:``; None for other addresses.

    Parameters
    ----------
    address : str
        ``sftp:USER@HOST:/PATH``, ``sftp://USER@HOST:PORT//PATH`` or ``rest:https://HOST/``.

    Returns
    -------
    tuple of (str, str) or None
        The path of a ``rest:`` server is not one of its file system, and empty.
    """
    if found := _REST.match(address):
        return found[1].strip("[]").lower(), ""
    if found := _SFTP.fullmatch(address):
        return found[1].strip("[]").lower(), found[3]
    return None


def known(host: Host, target: Target, found: Location) -> Location:
    """Add what the address alone tells.

    Parameters
    ----------
    host : Host
        This machine.
    target : Target
        With an address that only its tool can open.
    found : Location
        What is already known; declarations stay where the address tells nothing.

    Returns
    -------
    Location
        A server that is this machine has its drives, where the path is found.
    """
    domains = found.domains
    word = target.address.partition(":")[0]
    if (company := _PROVIDERS.get(word)) and domains.provider.value is None:
        provider = Fact(company, Evidence.INFERRED, f"address {word}:")
        cloud = Fact("object-storage", Evidence.INFERRED, f"address {word}:")
        medium = cloud if found.media_type.value is None else found.media_type
        return replace(found, domains=replace(domains, provider=provider), media_type=medium)
    told = server_and_path(target.address)
    if told is None:
        return found
    server, path = told
    # ssh may call it otherwise, and behind another server no name means what it means here
    ssh = looked_up(host, server) if word == "sftp" else {}
    proxied = "proxyjump" in ssh or "proxycommand" in ssh
    server = server if proxied else str(ssh.get("hostname", server)).lower()
    drives = f"the drives of server {server} cannot be seen from here"
    inside = "" if proxied else within(host, server)
    if inside:
        here = replace(host_identity(host), evidence=Evidence.INFERRED, source=inside)
        return replace(found, domains=replace(domains, host=here, drives=Fact(source=inside)))
    if proxied or not is_here(host, server):
        away = Fact(f"address:{server}", Evidence.MEASURED, "server address")
        return replace(found, domains=replace(domains, host=away, drives=Fact(source=drives)))
    source = f"{server} is an address of this machine"
    here = replace(host_identity(host), evidence=Evidence.INFERRED, source=source)
    found = replace(found, domains=replace(domains, host=here, drives=Fact(source=source)))
    try:
        place = place_of(host, path) if path.startswith("/") else None
    except AccessError:
        place = None
    if place is None:
        return found
    seen = replace(
        found.domains,
        drives=place.domains.drives,
        pools=place.domains.pools,
        level=place.domains.level,
        file_system=place.domains.file_system,
    )
    return replace(found, domains=seen, media_type=place.media_type, inode=place.inode)
