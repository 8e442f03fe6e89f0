"""rclone remotes: what lies below them, read by the nearest protocol, else by rclone itself."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from riskmodel.errors import InputError
from verifier._texts import json_in, whole_number
from verifier.access import AccessError, Missing, Unreadable
from verifier.domains import host_identity, place_of
from verifier.host import Host
from verifier.inventory import Drive, Evidence, Fact, Location
from verifier.remotes import s3, sftp
from verifier.remotes._address import is_here, within
from verifier.remotes._link import Digest, Here, Link, ToolAddress
from verifier.remotes.rclone_config import (
    Base,
    Remotes,
    account_of,
    is_encrypted,
    parse_config,
    provider_of,
    resolve,
    server_of,
    split,
)
from verifier.remotes.rclone_host import RcloneHost
from verifier.remotes.s3_address import S3Address
from verifier.remotes.tool_address import unspoken
from verifier.target import Target

__all__ = ["RcloneLink", "config_path", "connect", "fits"]

MAX_CONFIG_BYTES = 4 << 20
RESTIC_WORD = "rclone:"
# words before a colon that are other tools' or this program's own
_OTHERS = frozenset(
    {"azure", "b2", "btrfs", "file", "gs", "http", "https", "rclone", "rest", "s3", "sftp", "ssh",
     "swift", "tape", "zfs"}
)  # fmt: skip
# rclone's connection strings: a remote's options, passwords among them, in the address itself
_OPTIONS = re.compile(r":?[\w.+@-][\w .+@-]*,\w+=")
_LOGINS = ("RCLONE_CONFIG_PASS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
           "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "SSH_AUTH_SOCK")  # fmt: skip


def config_path() -> str:
    """Return where the user's configuration is: ``RCLONE_CONFIG``, or rclone's own default."""
    named = os.environ.get("RCLONE_CONFIG")
    if named:
        return str(Path(named).expanduser().absolute())
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return str(Path(base).expanduser() / "rclone" / "rclone.conf")


def fits(target: Target) -> bool:
    """Tell whether an address is ``REMOTE:PATH``; a configured name goes before another tool's."""
    if target.address.startswith(RESTIC_WORD) or _OPTIONS.match(target.address):
        return True
    parts = split(target.address)
    if parts is None or target.kind == "restic":
        return False
    if target.kind == "rclone" or parts[0].startswith(":"):
        return True
    if parts[0] not in _OTHERS and not unspoken(target.address):
        return True
    try:
        return parts[0] in parse_config(Path(config_path()).read_text("utf-8", "surrogateescape"))
    except (OSError, ValueError):
        return False


def connect(host: Host, target: Target) -> Link | Here:
    """Find out what a remote is, and reach it.

    Parameters
    ----------
    host : Host
        This machine.
    target : Target
        Its address.

    Returns
    -------
    Link or Here
        A path of this machine where the remote shows one as it is; the protocol of object storage
        or SFTP where rclone would use it with the same keys; else the program.

    Raises
    ------
    AccessError
        If the remote is not configured or cannot be reached.
    """
    if _OPTIONS.match(target.address.removeprefix(RESTIC_WORD)):
        raise InputError(
            "address: options do not belong into an address, which is shown and kept; "
            "'rclone config' makes a remote that has them"
        )
    # restic's way to write it: what is below is looked at all the same
    target = replace(target, address=target.address.removeprefix(RESTIC_WORD))
    text = "" if target.address.startswith(":") else _configuration(host)
    try:
        remotes = _remotes(host, target.address, text)
        bases = resolve(target.address, remotes)
    except ValueError as error:
        raise Unreadable(target.address, str(error)) from None
    if len(bases) == 1 and not bases[0].changed:
        reached = _direct(host, bases[0])
        if isinstance(reached, Here):
            return reached
        if reached is not None:
            reached.kind = "rclone"
            return reached
    logins = {name: os.environ[name] for name in _LOGINS if name in os.environ}
    reader = RcloneHost(host, target.address, text, logins)
    try:
        try:
            reader.stat(reader.root)
        except Missing:
            _unlocked(reader, target.address, bases)
            raise
        _unlocked(reader, target.address, bases)
    except BaseException as problem:
        reader.leave()
        if isinstance(problem, Missing) and problem.path == "rclone":
            reason = "the program rclone is not installed"
            raise Unreadable(target.address, reason) from problem
        raise
    return RcloneLink(reader, target.address, bases, host)


