"""Recordings: what one machine saw, as a file that another machine can judge or join.

A recording holds facts and verdict-free findings only: no content of files, no secrets, and
nothing that is run when it is read.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.errors import InputError, one_line
from riskmodel.reporting import write_text
from verifier.domains import host_identity, place_of
from verifier.exports import Export, parse_exports, parse_smb
from verifier.host import AccessError, Host
from verifier.inventory import Domains, Fact, Inventory
from verifier.mounts import (
    MEMORY_TYPES,
    NETWORK_TYPES,
    parse_fib_trie,
    parse_hosts,
    parse_mountinfo,
)
from verifier.resolver import Resolver

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = ["SCHEMA", "Recording", "Spot", "document", "read", "record", "write"]

SCHEMA = "threetwoone-recording/1"
MAX_BYTES = 64 << 20
_MAX_FACT = 1 << 20
_MAX_FACTS = 8 << 20
_MAX_SPOTS = 512
_MAX_LOCATIONS = 1000
_MAX_PARTS = 2_000_000
_MAX_ITEMS = 8 * _MAX_SPOTS
_SHARES = ("coverage.value", "shares.files", "shares.size_bytes")
_YEARS = range(1900, 2200)
_SMB_FILES = ("/etc/samba/smb.conf", "/etc/smb4.conf", "/usr/local/etc/smb4.conf")
_NO_DATA = MEMORY_TYPES | NETWORK_TYPES | frozenset(
    {"proc", "sysfs", "devpts", "cgroup", "cgroup2", "mqueue", "securityfs", "debugfs", "tracefs",
     "pstore", "bpf", "configfs", "fusectl", "autofs", "binfmt_misc", "nsfs", "rpc_pipefs"}
)  # fmt: skip
# facts about devices that let a reader check what was made of them; nothing of any location
_SHOWN = ("read /proc/self/mountinfo", "read /proc/mdstat", "read /sys/", "list /sys/")
_SHOWN_RUNS = re.compile(r"run (lsblk|lvs|zpool|zfs|btrfs|smartctl|mtx) ")
_PASSWORD = re.compile(r"(://[^/@\s:]*):[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class Spot:
    """One folder of the recorded machine, a mount or a share, and what it stands on."""

    path: str
    domains: Domains
    media_type: Fact[str]


@dataclass(frozen=True, slots=True)
class Recording:
    """What one machine saw.

    Parameters
    ----------
    schema : str
        Version of the format.
    made : datetime
        When.
    host : Fact of str
        Which machine, as its locations name it.
    names, addresses : tuple of str
        What others may call the machine.
    exports : tuple of Export
        What it shares.
    spots : tuple of Spot
        Its mounts and shares, and what they stand on.
    setup : dict or None
        The set-up of the audit that was recorded, if one was.
    inventory : Inventory or None
        What that audit found.
    facts : dict
        Output about devices, as it was read; none if redacted.
    redacted : bool
        Whether names stand in for names.
    """

    schema: str
    made: datetime
    host: Fact[str] = field(default_factory=Fact)
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    exports: tuple[Export, ...] = ()
    spots: tuple[Spot, ...] = ()
    setup: dict[str, Any] | None = None
    inventory: Inventory | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    redacted: bool = False


def record(
    host: Host,
    *,
    now: datetime,
    setup: Mapping[str, Any] | None = None,
    inventory: Inventory | None = None,
) -> Recording:
    """Record this machine, and an audit made on it if there is one.

    Parameters
    ----------
    host : Host
        Access to the machine; if it records, its facts about devices are kept.
    now : datetime
        When; aware.
    setup : mapping, optional
        The audit's set-up.
    inventory : Inventory, optional
        What the audit found.

    Returns
    -------
    Recording
    """
    exports = _exports(host)
    names, addresses = _called(host)
    return Recording(
        schema=SCHEMA,
        made=now,
        host=host_identity(host),
        names=names,
        addresses=addresses,
        exports=exports,
        spots=tuple(_spots(host, exports)),
        setup=dict(setup) if setup is not None else None,
        inventory=inventory,
        facts=_shown(host.recording),
    )


def document(thing: Any) -> Any:
    """Return a result as plain JSON values: fields at their default are left out.

    Passwords in addresses are struck out; names that are not Unicode are written with escapes.
    """
    if is_dataclass(thing) and not isinstance(thing, type):
        shown = ((one, getattr(thing, one.name)) for one in fields(thing))
        return {one.name: document(value) for one, value in shown if not _is_default(one, value)}
    if isinstance(thing, Enum):
        return thing.value
    if isinstance(thing, datetime):
        return thing.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(thing, str):
        clean = thing.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return _PASSWORD.sub(r"\1:***@", clean)
    if isinstance(thing, Mapping):
        return {document(key): document(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple | set | frozenset):
        return [document(item) for item in thing]
    return thing


def write(recording: Recording, path: Path, *, redact: bool = False) -> None:
    """Write a recording, for its owner's eyes; a file that is there is replaced.

    Parameters
    ----------
    recording : Recording
        What to write.
    path : Path
        Where to.
    redact : bool
        Replace the names of people, hosts and files, and serial numbers.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    from verifier.redaction import redacted

    shown = document(recording)
    if redact:
        shown = redacted(shown)
    try:
        text = json.dumps(shown, indent=1, allow_nan=False) + "\n"
        write_text(text, path, mode=0o600)
    except InputError as error:
        raise InputError(f"--record: {error}") from None


