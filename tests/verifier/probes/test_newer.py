"""Last night's backup and today's source: what came since is newer, what was there is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.needs import needs
from tests.verifier.probes.repositories import look, manifest_of
from verifier.audit import audit
from verifier.files import table
from verifier.host import Host
from verifier.inventory import Depth, Evidence, Fact, Location, Points, State
from verifier.manifest import cover
from verifier.probes import newer
from verifier.probes.directory import read_manifest
from verifier.probes.newer import as_of, as_of_tree
from verifier.rules import Status
from verifier.rules._standing import Age, age_of
from verifier.setup import Policy, Setup

OLD = 1_700_000_000
PASSWORD = "correct horse"


def old_file(path, content=b"as it was"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (OLD, OLD))


def make(live):
    for number in range(20):
        old_file(live / "2025" / f"{number}.jpg", bytes([number]) * 1000)
    for name in ("index", "mail"):
        old_file(live / "daily" / name)
    return live


def today(live):
    """What a day brings: an edited file, a new one, a new folder, and a folder that never rests."""
    (live / "2025" / "3.jpg").write_bytes(b"edited" * 300)
    (live / "2025" / "new.jpg").write_bytes(b"n" * 500)
    (live / "2026").mkdir()
    (live / "2026" / "1.jpg").write_bytes(b"first of the year")
    (live / "daily" / "index").write_bytes(b"written in place")
    (live / "daily" / "mail.part").write_bytes(b"put in its place")
    (live / "daily" / "mail.part").rename(live / "daily" / "mail")


NEWER_BYTES = 1800 + 500 + 17 + 16 + 16


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    base = tmp_path_factory.mktemp("nightly")
    live = make(base / "live")
    (base / "pw").write_text(PASSWORD)
    environment = {
        **os.environ,
        "HOME": str(base),
        "RESTIC_PASSWORD_FILE": str(base / "pw"),
        "PASSPHRASE": PASSWORD,
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
    }

    def run(*argv):
        words = [str(word) for word in argv]
        ended = subprocess.run(
            words, env=environment, cwd=live, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{words}: {ended.stderr}"

    for name, more in (("restic", []), ("restic-without", ["--exclude", "daily"])):
        argv = ["restic", "-q", "--no-cache", "-r", base / name]
        run(*argv, "init")
        run(*argv, "backup", live, *more)
    run("borg", "init", "-e", "none", base / "borg")
    run("borg", "create", f"{base}/borg::one", live)
    run("duplicity", "--no-encryption", live, f"file://{base}/duplicity")
    (base / "dar").mkdir()
    run("dar", "-Q", "-R", live, "-c", base / "dar" / "one")
    run("rdiff-backup", live, base / "rdiff")
    run("tar", "-cf", base / "whole.tar", ".")
    run("tar", "-cf", base / "without.tar", "--exclude=daily", ".")
    run("rsync", "-a", f"{live}/", f"{base}/tree")
    run("rsync", "-a", "--exclude=daily", f"{live}/", f"{base}/tree-without")
    time.sleep(2.2)
    today(live)
    return base


@pytest.mark.integration
@needs("restic", "borg", "duplicity", "dar", "rdiff-backup", "tar", "rsync")
class TestBackups:
    """Real backups, made two seconds before the day began."""

    @pytest.mark.parametrize(
        "name", ["restic", "borg", "duplicity", "dar", "rdiff", "whole.tar", "tree"]
    )
    @pytest.mark.parametrize("depth", [Depth.LISTED, Depth.BYTES])
    def test_what_a_day_brings_is_newer_and_not_missing(self, base, name, depth):
        more = {"password_file": base / "pw"} if name == "restic" else {}
        found = look(base / name, manifest_of(base / "live"), depth, **more)
        assert found.coverage.value == 1.0, found
        assert (found.missing, found.errors) == ((), ())
        told = found.newer
        assert (told.changed, told.added, told.doubtful) == (3, 2, 0)
        assert told.size_bytes == NEWER_BYTES

    @pytest.mark.parametrize("name", ["restic-without", "without.tar", "tree-without"])
    def test_a_folder_left_out_is_seen_though_all_in_it_changed_today(self, base, name):
        more = {"password_file": base / "pw"} if name.startswith("restic") else {}
        found = look(base / name, manifest_of(base / "live"), **more)
        assert found.coverage.value == 20 / 22
        assert found.missing == ("daily",)
        assert (found.newer.changed, found.newer.added, found.newer.doubtful) == (1, 2, 0)

    @pytest.mark.parametrize("name", ["restic", "tree"])
    def test_an_old_file_that_is_not_there_is_missing(self, base, name, tmp_path):
        live = shutil.copytree(base / "live", tmp_path / "live", symlinks=True)
        for number in range(2):
            old_file(live / "2025" / f"never copied {number}.jpg")
        more = {"password_file": base / "pw"} if name == "restic" else {}
        found = look(base / name, manifest_of(live), **more)
        assert found.coverage.value < 1.0
        assert found.missing == ("2025",)

    def test_the_audit_counts_the_copy_and_says_what_would_be_lost(self, base):
        found = audited(base / "live", base / "tree", policy={"max_age": "10 years"})
        assert found.verdicts[1].status is Status.PASS, found.verdicts[1]
        (finding,) = [one for one in found.findings if one.rule == "newer"]
        assert "5 files since (2.35 kB)" in finding.message
        assert "3 in an earlier version and 2 not at all" in finding.message

    def test_a_copy_without_the_folder_is_none(self, base):
        found = audited(base / "live", base / "tree-without")
        assert found.verdicts[1].status is Status.FAIL
        assert "90.9 %" in found.verdicts[1].reason
        assert "daily" in next(one for one in found.findings if one.rule == "partial").message

    def test_a_copy_of_months_ago_passes_nothing(self, base, tmp_path):
        """Its files are all there in an earlier version, and nothing is missing: it is stale."""
        live = make(tmp_path / "live")
        for file in (live / "2025").iterdir():
            file.write_bytes(b"edited since")
        (live / "2025" / "new.jpg").write_bytes(b"new")
        environment = {**os.environ, "HOME": str(base), "RESTIC_PASSWORD_FILE": str(base / "pw")}
        before = make(tmp_path / "then" / "live")
        argv = ["restic", "-q", "--no-cache", "-r", str(tmp_path / "repo")]
        month = (datetime.now(UTC) - timedelta(days=90)).strftime("%Y-%m-%d %H:%M:%S")
        for more in (["init"], ["backup", "--time", month, str(before)]):
            subprocess.run([*argv, *more], env=environment, check=True)
        found = audited(live, tmp_path / "repo", password_file=str(base / "pw"))
        place = found.verdicts[1]
        assert place.location.coverage.value == 1.0
        assert place.location.newer.changed == 20
        assert place.status is Status.FAIL
        assert not place.counted
        assert found.independent_copies == 1
        assert found.practice["freshness"].status is Status.FAIL
        assert Status.PASS not in {
            found.gates[name].status for name in ("copies", "media", "offsite")
        }


def audited(live, copy, *, policy=None, **more):
    places = [{"name": "copy", "path": str(copy), **more}]
    setup = Setup.from_dict(
        {"name": "t", "source": {"path": str(live)}, "locations": places, "policy": policy or {}}
    )
    return audit(setup, Host(), now=datetime.now(UTC), depth=Depth.LISTED)


class Told(Host):
    """A host on which files were made when a test says so; 0 is not known."""

    def __init__(self, births):
        super().__init__()
        self.births = births

    def born(self, paths):
        return [self.births.get(path.rpartition("/live")[2].strip("/"), 0) for path in paths]


def hours(number):
    return int((datetime.now(UTC) + timedelta(hours=number)).timestamp() * 1e9)


@pytest.fixture
def judged(tmp_path):
    """Judge a copy of an hour ago, that holds only `held` of the old files, by told births."""
    live = make(tmp_path / "live")
    (live / "2025" / "new.jpg").write_bytes(b"n" * 500)
    (live / "2026").mkdir()
    (live / "2026" / "1.jpg").write_bytes(b"first")
    manifest = manifest_of(live)
    everything = {path: fact.size for path, fact in manifest.files.items()}
    young = {"2025/new.jpg": hours(0), "2026/1.jpg": hours(0), "2026": hours(0), "": hours(-9)}

    def judge(births=None, without=("2025/new.jpg", "2026/1.jpg"), point=-1.0, files=None):
        held = {path: size for path, size in everything.items() if path not in without}
        when = datetime.now(UTC) + timedelta(hours=point)
        source = manifest if files is None else replace(manifest, files=files)
        host = Told({**young, **(births or {})})
        return as_of(host, source, cover(source, held), when)

    judge.manifest, judge.everything = manifest, everything
    return judge


def test_files_made_since_came_since(judged):
    found = judged()
    assert (found.share.value, found.missing) == (1.0, ())
    assert (found.newer.added, found.newer.changed, found.newer.size_bytes) == (2, 0, 505)


@pytest.mark.parametrize("births", [{"2025/new.jpg": 1}, {"2025/new.jpg": hours(-2)}])
def test_a_file_made_before_was_there(judged, births):
    found = judged(births)
    assert found.share.value == 22 / 23
    assert found.missing == ("2025",)


def test_a_folder_made_before_of_which_nothing_is_held_was_left_out(judged):
    found = judged({"2026": hours(-2)})
    assert found.share.value == 22 / 23
    assert found.missing == ("2026",)


def test_a_folder_of_which_an_older_file_is_held_was_not_left_out(judged):
    manifest = judged.manifest
    held = {**judged.everything, "2026/gone since.jpg": 7}
    del held["2026/1.jpg"]
    host = Told({"2026": hours(-2), "2026/1.jpg": hours(0)})
    found = as_of(host, manifest, cover(manifest, held), datetime.now(UTC) - timedelta(hours=1))
    assert (found.share.value, found.newer.added, found.newer.doubtful) == (1.0, 1, 0)


@pytest.mark.parametrize("unknown", ["2025/new.jpg", "2026"])
def test_where_nothing_tells_when_a_file_was_made_it_is_doubtful_and_counted_as_missing(
    judged, unknown
):
    found = judged({unknown: 0})
    assert found.newer.doubtful == 1
    assert found.share.value == 22 / 23
    assert found.newer.at_most == 1.0
    assert "does not tell" in found.newer.reason


def test_an_old_date_on_a_new_file_is_no_excuse_and_neither_is_a_new_date_on_an_old_inode(judged):
    facts = dict(judged.manifest.files.items())
    for change in ({"mtime_ns": OLD * 10**9}, {"ctime_ns": hours(-2)}, {"ctime_ns": 0}):
        files = {**facts, "2025/new.jpg": facts["2025/new.jpg"]._replace(**change)}
        found = judged(files=table(files))
        assert found.share.value == 22 / 23
        assert found.missing == ("2025",)


def test_a_copy_that_holds_nothing_of_the_source_is_excused_nothing(judged):
    found = judged(without=tuple(judged.everything))
    assert found.share.value == 0.0
    assert found.newer is None


def test_a_placeholder_in_the_copy_is_no_earlier_version(judged):
    manifest = judged.manifest
    row = manifest.files.row("2025/new.jpg")
    plain = cover(manifest, table(manifest.files), hollow=np.array([row]))
    found = as_of(Told({}), manifest, plain, datetime.now(UTC) - timedelta(hours=1))
    assert found.share.value == 23 / 24
    assert found.newer.changed == 1  # the other young file


def test_without_a_point_nothing_is_excused(judged):
    manifest = judged.manifest
    plain = cover(manifest, {"2025/1.jpg": 1000})
    assert as_of(Told({}), manifest, plain, None) == plain


def test_a_point_in_the_future_excuses_nothing(judged):
    found = judged(point=5)
    assert found.share.value == 22 / 24
    assert found.newer is None


def test_a_source_that_was_made_anew_tells_nothing_by_its_dates(tmp_path):
    """All of it is young, and so is its folder: was the copy whole before that?"""
    live = tmp_path / "live"
    live.mkdir()
    for number in range(10):
        (live / f"{number}.jpg").write_bytes(b"x")
    manifest = manifest_of(live)
    births = {f"{number}.jpg": hours(0) for number in range(10)}
    for root, doubtful in ((hours(0), 9), (hours(-2), 0)):
        plain = cover(manifest, {"0.jpg": 1})
        point = datetime.now(UTC) - timedelta(hours=1)
        found = as_of(Told({**births, "": root}), manifest, plain, point)
        assert found.newer.doubtful == doubtful
        assert found.share.value == (0.1 if doubtful else 1.0)


def test_real_births(tmp_path, monkeypatch):
    """The kernel is asked: a file written in place is as old as it was, one put there is not."""
    monkeypatch.setattr(newer, "MTIME_SLACK_NS", 0)
    live = make(tmp_path / "live")
    if not Host().born([str(live)])[0]:
        pytest.skip("this file system does not tell when files were made")
    copy = tmp_path / "copy"
    shutil.copytree(live, copy, ignore=lambda folder, names: {"index"} & set(names))
    time.sleep(0.05)
    today(live)
    found = look(copy, manifest_of(live))
    assert found.coverage.value == 21 / 22
    assert found.missing == ("daily",)
    assert Host().born([str(live / "nowhere")]) == [0]


def test_what_was_made_before_a_tree_was_written_to_was_left_out_of_it(tmp_path):
    """All files in it are old, and were copied now, after the one that it lacks was edited."""
    live = make(tmp_path / "live")
    (live / "2025" / "3.jpg").write_bytes(b"edited" * 300)
    copy = tmp_path / "copy"
    shutil.copytree(live, copy, ignore=lambda folder, names: {"3.jpg"} & set(names))
    found = look(copy, manifest_of(live))
    assert found.points.newest.timestamp() == OLD
    assert found.shares.files == 21 / 22


def test_what_changed_long_before_a_tree_was_written_to_was_left_out_of_it(tmp_path):
    """Whoever puts a file there by renaming makes it anew, long before the night's run."""
    live, copy = make(tmp_path / "live"), tmp_path / "copy"
    shutil.copytree(live, copy)
    manifest = manifest_of(live)
    for ago, share in ((3, 22 / 23), (0.5, 1.0), (-0.5, 1.0)):
        fact = manifest.files["2025/1.jpg"]._replace(mtime_ns=hours(-ago), ctime_ns=hours(-ago))
        source = replace(manifest, files=table({**manifest.files, "2025/put.jpg": fact}))
        host = Told({"2025/put.jpg": hours(1)})
        held = read_manifest(Host(), str(copy))
        found = as_of_tree(host, source, cover(source, held.files), held)
        assert found.shares.files == share


