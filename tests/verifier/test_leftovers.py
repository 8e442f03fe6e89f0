"""Private folders of several verifiers that work on one machine at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from verifier import _leftovers
from verifier._leftovers import cleared, own_folder

CLEAR = "import sys; from verifier._leftovers import cleared; print(cleared(sys.argv[1]))"


def cleared_by_another(parent: Path) -> str:
    """What another process removes, and could not."""
    command = [sys.executable, "-c", CLEAR, str(parent)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def left_by_a_killed_one(parent: Path, files: int = 2) -> Path:
    code = (
        "import os, sys; from verifier._leftovers import own_folder\n"
        "with own_folder('run', sys.argv[1]) as folder:\n"
        "    for n in range(int(sys.argv[2])): open(f'{folder}/{n}', 'w').close()\n"
        "    print(folder, flush=True); os._exit(9)"
    )
    command = [sys.executable, "-c", code, str(parent), str(files)]
    return Path(subprocess.run(command, capture_output=True, text=True).stdout.strip())


def test_a_folder_is_gone_afterwards_and_one_in_use_stays(tmp_path):
    with own_folder("run", str(tmp_path)) as folder:
        assert cleared_by_another(tmp_path) == "((), ())"
        assert Path(folder).is_dir()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path):
    left = left_by_a_killed_one(tmp_path)
    assert left.is_dir()
    assert cleared(str(tmp_path)) == ((str(left),), ())
    assert not left.exists()


def test_no_other_process_takes_a_folder_while_its_own_removes_it(tmp_path, monkeypatch):
    """The other one comes right after the removal has begun."""
    walk, told = os.walk, []

    def interrupted(folder):
        told.append(cleared_by_another(tmp_path))
        return walk(folder)

    monkeypatch.setattr(_leftovers.os, "walk", interrupted)
    with own_folder("run", str(tmp_path)) as folder:
        Path(folder, "file").touch()
    assert told == ["((), ())"]
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_clear_up_at_once_one_removes_and_neither_complains(tmp_path, monkeypatch):
    left = left_by_a_killed_one(tmp_path)
    walk, told = os.walk, []

    def interrupted(folder):
        told.append(cleared_by_another(tmp_path))
        return walk(folder)

    monkeypatch.setattr(_leftovers.os, "walk", interrupted)
    assert cleared(str(tmp_path)) == ((str(left),), ())
    assert told == ["((), ())"]


def test_a_lock_on_what_another_has_just_removed_is_no_leave_to_go_on(tmp_path, monkeypatch):
    left = left_by_a_killed_one(tmp_path)
    flock = _leftovers.fcntl.flock

    def late(descriptor, how):
        monkeypatch.setattr(_leftovers.fcntl, "flock", flock)
        assert str(left) in cleared_by_another(tmp_path)
        return flock(descriptor, how)

    monkeypatch.setattr(_leftovers.fcntl, "flock", late)
    assert cleared(str(tmp_path)) == ((), ())


def test_the_folder_is_removed_where_its_user_breaks_off(tmp_path):
    with pytest.raises(KeyError), own_folder("run", str(tmp_path)):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
