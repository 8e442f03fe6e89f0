"""One SFTP server, read as the files that it has."""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import os
import stat as stat_module
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from verifier.access import AccessError, Entry, Missing, Stat, TimedOut, Unreadable
from verifier.host import Host
from verifier.remotes._elsewhere import Elsewhere

__all__ = ["Login", "SftpHost"]

_GONE = frozenset({errno.ENOENT, errno.ENOTDIR})


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach a server once the user's ssh configuration has been read.

    Parameters
    ----------
    host : str
        Its name, as the configuration has it.
    port : int
        Where it listens.
    user : str or None
        Whom to log in as; the user of this machine unless given.
    keys : tuple of str
        Files with private keys.
    known_hosts : tuple of str
        Files with the keys of known servers.
    """

    host: str
    port: int
    user: str | None
    keys: tuple[str, ...]
    known_hosts: tuple[str, ...]


class SftpHost(Elsewhere):
    """One SFTP server.

    Parameters
    ----------
    here : Host
        This machine.
    root : str
        What paths there start with.
    login : Login
        How to reach it.
    """

    def __init__(self, here: Host, root: str, login: Login) -> None:
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

    def marks(self) -> tuple[str, ...]:
        """Return the fingerprint of the server's host key, as ``"ssh-key:…"``."""
        key = self._host_key()
        return (f"ssh-key:{hashlib.sha256(key).hexdigest()[:32]}",) if key else ()

    def has_key_of(self, machine: Host) -> bool:
        """Tell whether the server's host key is one of a machine's own."""
        key = base64.b64encode(self._host_key()).decode()
        try:
            names = machine.listdir("/etc/ssh")
        except AccessError:
            return False
        for name in names:
            if key and name.startswith("ssh_host_") and name.endswith(".pub"):
                with contextlib.suppress(AccessError):
                    if key in machine.read_text(f"/etc/ssh/{name}").split():
                        return True
        return False

    def _host_key(self) -> bytes:
        transport = self._client.get_transport() if self._client is not None else None
        return bytes(transport.get_remote_server_key().asbytes()) if transport is not None else b""

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


def _problem_of(path: str, error: Exception, login: Login) -> AccessError | None:
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
