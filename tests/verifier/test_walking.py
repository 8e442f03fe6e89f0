"""Walks on trees that want to break them."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from verifier import walking
from verifier.files import FileFact
from verifier.hashing import Tree
from verifier.host import Host, TimedOut
from verifier.probes.directory import read_manifest


def paths(root, host=None):
    return [entry.path for entry in (host or Host()).walk(str(root)) if entry.problem is None]


def test_names_that_are_no_text_or_break_lines(tmp_path):
    for name in (b"\xff\xfe", b"new\nline", "ü".encode()):
        (tmp_path / os.fsdecode(name)).touch()
    assert sorted(map(os.fsencode, paths(tmp_path))) == sorted(
        [b"\xff\xfe", b"new\nline", "ü".encode()]
    )


def test_paths_longer_than_the_kernel_takes(tmp_path):
    there = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("n" * 200, dir_fd=there)
        below = os.open("n" * 200, os.O_RDONLY, dir_fd=there)
        os.close(there)
        there = below
    file = os.open("deep", os.O_CREAT | os.O_WRONLY, dir_fd=there)
    os.write(file, b"content")
    os.close(file)
    os.close(there)
    deepest = paths(tmp_path)[-1]
    assert len(deepest) > 6000
    assert b"".join(Host().chunks(f"{tmp_path}/{deepest}")) == b"content"


def test_everything_comes_once_and_in_order_whatever_the_slices(tmp_path, monkeypatch):
    for folder in ("b", "a", "a/c"):
        (tmp_path / folder).mkdir()
        for number in range(7):
            (tmp_path / folder / f"{number}").touch()
    whole = paths(tmp_path)
    assert whole[:2] == ["a", "b"]
    assert len(whole) == len(set(whole)) == 24
    monkeypatch.setattr(walking, "SLICE_NAMES", 2)
    assert paths(tmp_path) == whole
    monkeypatch.setattr("verifier.host.PIECE_NAMES", 3)
    assert sorted(paths(tmp_path)) == sorted(whole)


def test_a_listing_and_a_walk_see_the_same_files(tmp_path, monkeypatch):
    for folder in ("b", "a", "a/c"):
        (tmp_path / folder).mkdir()
        for number in range(7):
            (tmp_path / folder / f"{number}").write_bytes(b"x" * number)
    (tmp_path / "link").symlink_to("a/1")
    (tmp_path / "link to a folder").symlink_to("a")
    (tmp_path / "broken").symlink_to("nothing")
    os.mkfifo(tmp_path / "a" / "fifo")
    (tmp_path / "hole").touch()
    os.truncate(tmp_path / "hole", 1 << 20)
    monkeypatch.setattr(walking, "SLICE_NAMES", 4)
    seen = {entry.path: entry.stat for entry in Host().walk(str(tmp_path))}
    listed = read_manifest(Host(), str(tmp_path))
    assert dict(listed.files.items()) == {
        path: FileFact(
            facts.size, facts.mtime_ns, facts.dev, facts.ino,
            (tmp_path / path).stat().st_ctime_ns,
        )
        for path, facts in seen.items() if facts.is_file
    }  # fmt: skip
    assert (len(listed.files), listed.links, listed.specials, listed.complete) == (22, 3, 1, True)
    assert [listed.files.path(row) for row in listed.files.hollow] == ["hole"]


def test_a_slow_walk_is_no_hung_walk(tmp_path, monkeypatch):
    for number in range(20):
        (tmp_path / str(number)).mkdir()
    opened = walking.open_quietly

    def slow(path, flags=0):
        time.sleep(0.03)
        return opened(path, flags)

    monkeypatch.setattr(walking, "open_quietly", slow)
    assert len(paths(tmp_path, Host(timeout=0.4))) == 20


def test_a_folder_that_hangs_costs_the_timeout_and_the_others_are_seen(tmp_path, monkeypatch):
    for name in ("a", "hung", "z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    opened, waking = walking.open_quietly, threading.Event()

    def hang(path, flags=0):
        if path.endswith("hung"):
            waking.wait(20)
        return opened(path, flags)

    monkeypatch.setattr(walking, "open_quietly", hang)
    began = time.monotonic()
    found = list(Host(timeout=0.5).walk(str(tmp_path)))
    waking.set()
    assert time.monotonic() - began < 10
    assert [entry.path for entry in found] == ["a", "hung", "z", "a/file", "hung", "z/file"]
    assert isinstance(found[4].problem, TimedOut)


def test_a_listing_of_a_folder_that_hangs_is_not_the_whole_truth(tmp_path, monkeypatch):
    for name in ("a", "hung", "z"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    opened, waking = walking.open_quietly, threading.Event()

    def hang(path, flags=0):
        if path.endswith("hung"):
            waking.wait(20)
        return opened(path, flags)

    monkeypatch.setattr(walking, "open_quietly", hang)
    began = time.monotonic()
    listed = read_manifest(Host(timeout=0.5), str(tmp_path))
    waking.set()
    assert time.monotonic() - began < 10
    assert list(listed.files) == ["a/file", "z/file"]
    (said,) = listed.unreadable
    assert said.startswith("hung could not be examined: no answer within 0.5 s")


def test_a_dead_share_is_given_up_after_some_folders(tmp_path, monkeypatch):
    for number in range(20):
        (tmp_path / str(number)).mkdir()
    opened, waking = walking.open_quietly, threading.Event()

    def hang(path, flags=0):
        if path != str(tmp_path):
            waking.wait(30)
        return opened(path, flags)

    monkeypatch.setattr(walking, "open_quietly", hang)
    with pytest.raises(TimedOut):
        list(Host(timeout=0.2).walk(str(tmp_path)))
    waking.set()


def test_a_walk_leaves_no_descriptors_behind(tmp_path):
    (tmp_path / "a").mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    walk = Host().walk(str(tmp_path))
    next(walk)
    walk.close()
    list(Host().walk(str(tmp_path)))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_a_walk_leaves_the_access_times_alone(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    for path in (tmp_path, tmp_path / "file"):
        os.utime(path, (1, 1))
    list(Host().walk(str(tmp_path)))
    files = read_manifest(Host(), str(tmp_path)).files
    list(Host().hashed([Tree(str(tmp_path), files, np.arange(1))]))
    assert (tmp_path.stat().st_atime, (tmp_path / "file").stat().st_atime) == (1, 1)
