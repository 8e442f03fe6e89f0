"""The contents that a git-annex repository has, and whether they are what their keys say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from verifier.host import AccessError, Host, Missing
from verifier.inventory import Depth, Sample
from verifier.probes.annex_text import Key, parse_key

__all__ = ["Content", "contents_of", "examined"]


@dataclass(frozen=True, slots=True)
class Content:
    """Where one content lies, and how many bytes it has."""

    path: str
    size: int


def contents_of(host: Host, folder: str) -> tuple[dict[str, Content], str]:
    """List the contents that are there, by key."""
    objects: dict[str, Content] = {}
    root = f"{folder}/annex/objects"
    unseen = ""
    try:
        for entry in host.walk(root):
            if entry.problem is not None:
                unseen = unseen or f"{entry.path}: {entry.problem.reason}"
            elif entry.stat is not None and entry.stat.is_file:
                parent, _, name = entry.path.rpartition("/")
                if parent.rpartition("/")[2] == name:  # beside it lie caches and maps
                    objects[name] = Content(f"{root}/{entry.path}", entry.stat.size)
    except Missing:
        return {}, ""
    return objects, unseen


def examined(
    host: Host, objects: Mapping[str, Content], depth: Depth
) -> tuple[list[str], str, Sample | None]:
    """Compare each content with its key, all or a sample; also say why some could not be hashed."""
    errors: list[str] = []
    without = 0
    hashed: list[str] = []
    for name, found in objects.items() if depth >= Depth.STRUCTURE else ():
        key = parse_key(name) or Key(name)
        if key.size is not None and key.size != found.size:
            errors.append(f"The content {name} has {found.size} bytes.")
        elif key.algorithm is None:
            without += 1
        else:
            hashed.append(name)
    if depth < Depth.BYTES:
        return errors, "", None
    chosen, sample = host.effort.some(sorted(hashed))
    rotten, unread = _rotten(host, objects, chosen)
    if without and not unread:
        unread = f"{without} content(s) have no digest in their key"
    return [*errors, *rotten], unread, sample and replace(sample, bad=len(rotten))


def _rotten(
    host: Host, objects: Mapping[str, Content], names: Iterable[str]
) -> tuple[list[str], str]:
    errors: list[str] = []
    unread = ""
    for name in names:
        key = parse_key(name) or Key(name)
        running = hashlib.new(key.algorithm or "")
        try:
            for chunk in host.chunks(objects[name].path):
                running.update(chunk)
        except AccessError as problem:
            if problem.damage:
                errors.append(f"The content {name} cannot be read: {problem.reason}.")
            else:
                unread = unread or f"{name} could not be read: {problem.reason}"
            continue
        if running.hexdigest() != key.digest:
            errors.append(f"The content {name} does not have the digest in its name.")
    return errors, unread
