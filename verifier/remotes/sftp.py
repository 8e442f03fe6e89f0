"""SFTP servers, with the user's own keys and known hosts; an unknown server is never trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from riskmodel.errors import InputError
from verifier._texts import whole_number
from verifier.access import AccessError, Unreadable
from verifier.domains import host_identity, place_of
from verifier.host import Host
from verifier.inventory import Domains, Evidence, Fact, Location
from verifier.remotes._address import is_here, within
from verifier.remotes._link import Digest, ToolAddress
from verifier.remotes.sftp_host import Login, SftpHost
from verifier.ssh_config import looked_up
from verifier.target import Target

__all__ = ["SftpAddress", "SftpLink", "connect", "fits", "link_to", "parse_sftp"]

_SHAPE = re.compile(
    r"sftp://(?:(?P<user>[^@/]+)@)?(?P<host>\[[0-9a-fA-F:.%]+\]|[^:/\[\]]+)(?::(?P<port>\d+))?"
    r"(?P<path>/.*)?"
)


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """A folder on an SFTP server.

    Parameters
    ----------
    host, path : str
        The server and the folder there.
    user : str or None
    port : int or None
        From the user's ssh configuration unless given.
    """

    host: str
    path: str
    user: str | None = None
    port: int | None = None


def fits(target: Target) -> bool:
    """Tell whether an address is one of an SFTP server, and not restic's own spelling."""
    return target.address.startswith("sftp://") and target.kind != "restic"


def parse_sftp(address: str) -> SftpAddress:
    """Read ``sftp://[USER@]HOST[:PORT]/PATH``; ``/~/`` is the user's home.

    Parameters
    ----------
    address : str
        As the set-up file has it.

    Returns
    -------
    SftpAddress

    Raises
    ------
    InputError
        If it has another shape, or a password in it.
    """
    found = _SHAPE.fullmatch(address)
    if found is None:
        raise InputError(f"address: expects sftp://USER@HOST[:PORT]/PATH, got '{address}'")
    user = found["user"]
    if user and ":" in user:
        raise InputError(
            "address: a password does not belong into an address; "
            "an SSH key does it: 'identity_file', or the agent at SSH_AUTH_SOCK"
        )
    path = unquote(found["path"] or "/")
    path = path[3:] or "." if path.startswith("/~/") or path == "/~" else path
    port = whole_number(found["port"]) if found["port"] else None
    if found["port"] and not 0 < (port or 0) < 1 << 16:
        raise InputError(f"address: {found['port'][:20]} is no port, in '{address[:200]}'")
    return SftpAddress(found["host"].strip("[]"), path, user and unquote(user), port)


def connect(host: Host, target: Target) -> SftpLink:
    """Log in with the user's keys.

    Parameters
    ----------
    host : Host
        This machine.
    target : Target
        Its address, and a file with a key if one is named.

    Returns
    -------
    SftpLink

    Raises
    ------
    AccessError
        If the server is unknown, refuses or stays silent; there is no path without a login.
    """
    return link_to(host, parse_sftp(target.address), target.identity_file)


def link_to(host: Host, address: SftpAddress, identity_file: str | None = None) -> SftpLink:
    """Log in at an address already read."""
    login = _login(host, address, identity_file)
    name = f"[{login.host}]:{login.port}" if login.port != 22 else login.host
    reader = SftpHost(host, f"sftp://{name}", login)
    try:
        path = reader.opened(address.path)
    except AccessError:
        reader.leave()
        raise
    return SftpLink(reader, f"{reader.root}{path}", login, host)


def _login(host: Host, address: SftpAddress, identity_file: str | None) -> Login:
    """Look the server up in the user's ssh configuration, which may give it other names."""
    configured = looked_up(host, address.host)
    if "proxyjump" in configured or "proxycommand" in configured:
        reason = "the way through another server (ProxyJump, ProxyCommand) is not supported"
        raise Unreadable(f"sftp://{address.host}", reason)
    port = address.port or int(configured.get("port", 22))
    keys = [identity_file] if identity_file else list(configured.get("identityfile", ()))
    known = str(configured.get("userknownhostsfile", "")).split() or ["~/.ssh/known_hosts"]
    return Login(
        host=str(configured.get("hostname", address.host)),
        port=port,
        user=address.user or configured.get("user"),
        keys=tuple(str(Path(key).expanduser()) for key in keys),
        known_hosts=(*(str(Path(k).expanduser()) for k in known), "/etc/ssh/ssh_known_hosts"),
    )


