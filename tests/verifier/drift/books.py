"""A catalogue in memory, and trees that become sightings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from tests.verifier.inventories import NOW, place, source
from verifier.digests import Digests, nothing_known
from verifier.files import FileFact, Files, Gathering, table
from verifier.host import Host
from verifier.inventory import Fact, Inventory, Location
from verifier.noticing import noticed
from verifier.probes.directory import read_manifest
from verifier.sightings import Run, Seen

DAY = timedelta(days=1)


class MemoryBook:
    """Runs of one process, of the same shape as the catalogue's."""

    def __init__(self) -> None:
        self.kept: list[tuple[Run, Mapping[str, Seen]]] = []

    def add(self, seen: Mapping[str, Seen], at: datetime | None = None, **more) -> Run:
        number = len(self.kept) + 1
        when = NOW + number * DAY if at is None else at
        facts = {"host": "", "dataset": "photos", "source": "/source", "finished": True, **more}
        self.kept.append((Run(number, when, **facts), seen))
        return self.kept[-1][0]

    def runs(self, dataset: str | None = None) -> tuple[Run, ...]:
        return tuple(run for run, _ in self.kept if dataset in {None, run.dataset})

    def seen(self, run: Run) -> Mapping[str, Seen]:
        return next(seen for one, seen in self.kept if one.number == run.number)

    def places(self, run: Run) -> tuple[Location, ...]:
        return tuple(one.location for one in self.seen(run).values())


def files(facts: Mapping[str, tuple[int, ...]]) -> Files:
    """Paths to size, mtime and perhaps inode, as columns."""
    gathered = Gathering()
    for path, (size, mtime, *inode) in facts.items():
        gathered.add(path, FileFact(size, mtime, 1, inode[0] if inode else 0))
    return gathered.files()


def digests(of: Files, contents: Mapping[str, bytes]) -> Digests:
    """Digests of the files whose content is given; the others were never read."""
    known = nothing_known(of)
    for path, content in contents.items():
        row = of.row(path)
        assert row is not None
        known.digest[row] = np.frombuffer(hashlib.blake2s(content).digest(), np.uint8)
        known.read_at[row] = 1
    return known


def seen(name: str, facts: Mapping[str, tuple[int, ...]], contents=None, **more) -> Seen:
    """A location that holds these files, of which these contents were read."""
    of = files(facts)
    where = source(**more) if name == "source" else place(name, name, **more)
    return Seen(replace(where, files=len(of)), of, digests(of, contents or {}))


def tree_seen(name: str, root: Path, *, read: bool = False) -> Seen:
    """A real tree as an audit lists it, and reads it if asked to."""
    listed = table(read_manifest(Host(), str(root)).files)
    contents = {path: (root / path).read_bytes() for path in listed} if read else {}
    where = source() if name == "source" else place(name, name)
    located = replace(where, address=str(root), real_path=str(root), files=len(listed))
    return Seen(located, listed, digests(listed, contents))


def audited(book: MemoryBook, *trees: Seen) -> Inventory:
    """One audit of real trees, the source first, as `verifier audit` makes it with a catalogue."""
    live = trees[0].location
    at = NOW + (len(book.kept) + 1) * DAY
    found = Inventory("photos", at, Fact(), live, tuple(one.location for one in trees[1:]))
    listed = {one.location.name: one for one in trees}
    book.add(listed, at, source=live.real_path)
    noted = noticed(found, Host(), book)
    told: dict[str, Location] = {one.name: one for one in noted.all_locations}
    run = book.kept[-1][0]
    kept = {name: replace(one, location=told[name]) for name, one in listed.items()}
    book.kept[-1] = (run, kept)
    return noted