def _unlocked(reader: RcloneHost, address: str, bases: Sequence[Base]) -> None:
    """Refuse a remote whose password opens no name: rclone leaves those out without a word.

    Raises
    ------
    Unreadable
        If something lies below a crypt remote, and nothing of it shows.
    """
    for base in bases:
        below = f"{base.name}:{base.path}" if base.name else base.path
        if base.encrypted_by and reader.holds(below) and not reader.holds(f"{base.encrypted_by}:"):
            reason = f"the password of rclone's remote {base.encrypted_by} opens no name there"
            raise Unreadable(address, reason)


def _configuration(host: Host) -> str:
    """Read the user's configuration; what `open` gives is never recorded, and secrets are in it."""
    try:
        with host.open(config_path()) as file:
            return file.read(MAX_CONFIG_BYTES).decode("utf-8", "surrogateescape")
    except Missing as problem:
        # where the copy is cannot be told then: it is not known to be gone
        reason = f"rclone has no configuration at {config_path()}: set RCLONE_CONFIG to it"
        raise Unreadable(config_path(), reason) from problem


def _remotes(host: Host, address: str, text: str) -> Remotes:
    """Read the configuration; an encrypted one by the program, with the user's password for it."""
    if not is_encrypted(text):
        return parse_config(text)
    password = os.environ.get("RCLONE_CONFIG_PASS")
    if password is None:
        raise Unreadable(address, "rclone's configuration is encrypted: set RCLONE_CONFIG_PASS")
    reader = RcloneHost(host, address, text, {"RCLONE_CONFIG_PASS": password})
    try:
        return dict(json_in(reader.rclone(address, "config", "dump", first=True)))
    finally:
        reader.leave()


def _direct(host: Host, base: Base) -> Here | s3.S3Link | sftp.SftpLink | None:
    """Reach what holds the bytes without rclone; None where only rclone can."""
    options = base.options
    if base.backend == "local":
        path = str(Path(base.path or "/").expanduser())
        return Here(path, f"rclone's remote {base.name or ':local'} is a folder of this machine")
    if base.backend == "s3" and base.name:
        bucket, _, prefix = base.path.strip("/").partition("/")
        if not bucket:
            raise Unreadable(f"{base.name}:", "name a bucket: REMOTE:BUCKET")
        address = S3Address(_endpoint(options), bucket, prefix)
        keys = None
        if options.get("access_key_id") and options.get("env_auth", "false") != "true":
            keys = s3.Credentials(
                options["access_key_id"],
                options.get("secret_access_key", ""),
                options.get("session_token") or None,
                options.get("region") or None,
            )
        return s3.link_to(host, address, profile=options.get("profile"), credentials=keys)
    asks = {"pass", "key_pem", "key_file_pass", "ask_password", "ssh", "key_use_agent"}
    if base.backend == "sftp" and options.get("host") and not asks & options.keys():
        path = base.path or "."
        port = whole_number(options.get("port", ""))
        place = sftp.SftpAddress(options["host"], path, options.get("user"), port)
        return sftp.link_to(host, place, options.get("key_file"))
    return None


def _endpoint(options: Mapping[str, str]) -> str | None:
    named = str(options.get("endpoint") or "")
    if not named:
        return None
    return named if "://" in named else f"https://{named}"