class SftpLink:
    """One folder on one server.

    Parameters
    ----------
    reader : SftpHost
        Reads the server.
    path : str
        The folder.
    login : Login
        How it was reached.
    here : Host
        This machine.
    """

    def __init__(self, reader: SftpHost, path: str, login: Login, here: Host) -> None:
        self.kind = "sftp"
        self.host = reader
        self.path = path
        self._login = login
        self._here = here

    def located(self, found: Location) -> Location:
        """Say which machine the server is, and which drives it has if that is this one."""
        mine, hidden = host_identity(self._here), ""
        server = self._told()
        if server.value is None or server.value != mine.value:
            hidden = self._hidden_here(server)
            server = self._as_seen(server, mine, hidden)
        inner = self.path.removeprefix(self.host.root) or "/"
        names = dict.fromkeys((server.value, self._login.host.lower(), self.host.peer()))
        shares = tuple(f"export:{name}{inner}" for name in names if name)
        pools = Fact(shares, Evidence.MEASURED, "server and path")
        drives = f"the drives of server {self._login.host} cannot be seen from here"
        domains = replace(found.domains, host=server, drives=Fact(source=drives), pools=pools)
        found = replace(found, domains=domains, marks=(*found.marks, *self.host.marks()))
        if server.value != mine.value:
            return found
        if not hidden:
            return self._on_this_machine(found, domains, inner)
        return replace(found, domains=replace(domains, drives=Fact(source=hidden)))

    def finished(self, found: Location) -> Location:
        """Who can log in can delete; a server may keep snapshots that one cannot see from here."""
        source = "whether the server keeps snapshots cannot be seen by SFTP"
        return replace(found, immutable=Fact(source=source))

    def kept(self, path: str, *, read: bool) -> Digest | None:
        """Return None: a file server keeps no digests."""
        return None

    def opened_by(self, kind: str) -> ToolAddress | None:
        """Return the address that restic knows; it logs in by ssh with the user's own files."""
        if kind != "restic":
            return None
        login, inner = self._login, self.path.removeprefix(self.host.root)
        user = f"{login.user}@" if login.user else ""
        name = f"[{login.host}]" if ":" in login.host else login.host
        return ToolAddress(self.host, f"sftp://{user}{name}:{login.port}/{inner}")

    def close(self) -> None:
        """Log out."""
        self.host.leave()

    def _told(self) -> Fact[str]:
        """Return the identity that the server's own files tell."""
        try:
            told = host_identity(self.host.as_root())
        except AccessError:
            return Fact()
        if told.value is None or told.evidence is not Evidence.MEASURED:
            return Fact()
        return replace(told, source="/etc/machine-id of the server")

    def _hidden_here(self, told: Fact[str]) -> str:
        """Say why a server that is not this system, or hides it, may stand on this machine.

        A container has a machine-id of its own, as has what a tunnel leads to.
        """
        server = self._login.host
        if inside := within(self._here, server, self.host.peer()):
            return inside
        if is_here(self._here, server):
            return f"{server} is an address of this machine" if told.value else ""
        if self.host.has_key_of(self._here):
            return f"{server} has the host key of this machine, or of what it was copied from"
        return ""

    def _as_seen(self, told: Fact[str], mine: Fact[str], hidden: str) -> Fact[str]:
        server = self._login.host
        if hidden or is_here(self._here, server):
            source = hidden or f"{server} is an address of this machine"
            return replace(mine, evidence=Evidence.INFERRED, source=source)
        if told.value is not None:
            return told
        return Fact(f"address:{server.lower()}", Evidence.MEASURED, "server address")

    def _on_this_machine(self, found: Location, domains: Domains, inner: str) -> Location:
        """Look at the same folder without the detour; it is the same if it lists the same."""
        try:
            same = self._looks_the_same(inner)
            place = place_of(self._here, inner) if same else None
        except AccessError:
            place = None
        if place is None:
            source = "the server is this machine, and its folder is not found here"
            return replace(found, domains=replace(domains, drives=Fact(source=source)))
        shown = replace(
            place.domains,
            host=domains.host,
            account=found.domains.account,
            provider=found.domains.provider,
            site=found.domains.site,
            identity=found.domains.identity,
            key=found.domains.key,
        )
        return replace(found, domains=shown, media_type=place.media_type, inode=place.inode)

    def _looks_the_same(self, inner: str) -> bool:
        there = self.host.stat(self.path)
        if there.is_dir:
            return self._here.listdir(inner) == self.host.listdir(self.path)
        # SFTP tells times in whole seconds
        here, second = self._here.stat(inner), 1_000_000_000
        return (here.size, here.mtime_ns // second) == (there.size, there.mtime_ns // second)
