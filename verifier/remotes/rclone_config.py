"""rclone's configuration: which remotes there are, and what lies below each; no I/O here."""

from __future__ import annotations

import configparser
import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "Base",
    "Remotes",
    "account_of",
    "is_encrypted",
    "parse_config",
    "provider_of",
    "resolve",
    "server_of",
    "split",
]

Remotes = Mapping[str, Mapping[str, str]]

MAX_STACK = 16
_MOST_JOINED = 100
_ENCRYPTED = "RCLONE_ENCRYPT_V"
_ADDRESS = re.compile(r"(?P<name>:?[\w.+@-][\w .+@-]*):(?P<path>.*)", re.DOTALL)
_ONE_BELOW = frozenset({"alias", "crypt", "chunker", "compress", "hasher", "cache"})
_SAME_FILES = frozenset({"alias", "hasher", "cache"})

# backends that one company runs, and what kind of storage each is
_PROVIDERS = {
    "b2": ("backblaze", "object-storage"),
    "google cloud storage": ("google", "object-storage"),
    "azureblob": ("microsoft", "object-storage"),
    "drive": ("google", "cloud-file"),
    "google photos": ("google", "cloud-file"),
    "onedrive": ("microsoft", "cloud-file"),
    "dropbox": ("dropbox", "cloud-file"),
    "box": ("box", "cloud-file"),
    "pcloud": ("pcloud", "cloud-file"),
    "mega": ("mega", "cloud-file"),
    "jottacloud": ("jottacloud", "cloud-file"),
    "koofr": ("koofr", "cloud-file"),
    "hidrive": ("strato", "cloud-file"),
    "yandex": ("yandex", "cloud-file"),
    "mailru": ("mailru", "cloud-file"),
    "opendrive": ("opendrive", "cloud-file"),
    "putio": ("putio", "cloud-file"),
    "premiumizeme": ("premiumizeme", "cloud-file"),
    "protondrive": ("proton", "cloud-file"),
    "internetarchive": ("internet archive", "cloud-file"),
    "sharefile": ("citrix", "cloud-file"),
    "zoho": ("zoho", "cloud-file"),
    "storj": ("storj", "object-storage"),
    "tardigrade": ("storj", "object-storage"),
    "sia": ("sia", "object-storage"),
}
# keys that name an account and are no secret, or the id of a key, which is hashed
_NAMES = ("user", "username", "email")
_IDS = ("access_key_id", "account", "client_email", "drive_id", "team_drive", "root_folder_id")


@dataclass(frozen=True, slots=True)
class Base:
    """What finally holds the bytes.

    Parameters
    ----------
    backend : str
        rclone's type: ``local``, ``s3``, ``sftp``, ``drive``, …
    name : str
        The remote that says so; empty for a path.
    path : str
        Where on it.
    options : mapping of str to str
        As configured; may hold secrets.
    encrypted_by : str
        The innermost crypt remote on the way; empty if there is none.
    changed : bool
        Whether a remote on the way keeps other files there than it shows: encrypted, in pieces.
    """

    backend: str
    name: str
    path: str
    options: Mapping[str, str]
    encrypted_by: str = ""
    changed: bool = False


def is_encrypted(text: str) -> bool:
    """Tell whether a configuration file is encrypted with a password."""
    return any(line.startswith(_ENCRYPTED) for line in text.splitlines()[:8])


