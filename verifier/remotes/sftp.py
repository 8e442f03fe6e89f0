"""SFTP servers, with the user's own keys and known hosts; an unknown server is never trusted."""

from __future__ import annotations

import errno
import os
import re
import stat as stat_module
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from riskmodel.errors import InputError
from verifier.access import AccessError, Entry, Missing, Stat, TimedOut, Unreadable
from verifier.domains import host_identity, place_of
from verifier.host import Host
from verifier.inventory import Domains, Evidence, Fact, Location
from verifier.remotes._address import is_here
from verifier.remotes._elsewhere import Elsewhere
from verifier.remotes._link import Digest, ToolAddress
from verifier.ssh_config import looked_up
from verifier.target import Target

__all__ = ["SftpAddress", "SftpHost", "SftpLink", "connect", "fits", "link_to", "parse_sftp"]

_SHAPE = re.compile(
    r"sftp://(?:(?P<user>[^@/]+)@)?(?P<host>\[[0-9a-fA-F:.%]+\]|[^:/\[\]]+)(?::(?P<port>\d+))?"
    r"(?P<path>/.*)?"
)
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """A folder on an SFTP server; what is None comes from the user's ssh configuration."""

    host: str
    path: str
    user: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class _Login:
    """How to reach a server once the user's ssh configuration has been read."""

    host: str
    port: int
    user: str | None
    keys: tuple[str, ...]
    known_hosts: tuple[str, ...]


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
    port = int(found["port"]) if found["port"] else None
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


def _login(host: Host, address: SftpAddress, identity_file: str | None) -> _Login:
    """Look the server up in the user's ssh configuration, which may give it other names."""
    configured = looked_up(host, address.host)
    if "proxyjump" in configured or "proxycommand" in configured:
        reason = "the way through another server (ProxyJump, ProxyCommand) is not supported"
        raise Unreadable(f"sftp://{address.host}", reason)
    port = address.port or int(configured.get("port", 22))
    keys = [identity_file] if identity_file else list(configured.get("identityfile", ()))
    known = str(configured.get("userknownhostsfile", "")).split() or ["~/.ssh/known_hosts"]
    return _Login(
        host=str(configured.get("hostname", address.host)),
        port=port,
        user=address.user or configured.get("user"),
        keys=tuple(str(Path(key).expanduser()) for key in keys),
        known_hosts=(*(str(Path(k).expanduser()) for k in known), "/etc/ssh/ssh_known_hosts"),
    )


