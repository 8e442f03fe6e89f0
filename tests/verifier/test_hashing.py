"""Reading whole trees: every byte once, nothing waits for what hangs."""

from __future__ import annotations

import errno
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3

from verifier import _cutting, _hasher, hashing
from verifier.files import FileFact, table
from verifier.hashing import Tree, Twin
from verifier.host import Host
from verifier.probes.directory import read_manifest


@pytest.fixture(params=["thread", "processes"])
def reader(request, monkeypatch):
    if request.param == "processes":
        monkeypatch.setattr(hashing, "_FEW_FILES", -1)
    return request.param


def tree_of(root, lane="", readers=2):
    files = table(read_manifest(Host(), str(root)).files)
    return Tree(str(root), files, np.arange(len(files)), lane, readers)


def digests(batches, trees):
    found = {}
    for batch in batches:
        for row, error, digest in zip(batch.rows, batch.error, batch.digest, strict=True):
            tree = trees[batch.tree].twin if batch.of_twin else trees[batch.tree]
            path = f"{tree.root}/{tree.files.path(int(row))}"
            assert path not in found, "read twice"
            found[path] = int(error) or digest.tobytes()
    return found


CONTENTS = [b"", b"x", b"a" * (1 << 18), b"a" * ((1 << 18) + 1), os.urandom(3 << 20)]


