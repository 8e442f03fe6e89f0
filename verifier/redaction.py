"""Names that stand in for names, the same everywhere in one document, so that equality holds."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from typing import Any

__all__ = ["redacted"]

# folders that every machine has, and words of the format itself
_COMMON = frozenset(
    {"source", "dev", "mnt", "media", "home", "srv", "var", "lib", "tmp", "run", "etc", "usr",
     "opt", "root", "proc", "sys", "data", "backup", "backups", "export", "exports", "share",
     "shares", "snapshot", "snapshots", "pool", "tank", "zfs", "btrfs", "machine", "name",
     "address", "device", "serial", "wwn", "disc", "fs", "part", "lvm", "md", "loop", "zpool",
     "path", "memory", "tmpfs", "localhost"}
)  # fmt: skip
# values that are words of the format, whoever's name is spelled the same
_FORMAT = frozenset(
    {"schema", "evidence", "state", "kind", "level", "file_system", "transport", "media_type",
     "made", "at", "newest", "oldest", "latest", "times", "time", "last_seen", "immutable_until",
     "medium_since", "last_filled",
     "model", "depth", "tool", "rule", "media", "country"}
)  # fmt: skip
_PATHS = frozenset(
    {
        "address",
        "real_path",
        "path",
        "root",
        "password_file",
        "missing",
        "examples",
        "folder",
        "exclude",
        "mounted",
        "formerly",
    }
)
_NAMES = frozenset(
    {"serial", "name", "names", "addresses", "account", "provider", "identity", "credentials",
     "key", "profile", "identity_file", "site", "host", "lineage", "fed_from", "device"}
)  # fmt: skip
_DEGREES = "location"  # of a site: latitude and longitude
_QUOTED = frozenset({"reason", "in_its_place", "source", "errors", "breaks", "uncompared"})
_PART = re.compile(r"[^/:@\s'\"]+(?: [^/:@\s'\"]+)*")
_QUOTED_PATH = re.compile(r"(?:^|[\s'\"])(/?(?:[^\s/'\"]+/)+[^\s/'\":;,]+|[\w-]+\.\w{1,5}\b)")
_DRIVE_NAME = re.compile(r"(sd|vd|xvd|nvme|mmcblk|md|dm-|loop|sr|st|nst|zd|zram)[a-z0-9]*")
_MIN_LENGTH = 2


def redacted(document: dict[str, Any]) -> dict[str, Any]:
    """Replace names of people, hosts and files, and serials, in a recording's document.

    Parameters
    ----------
    document : dict
        A recording as plain JSON values.

    Returns
    -------
    dict
        With models, kinds, sizes and times as they were, and places to a tenth of a degree. One
        name has one stand-in throughout; another recording has other ones, so that nobody can try
        names out. Join recordings first, and redact the result.
    """
    secret = secrets.token_bytes(16)
    rest = {key: value for key, value in document.items() if key != "facts"}
    names = {name for name in _found(rest, "") if _to_hide(name)}
    stand_ins = {name: _stand_in(secret, name) for name in names}
    if not stand_ins:
        return {**rest, "redacted": True}
    longest_first = sorted(map(re.escape, stand_ins), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(longest_first)})(?![\w-])", re.IGNORECASE)
    lower = {name.lower(): stand_in for name, stand_in in stand_ins.items()}

    def replace(thing: Any, key: str, parent: str = "") -> Any:
        if isinstance(thing, dict):
            named = parent == "setup" and key in {"sites", "keys"}
            return {
                _swap(k) if named else k: replace(v, _about(k, key), key) for k, v in thing.items()
            }
        if isinstance(thing, list):
            return [replace(item, key, parent) for item in thing]
        if isinstance(thing, str) and key not in _FORMAT:
            return _swap(thing)
        if isinstance(thing, float) and key == _DEGREES:
            return round(thing, 1)
        return thing

    def _swap(text: str) -> str:
        return pattern.sub(lambda found: lower[found[0].lower()], text)

    shown = {key: replace(value, key) for key, value in rest.items()}
    return {**shown, "redacted": True}


def _to_hide(name: str) -> bool:
    plain = name.lower() in _COMMON or name.isdigit() or _DRIVE_NAME.fullmatch(name)
    return len(name) >= _MIN_LENGTH and not plain


def _about(inner: str, outer: str) -> str:
    """Return what a value is about: a fact's value is about what the fact is about."""
    return outer if inner == "value" else inner


def _found(thing: Any, key: str) -> Iterator[str]:
    """Yield everything that is a name by where it stands."""
    if isinstance(thing, dict):
        for inner, value in thing.items():
            yield from _found(value, _about(inner, key))
            if key in {"sites", "keys"}:
                yield inner
    elif isinstance(thing, list):
        for item in thing:
            yield from _found(item, key)
    elif isinstance(thing, str):
        if key in _PATHS or key in _NAMES:
            yield from _PART.findall(thing)
        elif key == "pools":
            yield from _PART.findall(thing.partition(":")[2])
        elif key in _QUOTED:
            for path in _QUOTED_PATH.findall(thing):
                yield from _PART.findall(path)


def _stand_in(secret: bytes, name: str) -> str:
    digest = hmac.new(secret, name.lower().encode("utf-8"), hashlib.sha256).hexdigest()
    return f"x{digest[:10]}"
