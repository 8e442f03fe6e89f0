"""Duplicity's file names: they alone tell sets, chains, points and what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from verifier.probes._digests import utc_time

__all__ = ["Chains", "Manifest", "Set", "chains_of", "parse_manifest", "parse_sets"]

_NAME = re.compile(
    r"duplicity-(?P<kind>full|inc|full-signatures|new-signatures)\."
    r"(?P<start>\d{8}T\d{6}Z)(\.to\.(?P<end>\d{8}T\d{6}Z))?"
    r"\.(?P<what>manifest|vol(?P<volume>\d{1,7})\.difftar|sigtar)"
    r"(?P<part>\.part)?(\.(?P<packed>gz|gpg))?"
)
_VOLUME = re.compile(r"^Volume (\d+):")
_HASH = re.compile(r"^\s+Hash (\w+) ([0-9a-fA-F]+)")
_MANY = 10_000_000


@dataclass(frozen=True, slots=True)
class Set:
    """One backup set: a full one, or an increment on another.

    Parameters
    ----------
    time : datetime
        The point that it restores.
    parent : datetime or None
        The point that an increment builds on; None for a full backup.
    volumes : mapping of int to str
        File names by number.
    manifest, signatures : str or None
        File names.
    parts : bool
        True if a file is still named as being written.
    """

    time: datetime
    parent: datetime | None = None
    volumes: dict[int, str] = field(default_factory=dict)
    manifest: str | None = None
    signatures: str | None = None
    parts: bool = False

    @property
    def word(self) -> str:
        """How sentences name it."""
        kind = "full backup" if self.parent is None else "increment"
        return f"the {kind} of {self.time:%Y-%m-%d %H:%M:%S}"

    @property
    def encrypted(self) -> bool:
        """Whether any of its files is."""
        names = [*self.volumes.values(), self.manifest or "", self.signatures or ""]
        return any(name.endswith(".gpg") for name in names)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a set's manifest promises: the digest of each volume, by number."""

    volumes: dict[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Chains:
    """The sets that can be restored, newest chain last, and why the others cannot.

    `newest` are the sets that the newest point needs, its full backup first.
    """

    whole: tuple[Set, ...]
    breaks: tuple[str, ...]
    newest: tuple[Set, ...]


def parse_sets(names: Iterable[str]) -> tuple[Set, ...]:
    """Sort the files of a duplicity folder into sets, oldest first; other names are passed over."""
    found: dict[tuple[datetime | None, datetime], Set] = {}
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        try:
            start = utc_time(match["start"])
            end = utc_time(match["end"]) if match["end"] else None
        except ValueError:
            continue
        increment = match["kind"] in ("inc", "new-signatures")
        if increment != (end is not None):
            continue
        key = (start, end) if end else (None, start)
        one = found.get(key) or Set(key[1], key[0])
        if match["part"]:
            one = replace(one, parts=True)
        elif match["volume"]:
            one.volumes[int(match["volume"])] = name
        elif match["what"] == "manifest":
            one = replace(one, manifest=name)
        else:
            one = replace(one, signatures=name)
        found[key] = one
    return tuple(sorted(found.values(), key=lambda one: (one.time, one.parent is not None)))


def parse_manifest(text: str) -> Manifest:
    """Read the plain text of a manifest.

    Raises
    ------
    ValueError
        If it names no volume, or their numbers have gaps.
    """
    volumes: dict[int, tuple[str, str]] = {}
    number = 0
    for line in text.split("\n"):
        if found := _VOLUME.match(line):
            number = int(found[1])
            volumes[number] = ("", "")
        elif number and (found := _HASH.match(line)):
            volumes[number] = (found[1].lower(), found[2].lower())
    if not volumes or len(volumes) > _MANY or set(volumes) != set(range(1, len(volumes) + 1)):
        message = "it names no volume, or not all"
        raise ValueError(message)
    return Manifest(volumes)


def chains_of(sets: Iterable[Set], promised: dict[str, Manifest] | None = None) -> Chains:
    """Follow each increment to its full backup.

    Parameters
    ----------
    sets : iterable of Set
        Oldest first.
    promised : dict of str to Manifest, optional
        Manifests that could be read, by file name; without its manifest a set's last volume may be
        missing unnoticed.

    Returns
    -------
    Chains
        An increment is whole only if all that it builds on is.
    """
    manifests = promised or {}
    line: dict[datetime, tuple[Set, ...]] = {}
    whole: list[Set] = []
    breaks: list[str] = []
    for one in sets:
        if not one.volumes and one.manifest is None and not one.parts:
            continue  # only signatures are left: nobody restores from those
        flaw = _flaw(one, manifests.get(one.manifest or ""))
        below: tuple[Set, ...] | None = ()
        if one.parent is not None:
            below = line.get(one.parent)
            if below is None and not flaw:
                flaw = (
                    f"what it builds on, of {one.parent:%Y-%m-%d %H:%M:%S}, is gone or incomplete"
                )
        if flaw or below is None:
            sentence = f"{one.word} cannot be restored: {flaw}."
            breaks.append(sentence[0].upper() + sentence[1:])
            continue
        line[one.time] = (*below, one)
        whole.append(one)
    newest = line[max(line)] if line else ()
    return Chains(tuple(whole), tuple(breaks), newest)


def _flaw(one: Set, manifest: Manifest | None) -> str:
    """Say why a set is incomplete; empty if it is not."""
    if one.manifest is None:
        return "it has no manifest, so it was never finished or its end is gone"
    wanted = max(len(manifest.volumes) if manifest else 0, max(one.volumes, default=0))
    if not wanted:
        return "it has no volumes"
    missing = [n for n in range(1, wanted + 1) if n not in one.volumes]
    if not missing:
        return ""
    shown = ", ".join(map(str, missing[:3])) + (" and more" if len(missing) > 3 else "")
    of = wanted if manifest else f"at least {wanted}"
    return f"volume {shown} of {of} is missing"
