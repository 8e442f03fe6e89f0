"""What lies below a path, put together layer by layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from verifier.inventory import Drive, Evidence

__all__ = ["Stack", "joined"]


@dataclass(frozen=True, slots=True)
class Stack:
    """What lies below a path.

    Parameters
    ----------
    drives : tuple of Drive or None
        None where nobody can tell.
    pools : tuple of str
        Stacked devices on the way, each as ``"kind:identity"``.
    level : str or None
        RAID level on the way.
    trouble : str or None
        Why the array lacks redundancy now; empty if it is whole, None if there is no array or
        nobody can tell.
    media : frozenset of str or None
        Media types of the drives.
    source : str
        Where this is known from, or why it is not.
    evidence : Evidence
        How it is known.
    file_system, mounted, server : str or None
        Type of the file system, and where it is mounted; server of a network mount.
    foreign : bool
        Whether the data may be on another host.
    encrypted : bool
        Whether a layer on the way encrypts what is above it.
    """

    drives: tuple[Drive, ...] | None = None
    pools: tuple[str, ...] = ()
    level: str | None = None
    trouble: str | None = None
    media: frozenset[str | None] = field(default_factory=frozenset)
    source: str = ""
    evidence: Evidence = Evidence.MEASURED
    file_system: str | None = None
    mounted: str | None = None
    server: str | None = None
    foreign: bool = False
    encrypted: bool = False


def joined(stacks: Iterable[Stack], pool: str | None = None) -> Stack:
    """Put layers together; one layer of unknown drives makes the drives of all unknown.

    Parameters
    ----------
    stacks : iterable of Stack
        The nearest first.
    pool : str, optional
        What they form together.

    Returns
    -------
    Stack
    """
    parts = list(stacks)
    unknown = [part for part in parts if part.drives is None]
    drives = {drive.key: drive for part in parts for drive in part.drives or ()}
    names = [*([pool] if pool else []), *(name for part in parts for name in part.pools)]
    weak = [part for part in parts if part.evidence is not Evidence.MEASURED]
    troubles = [part.trouble for part in parts if part.trouble is not None]
    first = next(iter(unknown or weak or parts), Stack(source="there is nothing below it"))
    return Stack(
        drives=None if unknown or not parts else tuple(drives.values()),
        pools=tuple(dict.fromkeys(names)),
        level=next((part.level for part in parts if part.level), None),
        trouble=max(troubles, key=bool, default=None),
        media=frozenset().union(*(part.media for part in parts)),
        source=first.source,
        evidence=weak[0].evidence if weak else Evidence.MEASURED,
        server=next((part.server for part in parts if part.server), None),
        foreign=any(part.foreign for part in parts),
        encrypted=any(part.encrypted for part in parts),
    )
