"""A full disk under each file that a command writes: one message, nothing half-written or lost."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskmodel._files import write_new, write_whole
from tests.commands import riskmodel_command, verifier_command
from tests.faults.stopping import Room
from tests.needs import needs

ONE_DISK = Path(__file__).parents[2] / "data" / "layouts" / "one-external-disk.toml"


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A small file system on which not one more byte fits, with an older page."""
    folder = tmp_path / "full"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    try:
        (folder / "old.html").write_text("an older page")
        with (folder / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        yield folder
    finally:
        gc.collect()  # a database that a command of this process had open
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def trees(tmp_path: Path) -> tuple[str, str]:
    for side in ("live", "usb"):
        (tmp_path / side).mkdir()
        for number in range(9):
            (tmp_path / side / str(number)).write_bytes(b"%d" % number * 9000)
            os.utime(tmp_path / side / str(number), (1.7e9, 1.7e9))
    return str(tmp_path / "live"), str(tmp_path / "usb")


def same(folder: Path) -> bool:
    """Tell whether the disk holds what it held, and nothing else."""
    names = sorted(path.name for path in folder.iterdir())
    return names == ["filler", "old.html"] and (folder / "old.html").read_text() == "an older page"


@pytest.mark.integration
@needs("root")
@pytest.mark.parametrize("option", ["--html", "--prometheus", "--record"])
def test_an_audit_that_cannot_write_a_file_was_not_in_vain(full, trees, option):
    done = verifier_command("audit", *trees, option, str(full / "old.html"))
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert str(full / "old.html") in done.stderr
    assert same(full)
    assert "3-2-1" in done.stdout or option == "--record"
    assert verifier_command("diff").returncode in (0, 3)  # the catalogue has it all the same
    again = verifier_command("audit", *trees, "--depth", "source")
    assert again.returncode in (0, 1, 3)


@pytest.mark.integration
@needs("root")
def test_new_files_are_whole_or_not_there(full, trees):
    for done in (
        verifier_command("init", str(full / "setup.toml"), "--source", trees[0], "--seconds", "1"),
        riskmodel_command("new", "one-external-disk", "-o", str(full / "new.toml")),
        riskmodel_command("distance", "52.37,4.90", "50.11,8.68", "--plot", str(full / "d.png")),
    ):
        assert done.returncode == 2
        assert "No space left on device" in done.stderr
        assert same(full)


@pytest.mark.integration
@needs("root")
def test_a_catalogue_on_a_full_disk_is_said_and_the_audit_goes_on(full, trees):
    done = verifier_command("audit", *trees, "--catalogue", str(full / "book.db"))
    assert done.returncode in (0, 1, 3)
    assert "full; the audit goes on without it" in done.stderr
    assert "3-2-1" in done.stdout


@pytest.mark.slow
@pytest.mark.integration
@needs("root")
def test_a_checkpoint_on_a_full_disk_is_said(full):
    words = ("simulate", str(ONE_DISK), "--method", "events", "--trials", "20000")
    done = riskmodel_command(*words, "--checkpoint", str(full / "run"))
    assert done.returncode == 2
    assert "checkpoint" in done.stderr
    assert "No space left on device" in done.stderr
    (full / "filler").unlink()
    assert riskmodel_command(*words, "--checkpoint", str(full / "run")).returncode == 0


@pytest.mark.slow
@pytest.mark.integration
@needs("root")
def test_a_drill_without_room_is_unknown_and_leaves_nothing(full, trees, tmp_path):
    done = verifier_command("drill", *trees, "--scratch", str(full))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "pass" not in done.stdout
    assert "No space left" in done.stdout or "do not fit" in done.stdout or "full" in done.stdout
    assert same(full)


@pytest.mark.slow
def test_an_output_that_cannot_be_written_is_said(tmp_path):
    room = Room(tmp_path)
    for words in (("riskmodel", "check", ONE_DISK), ("verifier", "rules", "--json")):
        with Path("/dev/full").open("w") as out:
            command = [sys.executable, "-m", *map(str, words)]
            done = subprocess.run(
                command, env=room.env, stdout=out, stderr=subprocess.PIPE, text=True, check=False
            )
        assert done.returncode == 2
        said = f"{words[0]}: the output cannot be written: No space left on device\n"
        assert done.stderr == said


def test_a_device_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    write_whole(pipe, "words")
    assert reader.communicate()[0] == b"words"
    assert pipe.is_fifo()


def test_a_link_is_replaced_and_not_followed_and_modes_are_kept(tmp_path):
    (tmp_path / "page").write_text("old")
    (tmp_path / "page").chmod(0o640)
    (tmp_path / "link").symlink_to("page")
    write_whole(tmp_path / "link", "new")
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_text() == "new"
    assert (tmp_path / "page").read_text() == "old"
    write_whole(tmp_path / "page", "new")
    assert (tmp_path / "page").stat().st_mode & 0o777 == 0o640
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "page", "newer")
    assert (tmp_path / "page").read_text() == "new"
    assert len(list(tmp_path.iterdir())) == 2
