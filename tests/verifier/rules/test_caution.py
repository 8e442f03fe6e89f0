"""While the source is suspected no advice writes from it before it is restored."""

from __future__ import annotations

import os
import random
import shutil
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.verifier.zoo.yard import flip
from verifier.bridge._commands import _audit
from verifier.catalogue import Catalogue
from verifier.changes import changes
from verifier.recorded import recorded_audit
from verifier.rules import Status
from verifier.setup import Setup

NOW = datetime.now(UTC)
WRITING = ("Run the backup", "write a new copy", "Repair or rewrite")


@pytest.fixture
def two(tmp_path):
    """A source and two copies, audited while all was well."""
    dice, then = random.Random(1), time.time() - 30 * 86400
    (tmp_path / "source").mkdir()
    for number in range(40):
        file = tmp_path / "source" / f"{number}.jpg"
        file.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + dice.randbytes(20_000))
        os.utime(file, (then, then))
    for name in "ab":
        shutil.copytree(tmp_path / "source", tmp_path / name)
    found = _audited(tmp_path)
    assert not any("First" in one.remediation for one in found.findings)
    return tmp_path


def _audited(base, days=0, **more):
    places = [{"name": name, "path": str(base / name)} for name in "ab"]
    tables = {"name": "t", "source": {"path": str(base / "source")}, "locations": places, **more}
    book = Catalogue(base / "catalogue.db")
    return recorded_audit(Setup.from_dict(tables), now=NOW + timedelta(days=days), catalogue=book)


def _writing(found):
    told = [one for one in found.findings if any(word in one.remediation for word in WRITING)]
    assert told
    return [one.remediation for one in told]


def test_rot_in_the_source_is_not_written_over_the_good_copies(two):
    flip(two / "source" / "7.jpg")
    found = _audited(two, 1)
    for text in _writing(found):
        assert text.startswith("First restore the source from a and b (suspected-rot): ")


def _encrypted(folder):
    for file in list(folder.iterdir()):
        file.with_name(f"{file.name}.locked").write_bytes(os.urandom(20_000))
        file.unlink()


def test_ransomware_at_the_source_is_not_backed_up_first(two):
    _encrypted(two / "source")
    found = _audited(two, 1)
    before = f"a point of {NOW:%Y-%m-%d %H:%M} or older"
    for text in _writing(found):
        assert text.startswith(f"First restore the source from {before} (mass-change): ")
    (step,) = {one.step for one in changes(found) if one.name.startswith("bring a up to date")}
    assert step.startswith("First restore the source")
    lived = {"rule": "mass-change", "reason": "encrypted on purpose"}
    on_purpose = _audited(two, 2, accept=[lived])
    assert not any(text.startswith("First") for text in _writing(on_purpose))


def test_risk_and_advice_compare_with_earlier_audits_too(two, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(two / "state"))
    lines = ['name = "t"', "[source]", f'path = "{two}/source"', "[[locations]]"]
    (two / "t.toml").write_text("\n".join([*lines, 'name = "a"', f'path = "{two}/a"']))
    assert _audit(two / "t.toml", None).inventory.past == ()
    _encrypted(two / "source")
    found = _audit(two / "t.toml", None)
    assert ("mass-change", "source") in {(one.rule, one.location) for one in found.findings}


def test_what_encrypts_a_copy_is_stopped_before_the_next_run(two):
    _encrypted(two / "a")
    found = _audited(two, 1)
    told = {one.location: one.remediation for one in found.findings if one.rule == "partial"}
    assert told["a"].startswith("First find out what changed a (mass-change), and stop it. Then: ")


def test_a_damaged_copy_of_a_sound_source_is_simply_written_anew(two):
    flip(two / "a" / "7.jpg")
    found = _audited(two, 1)
    (damaged,) = [one for one in found.findings if one.rule == "damaged"]
    assert (damaged.location, damaged.status) == ("a", Status.FAIL)
    assert damaged.remediation.startswith("Keep the location as it is, write a new copy")


def test_what_is_younger_in_a_copy_is_looked_at_before_the_next_run(two):
    letter = two / "a" / "7.jpg"
    letter.write_bytes(letter.read_bytes() + b"edited here")
    found = _audited(two, 1)
    first = "First look at the files that differ in a (unlike), and save those that are right there"
    for one in found.findings:
        if any(word in one.remediation for word in WRITING):
            assert one.remediation.startswith(first) or one.location == "b"
    assert not any(one.rule == "damaged" for one in found.findings)


def test_a_source_that_may_have_lost_bytes_is_written_over_nothing(two):
    file = two / "source" / "7.jpg"
    times = file.stat()
    file.write_bytes(b"")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    (two / "catalogue.db").unlink()  # nobody knows what it had
    found = _audited(two)
    for text in _writing(found):
        assert text.startswith("First look at the files that differ in a and b (unlike), and save")
    assert [one.location for one in found.findings if one.rule == "unlike"] == ["a", "b"]
    assert found.exit_code != 0