class RcloneLink:
    """One folder of a remote that rclone reads.

    Parameters
    ----------
    reader : RcloneHost
        Runs rclone.
    address : str
        ``REMOTE:PATH``.
    bases : tuple of Base
        What holds the bytes.
    here : Host
        This machine.
    """

    def __init__(self, reader: RcloneHost, address: str, bases: Sequence[Base], here: Host) -> None:
        self.kind = "rclone"
        self.host = reader
        self.path = reader.root
        self._address = address
        self._bases = tuple(bases)
        self._here = here

    def located(self, found: Location) -> Location:
        """Say what lies below: drives of this machine, a bucket, a server, a company."""
        parts = [self._below(base, found) for base in self._bases]
        located = replace(parts[0], inode=None) if len(parts) == 1 else _joined(found, parts)
        locks = {base.encrypted_by for base in self._bases if base.encrypted_by}
        if locks:
            words = " and ".join(sorted(locks))
            located = replace(
                located,
                encrypted=Fact(True, Evidence.TOOL_REPORTED, f"rclone's crypt remote {words}"),
                key_kept=Fact((config_path(),), Evidence.MEASURED, "rclone's configuration"),
            )
            if located.domains.key.value is None:
                key = Fact(f"rclone:{words}", Evidence.INFERRED, f"crypt remote {words}")
                located = replace(located, domains=replace(located.domains, key=key))
        return replace(located, lineage=found.lineage)

    def finished(self, found: Location) -> Location:
        """Nothing more can be seen through rclone."""
        if found.immutable.evidence is not Evidence.UNKNOWN or found.immutable.source:
            return found
        return replace(found, immutable=Fact(source="rclone does not tell about locks"))

    def kept(self, path: str, *, read: bool) -> Digest | None:
        """Return the SHA-256 of a file; rclone reads all files for it in one run."""
        digest = self.host.sha256(path)
        return Digest("sha256", digest, read=True) if digest else None

    def opened_by(self, kind: str) -> ToolAddress | None:
        """Return the address by which restic runs rclone."""
        return ToolAddress(self.host, f"rclone:{self._address}") if kind == "restic" else None

    def close(self) -> None:
        """Remove the private copy of the configuration."""
        self.host.leave()

    def _below(self, base: Base, found: Location) -> Location:
        try:
            reached = _direct(self._here, base)
        except AccessError as problem:
            drives: Fact[tuple[Drive, ...]] = Fact(source=problem.reason)
            return replace(found, domains=replace(found.domains, drives=drives))
        if isinstance(reached, Here):
            return self._on_this_machine(reached, found)
        if reached is not None:
            try:
                return reached.finished(reached.located(found))
            finally:
                reached.close()
        return self._by_name(base, found)

    def _on_this_machine(self, reached: Here, found: Location) -> Location:
        try:
            place = place_of(self._here, reached.path)
        except AccessError as problem:
            return replace(
                found, domains=replace(found.domains, drives=Fact(source=problem.reason))
            )
        seen, known = place.domains, found.domains
        domains = replace(
            seen,
            drives=replace(seen.drives, source=reached.why),
            account=known.account,
            provider=known.provider,
            site=known.site,
            identity=known.identity,
            key=known.key,
        )
        own = Fact(False, Evidence.INFERRED, "the owner of this machine can delete it")
        return replace(found, domains=domains, media_type=place.media_type, immutable=own)

    def _by_name(self, base: Base, found: Location) -> Location:
        """Tell from the configuration alone whose storage it is."""
        source = f"rclone's remote {base.name or base.backend} ({base.backend})"
        drives: Fact[tuple[Drive, ...]] = Fact(source="rclone does not tell the drives")
        domains = replace(found.domains, drives=drives)
        medium: Fact[str] = Fact(source=f"{source} does not tell its medium")
        account = account_of(base.options)
        if account is not None and domains.account.value is None:
            domains = replace(domains, account=Fact(account, Evidence.TOOL_REPORTED, source))
        company = provider_of(base.backend)
        server = server_of(base.options)
        if company is not None:
            provider = Fact(company[0], Evidence.TOOL_REPORTED, source)
            domains = replace(domains, provider=provider)
            medium = Fact(company[1], Evidence.TOOL_REPORTED, source)
        elif server is not None:
            host: Fact[str] = Fact(f"address:{server}", Evidence.TOOL_REPORTED, source)
            own = within(self._here, server)
            if is_here(self._here, server):
                own = f"{server} is an address of this machine"
            if own:
                host = replace(host_identity(self._here), evidence=Evidence.INFERRED, source=own)
                domains = replace(domains, drives=Fact(source=own))
            domains = replace(domains, host=host)
        return replace(found, domains=domains, media_type=medium)


def _joined(found: Location, parts: Sequence[Location]) -> Location:
    """Put together what is below a union: it stands on all of them, or nobody can tell."""
    drives: dict[str, Drive] = {}
    pools: dict[str, None] = {}
    unknown = ""
    for part in parts:
        if part.domains.drives.value is None:
            unknown = unknown or part.domains.drives.source or "some drives are not known"
        drives |= {drive.key: drive for drive in part.domains.drives.value or ()}
        pools |= dict.fromkeys(part.domains.pools.value or ())
    source = "all that rclone's remote joins"
    all_drives: Fact[tuple[Drive, ...]] = Fact(source=unknown)
    if not unknown:
        all_drives = Fact(tuple(drives.values()), Evidence.MEASURED, source)
    hosts = {part.domains.host.value for part in parts}
    media = {part.media_type.value for part in parts}
    domains = replace(
        found.domains,
        drives=all_drives,
        pools=Fact(tuple(pools), Evidence.MEASURED, source) if pools else Fact(),
        host=parts[0].domains.host if len(hosts) == 1 else Fact(source="several hosts"),
    )
    medium = parts[0].media_type if len(media) == 1 else Fact(source="several media")
    return replace(found, domains=domains, media_type=medium)