def parse_config(text: str) -> Remotes:
    """Read ``rclone.conf``.

    Parameters
    ----------
    text : str
        The file's content, not encrypted.

    Returns
    -------
    mapping of str to mapping
        Options of each remote.

    Raises
    ------
    ValueError
        If it is no such file.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        message = f"not rclone's configuration: {str(error).splitlines()[0][:100]}"
        raise ValueError(message) from None
    return {name: dict(parser[name]) for name in parser.sections()}


def split(address: str) -> tuple[str, str] | None:
    """Return the remote and the path of ``REMOTE:PATH``; None for anything else."""
    if address.startswith(("/", "./", "../")):
        return None
    found = _ADDRESS.fullmatch(address)
    return (found["name"], found["path"]) if found else None


def _quoted(text: str) -> list[str]:
    """Split at blanks, as rclone does: what is in quotes stays together."""
    try:
        return [word for row in csv.reader([text], delimiter=" ") for word in row if word]
    except csv.Error as error:
        raise ValueError(f"cannot be split: {error}") from error


def resolve(address: str, remotes: Remotes, depth: int = 0) -> tuple[Base, ...]:
    """Follow remotes that show other remotes down to what holds the bytes.

    Parameters
    ----------
    address : str
        ``REMOTE:PATH``, or a path of this machine.
    remotes : Remotes
        The configuration.
    depth : int
        Remotes passed so far.

    Returns
    -------
    tuple of Base
        Several for ``union`` and ``combine``.

    Raises
    ------
    ValueError
        If a remote is not configured, if remotes go round in circles, or join too many places.
    """
    if depth > MAX_STACK:
        raise ValueError("its remotes lead to each other in a circle")
    parts = split(address)
    if parts is None:
        return (Base("local", "", address, {}),)
    name, path = parts
    if name.startswith(":"):
        return (Base(name[1:], "", path, {}),)
    if name not in remotes:
        known = ", ".join(sorted(remotes)) or "none"
        raise ValueError(f"rclone has no remote '{name}'; known: {known}")
    options = remotes[name]
    backend = options.get("type", "")
    if backend in _ONE_BELOW:
        below = options.get("remote", "")
        # the names below a crypt are encrypted too, so that only its root is known
        target = below if backend == "crypt" else _joined(below, path)
        changed = backend not in _SAME_FILES
        locked = name if backend == "crypt" else ""
        return tuple(
            Base(
                base.backend,
                base.name,
                base.path,
                base.options,
                base.encrypted_by or locked,
                base.changed or changed,
            )
            for base in resolve(target, remotes, depth + 1)
        )
    if backend in {"union", "combine"}:
        found: list[Base] = []
        for upstream in _quoted(options.get("upstreams", "")):
            if len(found) > _MOST_JOINED:  # unions of unions multiply
                raise ValueError(f"remote '{name}' joins more than {_MOST_JOINED} places")
            target = upstream
            if backend == "combine":
                folder, _, target = upstream.partition("=")
                first, _, rest = path.strip("/").partition("/")
                if first and first != folder:
                    continue
                found += resolve(_joined(target, rest), remotes, depth + 1)
                continue
            target = re.sub(r":(ro|nc|writeback)$", "", upstream)
            found += resolve(_joined(target, path), remotes, depth + 1)
        if not found:
            raise ValueError(f"remote '{name}' joins nothing")
        return tuple(found)
    return (Base(backend or "unknown", name, path, options),)


def _joined(target: str, path: str) -> str:
    path = path.strip("/")
    if not path:
        return target
    return f"{target}{path}" if target.endswith((":", "/")) else f"{target}/{path}"


def provider_of(backend: str) -> tuple[str, str] | None:
    """Return who runs a backend and what kind of storage it is; None if anybody can run it."""
    return _PROVIDERS.get(backend)


def account_of(options: Mapping[str, str]) -> str | None:
    """Name the account of a remote without giving a secret away: ids of keys are hashed."""
    for key in _NAMES:
        if options.get(key):
            return options[key]
    for key in _IDS:
        if options.get(key):
            digest = hashlib.sha256(options[key].encode()).hexdigest()
            return f"id-{digest[:12]}"
    return None


def server_of(options: Mapping[str, str]) -> str | None:
    """Return the server that a remote names: its ``host``, or the host of its ``url``."""
    if options.get("host"):
        return options["host"].lower()
    found = re.match(r"\w+://(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+)", options.get("url", ""))
    return found[1].strip("[]").lower() if found else None
