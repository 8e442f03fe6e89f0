"""Drills with the programs themselves: sound, damaged, closed; and what interrupts them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.keyring import keyring
from tests.needs import needs
from tests.verifier.drills.test_drills import copied
from tests.verifier.probes.repositories import flip, make_source, manifest_of, state_of
from verifier.drills import Wish, drilled
from verifier.host import Host
from verifier.inventory import Depth, Location
from verifier.probes import probe
from verifier.target import Target

pytestmark = pytest.mark.integration
PASSWORD = "correct horse"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = make_source(tmp_path / "photos")
    odd = root / "2025" / "od[d]* $HOME ?.jpg"
    odd.write_bytes(os.urandom(9000))
    odd.chmod(0o600)
    (root / "newest").symlink_to("2025/3.jpg")
    return root


def run(folder: Path, *command: object, **env: str) -> None:
    home = {"HOME": str(folder), "GNUPGHOME": keyring(), "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8", "TZ": "UTC"}  # fmt: skip
    words = [str(word) for word in command]
    ended = subprocess.run(
        words, env={**home, **env}, cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{words}: {ended.stderr}"


def make_restic(source: Path, at: Path) -> None:
    for words in (("init",), ("backup", source)):
        run(at.parent, "restic", "-q", "-r", at, *words, RESTIC_PASSWORD=PASSWORD)


def make_borg(source: Path, at: Path) -> None:
    run(at.parent, "borg", "init", "-e", "repokey", at, BORG_PASSPHRASE=PASSWORD)
    run(at.parent, "borg", "create", f"{at}::one", source, BORG_PASSPHRASE=PASSWORD)


def make_duplicity(source: Path, at: Path) -> None:
    run(at.parent, "duplicity", source, f"file://{at}", PASSPHRASE=PASSWORD)


def make_dar(source: Path, at: Path) -> None:
    at.mkdir()
    run(at.parent, "dar", "-Q", "-N", "-c", at / "full", "-R", source)


def make_bup(source: Path, at: Path) -> None:
    for words in (("init",), ("index", source), ("save", "-q", "-n", "photos", source)):
        run(at.parent, "bup", "-d", at, *words)


def make_annex(source: Path, at: Path) -> None:
    copied(source, at)
    run(at, "git", "init", "-q")
    run(at, "git", "config", "user.email", "ada@example.org")
    run(at, "git", "config", "user.name", "Ada")
    run(at, "git", "annex", "init", "-q", "disk")
    run(at, "git", "annex", "add", "-q", ".")
    run(at, "git", "commit", "-qm", "all")


def make_mirror(source: Path, at: Path) -> None:
    run(at.parent, "rdiff-backup", "--api-version", "201", "backup", source, at)


def make_image(source: Path, at: Path) -> None:
    run(at.parent, "xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", at, source)


MAKERS = {
    "restic": make_restic,
    "borg": make_borg,
    "duplicity": make_duplicity,
    "dar": make_dar,
    "bup": make_bup,
    "git-annex": make_annex,
    "rdiff-backup": make_mirror,
    "iso": make_image,
}
PROGRAMS = {"iso": "xorriso"}


@pytest.fixture
def made(tmp_path: Path, source: Path):
    """Make a repository of a kind, and drill it and see that nothing is left behind."""

    class Made:
        place = tmp_path / "copy"
        password = tmp_path / "password"
        scratch = tmp_path / "scratch"

        def make(self, kind: str, view: Path = source) -> Path:
            MAKERS[kind](view, self.place)
            self.password.write_text(f"{PASSWORD}\n")
            self.scratch.mkdir()
            return self.place

        def target(self) -> Target:
            return Target("copy", str(self.place), password_file=str(self.password))

        def look(self, depth: Depth) -> Location:
            return probe(Host(), self.target(), manifest_of(source), depth)

        def drill(self, files: int | None = 60, depth: Depth = Depth.STRUCTURE) -> Location:
            host, target, manifest = Host(), self.target(), manifest_of(source)
            seen = probe(host, target, manifest, depth)
            found = drilled(host, target, seen, manifest, Wish(files, seed=7), str(self.scratch))
            assert list(self.scratch.iterdir()) == []
            assert PASSWORD not in repr(found)
            return found

    return Made()


@pytest.mark.parametrize("kind", [pytest.param(k, marks=needs(PROGRAMS.get(k, k))) for k in MAKERS])
def test_a_sound_one_comes_back_and_is_left_alone(kind, made, source):
    place = made.make(kind)
    before = state_of(place), state_of(source)
    found = made.drill(files=None if kind not in {"duplicity", "bup"} else 3)
    assert (found.kind, found.errors) == (kind, ())
    assert found.depth is Depth.RESTORE, found.reason
    told = found.restored
    # what git keeps itself is not in the annex; an image and git keep no links that we ask for
    assert told.right == told.asked >= (3 if kind in {"duplicity", "bup"} else 8)
    assert told.differing == ()
    assert (state_of(place), state_of(source)) == before


@needs("dar")
def test_an_increment_of_dar_comes_back_with_its_base(made, source):
    place = made.make("dar")
    (source / "2025" / "1.jpg").write_text("new")
    (source / "2025" / "more").symlink_to("1.jpg")
    run(place, "dar", "-Q", "-N", "-c", place / "inc", "-R", source, "-A", place / "full")
    found = made.drill(files=None)
    assert (found.errors, found.depth) == ((), Depth.RESTORE), found.reason
    assert (found.restored.lost_links, found.restored.right) == (0, found.restored.asked)
    (place / "full.1.dar").unlink()
    lost = made.drill(files=None)
    assert (lost.depth, lost.points.count) == (Depth.STRUCTURE, 0)
    assert "no archive in it is complete" in lost.restored.reason


def frozen_while_edited(source: Path, to: Path, *names: str) -> Path:
    """Copy the source as a job sees it in a snapshot that is never made anew; then edit files."""
    for file in source.rglob("*"):
        os.utime(file, (1_700_000_000,) * 2, follow_symlinks=False)
    view = copied(source, to / "photos")
    for name in names:
        file = source / name
        file.write_bytes(file.read_bytes()[::-1])
        os.utime(file, (1_710_000_000,) * 2)
    time.sleep(3.5)  # what changed just before a point, in whole seconds, may be too late for it
    return view


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(k, marks=needs(PROGRAMS.get(k, k)))
        for k in MAKERS
        # which are asked for a few files only, or keep no times
        if k not in {"duplicity", "bup", "git-annex"}
    ],
)
def test_an_older_version_than_the_point_should_have_is_not_held(kind, made, source, tmp_path):
    view = frozen_while_edited(source, tmp_path / "snapshot", "2025/2.jpg")
    made.make(kind, view)
    found = made.drill()
    count = len(manifest_of(source).files)
    assert (found.errors, found.depth) == ((), Depth.RESTORE)
    assert (found.restored.outdated, found.restored.changed) == (1, 0)
    assert found.restored.right == count - 1
    assert found.coverage.value == pytest.approx(1 - 1 / count)
    again = made.drill(depth=Depth.RESTORE)
    assert again.coverage.value == found.coverage.value  # whoever finds it, it is taken off once


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=needs(k)) for k in ("restic", "borg", "rdiff-backup", "dar")]
)
def test_times_that_a_tool_lists_tell_it_without_a_drill(kind, made, source, tmp_path):
    view = frozen_while_edited(source, tmp_path / "snapshot", "2025/2.jpg")
    made.make(kind, view)
    count = len(manifest_of(source).files)
    found = made.look(Depth.LISTED)
    assert (found.outdated, found.coverage.value) == (1, pytest.approx(1 - 1 / count))
    time.sleep(3.5)
    os.utime(source / "2025/1.jpg", (1_705_000_000,) * 2)  # after the point: its bytes are the same
    (source / "2025/3.jpg").write_bytes(b"changed after the point")
    assert made.look(Depth.LISTED).coverage.value == found.coverage.value


@needs("restic")
def test_a_point_with_nothing_but_older_versions_proves_nothing(made, source, tmp_path):
    (source / "newest").unlink()
    names = [str(file.relative_to(source)) for file in source.rglob("*") if file.is_file()]
    for name in names:
        (source / name).write_bytes(name.encode())
    view = frozen_while_edited(source, tmp_path / "snapshot", *names)
    made.make("restic", view)
    found = made.drill(depth=Depth.RESTORE)
    assert found.coverage.value == 0.0
    assert found.depth < Depth.RESTORE
    assert "came back in an older version" in found.restored.reason


@pytest.mark.parametrize("kind", [pytest.param(k, marks=needs(k)) for k in ("restic", "borg")])
def test_a_wrong_or_absent_password_is_unknown_and_no_failure(kind, made):
    made.make(kind)
    made.password.write_text("wrong\n")
    found = made.drill()
    assert found.errors == ()
    assert (found.depth, found.restored.right) == (Depth.STRUCTURE, 0)
    assert "wrong password" in found.restored.reason
    made.password.unlink()
    found = made.drill()
    assert (found.errors, found.restored.right) == ((), 0)
    assert found.depth is not Depth.RESTORE


@pytest.mark.parametrize("kind", [pytest.param(k, marks=needs(k)) for k in ("restic", "borg")])
def test_a_flipped_byte_fails(kind, made):
    place = made.make(kind)
    largest = max((place / "data").rglob("*"), key=lambda f: f.stat().st_size * f.is_file())
    flip(largest, at=largest.stat().st_size // 2)
    found = made.drill(files=None)
    assert any("did not come back" in e or "different" in e for e in found.errors), found
    assert found.depth is not Depth.RESTORE


@needs("restic")
def test_a_missing_pack_fails(made):
    place = made.make("restic")
    packs = [f for f in (place / "data").rglob("*") if f.is_file()]
    max(packs, key=lambda f: f.stat().st_size).unlink()
    found = made.drill(files=1, depth=Depth.LISTED)  # restic asks long for what is gone
    assert any("did not come back" in error or "different" in error for error in found.errors)
    assert found.depth is not Depth.RESTORE


@needs("root", "restic")
def test_a_scratch_folder_without_room_is_unknown(made, source):
    made.make("restic")
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(made.scratch)], check=True
    )
    try:
        found = made.drill(files=None)
    finally:
        subprocess.run(["umount", str(made.scratch)], check=True)
    assert found.errors == ()
    assert found.depth is Depth.STRUCTURE
    assert found.restored.reason == "1 of 8 files do not fit into the scratch folder"
    assert found.restored.right == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@needs("borg")
def test_an_interrupted_drill_leaves_nothing_behind(number, made, source, tmp_path):
    place = made.make("borg")
    before = state_of(place)
    setup = tmp_path / "set-up.toml"
    setup.write_text(
        f'[source]\npath = "{source}"\n[[locations]]\nname = "copy"\npath = "{place}"\n'
        f'password_file = "{made.password}"\n'
    )
    (temporary := tmp_path / "temporary").mkdir()
    started = subprocess.Popen(
        [sys.executable, "-m", "verifier", "drill", setup, "--scratch", made.scratch],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while not list(made.scratch.glob("verifier-drill-*/work/*")):
        assert started.poll() is None, started.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    started.send_signal(number)
    _, said = started.communicate(timeout=30)
    assert started.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert "Traceback" not in said
    assert list(made.scratch.iterdir()) == []
    assert list(temporary.iterdir()) == []
    assert state_of(place) == before


@needs("restic")
def test_the_command_and_the_audit_say_the_same(made, source, tmp_path):
    place = made.make("restic")
    bad = copied(source, tmp_path / "usb")
    flip(bad / "2026" / "june" / "big.raw")
    setup = tmp_path / "set-up.toml"
    setup.write_text(
        f'[policy]\ndepth = "restore"\n[source]\npath = "{source}"\n'
        f'[[locations]]\nname = "cloud"\npath = "{place}"\npassword_file = "{made.password}"\n'
        f'[[locations]]\nname = "usb"\npath = "{bad}"\n'
    )
    drill = _json("drill", setup, "--scratch", made.scratch, "--seed", "3")
    assert drill[0] == 1
    rows = {row["name"]: row for row in drill[1]["drills"]}
    assert [row["name"] for row in drill[1]["drills"]] == ["usb", "cloud"]
    assert (rows["cloud"]["status"], rows["cloud"]["depth"]) == ("pass", "restore")
    assert rows["cloud"]["restored"]["seed"] == 3
    assert rows["usb"]["status"] == "fail"
    assert _json("drill", setup, "--location", "cloud")[0] == 0
    code, audit = _json("audit", setup, "--no-catalogue")
    assert code == 1
    places = {row["name"]: row for row in audit["locations"]}
    assert places["cloud"]["depth"] == "restore"
    assert places["cloud"]["restored"]["right"] == 8
    assert places["usb"]["depth"] == "source"
    assert audit["gates"]["errors"]["status"] == "fail"


def _json(*words: object) -> tuple[int, dict]:
    command = [sys.executable, "-m", "verifier", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout)