def test_a_tree_of_months_ago_is_stale(tmp_path):
    """Only its newest file tells how old it is, and all it lacks came since."""
    live, copy = make(tmp_path / "live"), tmp_path / "copy"
    shutil.copytree(live, copy)
    (live / "2025" / "3.jpg").write_bytes(b"edited" * 300)
    found = audited(live, copy)
    assert found.verdicts[1].location.coverage.value == 1.0
    assert found.verdicts[1].location.newer.changed == 1
    assert found.verdicts[1].status is Status.FAIL
    assert "years old" in found.verdicts[1].reason
    assert not found.verdicts[1].counted


@pytest.mark.parametrize("beside", ["backup.log", "replication-status.json"])
def test_what_the_source_does_not_have_dates_no_mirror(tmp_path, beside):
    """A job writes its log every night, and copies nothing."""
    live, copy = make(tmp_path / "live"), tmp_path / "copy"
    shutil.copytree(live, copy)
    (live / "2025" / "3.jpg").write_bytes(b"e" * 1000)
    then = time.time() - 50 * 86400
    os.utime(live / "2025" / "3.jpg", (then, then))
    (copy / beside).write_text("{}\n")
    found = audited(live, copy)
    assert found.verdicts[1].location.points.newest.timestamp() == OLD
    assert found.verdicts[1].status is Status.FAIL
    assert "years old" in found.verdicts[1].reason
    assert found.practice["freshness"].status is Status.FAIL


