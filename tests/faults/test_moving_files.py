"""Files that grow, shrink, vanish or become something else while an audit reads: nothing wrong."""

from __future__ import annotations

import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from verifier import probes
from verifier.audit import audit
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.setup import Setup

STEADY, MOVING = 200, 40


def tree(root: Path) -> None:
    for number in range(STEADY + MOVING):
        file = root / f"{number % 5}" / f"{'moving' if number >= STEADY else 'steady'}-{number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"%d" % number * 3000)
        os.utime(file, (1.7e9, 1.7e9))


class Mover(threading.Thread):
    """Does something to one of the moving files of a tree, again and again, until it is told."""

    def __init__(self, root: Path, seed: int = 1) -> None:
        super().__init__(daemon=True)
        self.files = sorted(root.rglob("moving-*"))
        self.dice = random.Random(seed)
        self.ended = threading.Event()
        self.done = 0

    def run(self) -> None:
        while not self.ended.is_set():
            file = self.dice.choice(self.files)
            act = self.dice.choice((grow, shrink, vanish, fifo, link, closed, folder, same_size))
            try:
                anew(file)
                act(file)
            except OSError:
                continue  # one act undoes another
            self.done += 1
            time.sleep(0.0005)


def anew(file: Path) -> None:
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    else:
        file.unlink(missing_ok=True)
    file.write_bytes(b"again" * 1000)


def grow(file: Path) -> None:
    with file.open("ab") as more:
        more.write(b"more" * 5000)


def shrink(file: Path) -> None:
    os.truncate(file, 10)


def vanish(file: Path) -> None:
    file.unlink()


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def closed(file: Path) -> None:
    file.chmod(0)


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def same_size(file: Path) -> None:
    then = file.stat()
    file.write_bytes(b"other" * 1000)
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns + 10**9))


def looked(tmp_path: Path, depth: Depth):
    raw = {
        "policy": {"depth": depth.word},
        "source": {"path": str(tmp_path / "live")},
        "locations": [{"name": "usb", "path": str(tmp_path / "usb")}],
    }
    return audit(Setup.from_dict(raw), Host(timeout=3), now=datetime.now(UTC), depth=depth)


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    tree(tmp_path / "live")
    shutil.copytree(tmp_path / "live", tmp_path / "usb")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("side", ["live", "usb"])
def test_what_moves_accuses_no_file_that_stands_still(trees, side):
    mover = Mover(trees / side)
    mover.start()
    try:
        for depth in (Depth.LISTED, Depth.BYTES, Depth.SOURCE, Depth.RESTORE) * 2:
            began = time.monotonic()
            judged = looked(trees, depth)
            (seen,) = judged.inventory.locations
            assert time.monotonic() - began < 60
            assert seen.state is State.READ, (seen.state, seen.reason)
            assert not [error for error in seen.errors if "steady" in error], seen.errors
            if side == "live":  # younger than the copy: that is no damage to it
                assert seen.errors == ()
            assert "broke off" not in seen.reason
    finally:
        mover.ended.set()
        mover.join()
    assert mover.done > 50


def turned(path: Path, act: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Do something to a file when its first piece has been read, and not before."""
    met: list[str] = []
    really = os.read

    def read(descriptor: int, count: int) -> bytes:
        data = really(descriptor, count)
        if not met and data and str(Path(f"/proc/self/fd/{descriptor}").readlink()) == str(path):
            met.append(str(path))
            act(path)
        return data

    monkeypatch.setattr(os, "read", read)
    return met


@pytest.mark.parametrize("act", [shrink, vanish, same_size])
def test_a_repository_that_is_being_written_is_not_damaged(act, tmp_path, monkeypatch):
    from tests.faults.test_tools import repository
    from verifier.target import Target

    place = repository(tmp_path / "repository")
    victim = next(file for file in (place / "data").rglob("*") if file.is_file())
    with victim.open("ab") as file:
        file.write(bytes(3 << 20))  # it is not finished yet
    met = turned(victim, act, monkeypatch)
    seen = probes.probe(Host(), Target("copy", str(place)), None, Depth.BYTES)
    assert met
    assert seen.errors == (), seen.errors
    assert seen.depth is Depth.STRUCTURE
    assert "data/" in seen.reason


@pytest.mark.parametrize("act", [closed, shrink, fifo])
def test_a_tree_whose_folders_close_in_the_middle_is_unknown(act, trees):
    """Permissions that change, or files that turn, between the listing and the reading."""
    host = Host(timeout=3)
    source, manifest = probes.collect_source(host, str(trees / "live"))
    assert source.state is State.READ
    really = host.hashed

    def hashed(read):
        for file in (trees / "usb").rglob("moving-*"):
            act(file)
        return really(read)

    host.hashed = hashed
    from verifier.target import Target

    seen = probes.probe(host, Target("usb", str(trees / "usb")), manifest, Depth.SOURCE)
    if act is closed and os.geteuid() == 0:
        assert (seen.depth, seen.errors) == (Depth.SOURCE, ())  # root reads it all the same
    else:
        assert seen.errors == ()
        assert seen.depth < Depth.SOURCE
        assert "moving" in seen.reason
