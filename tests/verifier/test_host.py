"""Access to the machine: three different ways to get no answer, and recordings."""

from __future__ import annotations

import ast
import errno
import json
import os
import threading
import time
from pathlib import Path

import pytest

import verifier
from verifier import walking
from verifier.host import Host, Missing, TimedOut, Unreadable


def test_absent_paths_are_missing(tmp_path):
    (tmp_path / "file").write_text("x")
    host = Host()
    for path in (tmp_path / "nothing", tmp_path / "file" / "below"):
        with pytest.raises(Missing):
            host.stat(str(path))


def test_a_loop_of_links_is_unreadable(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    host = Host()
    with pytest.raises(Unreadable):
        host.stat(str(tmp_path / "loop"))
    with pytest.raises(Unreadable):
        host.resolve(str(tmp_path / "loop"))


@pytest.mark.parametrize("place", ["pipe", "/dev/zero", "/"])
def test_what_is_no_file_is_refused_at_once(tmp_path, place):
    os.mkfifo(tmp_path / "pipe")
    host = Host()
    for look in (host.open, host.read_text):
        with pytest.raises(Unreadable, match="no regular file"):
            look(str(tmp_path / place))


def test_a_hung_path_costs_the_timeout_and_the_host_stays_usable(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "hangs")  # stands for a file on a server that does not answer
    monkeypatch.setattr("verifier.host.open_regular", lambda path: os.open(path, os.O_RDONLY))
    host = Host(timeout=0.2)
    started = time.monotonic()
    with pytest.raises(TimedOut):
        host.read_text(str(tmp_path / "hangs"))
    assert time.monotonic() - started < 5
    assert host.listdir(str(tmp_path)) == ("hangs",)


def test_a_host_given_up_leaves_no_thread_behind(tmp_path):
    before = threading.active_count()
    for _ in range(20):
        Host().stat(str(tmp_path))
        with pytest.raises(Missing):
            Host().stat(str(tmp_path / "none"))
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_program_gets_a_clean_environment_and_its_secret(monkeypatch):
    monkeypatch.setenv("TO_BE_KEPT_OUT", "1")
    host = Host(record=True)
    ended = host.run(["env"], secrets={"A_SECRET": "xyzzy"})
    names = {line.partition("=")[0]: line.partition("=")[2] for line in ended.stdout.splitlines()}
    assert "TO_BE_KEPT_OUT" not in names
    assert (names["LC_ALL"], names["TZ"], names["A_SECRET"]) == ("C", "UTC", "xyzzy")
    assert names["HOME"] != os.environ.get("HOME")
    assert "xyzzy" not in json.dumps(host.recording)


def test_a_program_that_does_not_end_is_stopped():
    with pytest.raises(TimedOut):
        Host().run(["sleep", "60"], timeout=0.2)
    with pytest.raises(Missing):
        Host().run(["no-such-program-here"])


def test_a_recording_answers_like_the_host(tmp_path):
    (tmp_path / "fact").write_text("42\n")
    live = Host(record=True)
    seen = (
        live.read_text(str(tmp_path / "fact")),
        live.stat(str(tmp_path)),
        live.listdir(str(tmp_path)),
        live.run(["echo", "hello"]),
    )
    with pytest.raises(Missing):
        live.stat(str(tmp_path / "absent"))
    again = Host.replay(json.loads(json.dumps(live.recording)))
    assert seen == (
        again.read_text(str(tmp_path / "fact")),
        again.stat(str(tmp_path)),
        again.listdir(str(tmp_path)),
        again.run(["echo", "hello"]),
    )
    with pytest.raises(Missing, match="No such file"):
        again.stat(str(tmp_path / "absent"))
    with pytest.raises(Missing, match="not in the recording"):
        again.read_text("/etc/hostname")


def test_a_directory_is_listed_whole_in_slices(tmp_path, monkeypatch):
    monkeypatch.setattr("verifier.walking.SLICE_NAMES", 3)
    names = [f"{number:02}" for number in range(10)]
    for name in reversed(names):
        (tmp_path / name).touch()
    assert [entry.path for entry in Host().walk(str(tmp_path))] == names


def test_a_part_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    (tmp_path / "open").mkdir()
    (tmp_path / "shut").mkdir()
    opened = walking.open_quietly

    def guarded(path, flags=0):
        if path.endswith("shut"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags)

    monkeypatch.setattr(walking, "open_quietly", guarded)
    troubles = [entry for entry in Host().walk(str(tmp_path)) if entry.problem]
    assert [(entry.path, entry.problem.reason) for entry in troubles] == [
        ("shut", "Permission denied")
    ]


def test_only_the_host_touches_the_system():
    root = Path(verifier.__file__).parent
    asking = [root / "domains.py", root / "manifest.py", *(root / "probes").glob("*.py")]
    for path in asking:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                taken = {name.name for name in node.names}
                assert not taken & {"os", "shutil", "socket", "subprocess", "glob"}, path
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "open", path


def test_a_walk_does_not_follow_links(tmp_path):
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "a").write_text("a")
    (tmp_path / "tree" / "out").symlink_to(tmp_path)
    found = {entry.path for entry in Host().walk(str(tmp_path / "tree"))}
    assert found == {"sub", "sub/a", "out"}
