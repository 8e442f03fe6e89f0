"""Names that stand in for names, the same everywhere in one document, so that equality holds.

What is a name by where it stands is replaced part by part, so that paths keep their shape. Free
text keeps the words of the program's own sentences, and nothing else: no pattern tells a name from
a word, a list of one's own words does.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from typing import Any

from verifier._own_words import WORDS

__all__ = ["redacted"]

# folders that every machine has, and words of the format itself
_COMMON = frozenset(
    {"source", "dev", "mnt", "media", "home", "srv", "var", "lib", "tmp", "run", "etc", "usr",
     "opt", "root", "proc", "sys", "data", "backup", "backups", "export", "exports", "share",
     "shares", "snapshot", "snapshots", "pool", "tank", "zfs", "btrfs", "machine", "name",
     "address", "device", "serial", "wwn", "disc", "fs", "part", "lvm", "md", "loop", "zpool",
     "path", "memory", "tmpfs", "localhost"}
)  # fmt: skip
# values that only the program, the kernel or a device chooses, and times
_FORMAT = frozenset(
    {"schema", "evidence", "state", "kind", "level", "transport", "made", "at", "newest", "oldest",
     "latest", "times", "time", "last_seen", "immutable_until", "medium_since", "model", "depth",
     "last_filled", "rule", "by", "country", "consistency", "require_encryption", "takes"}
)  # fmt: skip
_NAMES = frozenset(
    {"address", "real_path", "path", "root", "password_file", "missing", "examples", "folder",
     "in_memory", "leading_out",
     "serial", "name", "names", "addresses", "account", "provider", "identity", "credentials",
     "key", "profile", "identity_file", "site", "host", "lineage", "fed_from", "device", "kept",
     "key_kept", "location", "where", "good", "bad", "right", "ending", "differing", "pools",
     "mounted", "formerly", "marks"}
)  # fmt: skip
_NAMED = frozenset({"sites", "keys"})  # tables by names
_DEGREES = "location"  # of a site: latitude and longitude
_SKETCH = "content"  # of names: hashes without a key, by which names could be tried out
# what identities and addresses begin with
_PREFIX = re.compile(
    r"(?:address|borg-archive|borg-key|borg-repository|btrfs|btrfs-uuid|bucket|cloud|crypt|device|"
    r"disc|export|file|fs|git-annex|https?|inode|local|loop|lvm|machine|md|memory|name|part|path|"
    r"rclone|rest|restic-key|restic-snapshot|s3|s3-bucket|s3-made|s3-replicates|serial|sftp|ssh|"
    r"ssh-key|tape|uuid|vtl|webdavs?|wwn|zfs|"
    r"zfs-guid|zpool):"
)
_MEDIUM = re.compile(r"lto|tape|bd|dvd|cd|m-disc|hdd|ssd|usb-flash", re.IGNORECASE)
_KIND_OF_POOL = re.compile(r"\w+:", re.ASCII)  # the device's type, in the kernel's words
_OF_A_KERNEL = re.compile(r"[a-z0-9_+-]+")  # fuse.NAME may be anything
_PART = re.compile(r"[^/:@~\s'\"]+(?: [^/:@~\s'\"]+)*")
_DRIVE_NAME = re.compile(
    r"(?:sd|vd|xvd)[a-z]{1,2}\d{0,3}|nvme\d+n\d+(?:p\d+)?|mmcblk\d+(?:p\d+)?|dm-\d+|"
    r"(?:md|loop|sr|n?st|zd|zram)\d+",
    re.ASCII,
)
_INSTANT = r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?"
# counts and versions, but neither numbers of telephones nor addresses of machines
_NUMBER = re.compile(
    rf"\d{{1,3}}(?:,\d{{3}})+|\d{{1,4}}(?:\.\d{{1,3}}){{0,2}}|{_INSTANT}|\d\d:\d\d(?::\d\d)?",
    re.ASCII,
)
_ANY_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_SPACE = re.compile(r"(\s+)")
_EDGES = re.compile(r"([\"'(\[<“]*)(.*?)([\"')\]>”.,:;!?%…]*)", re.DOTALL)
_BETWEEN = re.compile(r"[-/:=,.;()'\"_+@]+")
_FEW_DIGITS = re.compile(r"\d{1,4}", re.ASCII)
_SHORT = re.compile(r"[ -~]|[!-/:-@\[-`{-~]+")  # one letter, or punctuation, says nothing
_LONGEST, _LONGEST_PATH = 200, 4096  # that a set-up may hold
_OF_REPLICATION = "+deletions"


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
    rest = {key: value for key, value in document.items() if key != "facts"}
    hiding = _Hiding(secrets.token_bytes(16), {part for part in _found(rest, "") if _to_hide(part)})
    return {**hiding.walked(rest), "redacted": True}


def _to_hide(part: str) -> bool:
    plain = part.lower() in _COMMON or _FEW_DIGITS.fullmatch(part) or _DRIVE_NAME.fullmatch(part)
    return not (plain or _SHORT.fullmatch(part))


def _about(inner: str, outer: str) -> str:
    """Return what a value is about: a fact's value is about what the fact is about."""
    return outer if inner == "value" else inner