def test_a_write_beside_what_the_source_has_dates_no_run(tmp_path):
    """Files that came after the copy was made are newer, whoever wrote a log into it since."""
    live, copy = make(tmp_path / "live"), tmp_path / "copy"
    shutil.copytree(live, copy)
    held = read_manifest(Host(), str(copy))
    hour = {path: fact._replace(ctime_ns=hours(-5)) for path, fact in held.files.items()}
    log = {"backup.log": held.files["2025/1.jpg"]._replace(mtime_ns=hours(0), ctime_ns=hours(0))}
    fact = held.files["2025/1.jpg"]._replace(mtime_ns=hours(-3), ctime_ns=hours(-3))
    manifest = manifest_of(live)
    source = replace(manifest, files=table({**manifest.files, "2025/new.jpg": fact}))
    held = replace(held, files=table({**hour, **log}))
    found = as_of_tree(Told({"2025/new.jpg": hours(-3)}), source, cover(source, held.files), held)
    assert (found.share.value, found.newer.added) == (1.0, 1)


def test_a_tree_of_nothing_of_the_source_is_dated_by_what_it_has(tmp_path):
    old_file(tmp_path / "live" / "a")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "b").write_bytes(b"b")
    found = look(tmp_path / "copy", manifest_of(tmp_path / "live"))
    assert found.points.newest.timestamp() > OLD


