"""Restic repositories: what is told without a password, and what a password file adds."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.verifier.inventories import view
from tests.verifier.probes.repositories import (
    flip,
    look,
    make_source,
    manifest_of,
    no_programs,
    state_of,
)
from verifier.bounds import sample_size
from verifier.effort import Effort
from verifier.host import Completed, Host
from verifier.inventory import Depth, Evidence, Location, State
from verifier.probes import probe
from verifier.probes._restic_output import (
    Snapshot,
    failure_reason,
    newest_of_each,
    parse_key,
    parse_ls,
    series_of,
)
from verifier.probes._restic_program import checked
from verifier.rules import Status, partial
from verifier.target import Target

SAMPLES = Path(__file__).parents[1] / "samples"
restic_needed = pytest.mark.skipif(shutil.which("restic") is None, reason="restic not installed")


def test_a_key_file_names_its_maker():
    text = '{"created":"2026-11-23T00:24:54.123456789+01:00","username":"ada","hostname":"vm"}'
    key = parse_key(text)
    assert (key.username, key.hostname) == ("ada", "vm")
    assert key.created == datetime(2026, 11, 22, 23, 24, 54, 123456, tzinfo=UTC)


def test_a_recorded_key_file():
    key = parse_key((SAMPLES / "restic-key--v014.json").read_text())
    assert (key.username, key.created.year) == ("root", 2026)


def test_a_crash_is_told_by_its_first_word():
    lines = "Load(<data/8b>, 248, 1302) returned error, retrying after 1s: EOF\nasm_amd64.s:1594\n"
    assert failure_reason(Completed(2, "", lines)).startswith("Load(<data/8b>")
    panic = Completed(2, "", f"{lines}panic: index out of range\n")
    assert failure_reason(panic).startswith("panic: index")


GONE = "pack 758a838c: does not exist\n"
RETRIED = "Load(<tree/cd25>) returned error, retrying after 1s: "
FOUND = "Fatal: repository contains errors\n"


@pytest.mark.parametrize(
    ("said", "is_damage"),
    [
        (GONE + FOUND, True),
        (f"{RETRIED}The specified key does not exist.\n{GONE}{FOUND}", True),
        (f"{RETRIED}503 Service Unavailable\n{GONE}{FOUND}", False),
        ("Fatal: unable to open config file: dial tcp: connection refused\n", False),
        ("", False),
    ],
)
def test_a_check_from_afar_that_was_disturbed_is_no_damage(said, is_damage, monkeypatch):
    host, found = Host(), Location("cloud", "restic", "s3:x", State.READ, depth=Depth.BYTES)
    monkeypatch.setattr(host, "run", lambda *_, **__: Completed(1, "", said))
    target = Target("cloud", "s3:https://x/y", password_file="/key")
    seen = checked(host, target, "s3:https://x/y", found)
    assert bool(seen.errors) == is_damage
    assert seen.depth is (Depth.BYTES if is_damage else Depth.LISTED)
    assert checked(host, target, "/mnt/usb", found).errors  # a disk that fails to give has failed


def test_a_stack_trace_is_told_by_its_first_line():
    trace = (
        "config file has zero size, invalid repository?\nmain.open\n\truntime/asm_amd64.s:1594\n"
    )
    assert failure_reason(Completed(1, "", trace)).startswith("config file has zero size")


def test_names_may_hold_other_ends_of_lines():
    node = '{"message_type":"node","type":"file","path":"/a/1\x852\u2028.txt","size":5}\n'
    assert parse_ls(node).files == {"a/1\x852\u2028.txt": 5}


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"created": 1}', "\0"])
def test_other_text_is_no_key_file(text):
    with pytest.raises(ValueError):
        parse_key(text)


def snapshot(day: int, host: str, *paths: str) -> Snapshot:
    return Snapshot(f"{day}", datetime(2026, 11, day, tzinfo=UTC), paths, host)


def test_the_newest_of_each_host_and_job_is_asked_those_of_the_source_first():
    mine, older = snapshot(20, "mine", "/home/ada"), snapshot(10, "mine", "/home/ada")
    theirs, other = snapshot(25, "theirs", "/home/ada"), snapshot(26, "mine", "/srv")
    found = newest_of_each((older, mine, theirs, other), "/home/ada/photos")
    assert found == [theirs, mine, other]
    assert newest_of_each((older, mine, theirs, other), None) == [other]


def test_points_are_those_of_the_same_job_on_the_same_host():
    mine, theirs = snapshot(20, "mine", "/a"), snapshot(25, "theirs", "/a")
    older, other = snapshot(10, "mine", "/a"), snapshot(26, "mine", "/b")
    assert series_of(mine, (older, mine, theirs, other)) == [older, mine]


def test_a_container_is_another_host_at_each_run():
    runs = tuple(snapshot(day, f"{day:012x}", "/data") for day in (1, 2, 3))
    assert series_of(runs[-1], runs) == list(runs)


@restic_needed
@pytest.mark.integration
class TestRestic:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory):
        base = tmp_path_factory.mktemp("restic")
        make_source(base / "photos")
        (base / "password").write_text("correct horse\n")
        cls.run(base, "init")
        cls.run(base, "backup", str(base / "photos"))
        return base

    @staticmethod
    def run(base, *command):
        argv = ["restic", "--no-cache", "-q", "-r", str(base / "repo")]
        argv += ["--password-file", str(base / "password")]
        subprocess.run([*argv, *command], check=True, stdout=subprocess.DEVNULL)

    @pytest.fixture
    def photos(self, made):
        return manifest_of(made / "photos")

    @pytest.mark.parametrize("left", [None, b"", b"cut off"])
    def test_without_its_config_nobody_can_open_it(self, made, photos, tmp_path, left):
        shutil.copytree(made / "repo", tmp_path / "repo")
        config = tmp_path / "repo" / "config"
        config.unlink()
        if left is not None:
            config.write_bytes(left)
        found = look(tmp_path / "repo", photos, password_file=str(made / "password"))
        assert found.kind == "restic"
        assert found.coverage.value is None
        assert any("nobody can open it" in error for error in found.errors)

    def test_a_repository_that_is_itself_the_source_is_copied_as_files(self, made, tmp_path):
        shutil.copytree(made / "repo", tmp_path / "copy")
        found = look(tmp_path / "copy", manifest_of(made / "repo"))
        assert found.kind == "directory"
        assert found.coverage.value == 1.0

    def test_a_disk_with_a_repository_in_a_folder_is_not_said_to_hold_nothing(
        self, made, photos, tmp_path
    ):
        shutil.copytree(made / "repo", tmp_path / "usb" / "restic")
        (tmp_path / "usb" / "note.txt").write_text("mine")
        found = look(tmp_path / "usb", photos)
        assert found.coverage.value is None
        assert "restic (restic)" in found.coverage.source
        assert found.reason == ""
        assert found.depth is Depth.LISTED

    @pytest.fixture
    def repo(self, made, tmp_path):
        return shutil.copytree(made / "repo", tmp_path / "repo")

    def test_a_path_may_be_written_as_restic_writes_it(self, photos, repo, made):
        found = look(f"local:{repo}", photos, kind="restic", password_file=str(made / "password"))
        assert (found.real_path, found.coverage.value) == (str(repo), 1.0)

    @staticmethod
    def pack(repo: Path) -> Path:
        packs = (path for path in (repo / "data").rglob("*") if path.is_file())
        return max(packs, key=lambda path: path.stat().st_size)

    def test_copies_of_one_repository_have_one_key(self, made, repo, photos):
        original, copy = look(made / "repo", photos), look(repo, photos)
        assert original.domains.key == copy.domains.key
        assert original.domains.key.evidence is Evidence.INFERRED
        assert original.lineage == copy.lineage
        declared = look(repo, photos, key="pw")
        assert declared.domains.key.value == "pw"
        assert declared.lineage == copy.lineage

    def test_a_sample_of_the_packs_is_told(self, repo, photos):
        host = Host()
        host.effort = Effort(max_bad=0.4, seed=1)
        for number in range(20):  # more files of the right kind: copies of none, each by its name
            content = b"%d" % number
            name = hashlib.sha256(content).hexdigest()
            (repo / "data" / name[:2]).mkdir(exist_ok=True)
            (repo / "data" / name[:2] / name).write_bytes(content)
        found = probe(host, Target("copy", str(repo)), photos, Depth.BYTES)
        assert (found.depth, found.errors, found.sample.bad) == (Depth.BYTES, (), 0)
        assert found.sample.of > 20
        assert found.sample.looked == sample_size(found.sample.of, 0.4)
        for path in (repo / "data").rglob("*"):
            if path.is_file():
                flip(path, at=0)
        found = probe(host, Target("copy", str(repo)), photos, Depth.BYTES)
        assert found.sample.bad == len(found.errors) > 0

    def test_a_second_key_does_not_change_the_name(self, made, photos, tmp_path):
        shutil.copytree(made / "repo", tmp_path / "repo")
        shutil.copy(made / "password", tmp_path / "password")
        before = look(tmp_path / "repo", photos)
        (tmp_path / "new").write_text("battery staple\n")
        self.run(tmp_path, "key", "add", "--new-password-file", str(tmp_path / "new"))
        after = look(tmp_path / "repo", photos)
        assert after.domains.key == before.domains.key
        assert set(before.lineage) < set(after.lineage)

    def test_the_password_file_says_where_the_key_is_kept(self, made, repo, photos):
        found = look(repo, photos, password_file=str(made / "password"))
        assert found.key_kept.value == (str(made / "password"),)
        assert found.key_kept.evidence is Evidence.DECLARED
        assert look(repo, photos).key_kept.value is None

    @pytest.mark.parametrize("left", [0, 100])
    def test_truncated_and_empty_packs_are_found_without_a_password(self, repo, photos, left):
        pack = self.pack(repo)
        pack.chmod(0o600)
        os.truncate(pack, left)
        assert any(pack.name in error for error in look(repo, photos, Depth.BYTES).errors)
        assert bool(look(repo, photos).errors) is (left == 0)

    def test_a_flipped_byte_in_a_key_file_is_found(self, repo, photos):
        (key,) = (repo / "keys").iterdir()
        flip(key, at=20)
        (error,) = look(repo, photos, Depth.BYTES).errors
        assert key.name in error

    def test_a_pack_that_is_gone_needs_the_password(self, made, repo, photos):
        self.pack(repo).unlink()
        closed = look(repo, photos, Depth.BYTES)
        assert (closed.errors, closed.depth) == ((), Depth.BYTES)
        assert "nobody sees" in closed.reason
        opened = look(repo, photos, Depth.BYTES, password_file=str(made / "password"))
        assert "restic check" in opened.errors[0]

    def test_what_a_nas_leaves_in_every_folder_is_no_damage(self, made, repo, photos):
        (repo / "data" / "@eaDir").mkdir()
        for name in ("@eaDir/x", "Thumbs.db", "00/desktop.ini", ".DS_Store"):
            (repo / "data" / name).parent.mkdir(exist_ok=True)
            (repo / "data" / name).write_bytes(b"x")
        opened = look(repo, photos, Depth.BYTES, password_file=str(made / "password"))
        assert (opened.errors, opened.coverage.value) == ((), 1.0)
        pack = self.pack(repo)
        pack.rename(pack.with_name(f"{pack.name}.locked"))
        assert any("is not named like" in error for error in look(repo, photos).errors)

    def test_far_away_only_python_reads(self, made, repo, photos, monkeypatch):
        no_programs(monkeypatch)
        found = look(repo, photos, Depth.BYTES, password_file=str(made / "password"))
        assert (found.depth, found.errors, found.coverage.value) == (Depth.BYTES, (), None)

    def test_locks_left_behind_are_told(self, repo, photos):
        (repo / "locks" / ("a" * 64)).write_bytes(b"x")
        found = look(repo, photos, Depth.BYTES)
        assert "a lock of " in found.reason
        assert (found.errors, found.depth) == ((), Depth.BYTES)

    def test_a_snapshot_of_the_future_keeps_its_date(self, made, photos, tmp_path):
        shutil.copytree(made / "repo", tmp_path / "repo")
        shutil.copy(made / "password", tmp_path / "password")
        late = ("backup", "--time", "2036-01-01 00:00:00", str(made / "photos"))
        self.run(tmp_path, *late)
        found = look(tmp_path / "repo", photos, password_file=str(made / "password"))
        assert found.points.newest.year in (2035, 2036)
        assert len(found.points.times) == found.points.count == 2

    def test_nothing_is_written(self, made, repo, photos):
        before = state_of(repo)
        look(repo, photos, Depth.BYTES, password_file=str(made / "password"))
        assert state_of(repo) == before

    def test_jobs_for_parts_of_the_source_hold_it_together(self, tmp_path):
        live = make_source(tmp_path / "photos")
        (tmp_path / "password").write_text("correct horse\n")
        self.run(tmp_path, "init")
        self.run(tmp_path, "backup", str(live / "2026"))
        password = str(tmp_path / "password")
        assert look(tmp_path / "repo", manifest_of(live), password_file=password).coverage.value
        self.run(tmp_path, "backup", str(live / "2025"))
        found = look(tmp_path / "repo", manifest_of(live), password_file=password)
        assert (found.coverage.value, found.missing) == (None, ())
        assert found.reason.endswith("of the source, those of all 2 jobs together hold 100 %")
        # a job for all of it is judged by itself, and these hide nothing
        kept = [str(live / "2026" / "june"), str(live / "2025" / "0.jpg")]
        self.run(tmp_path, "backup", "--exclude", kept[0], "--exclude", kept[1], str(live))
        found = look(tmp_path / "repo", manifest_of(live), password_file=password)
        assert found.coverage.value < 0.9

    @pytest.mark.parametrize("between", [False, True])
    def test_an_empty_newest_snapshot_is_told_from_an_empty_repository(self, tmp_path, between):
        live = make_source(tmp_path / "photos")
        (tmp_path / "password").write_text("correct horse\n")
        photos = manifest_of(live)
        self.run(tmp_path, "init")
        empty = look(tmp_path / "repo", photos, password_file=str(tmp_path / "password"))
        assert (empty.files, empty.points.newest, empty.last_filled) == (0, None, None)
        times = [datetime(2026, 6, day, 12, tzinfo=UTC) for day in (1, 2, 3)]
        stamps = [f"{time.astimezone():%Y-%m-%d %H:%M:%S}" for time in times]
        self.run(tmp_path, "backup", "--time", stamps[0], str(live))
        if between:  # of a part, which is no snapshot of the source's own folder
            part = next(one for one in live.iterdir() if one.is_dir())
            self.run(tmp_path, "backup", "--time", stamps[1], str(part))
        live.rename(tmp_path / "away")
        live.mkdir()
        self.run(tmp_path, "backup", "--time", stamps[2], str(live))
        found = look(tmp_path / "repo", photos, password_file=str(tmp_path / "password"))
        assert (found.files, found.coverage.value) == (0, 0.0)
        assert (found.points.newest, found.last_filled) == (times[2], times[0])
        (told,) = partial.judge(view(replace(found, name="restic")))
        assert told.status is Status.FAIL
        assert told.message == (
            "restic has nothing in its newest point, of 2026-06-03 12:00; that of 2026-06-01 12:00 "
            "is not empty."
        )
        assert told.remediation.startswith("Let no point expire")
