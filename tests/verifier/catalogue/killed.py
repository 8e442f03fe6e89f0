"""Audits that are killed: ``python -m tests.verifier.catalogue.killed FOLDER KILLS SEED``.

One process forks an audit, kills it after a random time and looks at what it left, again and again;
only the imports are done once. It prints what it counted as JSON, and ends with 1 at a defect.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from verifier.catalogue import Catalogue, Recorder
from verifier.files import Files, table
from verifier.host import Host
from verifier.inventory import Depth, Fact, Inventory
from verifier.probes import collect_source, probe
from verifier.sightings import Run
from verifier.target import Target

FILES, BATCH, CHANGED = 200, 20, 60
START = datetime(2026, 1, 1, tzinfo=UTC)
COPY = "copy"


def make(folder: Path) -> None:
    for top in ("live", COPY):
        for number in range(FILES):
            file = folder / top / f"{number % 7}" / f"{number:03}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"%d" % number)
            os.utime(file, ns=(10**18, 10**18 + number))


def change(folder: Path, chance: random.Random, turn: int) -> None:
    """Write some files anew, so that the next audit has something to read."""
    for number in chance.sample(range(FILES), CHANGED):
        for top in ("live", COPY):
            file = folder / top / f"{number % 7}" / f"{number:03}"
            file.write_bytes(b"%d %d" % (number, turn))
            os.utime(file, ns=(10**18, 10**18 + 1000 * turn + number))


def audit(folder: Path, where: str, turn: int, said: int) -> None:
    """Look at both trees, hash what is not known; write a byte to `said` after each batch."""
    book, host = Catalogue(where), Host()
    at = START + timedelta(minutes=turn)
    store = book.record(host="machine:a", dataset="t", source="", at=at, complain=complain)
    host.digests = store
    source, manifest = collect_source(host, str(folder / "live"))
    store.saw(source)
    hashed(store, manifest.root, table(manifest.files), said)
    store.looking_at(COPY)
    lists: list[tuple[str, Files]] = []
    host.digests = Listening(store, lists)
    copy = probe(host, Target(COPY, str(folder / COPY)), manifest, Depth.LISTED)
    store.saw(copy)
    hashed(store, *lists[0], said)
    book.remember(Inventory("t", at, Fact("machine:a"), source, (copy,)))


class Listening:
    """Passes on what a probe lists, and keeps it."""

    def __init__(self, store: Recorder, lists: list[tuple[str, Files]]) -> None:
        self._store = store
        self._lists = lists

    def listed(self, root: str, files: Files) -> None:
        self._store.listed(root, files)
        self._lists.append((root, files))


def hashed(store: Recorder, root: str, files: Files, said: int) -> None:
    wanted = np.flatnonzero(store.known(root, files).read_at == 0)
    for start in range(0, len(wanted), BATCH):
        rows = wanted[start : start + BATCH]
        found = [digest(Path(root, files.path(int(row)))) for row in rows]
        store.keep(root, files, rows, np.stack(found), np.full(len(rows), time.time_ns()))
        os.write(said, b".")


def digest(file: Path) -> np.ndarray:
    return np.frombuffer(hashlib.blake2b(file.read_bytes(), digest_size=32).digest(), np.uint8)


def complain(text: str) -> None:
    raise AssertionError(text)


def started(folder: Path, where: str, turn: int) -> tuple[int, int]:
    """Fork an audit; return its process and the pipe that it talks through."""
    hear, said = os.pipe()
    child = os.fork()
    if child:
        os.close(said)
        return child, hear
    try:
        audit(folder, where, turn, said)
        os._exit(0)
    except BaseException as problem:  # noqa: BLE001 - the parent must not go on twice
        sys.stderr.write(f"{problem!r}\n")
        os._exit(1)


def heard(hear: int) -> int:
    """Return how many batches an ended audit had kept by its own word."""
    count = 0
    while data := os.read(hear, 4096):
        count += len(data)
    os.close(hear)
    return count


def batches(where: str, run: int) -> int:
    """Return how many batches of the last run are there: as batches, or in pieces since."""
    with sqlite3.connect(where) as raw:
        asked = "SELECT count(*) FROM fresh JOIN trees ON tree = trees.id WHERE run = ?"
        (count,) = raw.execute(asked, (run,)).fetchone()
    raw.close()
    return int(count)


def look(where: str) -> str:
    """Say what is wrong with a catalogue that an audit was killed on; empty if nothing is."""
    if not Path(where).exists():
        return ""
    with sqlite3.connect(where) as raw:
        (answer,) = raw.execute("PRAGMA integrity_check").fetchone()
        broken = raw.execute("PRAGMA foreign_key_check").fetchall()
    raw.close()
    return "" if answer == "ok" and not broken else f"integrity: {answer} {broken}"


def main(folder: Path, kills: int, seed: int) -> int:
    chance = random.Random(seed)
    make(folder)
    where = str(folder / "catalogue.db")
    turn, done, landed, unfinished = 0, 0, 0, 0
    hear, said = os.pipe()
    audit(folder, str(folder / "first.db"), 0, said)  # here, so that children need no imports
    os.close(hear)
    os.close(said)
    began = time.monotonic()
    child, hear = started(folder, str(folder / "second.db"), 0)
    os.waitpid(child, 0)
    heard(hear)
    usual = time.monotonic() - began
    before = 0
    while landed < kills:
        turn += 1
        change(folder, chance, turn)
        child, hear = started(folder, where, turn)
        time.sleep(chance.random() * usual * 1.1)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        kept = heard(hear)
        if os.WIFSIGNALED(status):
            landed += 1
        else:
            done += 1
            if os.WEXITSTATUS(status):
                return fail("an audit after a kill broke off")
        if wrong := look(where):
            return fail(wrong)
        runs = Catalogue(where).runs()
        if len(runs) < before:
            return fail("a run is gone")
        mine = [run for run in runs if run.at == START + timedelta(minutes=turn)]
        if kept and not mine:
            return fail("a run that kept batches is gone")
        if mine and not mine[0].finished:
            unfinished += 1
            if wrong := missing(where, mine[0], kept):
                return fail(wrong)
        before = len(runs)
    child, hear = started(folder, where, turn + 1)
    _, status = os.waitpid(child, 0)
    heard(hear)
    child, hear = started(folder, str(folder / "fresh.db"), turn + 1)
    os.waitpid(child, 0)
    heard(hear)
    if status or not same(where, str(folder / "fresh.db")):
        return fail("a run after all kills is not what an undisturbed one is")
    print(json.dumps({"killed": landed, "ended first": done, "unfinished": unfinished}))
    return 0


def missing(where: str, run: Run, kept: int) -> str:
    """Say if more than the batch in hand is missing from a run that was killed."""
    seen = Catalogue(where).seen(run)
    there = batches(where, run.number)
    if there > kept + 1:
        return f"{there} batches are there, {kept} were kept"
    with sqlite3.connect(where) as raw:
        asked = "SELECT count(*) FROM trees WHERE run = ?"
        (listed,) = raw.execute(asked, (run.number,)).fetchone()
    raw.close()
    if listed == 1 and there < kept and seen:  # later, the first tree's batches are in its pieces
        source = seen["source"]
        read = 0 if source.digests is None else int((source.digests.read_at > 0).sum())
        if read < len(source.files or ()):
            return f"{there} batches are there, {kept} were kept"
    return ""


def same(where: str, other: str) -> bool:
    one, two = Catalogue(where), Catalogue(other)
    first, second = one.seen(one.runs()[-1]), two.seen(two.runs()[-1])
    if list(first) != list(second) or not one.runs()[-1].finished:
        return False
    for name, seen in first.items():
        there = second[name]
        if dict(seen.files.items()) != dict(there.files.items()) or seen.location != there.location:
            return False
        rows = np.arange(len(seen.files))
        if not np.array_equal(seen.digests.of(rows), there.digests.of(rows)):
            return False
        if not seen.digests.read_at.all():
            return False
    return True


def fail(text: str) -> int:
    print(text)
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