class SftpHost(Elsewhere):
    """One SFTP server.

    Parameters
    ----------
    here : Host
        This machine.
    root : str
        What paths there start with.
    login : _Login
        How to reach it.
    """

    def __init__(self, here: Host, root: str, login: _Login) -> None:
        agent = os.environ.get("SSH_AUTH_SOCK")
        super().__init__(here, root, {"SSH_AUTH_SOCK": agent} if agent else None)
        self._login = login
        self._client: Any = None
        self._sftp: Any = None

    def opened(self, path: str) -> str:
        """Log in, and return the absolute path on the server."""
        import paramiko

        login, client = self._login, paramiko.SSHClient()
        for file in login.known_hosts:
            try:
                client.load_system_host_keys(file)
            except (OSError, paramiko.SSHException):
                continue
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        self._client = client

        def log_in() -> str:
            keys: Any = [key for key in login.keys if Path(key).is_file()]
            client.connect(
                login.host,
                port=login.port,
                username=login.user,
                key_filename=keys or None,
                look_for_keys=not keys,
                timeout=self.timeout,
                banner_timeout=self.timeout,
                auth_timeout=self.timeout,
                channel_timeout=self.timeout,
            )
            self._sftp = client.open_sftp()
            self._sftp.get_channel().settimeout(self.timeout)
            return str(self._sftp.normalize(path))

        found = self._ask(self.root, log_in)
        self.stat(f"{self.root}{found}")
        return found

    def peer(self) -> str:
        """Return the network address that answered; empty if that is not known."""
        transport = self._client.get_transport() if self._client is not None else None
        try:
            return str(transport.getpeername()[0]) if transport is not None else ""
        except OSError:
            return ""

    def leave(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()

    def resolve(self, path: str) -> str:
        """Return the path after all symbolic links there."""
        key = self._key(path)
        if key is None:
            return self.here.resolve(path)
        return self.root + self._ask(path, lambda: str(self._sftp.normalize(f"/{key}")))

    def as_root(self) -> Host:
        """Return the server as if it were a machine that one is on: ``/etc`` is its own."""
        return _Inside(self)

    def _problem(self, path: str, error: Exception) -> AccessError | None:
        return _problem_of(path, error, self._login)

    def _look(self, key: str, follow: bool) -> Stat:
        found = self._sftp.stat(f"/{key}") if follow else self._sftp.lstat(f"/{key}")
        return _stat(found)

    def _names(self, path: str, key: str) -> Iterator[str]:
        return iter(self._ask(path, lambda: list(self._sftp.listdir(f"/{key}"))))

    def _below(self, root: str, key: str) -> Iterator[Entry]:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            place = "/".join(part for part in (key, folder) if part)
            try:
                # listing hands the facts over too: no call for each file
                found = self._ask(root, partial(self._sftp.listdir_attr, f"/{place}"))
            except AccessError as problem:
                if not folder or isinstance(problem, TimedOut):
                    raise
                yield Entry(folder, None, problem)
                continue
            for item in sorted(found, key=lambda item: str(item.filename)):
                path = f"{folder}/{item.filename}" if folder else str(item.filename)
                facts = _stat(item)
                if facts.is_dir:
                    waiting.append(path)
                yield Entry(path, facts)

    def _bytes(self, key: str, offset: int, count: int) -> bytes:
        with self._sftp.open(f"/{key}", "rb") as file:
            file.seek(offset)
            return bytes(file.read(count))

    def _stream(self, path: str, key: str) -> Iterator[bytes]:
        file = self._ask(path, lambda: self._sftp.open(f"/{key}", "rb"))
        try:
            size = self._ask(path, lambda: int(file.stat().st_size or 0))
            self._ask(path, lambda: file.prefetch(size, 64))
            while data := self._ask(path, lambda: bytes(file.read(1 << 20))):
                yield data
        finally:
            file.close()


class _Inside(Host):
    """Small files of a server's own system, for `host_identity`."""

    def __init__(self, server: SftpHost) -> None:
        super().__init__(timeout=server.timeout)
        self._server = server

    def read_text(self, path: str) -> str:
        with self._server.open(f"{self._server.root}{path}") as file:
            return file.read(1 << 16).decode("utf-8", "surrogateescape")

    def hostname(self) -> str:
        raise Missing("hostname", "a file server does not tell its name")


class SftpLink:
    """One folder on one server.

    Parameters
    ----------
    reader : SftpHost
        Reads the server.
    path : str
        The folder.
    login : _Login
        How it was reached.
    here : Host
        This machine.
    """

    def __init__(self, reader: SftpHost, path: str, login: _Login, here: Host) -> None:
        self.kind = "sftp"
        self.host = reader
        self.path = path
        self._login = login
        self._here = here

    def located(self, found: Location) -> Location:
        """Say which machine the server is, and which drives it has if that is this one."""
        server, mine = self._identity(), host_identity(self._here)
        inner = self.path.removeprefix(self.host.root) or "/"
        names = dict.fromkeys((server.value, self._login.host.lower(), self.host.peer()))
        shares = tuple(f"export:{name}{inner}" for name in names if name)
        pools = Fact(shares, Evidence.MEASURED, "server and path")
        drives = f"the drives of server {self._login.host} cannot be seen from here"
        domains = replace(found.domains, host=server, drives=Fact(source=drives), pools=pools)
        if server.value != mine.value:
            return replace(found, domains=domains)
        return self._on_this_machine(found, domains, inner)

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

    def _identity(self) -> Fact[str]:
        try:
            told = host_identity(self.host.as_root())
        except AccessError:
            told = Fact()
        if told.value is not None and told.evidence is Evidence.MEASURED:
            return replace(told, source="/etc/machine-id of the server")
        if is_here(self._here, self._login.host):
            source = f"{self._login.host} is an address of this machine"
            return replace(host_identity(self._here), evidence=Evidence.INFERRED, source=source)
        return Fact(f"address:{self._login.host.lower()}", Evidence.MEASURED, "server address")

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


def _problem_of(path: str, error: Exception, login: _Login) -> AccessError | None:
    import paramiko

    if isinstance(error, paramiko.BadHostKeyException):
        reason = (
            "the server shows another host key than known_hosts has: somebody may sit between, "
            "or the server was installed anew; ask its owner before you change anything"
        )
        return Unreadable(path, reason)
    if isinstance(error, paramiko.PasswordRequiredException):
        return Unreadable(path, "the SSH key has a passphrase: load it with ssh-add first")
    if isinstance(error, paramiko.AuthenticationException):
        hint = "give an 'identity_file', or load a key with ssh-add"
        return Unreadable(path, f"the server refused the login; {hint}")
    if isinstance(error, paramiko.SSHException):
        said = str(error)
        if "not found in known_hosts" in said:
            port = f"-P {login.port} " if login.port != 22 else ""
            user = f"{login.user}@" if login.user else ""
            return Unreadable(
                path,
                "the server's host key is not in known_hosts; run 'sftp "
                f"{port}{user}{login.host}' once and compare the fingerprint with the server's",
            )
        return Unreadable(path, said[:200].rstrip(".") or "the SSH connection failed")
    if isinstance(error, TimeoutError):
        return TimedOut(path, "the server did not answer in time")
    if isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
        if error.errno in _GONE:
            return Missing(path, "there is no such path on the server")
        return Unreadable(path, reason, damage=error.errno == errno.EIO)
    if isinstance(error, EOFError):
        return Unreadable(path, "the server closed the connection")
    return None


def _stat(found: Any) -> Stat:
    mode = int(found.st_mode or 0)
    size = int(found.st_size or 0) if stat_module.S_ISREG(mode) else 0
    return Stat(mode, size, int(found.st_mtime or 0) * 1_000_000_000, 0, 0)