def test_every_file_is_read_to_its_last_byte(tmp_path, reader):
    for side in ("one", "other"):
        for number in range(30):
            path = tmp_path / side / f"f{number % 4}" / os.fsdecode(b"n\xff\n%d" % number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(CONTENTS[number % 5] + side.encode() * (number % 2))
    trees = [tree_of(tmp_path / "one", "a"), tree_of(tmp_path / "other", "b", 1)]
    found = digests(Host().hashed(trees), trees)
    wanted = {str(p): blake3(p.read_bytes()).digest() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == wanted
    assert len(found) == 60


def twins_of(one, other):
    files, theirs = tree_of(one).files, tree_of(other).files
    here, there = files.pairs(theirs)
    turned = np.random.default_rng(3).permutation(len(here))
    twin = Twin(str(other), theirs, there[turned])
    return Tree(str(one), files, here[turned], twin=twin)


def test_twins_have_digests_of_their_own_bytes(tmp_path, reader, monkeypatch):
    monkeypatch.setattr(_cutting, "JOB_FILES", 31)
    unlike = [b"y", b"a" * (1 << 18), b"a" * 70_000 + b"b", b"", os.urandom(300_000)]
    paths = [f"f{number % 4}/n\n{number}" for number in range(150)]
    for number, path in enumerate(paths):
        (tmp_path / "one" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "one" / path).write_bytes([*CONTENTS[:4], b"a" * 70_001][number % 5])
    for number, path in reversed(list(enumerate(paths))):  # inodes in another order
        (tmp_path / "other" / path).parent.mkdir(parents=True, exist_ok=True)
        alike = (tmp_path / "one" / path).read_bytes()
        (tmp_path / "other" / path).write_bytes(alike if number % 3 else unlike[number % 5])
    (tmp_path / "other/f0/only there").write_bytes(b"x")
    tree = twins_of(tmp_path / "one", tmp_path / "other")
    (tmp_path / "one" / paths[1]).unlink()
    (tmp_path / "other" / paths[4]).unlink()
    found = digests(Host().hashed([tree]), [tree])
    wanted = {
        f"{tmp_path}/{side}/{path}": blake3(whole.read_bytes()).digest()
        if (whole := tmp_path / side / path).exists()
        else errno.ENOENT
        for side in ("one", "other")
        for path in paths
    }
    assert found == wanted
    assert len({found[f"{tmp_path}/one/{path}"] for path in paths}) == 6


def test_without_digests_only_twins_that_differ_are_hashed(tmp_path, reader):
    bodies = [b"", b"a" * 100, b"a" * 70_000, b"a" * 250_000]
    unlike = [b"y", b"a" * 99 + b"b", b"a" * 70_001, b"b" + b"a" * 249_999]
    for number in range(80):
        for side in ("one", "other"):
            path = tmp_path / side / f"d{number % 3}" / str(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            differs = side == "other" and number % 5 == 0
            path.write_bytes((unlike if differs else bodies)[number % 4])
    tree = replace(twins_of(tmp_path / "one", tmp_path / "other"), digests=False)
    found = digests(Host().hashed([tree]), [tree])
    for number in range(80):
        paths = [tmp_path / side / f"d{number % 3}" / str(number) for side in ("one", "other")]
        own, theirs = (found[str(path)] for path in paths)
        assert (own == theirs) is (number % 5 != 0)
        hashed = [blake3(path.read_bytes()).digest() for path in paths]
        assert [own, theirs] in ([hashed] if number % 5 == 0 else [hashed, [bytes(32)] * 2])
    assert bytes(32) in found.values()


@pytest.mark.parametrize(("stuck", "sound"), [("one", "other"), ("other", "one")])
def test_a_twin_that_hangs_does_not_hold_up_the_other(tmp_path, reader, stuck, sound):
    for side in ("one", "other"):
        for number in range(12):
            (tmp_path / side / f"d{number % 2}").mkdir(parents=True, exist_ok=True)
            (tmp_path / side / f"d{number % 2}" / str(number)).write_bytes(b"x%d" % number)
    tree = twins_of(tmp_path / "one", tmp_path / "other")
    middle = tmp_path / stuck / "d1" / "5"
    middle.unlink()
    os.mkfifo(middle)  # opened for reading it waits for one that writes
    batches = list(Host(timeout=1.0).hashed([tree]))
    (hung,) = [batch for batch in batches if batch.stopped_at >= 0]
    assert hung.of_twin is (stuck == "other")
    files = tree.twin.files if hung.of_twin else tree.files
    assert files.path(hung.stopped_at) == "d1/5"
    found = digests(batches, [tree])
    read = {path for path in found if path.startswith(f"{tmp_path}/{sound}/")}
    assert read == {str(path) for path in (tmp_path / sound).rglob("*") if path.is_file()}
    assert all(found[path] == blake3(Path(path).read_bytes()).digest() for path in found)


def test_only_the_wanted_rows_are_read_and_jobs_are_cut_anywhere(tmp_path, reader, monkeypatch):
    monkeypatch.setattr(_cutting, "JOB_FILES", 16)
    for number in range(200):
        (tmp_path / f"d{number % 7}").mkdir(exist_ok=True)
        (tmp_path / f"d{number % 7}" / str(number)).write_bytes(b"%d" % number)
    whole = tree_of(tmp_path)
    rows = np.random.default_rng(1).permutation(200)[:77]
    tree = Tree(whole.root, whole.files, rows)
    found = digests(Host().hashed([tree]), [tree])
    wanted = [str(tmp_path / whole.files.path(int(row))) for row in rows]
    assert found == {path: blake3(Path(path).read_bytes()).digest() for path in wanted}


def test_what_cannot_be_read_says_why_and_the_others_are_read(tmp_path, reader):
    for name in ("gone", "link", "folder", "sound", "d/inside"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    tree = tree_of(tmp_path)
    for name in ("gone", "link", "folder", "d/inside"):
        (tmp_path / name).unlink()
    (tmp_path / "link").symlink_to("sound")
    (tmp_path / "folder").mkdir()
    (tmp_path / "d").rmdir()
    found = {
        os.path.relpath(p, tmp_path): v for p, v in digests(Host().hashed([tree]), [tree]).items()
    }
    assert found == {
        "gone": errno.ENOENT, "link": errno.ELOOP, "folder": errno.EISDIR,
        "d/inside": errno.ENOENT, "sound": blake3(b"x").digest(),
    }  # fmt: skip


def test_a_read_that_hangs_costs_its_tree_only(tmp_path, reader):
    for side in ("stuck", "sound"):
        (tmp_path / side).mkdir()
        for number in range(9):
            (tmp_path / side / str(number)).write_bytes(b"x")
    trees = [tree_of(tmp_path / "stuck"), tree_of(tmp_path / "sound")]  # one lane
    inodes = {path.stat().st_ino: path for path in (tmp_path / "stuck").iterdir()}
    middle = inodes[sorted(inodes)[4]]
    middle.unlink()
    os.mkfifo(middle)  # opened for reading it waits for one that writes
    began = time.monotonic()
    batches = list(Host(timeout=1.0).hashed(trees))
    assert time.monotonic() - began < 20
    (hung,) = [batch for batch in batches if batch.stopped_at >= 0]
    assert trees[0].files.path(hung.stopped_at) == middle.name
    assert "within 1 s" in hung.reason
    assert sum(len(batch.rows) for batch in batches if batch.tree == 1) == 9
    assert sum(len(batch.rows) for batch in batches if batch.tree == 0) >= 4


def test_a_reader_that_is_killed_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(hashing, "_FEW_FILES", -1)
    (tmp_path / "a").write_bytes(b"x")
    host = Host()
    started = []

    def start(shared):
        from verifier._running import own_module

        started.append(own_module("verifier._hasher", shared))
        os.kill(started[-1].pid, signal.SIGKILL)
        return started[-1]

    (batch, *_) = hashing.hashed([tree_of(tmp_path, readers=1)], host.timeout, start)
    assert (batch.stopped_at, batch.reason) == (0, "its reader ended")


@pytest.mark.parametrize("served", [False, True])
def test_few_files_of_a_server_are_read_by_a_process(tmp_path, served):
    (tmp_path / "a").write_bytes(b"x")
    started = []

    def start(shared):
        from verifier._running import own_module

        started.append(own_module("verifier._hasher", shared))
        return started[-1]

    tree = replace(tree_of(tmp_path, readers=1), served=served)
    (batch,) = hashing.hashed([tree], 30.0, start)
    assert batch.digest.tobytes() == blake3(b"x").digest()
    assert bool(started) is served


def test_a_file_that_changed_shows_its_new_size_and_time(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    tree = tree_of(tmp_path)
    (tmp_path / "a").write_bytes(b"xy")
    (batch,) = Host().hashed([tree])
    assert batch.size.tolist() == [2]
    assert batch.mtime[0] >= tree.files.column("mtime")[0]


def test_a_folder_whose_path_no_job_can_hold_is_refused(tmp_path):
    files = table({f"{'d/' * 200_000}f": FileFact(1, 1)})
    (batch,) = Host().hashed([Tree(str(tmp_path), files, np.arange(1))])
    assert batch.error.tolist() == [errno.ENAMETOOLONG]
    twin = Twin(f"{tmp_path}/other", files, np.arange(1))
    batches = Host().hashed([Tree(str(tmp_path), files, np.arange(1), twin=twin)])
    assert [(batch.of_twin, *batch.error) for batch in batches] == [
        (False, errno.ENAMETOOLONG), (True, errno.ENAMETOOLONG),
    ]  # fmt: skip


def test_an_input_error_is_an_error_number(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"x")

    def broken(descriptor, buffers):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(_hasher.os, "readv", broken)
    (batch,) = Host().hashed([tree_of(tmp_path)])
    assert batch.error.tolist() == [errno.EIO]


def test_readers_leave_no_descriptors_and_no_processes(tmp_path, reader):
    (tmp_path / "a").write_bytes(b"x")
    tree = tree_of(tmp_path)
    list(Host().hashed([tree]))
    time.sleep(0.1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        reading = Host().hashed([tree])
        next(reading)
        reading.close()
    time.sleep(0.2)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    states = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children]
    assert not any(b"verifier._hasher" in line for line in states)
