"""Ctrl-C, SIGTERM and SIGHUP at random points: nothing half-written, nothing left, true words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.stopping import Room, points, processes, stopped, usual, wrong
from tests.needs import needs

ONE_DISK = Path(__file__).parents[2] / "data" / "layouts" / "one-external-disk.toml"
NAS = Path(__file__).parents[2] / "data" / "layouts" / "nas-and-cloud.toml"
FINISHED = (0, 1, 3)
FEW, MANY = 3, 60


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def trees(room: Room, files: int = 300) -> tuple[Path, Path]:
    """Make live data and a copy of it."""
    for side in ("live", "usb"):
        for number in range(files):
            file = room.base / side / str(number % 7) / str(number)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"%d" % number * 500)
            os.utime(file, (1.7e9, 1.7e9 + number))
    return room.base / "live", room.base / "usb"


def with_restic(room: Room) -> Path:
    """Make a set-up of a plain copy and a restic repository."""
    live, usb = trees(room)
    (room.base / "password").write_text("secret\n")
    env = {**room.env, "RESTIC_PASSWORD_FILE": str(room.base / "password")}
    command = ("restic", "--no-cache", "-q", "-r", room.base / "restic")
    subprocess.run([*command, "init"], check=True, env=env)
    subprocess.run([*command, "backup", live], check=True, env=env)
    setup = room.base / "setup.toml"
    setup.write_text(
        f'[source]\npath = "{live}"\n[[locations]]\nname = "usb"\npath = "{usb}"\n'
        f'[[locations]]\nname = "restic"\npath = "{room.base}/restic"\n'
        'password_file = "password"\n'.replace('"password"', f'"{room.base}/password"')
    )
    return setup


def content(page: Path) -> bytes:
    return page.read_bytes() if page.exists() else b""


def counts() -> object:
    """Run each test at a few points in CI, and at many for the proof."""
    few = pytest.param(FEW, marks=[pytest.mark.slow, pytest.mark.integration])
    return pytest.mark.parametrize("count", [few, pytest.param(MANY, marks=pytest.mark.proof)])


@counts()
@needs("restic")
def test_a_stopped_audit_leaves_whole_files_and_its_catalogue_goes_on(room, count):
    setup, page = with_restic(room), room.base / "page.html"
    told = ("--record", room.base / "seen.json", "--prometheus", room.base / "x.prom")
    words = ("verifier", "audit", setup, "--depth", "restore", "--html", page, *told)
    takes = usual(room, *words, "--no-catalogue")
    page.write_text("an older page")
    kept = 0
    for number, after in points(count, takes, 1):
        done = stopped(room, number, after, *words)
        assert wrong(done, number, FINISHED) == ""
        assert room.left() == []
        assert content(page).endswith((b"</html>\n", b"</html>", b"an older page"))
        json.loads(content(room.base / "seen.json") or b"{}")
        kept += "the catalogue keeps what was read" in done.stderr
    assert kept > 0
    after_all = room.run(*words, "--json")
    assert after_all.returncode in FINISHED, after_all.stderr
    fresh = room.run(*words, "--json", "--no-catalogue")
    one, other = (json.loads(done.stdout)["gates"] for done in (after_all, fresh))
    assert {k: v["status"] for k, v in one.items()} == {k: v["status"] for k, v in other.items()}
    diff = room.run("verifier", "diff")
    assert diff.returncode in (0, 3), diff.stdout + diff.stderr


@counts()
@needs("restic")
def test_a_stopped_drill_leaves_no_scratch_and_no_restic(room, count):
    words = ("verifier", "drill", with_restic(room), "--all", "--scratch", room.base / "tmp")
    takes = usual(room, *words)
    for number, after in points(count, takes, 2):
        assert wrong(stopped(room, number, after, *words), number, FINISHED) == ""
        assert room.left() == []


@counts()
def test_a_stopped_diff_changes_nothing(room, count):
    live, usb = trees(room)
    for _ in range(2):
        room.run("verifier", "audit", live, usb)
    words = ("verifier", "diff")
    before = room.run(*words).stdout
    assert before
    for number, after in points(count, usual(room, *words), 3):
        assert wrong(stopped(room, number, after, *words), number, FINISHED) == ""
        assert room.left() == []
    assert room.run(*words).stdout == before


@counts()
def test_a_stopped_simulation_goes_on_from_its_checkpoint(room, count):
    words = ("riskmodel", "simulate", NAS, "--method", "events", "--trials", "3000000", "--json")
    kept = ("--checkpoint", room.base / "run")
    plain = json.loads(room.run(*words).stdout)
    takes = usual(room, *words)
    goes_on = 0
    for number, after in points(count, takes, 4):
        done = stopped(room, number, after, *words, *kept)
        assert wrong(done, number, (0,)) == ""
        assert room.left() == []
        goes_on += "the same command goes on from there" in done.stderr
    assert goes_on > 0
    again = json.loads(room.run(*words, *kept).stdout)
    assert again | {"elapsed_seconds": 0} == plain | {"elapsed_seconds": 0}


@counts()
@pytest.mark.parametrize("command", [pytest.param("report", marks=pytest.mark.proof), "compare"])
def test_a_stopped_report_or_comparison_writes_nothing(room, count, command):
    page = room.base / "page.html"
    words = ["riskmodel", command, ONE_DISK, NAS]
    words += ["--target-relative-error", "0.5"]
    words += ["-o", page, "--no-ranges"] if command == "report" else []
    takes = usual(room, *words)
    page.write_text("an older page")
    for number, after in points(count, takes, 5):
        assert wrong(stopped(room, number, after, *words), number, (0,)) == ""
        assert content(page).endswith((b"</html>\n", b"</html>", b"an older page"))
        assert room.left() == []


@pytest.mark.slow
@pytest.mark.integration
@needs("restic")
def test_what_a_killed_drill_left_is_removed_by_the_next_one(room):
    setup = with_restic(room)
    scratch = room.base / "tmp"
    theirs = scratch / "verifier-drill-abcd1234"  # of somebody who likes the name
    theirs.mkdir(mode=0o700)
    (theirs / "precious").write_text("not ours")
    words = ("verifier", "drill", setup, "--all", "--scratch", scratch)
    with room.start(*words) as started:
        until = time.monotonic() + 60
        while not list(scratch.glob("verifier-drill-*/work")):
            assert time.monotonic() < until
            time.sleep(0.005)
        started.send_signal(signal.SIGKILL)
        started.communicate()
    until = time.monotonic() + 30
    while processes(str(room.base)) and time.monotonic() < until:
        time.sleep(0.05)  # a restic that has lost its reader ends by itself
    left = [path for path in scratch.iterdir() if path != theirs]
    assert left
    assert room.run(*words).returncode == 0
    assert list(scratch.iterdir()) == [theirs]
    assert (theirs / "precious").exists()


@pytest.mark.slow
def test_a_second_signal_does_not_disturb_the_first(room):
    live, usb = trees(room)
    with room.start("verifier", "audit", live, usb, "--no-catalogue") as started:
        time.sleep(1.0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            if started.poll() is None:
                started.send_signal(number)
        _, err = started.communicate(timeout=60)
    assert started.returncode in (130, *FINISHED, -signal.SIGINT), err


@pytest.mark.slow
def test_what_was_told_to_ignore_ctrl_c_goes_on(room):
    """As under nohup, or in the background of a script."""
    trees(room, 20)
    words = ["sh", "-c", 'trap "" INT HUP; exec "$0" -m verifier audit live usb', sys.executable]
    with subprocess.Popen(
        words, cwd=room.base, env=room.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as started:
        for _ in range(20):
            time.sleep(0.05)
            if started.poll() is None:
                started.send_signal(signal.SIGINT)
                started.send_signal(signal.SIGHUP)
        out, _ = started.communicate(timeout=60)
    assert started.returncode in FINISHED
    assert b"3-2-1" in out


COMMAND = """
import time
import typer
from riskmodel._console import run

app = typer.Typer()

@app.command()
def works(now: bool = False) -> None:
{body}

run(app, "riskmodel")
"""
IMPORTS = """
    try:
        time.sleep(60)
    except KeyboardInterrupt as stopped:
        raise ImportError("numpy.core.multiarray failed to import") from stopped
"""
DRAWING = """
def draw():
    until = time.monotonic() + 3.0
    while time.monotonic() < until:
        pass
    print("drawn", flush=True)
"""
DRAWS = f"""
    names = dict(time=time)
    exec(compile({DRAWING!r}, "/lib/matplotlib/drawing.py", "exec"), names)
    names["draw"]()
    time.sleep(60)
"""


@pytest.mark.parametrize(("body", "said"), [(IMPORTS, ""), (DRAWS, "drawn\n")])
def test_a_signal_within_a_library_written_in_c(room, body, said):
    """It waits for one that an exception may break, and may become an error of another kind."""
    (room.base / "works.py").write_text(COMMAND.format(body=body))
    done = stopped(room, signal.SIGTERM, 1.5, "works", "--now")
    assert (done.returncode, done.stdout) == (143, said)
    assert done.stderr == "riskmodel: stopped before the end\n"