@pytest.mark.parametrize(("days", "age"), [(1, Age.PERHAPS), (40, Age.STALE)])
def test_a_tree_may_be_as_young_as_the_first_file_that_it_lacks(days, age):
    now, newest = datetime.now(UTC), datetime.fromtimestamp(OLD, UTC)
    lacking = newer.Newer(since=newest, added=2, unlike_since=now - timedelta(days=days))
    place = replace(_place("usb", newest), newer=lacking, identical=False)
    assert age_of(place, _place("source", now), Policy(), now) is age


def test_how_old_a_mirror_of_old_photos_is_nobody_knows_on_the_day_of_a_new_one(tmp_path):
    """Years without a photo, then one: last night's mirror is no year old, but nothing dates it."""
    live, usb = make(tmp_path / "live"), tmp_path / "usb"
    shutil.copytree(live, usb)
    time.sleep(0.05)  # the clock of a file system ticks each 4 ms
    (live / "new.jpg").write_bytes(b"new")
    mirror = audited(live, usb).verdicts[1]
    assert mirror.status is Status.UNKNOWN
    assert "nothing dates its last run: all that it lacks was made since" in mirror.reason
    (live / "2025" / "3.jpg").write_bytes(bytes([4]) * 1000)
    mirror = audited(live, usb).verdicts[1]
    assert mirror.location.newer.unlike_since is None
    assert mirror.status is Status.FAIL


