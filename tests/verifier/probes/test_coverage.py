"""How much of the source is there: by the number of files, and by their bytes."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime

import pytest

from tests.needs import needs
from tests.verifier.probes.repositories import look, manifest_of
from verifier.audit import audit
from verifier.host import Host
from verifier.inventory import Depth, Shares
from verifier.manifest import cover
from verifier.rules import Status
from verifier.setup import Setup

OLD = 1_700_000_000
NOTES, FILM = 200, 5_000_000


def old_file(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (OLD, OLD))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Copies of 200 notes, before a film of 89 % of the bytes is put beside them with its date."""
    base = tmp_path_factory.mktemp("film")
    live = base / "live"
    for number in range(NOTES):
        old_file(live / f"{number % 4}" / f"{number}.txt", bytes([number]) * 3000)
    (base / "pw").write_text("x")
    environment = {
        **os.environ,
        "HOME": str(base),
        "RESTIC_PASSWORD_FILE": str(base / "pw"),
        "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
    }
    restic = ["restic", "-q", "--no-cache", "-r", base / "restic"]
    old_file(live / "film" / "film.mkv", b"f" * FILM)
    for argv in (
        ["rsync", "-a", "--exclude=film", f"{live}/", base / "tree"],
        ["tar", "-cf", base / "notes.tar", "--exclude=film", "."],
        [*restic, "init"],
        [*restic, "backup", live, "--exclude", "film"],
        ["borg", "init", "-e", "none", base / "borg"],
        ["borg", "create", "--exclude", "*/film", f"{base}/borg::one", live],
    ):
        subprocess.run([str(word) for word in argv], env=environment, cwd=live, check=True)
    return base


@pytest.mark.integration
@needs("rsync", "tar", "restic", "borg")
@pytest.mark.parametrize("name", ["tree", "notes.tar", "restic", "borg"])
def test_most_of_the_files_without_most_of_the_bytes_are_no_whole_copy(base, name):
    more = {"password_file": base / "pw"} if name == "restic" else {}
    found = look(base / name, manifest_of(base / "live"), **more)
    assert found.shares == Shares(NOTES / (NOTES + 1), NOTES * 3000 / (NOTES * 3000 + FILM))
    assert found.coverage.value == found.shares.size_bytes
    assert found.missing == ("film",)


@pytest.mark.integration
@needs("rsync", "tar", "restic", "borg")
def test_the_audit_says_which_of_the_two_is_short(base):
    setup = Setup.from_dict(
        {
            "name": "t",
            "source": {"path": str(base / "live")},
            "locations": [{"name": "copy", "path": str(base / "tree")}],
        }
    )
    found = audit(setup, Host(), now=datetime.now(UTC), depth=Depth.LISTED)
    verdict = found.verdicts[1]
    assert (verdict.status, verdict.counted) == (Status.FAIL, False)
    held = "holds 10.7 % of the source's bytes (99.5 % of its files)"
    assert verdict.reason == f"it {held}, less than 99 %"
    (partial,) = [one for one in found.findings if one.rule == "partial"]
    assert f"copy {held} as they are now; most of the rest is in film." in partial.message


def test_the_first_files_that_are_not_held_are_named(tmp_path):
    for name in ("z", "b/c", "a\nb", "d", "e", "f", "g"):
        old_file(tmp_path / name, b"x")
    found = cover(manifest_of(tmp_path), {"z": 1, "d": 2}).shares
    assert (found.lacking, found.missing) == (6, ("a\\nb", "b/c", "d", "e", "f"))
    assert cover(manifest_of(tmp_path), {"z": 1}).shares.lacking == 6
    whole = dict.fromkeys(manifest_of(tmp_path).files, 1)
    assert cover(manifest_of(tmp_path), whole).shares.missing == ()


def test_names_in_another_case_alone_are_unknown(tmp_path):
    for name in ("a.txt", "b/c.txt", "b/d.txt"):
        old_file(tmp_path / "live" / name, name.encode())
        old_file(tmp_path / "copy" / name.upper(), name.encode())
    live = manifest_of(tmp_path / "live")
    found = look(tmp_path / "copy", live)
    assert found.coverage.value is None
    assert "upper and lower case" in found.coverage.source
    assert cover(live, {"A.TXT": 5, "B/C.TXT": 7, "B/D.TXT": 7}).share.value is None
    # two of one name there, another size, or a few of them: these are lost
    assert cover(live, {"A.TXT": 5, "B/C.TXT": 7}).share.value == 0.0
    assert cover(live, {"A.TXT": 5, "B/C.TXT": 7, "B/D.TXT": 8}).share.value == 0.0
    assert cover(live, {"a.txt": 5, "B/C.TXT": 7, "B/D.TXT": 7}).shares.files == 1 / 3


def test_of_empty_files_only_their_number_tells(tmp_path):
    for number in range(4):
        old_file(tmp_path / str(number), b"")
    assert cover(manifest_of(tmp_path), {"1": 0}).shares == Shares(0.25, 0.25)


def test_empty_files_alone_are_not_none_of_the_files(tmp_path):
    old_file(tmp_path / "a", b"")
    old_file(tmp_path / "b", b"b")
    found = cover(manifest_of(tmp_path), {"a": 0})
    assert (found.shares, found.share.value) == (Shares(0.5, 0.0), 0.0)
