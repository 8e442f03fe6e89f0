"""Borg repositories made by the real program, and their format read from bytes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import struct
import subprocess
import zlib
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from verifier.host import Completed, Host, Unreadable
from verifier.inventory import Depth, Evidence, State
from verifier.probes import probe
from verifier.probes._borg_archives import failure_reason, parse_archives, parse_files, series_of
from verifier.probes._borg_format import (
    COMMIT_ENTRY,
    Held,
    Malformed,
    entries,
    parse_config,
    read_index,
)
from verifier.target import Target

SAMPLES = Path(__file__).parents[1] / "samples"
borg_needed = pytest.mark.skipif(shutil.which("borg") is None, reason="borg not installed")


def entry(tag, body=b""):
    rest = struct.pack("<IB", 9 + len(body), tag) + body
    return struct.pack("<I", zlib.crc32(rest)) + rest


def put(content):
    return entry(0, bytes(32) + content)


def test_a_crash_is_told_by_its_exception_and_not_by_the_facts_about_the_machine():
    lines = (
        "Traceback (most recent call last):",
        "  File x",
        "borg.repository.Repository.ObjectNotFound: Object 00 not found",
        "",
        "Platform: Linux",
        "PID: 1  CWD: /",
        "SSH_ORIGINAL_COMMAND: None",
    )
    reason = failure_reason(Completed(2, "", "\n".join(lines)))
    assert reason.endswith("ObjectNotFound: Object 00 not found")


class TestFormat:
    def test_entries_of_a_segment(self):
        segment = b"BORG_SEG" + put(b"\x03secret") + entry(1, bytes(32)) + entry(2)
        found = list(entries(BytesIO(segment)))
        assert [(e.tag, e.key_type, e.intact) for e in found] == [
            (0, 3, True),
            (1, None, True),
            (2, None, True),
        ]
        assert segment.endswith(COMMIT_ENTRY)

    def test_a_flipped_bit_of_the_content_breaks_one_entry(self):
        segment = bytearray(b"BORG_SEG" + put(b"\x03secret") + put(b"\x03other") + entry(2))
        segment[52] ^= 4
        assert [e.intact for e in entries(BytesIO(bytes(segment)))].count(False) == 1

    @pytest.mark.parametrize(
        ("segment", "word"),
        [
            (b"", "empty"),
            (b"BORG", "does not start"),
            (b"BORG_SEG\0\0", "within"),
            (b"BORG_SEG" + put(b"x" * 99)[:-1], "within"),
            (b"BORG_SEG" + struct.pack("<IIB", 0, 1 << 31, 0), "no entry"),
            (b"BORG_SEG" + struct.pack("<IIB", 0, 9, 7), "no entry"),
        ],
    )
    def test_what_is_no_segment_is_refused(self, segment, word):
        with pytest.raises(Malformed, match=word):
            list(entries(BytesIO(segment)))

    @given(st.binary(max_size=200))
    def test_any_bytes_end(self, tail):
        with contextlib.suppress(Malformed):
            assert all(e.size >= 9 for e in entries(BytesIO(b"BORG_SEG" + tail)))

    @given(
        st.dictionaries(
            st.binary(min_size=32, max_size=32),
            st.tuples(st.integers(0, 5), st.integers(0, 1 << 31)),
            max_size=20,
        ),
        st.integers(1, 900),
    )
    def test_an_index_in_any_pieces(self, table, cut):
        free = [bytes(32) + struct.pack("<II", mark, 0) for mark in (0xFFFFFFFF, 0xFFFFFFFE)]
        buckets = [*free, *(key + struct.pack("<II", *value) for key, value in table.items())]
        whole = struct.pack("<8siibb", b"BORG_IDX", len(table), len(buckets), 32, 8)
        whole += b"".join(buckets)
        wanted = {
            segment: Held(
                sum(s == segment for s, _ in table.values()),
                max(offset for s, offset in table.values() if s == segment),
            )
            for segment, _ in table.values()
        }
        pieces = [whole[at : at + cut] for at in range(0, len(whole), cut)]
        assert read_index(pieces) == wanted
        with pytest.raises(Malformed):
            read_index([whole[:-1]])

    def test_a_configuration(self):
        text = "[repository]\nversion = 1\nappend_only = 1\nstorage_quota = 5000\nid = AB12\n"
        config = parse_config(text)
        assert (config.id, config.append_only, config.storage_quota_bytes) == ("ab12", True, 5000)
        assert not config.holds_key
        assert parse_config(text + "key = hqlh\n\tabc\n").holds_key

    @pytest.mark.parametrize(
        "text", ["", "[x]", "\0\xff", "[repository]\nversion = 2\nid=a", "[repository]\nversion=x"]
    )
    def test_other_text_is_no_configuration(self, text):
        with pytest.raises(ValueError):
            parse_config(text)


class TestListings:
    def test_archives_and_checkpoints(self):
        rows = [
            {"name": "b", "time": "2026-11-23T00:25:09.000000"},
            {"name": "a.checkpoint.1", "time": "2026-11-24T00:25:08+02:00"},
        ]
        first, second = parse_archives(json.dumps({"archives": rows}))
        assert (first.name, first.finished) == ("b", True)
        assert first.time == datetime(2026, 11, 23, 0, 25, 9, tzinfo=UTC)
        assert (second.finished, second.time.hour) == (False, 22)

    def test_recorded_archives(self):
        text = (SAMPLES / "borg-list--v124.json").read_text()
        assert [archive.name for archive in parse_archives(text)] == ["one", "two"]

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"archives": [{}]}', '{"archives": 3}'])
    def test_other_text_is_refused(self, text):
        with pytest.raises(ValueError):
            parse_archives(text)

    def test_files_and_hard_links(self):
        when = "2026-11-23T00:25:09.500000"
        text = f"d healthy 0 \0src\0{when}\0- healthy 20 \0src/a b\n\0{when}\0"
        text += f"h healthy 0 src/a b\n\0src/link\0\0l healthy 3 x\0src/s\0{when}\0"
        found = parse_files(text)
        assert found.sizes == {"src/a b\n": 20, "src/link": 20}
        assert found.times == {"src/a b\n": 1_795_393_509_500_000_000}
        with pytest.raises(ValueError):
            parse_files(text[:-1])

    def test_a_hard_link_is_as_broken_as_what_it_leads_to(self):
        text = "- broken 20 \0a\0\0h healthy 0 a\0b\0\0- healthy 5 \0broken\0\0"
        found = parse_files(text)
        assert found.broken == ("a", "b")
        assert found.sizes == {"a": 20, "b": 20, "broken": 5}
        assert found.sound == {"broken": 5}

    def test_runs_of_one_job_have_one_name(self):
        assert series_of("nas-2026-11-23T00:25") == series_of("nas-2026-11-24T00:25")
        assert series_of("nas-2026-11-23") != series_of("laptop-2026-11-23")
        assert series_of("one") == series_of("two") == ""

    def test_reasons(self):
        wrong = "passphrase supplied in BORG_PASSPHRASE or by BORG_PASSCOMMAND is incorrect."
        assert failure_reason(Completed(2, "", wrong)) == "wrong password"
        assert "code 2" in failure_reason(Completed(2, "", ""))


@borg_needed
@pytest.mark.integration
class TestBorg:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory):
        base = tmp_path_factory.mktemp("borg")
        make_source(base / "photos")
        (base / "pass word").write_text("correct horse\n")
        home = base / "home"
        home.mkdir()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TZ": "UTC",
            "BORG_PASSPHRASE": "correct horse",
        }
        for mode in ("none", "repokey", "authenticated", "keyfile"):
            for argv in (
                ["init", "-e", mode, mode],
                ["create", f"{mode}::one", "photos/2025"],
                ["create", f"{mode}::two", "photos"],
            ):
                subprocess.run(["borg", *argv], cwd=base, env=environment, check=True)
        return base

    @pytest.fixture
    def photos(self, made):
        return manifest_of(made / "photos")

    @pytest.fixture
    def repo(self, made, tmp_path):
        return shutil.copytree(made / "none", tmp_path / "repo")

    @pytest.fixture
    def closed(self, made, tmp_path):
        return shutil.copytree(made / "repokey", tmp_path / "closed")

    @staticmethod
    def largest(repo):
        return max((repo / "data").glob("*/*"), key=lambda path: path.stat().st_size)

    def test_a_sample_of_the_segments_is_told(self, repo, photos):
        host = Host()
        host.effort = Effort(max_bad=0.6)
        found = probe(host, Target("copy", str(repo)), photos, Depth.BYTES)
        assert (found.depth, found.errors, found.sample.bad) == (Depth.BYTES, (), 0)
        assert found.sample.looked == sample_size(found.sample.of, 0.6) < found.sample.of

    def test_an_open_repository_is_read_without_a_password(self, repo, photos):
        before = state_of(repo)
        found = look(repo, photos, Depth.BYTES)
        assert (found.kind, found.files, found.coverage.value) == ("borg", 7, 1.0)
        assert found.size_bytes == photos.size_bytes
        assert (found.points.count, found.depth, found.errors) == (2, Depth.BYTES, ())
        assert found.encrypted.value is False
        assert found.encrypted.evidence is Evidence.MEASURED
        assert found.tool.startswith("borg 1.")
        assert state_of(repo) == before

    @pytest.mark.parametrize("mode", ["repokey", "authenticated"])
    def test_with_a_password(self, made, photos, mode):
        before = state_of(made / mode)
        found = look(made / mode, photos, password_file=str(made / "pass word"))
        assert (found.files, found.coverage.value, found.points.count) == (7, 1.0, 2)
        assert found.encrypted.value is (mode == "repokey")
        assert state_of(made / mode) == before

    @pytest.mark.parametrize("password", [None, "wrong", "no such file"])
    def test_without_the_password_integrity_is_still_told(self, closed, photos, tmp_path, password):
        (tmp_path / "wrong").write_text("x")
        path = str(tmp_path / password) if password else None
        found = look(closed, photos, Depth.BYTES, password_file=path)
        assert (found.state, found.depth, found.errors) == (State.READ, Depth.BYTES, ())
        assert (found.coverage.value, found.points.count) == (None, None)
        assert "password" in found.reason
        last = max((closed / "data" / "0").iterdir(), key=lambda path: int(path.name))
        assert found.points.newest.timestamp() == pytest.approx(last.stat().st_mtime)
        assert found.encrypted.value is True
        assert found.domains.key.value.startswith("borg-key:")

    def test_a_flipped_byte_is_found_without_a_password(self, closed, photos):
        segment = self.largest(closed)
        flip(segment, at=segment.stat().st_size // 2)
        assert look(closed, photos, Depth.STRUCTURE).errors == ()
        found = look(closed, photos, Depth.BYTES)
        (error,) = found.errors
        assert segment.name in error
        assert "CRC" in error

    def test_a_segment_that_is_gone_is_found_by_the_index(self, closed, photos):
        self.largest(closed).unlink()
        assert look(closed, photos).errors == ()
        (error,) = look(closed, photos, Depth.STRUCTURE).errors
        assert "is gone" in error

    def test_a_truncated_segment_is_found_by_the_index(self, closed, photos):
        segment = self.largest(closed)
        os.truncate(segment, segment.stat().st_size // 2)
        (error,) = look(closed, photos, Depth.STRUCTURE).errors
        assert "cut off" in error
        assert any("within" in error for error in look(closed, photos, Depth.BYTES).errors)

    def test_an_empty_segment_is_found_by_its_name(self, closed, photos):
        os.truncate(self.largest(closed), 0)
        assert any("is empty" in error for error in look(closed, photos).errors)

    def test_a_segment_that_ends_within_an_entry_is_damage_at_depth_structure(self, repo, photos):
        largest = self.largest(repo)
        os.truncate(largest, largest.stat().st_size - 10)
        found = look(repo, photos, Depth.STRUCTURE)
        assert any("short read" in error for error in found.errors)
        assert "\n" not in "".join(found.errors)

    def test_zeros_in_place_of_lost_chunks_are_damage_and_not_held(self, repo, photos, tmp_path):
        segment = self.largest(repo)
        with segment.open("r+b") as file:
            file.seek(segment.stat().st_size // 2)
            file.write(b"\xff\x11\x22")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "BORG_CHECK_I_KNOW_WHAT_I_AM_DOING": "YES",
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        }
        repair = ["borg", "check", "--repair", str(repo)]
        subprocess.run(repair, env=environment, check=False, capture_output=True)
        before = state_of(repo)
        found = look(repo, photos, Depth.BYTES)
        assert found.errors == (
            "two: photos/2026/june/big.raw is broken: zeros stand in place of lost parts.",
        )
        assert (found.depth, found.points.count) == (Depth.BYTES, 2)
        assert 0 < found.coverage.value < 1.0
        assert found.files == 6
        listed = look(repo, photos)
        assert (listed.errors, listed.coverage.value) == ((), found.coverage.value)
        assert state_of(repo) == before

    def test_a_damaged_index_is_left_where_it_is(self, repo, photos):
        (index,) = repo.glob("index.*")
        flip(index, at=3)
        before = state_of(repo)
        found = look(repo, photos, Depth.STRUCTURE)
        assert "damaged" in found.errors[0]
        assert found.depth is Depth.LISTED
        assert found.coverage.value == 1.0  # borg built a new index, elsewhere
        assert state_of(repo) == before

    def test_what_follows_the_last_commit_does_not_count(self, repo, photos):
        number = max(int(path.name) for path in (repo / "data" / "0").iterdir()) + 1
        (repo / "data" / "0" / str(number)).write_bytes(b"BORG_SEG" + put(b"\x02\0\0half")[:-3])
        before = state_of(repo)
        found = look(repo, photos, Depth.BYTES)
        assert (found.errors, found.depth, found.coverage.value) == ((), Depth.BYTES, 1.0)
        assert state_of(repo) == before

    def test_a_missing_last_commit_is_noticed(self, repo, photos):
        for path in (repo / "data" / "0").iterdir():
            if path.stat().st_size == 17:
                path.unlink()
        assert any("commit" in error for error in look(repo, photos).errors)

    def test_a_checkpoint_is_no_point(self, made, repo, photos, tmp_path):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TZ": "UTC"}
        environment |= {"BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
        environment |= {"BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}
        late = ["create", "--timestamp", "2036-01-01T00:00:00", f"{repo}::three.checkpoint"]
        subprocess.run(["borg", *late, str(made / "photos")], env=environment, check=True)
        found = look(repo, photos)
        assert found.points.count == 2
        assert found.points.latest == datetime(2036, 1, 1, tzinfo=UTC)
        assert "three.checkpoint" in found.points.breaks[0]

    def test_what_permissions_hide_is_unknown(self, repo, photos, monkeypatch):
        def refuse(self, path):
            if "/data/" in path:
                raise Unreadable(path, "Permission denied")
            return really(self, path)

        really = Host.open
        monkeypatch.setattr(Host, "open", refuse)
        found = look(repo, photos, Depth.BYTES)
        assert (found.depth, found.errors, found.coverage.value) == (None, (), None)
        assert "Permission denied" in found.reason

    def test_a_key_file_is_found_in_the_users_home(self, made, photos, tmp_path, monkeypatch):
        password = str(made / "pass word")
        monkeypatch.setenv("HOME", str(tmp_path))
        without = look(made / "keyfile", photos, password_file=password)
        assert without.coverage.value is None
        assert "key file" in without.reason
        monkeypatch.setenv("HOME", str(made / "home"))
        before = state_of(made / "home" / ".config")
        found = look(made / "keyfile", photos, password_file=password)
        assert found.coverage.value == 1.0
        (kept,) = found.key_kept.value
        assert kept.startswith(str(made / "home" / ".config" / "borg" / "keys"))
        assert state_of(made / "home" / ".config") == before

    def test_far_away_only_python_reads(self, made, repo, photos, monkeypatch):
        no_programs(monkeypatch)
        found = look(repo, photos, Depth.BYTES, password_file=str(made / "pass word"))
        assert (found.depth, found.errors, found.coverage.value) == (Depth.BYTES, (), None)
        assert found.points.newest is not None

    def test_without_the_program(self, repo, photos, monkeypatch):
        monkeypatch.setattr("verifier.host.located", lambda name: None)
        found = look(repo, photos, Depth.BYTES)
        assert (found.depth, found.coverage.value) == (Depth.BYTES, None)
        assert "not installed" in found.reason

    def test_a_recording_keeps_no_key(self, closed, photos, made):
        host = Host(record=True)
        password = str(made / "pass word")
        probe(host, Target("copy", str(closed), password_file=password), photos, Depth.BYTES)
        told = json.dumps(host.recording)
        assert "correct horse" not in told
        assert "key = " not in told
        assert "big.raw" not in told