def _place(name, newest):
    points, share = Points(1, newest, newest), Fact(1.0, Evidence.MEASURED)
    return Location(name, "directory", f"/{name}", State.READ, points=points, coverage=share)


class TestOtherTimes:
    """A source that was restored without its times: the same bytes, dated now."""

    @pytest.fixture
    def restored(self, tmp_path):
        live = make(tmp_path / "live")
        shutil.copytree(live, tmp_path / "copy")
        later = time.time() + 3600 + 60  # a run may take an hour
        for file in live.rglob("*.jpg"):
            os.utime(file, (later, later))
        return tmp_path

    def _look(self, base, monkeypatch, depth=Depth.BYTES):
        # nobody sets when an inode changed, so that the copy's is moved instead
        monkeypatch.setattr(newer, "_RUN", timedelta(hours=2))
        return look(base / "copy", manifest_of(base / "live"), depth)

    def test_what_is_equal_is_no_earlier_version(self, restored, monkeypatch):
        assert self._look(restored, monkeypatch, Depth.LISTED).newer.changed == 20
        found = self._look(restored, monkeypatch)
        assert (found.newer, found.errors, found.depth) == (None, (), Depth.SOURCE)
        assert found.identical

    def test_what_was_changed_among_them_still_is_one(self, restored, monkeypatch):
        edited = restored / "live" / "2025" / "3.jpg"
        later = edited.stat().st_mtime
        edited.write_bytes(b"e" * 1000)
        os.utime(edited, (later, later))
        (restored / "live" / "2025" / "4.jpg").write_bytes(b"longer" * 300)
        found = self._look(restored, monkeypatch)
        assert (found.newer.changed, found.newer.size_bytes) == (2, 1000 + 1800)
        assert found.coverage.value == 1.0
        assert not found.identical
