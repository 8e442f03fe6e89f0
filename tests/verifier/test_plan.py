"""What --plan says, and that it reads nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.verifier.test_cli import verifier
from verifier.plan import plan, plan_text
from verifier.setup import Setup


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "x").write_bytes(b"x" * 1000)
    shutil.copytree(tmp_path / "live", tmp_path / "usb")
    return tmp_path


def steps(tree, *places, depth="bytes"):
    raw = {"source": {"path": str(tree / "live")}, "locations": list(places)}
    return plan(Setup.from_dict({**raw, "policy": {"depth": depth}}))


def test_a_plain_copy_is_read_whole_together_with_the_source(tree):
    usb = {"name": "usb", "path": str(tree / "usb")}
    _, deep = steps(tree, usb)
    assert (deep.kind, deep.depth, deep.read_bytes) == ("directory", "bytes", 2000)
    _, shallow = steps(tree, usb, depth="listed")
    # a signature in a file may be looked at, the source is not
    assert shallow.read_bytes <= 1000


def test_places_that_are_away_declared_or_remote_are_not_touched(tree):
    away = {"name": "away", "path": str(tree / "no"), "offline": True}
    gone = {"name": "gone", "path": str(tree / "no2")}
    told = {"name": "told", "kind": "declared"}
    cloud = {"name": "cloud", "address": "s3:https://s3.invalid/bucket"}
    _, *found = steps(tree, away, gone, told, cloud)
    assert ["away" in found[0].note, "not there" in found[1].note] == [True, True]
    assert "declared" in found[2].note
    assert "downloads" in found[3].egress
    assert all("cloud" in plan_text("x", found) for _ in [0])


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("restic") is None, reason="needs restic")
def test_commands_are_shown_and_secrets_are_named_not_told(tree):
    (tree / "pw").write_text("hush-hush\n")
    environment = {**os.environ, "RESTIC_PASSWORD_FILE": str(tree / "pw"), "HOME": str(tree)}
    for words in (["init"], ["backup", "--no-cache", str(tree / "live")]):
        subprocess.run(["restic", "-q", "-r", tree / "repo", *words], env=environment, check=True)
    repo = {"name": "repo", "path": str(tree / "repo"), "password_file": str(tree / "pw")}
    (_, found) = steps(tree, repo)
    assert found.kind == "restic"
    assert any("snapshots --json" in command for command in found.commands)
    size = sum(p.stat().st_size for p in (tree / "repo").rglob("*") if p.is_file())
    assert found.read_bytes == size
    assert "hush-hush" not in plan_text("x", [found])


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("borg") is None, reason="needs borg")
def test_a_borg_repository_is_known_without_reading_it(tree):
    environment = {**os.environ, "HOME": str(tree), "BORG_PASSPHRASE": "x"}
    for words in (["init", "-e", "none", tree / "repo"],
                  ["create", f"{tree}/repo::a", tree / "live"]):  # fmt: skip
        subprocess.run(["borg", *words], env=environment, check=True, capture_output=True)
    (_, found) = steps(tree, {"name": "repo", "path": str(tree / "repo")})
    assert found.kind == "borg"


def test_the_command_reads_nothing_and_says_so(tree):
    for file in (tree / "live" / "x", tree / "usb" / "x"):
        os.utime(file, (1, 1))
    run = verifier("audit", tree / "live", tree / "usb", "--plan")
    assert run.returncode == 0
    assert "nothing has been read" in run.stdout
    assert {(tree / name / "x").stat().st_atime for name in ("live", "usb")} == {1}
    found = json.loads(verifier("audit", tree / "live", tree / "usb", "--plan", "--json").stdout)
    assert [step["name"] for step in found["steps"]] == ["source", "usb"]


def test_a_drill_says_how_much_it_restores(tree):
    usb = {"name": "usb", "path": str(tree / "usb")}
    tape = {"name": "chain", "path": str(tree / "usb"), "kind": "veeam"}
    bucket = {"name": "cloud", "address": "s3:https://s3.example.org/b"}
    _, plain, closed, remote = steps(tree, usb, tape, bucket, depth="restore")
    assert plain.note.startswith("restores 1 files, at most 1 kB, into ")
    assert closed.note.startswith("nothing is restored: Veeam")
    assert remote.egress.endswith("and about 1 kB to restore")
