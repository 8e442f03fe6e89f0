"""Trees listed by several processes: the same files as one alone sees, whatever hangs or ends."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest

from verifier import walking
from verifier._listing import listed_together
from verifier._running import own_module
from verifier.host import Host, TimedOut, Unreadable
from verifier.probes.directory import read_manifest

_LISTER = """
import sys, time
from verifier import _lister, walking
opened = walking.open_quietly
def quietly(path, flags=0):
    if path.endswith("hung"):
        {hung}
    return opened(path, flags)
walking.open_quietly, walking.SLICE_NAMES = quietly, 20
_lister.main()
"""
ALONE = partial(own_module, "verifier._lister")


def that_does(hung):
    """Start listers that tell 20 names at a time and do this before they open a folder "hung"."""
    script = [sys.executable, "-c", _LISTER.format(hung=hung)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    there = str(Path(__file__).parents[2])
    return lambda: subprocess.Popen(script, **pipes, bufsize=0, cwd=there)


def together(root, start=ALONE, skip=None, timeout=20.0, hangs=3):
    waiting = sorted(path.name for path in root.iterdir() if path.is_dir())
    return listed_together(str(root), waiting, skip, start, 2, timeout, 0.2, hangs)


def paths(parts):
    return sorted(f"{part.folder}/{name}" for part in parts for name in part.met.names)


@pytest.fixture
def tree(tmp_path):
    for folder in ("a", "a/b", "hung", "z", "z/y", "z/y/x"):
        (tmp_path / folder).mkdir()
        for number in range(3):
            (tmp_path / folder / str(number)).write_bytes(b"x" * number)
    return tmp_path


def test_many_see_what_one_sees(tree, monkeypatch):
    for name in (b"\xff\xfe", b"new\nline", "ü".encode(), b"n" * 255):
        (tree / "z" / os.fsdecode(name)).mkdir()
        (tree / "z" / os.fsdecode(name) / os.fsdecode(name)).touch()
    there = os.open(tree / "a", os.O_RDONLY)
    for _ in range(30):  # longer than the kernel takes
        os.mkdir("n" * 200, dir_fd=there)
        below = os.open("n" * 200, os.O_RDONLY, dir_fd=there)
        os.close(there)
        there = below
    os.close(os.open("deep", os.O_CREAT | os.O_WRONLY, dir_fd=there))
    os.close(there)
    (tree / "a" / "link").symlink_to("1")
    (tree / "a" / "folder").symlink_to("/")
    os.mkfifo(tree / "z" / "fifo")
    (tree / "z" / "hole").touch()
    os.truncate(tree / "z" / "hole", 3 << 30)
    os.utime(tree / "z" / "hole", ns=(1, -(10**18)))
    alone = read_manifest(Host(), str(tree))
    monkeypatch.setattr("verifier.host._ALONE_STEPS", 1)
    monkeypatch.setattr(walking, "SLICE_NAMES", 1)
    monkeypatch.setattr("verifier.probes.directory.readers_of", lambda host, path: 3)
    started = []
    monkeypatch.setattr(
        "verifier.host.own_module", lambda *what: started.append(what) or own_module(*what)
    )
    many = read_manifest(Host(), str(tree))
    assert started == [("verifier._lister",)] * 3
    assert list(many.files.items()) == list(alone.files.items())
    assert (many.links, many.specials, many.unreadable) == (2, 1, ())
    assert [many.files.path(row) for row in many.files.hollow] == ["z/hole"]
    assert len(many.files) == 24


def test_rows_are_in_the_order_in_which_one_walks(tree):
    for name in ("a-b", "a/b.c", "a/b/c", "a b", "é"):
        (tree / name).mkdir(parents=True)
        (tree / name / "file").touch()
    walked = [part.folder for part in Host().listing(str(tree)) if part.met.names]
    assert read_manifest(Host(), str(tree)).files.folder_rows()[0] == walked


def test_the_pieces_of_a_large_folder_come_one_after_another(tree):
    for folder in ("large", "vast"):
        (tree / folder).mkdir()
        for number in range(90):
            (tree / folder / str(number)).touch()
    parts = list(together(tree, that_does("pass")))
    assert len(parts) > len({part.folder for part in parts}) + 6
    assert len(paths(parts)) == 18 + 2 * 90
    order = [folder for folder, _ in groupby(part.folder for part in parts)]
    assert len(order) == len(set(order))


def test_who_is_slow_beside_one_who_is_quick_is_not_taken_for_hung(tree):
    for number in range(200):
        (tree / "a" / f"d{number}").mkdir()
    slow = that_does("time.sleep(0.6)")
    parts = list(together(tree, slow, timeout=3.0))
    assert [part.folder for part in parts if part.problem is not None] == []


def test_folders_that_are_skipped_are_not_looked_into(tree):
    found = together(tree, skip=lambda path: path in ("z/y", "a/b"))
    assert {part.folder for part in found} == {"a", "hung", "z"}


@pytest.mark.parametrize(
    ("what", "timeout", "kind", "reason"),
    [
        ("time.sleep(60)", 0.5, TimedOut, "no answer within 0.5 s"),
        ("sys.exit(1)", 20.0, Unreadable, "what listed it ended"),
    ],
)
def test_a_folder_that_breaks_a_lister_is_told_and_the_others_are_seen(
    tree, what, timeout, kind, reason
):
    parts = list(together(tree, that_does(what), timeout=timeout))
    (broken,) = [part for part in parts if part.problem is not None]
    assert (broken.folder, broken.met.names, broken.ended) == ("hung", [], True)
    assert (type(broken.problem), broken.problem.reason) == (kind, reason)
    assert len(paths(parts)) == 15
    with pytest.raises(kind):
        list(together(tree, that_does(what), timeout=timeout, hangs=1))


def test_what_cannot_be_listed_says_why(tree):
    parts = together(tree)
    for number in range(3):
        (tree / "hung" / str(number)).unlink()
    (tree / "hung").rmdir()
    (tree / "hung").symlink_to("a")  # never followed
    (broken,) = [part for part in parts if part.problem is not None]
    assert (broken.folder, broken.met.names) == ("hung", [])


def test_whoever_stops_early_leaves_no_lister_behind(tree):
    started = []

    def start():
        started.append(ALONE())
        return started[-1]

    parts = together(tree, start)
    next(parts)
    parts.close()
    assert [process.poll() for process in started] == [-9, -9]
