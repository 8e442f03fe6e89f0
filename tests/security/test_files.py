"""Files that the product writes: who may read them, and where they really go."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from riskmodel.errors import InputError
from riskmodel.reporting import write_text
from tests.commands import verifier_command
from verifier.apart import holder_of, keep_apart
from verifier.catalogue._database import Database


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def setup(tmp_path) -> Path:
    for name in ("live", "copy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_text("x")
    file = tmp_path / "setup.toml"
    file.write_text(
        f'[source]\npath = "{tmp_path}/live"\n[[locations]]\nname = "usb"\n'
        f'path = "{tmp_path}/copy"\n'
    )
    return file


def test_a_link_is_replaced_and_not_written_through(tmp_path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "report.html").symlink_to(tmp_path / "mine")
    write_text("page", tmp_path / "report.html")
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "report.html").read_text() == "page"
    assert not (tmp_path / "report.html").is_symlink()


def test_no_name_on_the_way_can_be_guessed(tmp_path) -> None:
    """In a folder that others write to, somebody may have put links there before."""
    (tmp_path / "mine").write_text("mine")
    for name in ("report.html.part", ".report.html.part", "report.html.tmp", "report.html~"):
        (tmp_path / name).symlink_to(tmp_path / "mine")
    write_text("page", tmp_path / "report.html")
    assert (tmp_path / "mine").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 6  # nothing is left over


def test_a_device_is_written_to_and_not_replaced(tmp_path) -> None:
    write_text("page", Path(os.devnull))
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch) -> None:
    (tmp_path / "report.html").write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write_text("\udcff", tmp_path / "report.html")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(InputError, match="full"):
        write_text("page", tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "before"


def test_recordings_and_the_catalogue_are_their_owners(tmp_path, setup, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    before = os.umask(0)  # the worst that a user can have
    try:
        done = verifier_command("audit", str(setup), "--record", str(tmp_path / "seen.json"))
    finally:
        os.umask(before)
    assert done.returncode in {1, 3}, done.stderr
    assert mode(tmp_path / "seen.json") == 0o600
    kept = tmp_path / "state" / "threetwoone"
    assert mode(kept) == 0o700
    assert {mode(path) for path in kept.iterdir()} == {0o600}


def test_the_log_of_the_catalogue_is_its_owners_too(tmp_path) -> None:
    before = os.umask(0)
    try:
        with Database(str(tmp_path / "catalogue.db")).writing():
            modes = {path.name: mode(path) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert len(modes) > 1
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *(("audit", f"--{what}") for what in ("record", "html", "prometheus", "catalogue", "plot")),
        ("risk", "--html"),
    ],
)
def test_nothing_is_written_into_a_location(tmp_path, setup, command, option) -> None:
    (tmp_path / "elsewhere").symlink_to(tmp_path / "copy")
    for folder in ("copy", "elsewhere"):
        target = tmp_path / folder / "out.svg"
        done = verifier_command(command, str(setup), option, str(target))
        assert done.returncode == 2
        assert option in done.stderr
        assert "never written to" in done.stderr
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["a.jpg"]


def test_what_lies_in_what(tmp_path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c").symlink_to(tmp_path / "a" / "b")
    places = (f"{tmp_path}/a", "/nowhere", "s3:bucket", "x\0y")
    assert holder_of(tmp_path / "a" / "b", places) == f"{tmp_path}/a"
    assert holder_of(tmp_path / "c", places) == f"{tmp_path}/a"
    assert holder_of(tmp_path, places) is None
    keep_apart({"--html": tmp_path / "page.html", "--record": None}, places)
    with pytest.raises(InputError, match="--html"):
        keep_apart({"--html": tmp_path / "c" / "page.html"}, places)
