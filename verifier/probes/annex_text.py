"""What git-annex writes: keys, pointers and the logs of its branch; pure parsers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from verifier._texts import whole_number

__all__ = [
    "Blob",
    "Key",
    "key_in",
    "latest",
    "located",
    "parse_config",
    "parse_key",
    "parse_tree",
]

_KEY = re.compile(r"(?P<backend>[A-Z0-9_]+)(?P<fields>(-[a-zA-Z]\d+)*)--(?P<name>.+)", re.DOTALL)
_POINTER = re.compile(r"(?:^|/)annex/objects/(?:[^\n]*/)?([^/\n]+)\s*$")
_TIMESTAMP = re.compile(r"timestamp=(\d+(?:\.\d+)?)s?")
_HASHES = {
    "MD5": "md5", "SHA1": "sha1", "SHA224": "sha224", "SHA256": "sha256", "SHA384": "sha384",
    "SHA512": "sha512", "SHA3_224": "sha3_224", "SHA3_256": "sha3_256", "SHA3_384": "sha3_384",
    "SHA3_512": "sha3_512", "BLAKE2B512": "blake2b", "BLAKE2S256": "blake2s",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """A name for content: `size` in bytes, `algorithm` and `digest` where it has a digest."""

    name: str
    size: int | None = None
    algorithm: str | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Blob:
    """One file of a git tree: `size` in bytes of what git itself keeps."""

    path: str
    object_id: str
    size: int
    link: bool


def parse_key(name: str) -> Key | None:
    """Read a key such as ``SHA256E-s20000--0123….jpg``; None if it is none."""
    found = _KEY.fullmatch(name)
    if found is None:
        return None
    size = re.search(r"-s(\d{1,18})(?=-|$)", found["fields"])
    backend = found["backend"]
    algorithm = _HASHES.get(backend) or _HASHES.get(backend.removesuffix("E"))
    chunk = re.search(r"-S\d", found["fields"])
    if algorithm is None or chunk:
        return Key(name, int(size[1]) if size else None)
    digest = found["name"].partition(".")[0].lower()
    whole = len(digest) == 2 * hashlib.new(algorithm).digest_size
    return Key(
        name, int(size[1]) if size else None, algorithm if whole else None, digest if whole else ""
    )


def key_in(content: str) -> Key | None:
    """Return the key that a link or a pointer file leads to; None for any other content."""
    found = _POINTER.search(content.partition("\n")[0])
    return parse_key(found[1]) if found else None


def parse_tree(text: str) -> tuple[Blob, ...]:
    """Read ``git ls-tree -r -l -z``: files and links, no submodules."""
    blobs = []
    for line in text.split("\0"):
        front, tab, path = line.partition("\t")
        words = front.split()
        size = whole_number(words[3]) if len(words) == 4 else None
        if tab and size is not None and words[1] == "blob":
            blobs.append(Blob(path, words[2], size, words[0] == "120000"))
    return tuple(blobs)


def latest(text: str) -> Mapping[str, str]:
    """Read a log of lines ``UUID value timestamp=…``: the youngest value of each repository."""
    found: dict[str, tuple[float, str]] = {}
    for line in text.split("\n"):
        uuid, _, rest = line.partition(" ")
        if not uuid:
            continue
        stamp = _TIMESTAMP.search(rest)
        time = float(stamp[1]) if stamp else 0.0
        value = _TIMESTAMP.sub("", rest).strip()
        if uuid and time >= found.get(uuid, (0.0, ""))[0]:
            found[uuid] = (time, value)
    return {uuid: value for uuid, (_, value) in found.items()}


def located(lines: Iterable[str]) -> frozenset[str]:
    """Read ``git grep`` over location logs for one repository: the keys that are said to be there.

    Parameters
    ----------
    lines : iterable of str
        ``BRANCH:aaa/bbb/KEY.log:TIMEs 1 UUID``; 1 is present, 0 not, X dead.
    """
    found: dict[str, tuple[float, str]] = {}
    for line in lines:
        path, mark, entry = line.rpartition(".log:")
        words = entry.split()
        if not mark or len(words) < 3:
            continue
        key = path.rpartition("/")[2]
        stamp = words[0].rstrip("s")
        time = float(stamp) if re.fullmatch(r"\d+(\.\d+)?", stamp) else 0.0
        if time >= found.get(key, (0.0, ""))[0]:
            found[key] = (time, words[1])
    return frozenset(key for key, (_, status) in found.items() if status == "1")


def parse_config(text: str) -> Mapping[str, str]:
    """Read the ``[annex]`` section of a git configuration."""
    section, found = "", {}
    for line in text.split("\n"):
        words = line.strip()
        if words.startswith("["):
            section = words.strip("[]").lower()
        elif section == "annex" and "=" in words:
            name, _, value = words.partition("=")
            found[name.strip().lower()] = value.strip()
    return found