def _found(thing: Any, key: str) -> Iterator[str]:
    """Yield every part of what is a name by where it stands."""
    if isinstance(thing, dict):
        for inner, value in thing.items():
            yield from _found(value, _about(inner, key))
            if key in _NAMED:
                yield from _PART.findall(inner)
    elif isinstance(thing, list):
        for item in thing:
            yield from _found(item, key)
    elif isinstance(thing, str) and key in _NAMES:
        yield from _PART.findall(_headless(thing, key)[1])


def _headless(value: str, key: str) -> tuple[str, str]:
    """Part the kinds that an identity or an address begins with from the rest."""
    end = 0
    if key == "pools" and (kind := _KIND_OF_POOL.match(value)):
        end = kind.end()
    while prefix := _PREFIX.match(value, end):
        end = prefix.end()
    return value[:end], value[end:]


class _Hiding:
    """Stand-ins made with one key.

    Parameters
    ----------
    secret : bytes
        The key.
    known : set of str
        Parts of names, which are names in sentences too, words of the program or not.
    """

    def __init__(self, secret: bytes, known: set[str]) -> None:
        self._secret = secret
        self._stand_ins = {part: self._stand_in(part) for part in known}
        self._issued = frozenset(self._stand_ins.values())
        longest_first = sorted(map(re.escape, known), key=len, reverse=True)
        self._known = re.compile(rf"(?<![\w-])(?:{'|'.join(longest_first) or '(?!)'})(?![\w-])")

    def walked(self, thing: Any, key: str = "", outer: str = "") -> Any:
        """Return a thing with all its strings as they may be shown, by their keys."""
        if isinstance(thing, dict):
            shown = self._name if key in _NAMED else self._words if key == "perils" else str
            return {
                shown(inner): self.walked(value, _about(inner, key), key)
                for inner, value in thing.items()
                if inner != _SKETCH
            }
        if isinstance(thing, list):
            return [self.walked(item, key, outer) for item in thing]
        if isinstance(thing, float) and key == _DEGREES:
            return round(thing, 1)
        return self._text(thing, key, outer) if isinstance(thing, str) else thing

    def _text(self, text: str, key: str, outer: str) -> str:
        if key in _FORMAT:
            return text
        if key in _NAMES:
            return self._name(text, key)
        if key in {"media", "media_type"}:
            return self._medium(text)
        if key == "file_system":
            return text if _OF_A_KERNEL.fullmatch(text) else self._words(text)
        if key == "retention":
            return self._words(text, _ANY_NUMBER)
        if key == "exclude" or (key == "reason" and outer == "accept"):
            return self._stand_in(text)
        return self._words(self._known.sub(lambda found: self._stand_ins[found[0]], text))

    def _name(self, value: str, key: str = "") -> str:
        head, rest = _headless(value, key)
        tail = _OF_REPLICATION if key == "lineage" and rest.endswith(_OF_REPLICATION) else ""
        rest = rest.removesuffix(tail)
        shown = _PART.sub(lambda found: self._part(found[0]), rest)
        longest = _LONGEST if len(value) <= _LONGEST else _LONGEST_PATH
        if len(head + shown + tail) > longest:
            shown = self._stand_in(rest)
        return head + shown + tail

    def _part(self, part: str) -> str:
        return self._stand_in(part) if _to_hide(part) else part

    def _medium(self, word: str) -> str:
        """Keep the kind of a medium, which the gates ask for."""
        if self._words(word) == word:
            return word
        kind = _MEDIUM.match(word)
        return (f"{kind[0]}-" if kind else "") + self._stand_in(word)

    def _words(self, text: str, number: re.Pattern[str] = _NUMBER) -> str:
        """Keep the program's own words, and numbers; all other words are somebody's."""
        return "".join(
            chunk if n % 2 else self._chunk(chunk, number)
            for n, chunk in enumerate(_SPACE.split(text))
        )

    def _chunk(self, chunk: str, number: re.Pattern[str]) -> str:
        edges = _EDGES.fullmatch(chunk)
        before, core, after = edges.groups() if edges else ("", chunk, "")
        if not core or number.fullmatch(core):
            return chunk
        parts = [part for part in _BETWEEN.split(core) if part]
        numbers = [part for part in parts if _FEW_DIGITS.fullmatch(part)]
        words = (part for part in parts if part not in numbers)
        if len(numbers) <= 1 and all(self._is_own(word) for word in words):
            return chunk
        return f"{before}{self._stand_in(core)}{after}"

    def _is_own(self, word: str) -> bool:
        own = word in WORDS or word in _COMMON or word in self._issued
        return own or _DRIVE_NAME.fullmatch(word) is not None

    def _stand_in(self, name: str) -> str:
        digest = hmac.new(self._secret, name.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"x{digest.hexdigest()[:10]}"