def read(path: Path) -> Recording:
    """Read a recording, which may come from anybody.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Recording

    Raises
    ------
    InputError
        With one clear message if it is no recording, too large, or of a later version.
    """
    raw = _parsed(path)
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if not isinstance(schema, str) or not schema.startswith("threetwoone-recording/"):
        raise InputError(f"{path}: not a recording; make one with: verifier record FILE")
    if schema != SCHEMA:
        raise InputError(f"{path}: a recording of version {schema[22:60]!r}; this reads {SCHEMA}")
    for key in ("names", "addresses", "exports", "spots"):
        held = raw.get(key)
        if isinstance(held, list) and len(held) > _MAX_ITEMS:  # minutes of checking them one by one
            raise InputError(f"{path}: {key}: more than {_MAX_ITEMS}: not a sound recording")
    from pydantic import ValidationError

    try:
        # what is printed of it may come from anybody; facts are texts of many lines
        found = _adapter().validate_python(
            {key: value if key == "facts" else _on_one_line(value) for key, value in raw.items()}
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:200]
        raise InputError(f"{path}: {where}: {first['msg'][:200]}") from None
    except (RecursionError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: not a sound recording: {str(error)[:200]}") from None
    if found.inventory and len(found.inventory.locations) > _MAX_LOCATIONS:
        raise InputError(f"{path}: more than {_MAX_LOCATIONS} locations")
    if trouble := next(_unsound(found), None):
        raise InputError(f"{path}: {trouble}")
    return found


def _on_one_line(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {one_line(key): _on_one_line(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [_on_one_line(item) for item in thing]
    return one_line(thing) if isinstance(thing, str) else thing


@cache
def _adapter() -> TypeAdapter[Recording]:
    from pydantic import TypeAdapter

    return TypeAdapter(Recording)


def _parsed(path: Path) -> Any:
    try:
        if not path.is_file():
            raise InputError(f"{path}: no such file" if not path.exists() else f"{path}: no file")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES >> 20} MiB: not a recording")
        text = path.read_text("utf-8")
        if text.count("[") + text.count("{") > _MAX_PARTS:  # each takes far more than its byte
            raise InputError(f"{path}: more than {_MAX_PARTS:,} lists and tables: not a recording")
        return json.loads(text)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError):
        raise InputError(f"{path}: not a recording: no JSON text") from None


def _unsound(thing: Any, where: str = "") -> Iterator[str]:
    """Find what types do not forbid and later arithmetic would trip over."""
    if is_dataclass(thing) and not isinstance(thing, type):
        for one in fields(thing):
            yield from _unsound(getattr(thing, one.name), f"{where}.{one.name}".lstrip("."))
    elif isinstance(thing, tuple):
        for item in thing:
            yield from _unsound(item, where)
    elif isinstance(thing, datetime):
        if thing.tzinfo is None or thing.year not in _YEARS:
            yield f"{where}: a time without its offset, or out of range: {thing}"
    elif isinstance(thing, bool) or thing is None:
        return
    elif isinstance(thing, float) and not math.isfinite(thing):
        yield f"{where}: no finite number"
    elif isinstance(thing, int | float) and abs(thing) > 2**70:
        yield f"{where}: out of range"
    elif where.endswith(_SHARES) and isinstance(thing, int | float) and not 0 <= thing <= 1:
        yield f"{where}: {thing} is no share"


def _is_default(one: Any, value: Any) -> bool:
    if one.default is not MISSING:
        return bool(value == one.default and type(value) is type(one.default))
    return bool(one.default_factory is not MISSING and value == one.default_factory())


def _exports(host: Host) -> tuple[Export, ...]:
    found: list[Export] = []
    files = ["/etc/exports"]
    with contextlib.suppress(AccessError):
        files += [f"/etc/exports.d/{name}" for name in host.listdir("/etc/exports.d")]
    for files_, parse in ((files, parse_exports), (_SMB_FILES, parse_smb)):
        for file in files_:
            try:
                found += parse(host.read_text(file))
            except AccessError:
                continue
    return tuple(dict.fromkeys(found))[:_MAX_SPOTS]


def _called(host: Host) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names and addresses by which others may reach this machine."""
    own: set[str] = set()
    names: dict[str, None] = {}
    try:
        name = host.hostname().lower()
        names |= dict.fromkeys((name, name.partition(".")[0]))
    except AccessError:
        pass
    try:
        addresses = parse_fib_trie(host.read_text("/proc/net/fib_trie"))
        own = {one for one in addresses if not ipaddress.ip_address(one).is_loopback}
    except (AccessError, ValueError):
        pass
    try:
        for name, addresses in parse_hosts(host.read_text("/etc/hosts")).items():
            if addresses & own and not name.startswith("localhost"):
                names[name] = None
    except AccessError:
        pass
    return tuple(names), tuple(sorted(own))


def _spots(host: Host, exports: tuple[Export, ...]) -> Iterator[Spot]:
    try:
        mounts = parse_mountinfo(host.read_text("/proc/self/mountinfo"))
    except AccessError:
        mounts = ()
    resolver = Resolver(host, host_identity(host).value or "unknown")
    paths = [mount.point for mount in mounts if mount.file_system not in _NO_DATA]
    for path in list(dict.fromkeys([*(one.path for one in exports), *paths]))[:_MAX_SPOTS]:
        try:
            place = place_of(host, path, resolver)
        except AccessError:
            continue
        yield Spot(path, place.domains, place.media_type)


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    size = 0
    for key, value in facts.items():
        if not key.startswith(_SHOWN) and not _SHOWN_RUNS.match(key):
            continue
        length = len(str(value))
        if length <= _MAX_FACT and size + length <= _MAX_FACTS:
            kept[key] = value
            size += length
    return kept
