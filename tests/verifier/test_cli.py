"""The command, run as people run it: what goes where, and how it ends."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import verifier_command
from tests.conftest import cpu_seconds

KEYS = {
    "schema": int, "name": str, "at": str, "claimed_copies": int, "independent_copies": int,
    "independent_copies_at_most": int,
    "gates": dict, "score": dict, "ndsa_level": int, "locations": list, "findings": list,
    "left_after": list, "practice": dict, "ndsa": dict,
}  # fmt: skip
LOCATION = {
    "name", "kind", "status", "counted", "reason", "media_type", "domains", "points", "files",
    "bytes", "coverage", "depth",
}  # fmt: skip
FINDING = {"rule", "status", "severity", "location", "message", "remediation"}


def verifier(*words, cwd=None):
    return verifier_command(*map(str, words), cwd=cwd)


def process(*words, cwd=None):
    """Run the command as a process of its own: what it is to its users."""
    return subprocess.run(
        [sys.executable, "-m", "verifier", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("audit")
    (base / "live" / "a").mkdir(parents=True)
    (base / "live" / "a" / "x").write_text("hello")
    (base / "live" / "y").write_text("world")
    shutil.copytree(base / "live", base / "usb")
    (base / "good.toml").write_text(
        'name = "photos"\n[source]\npath = "live"\n[[locations]]\nname = "usb"\npath = "usb"\n'
        '[[locations]]\nname = "gone"\npath = "nowhere"\n'
    )
    (base / "typo.toml").write_text(
        '[source]\npath = "live"\n[[locations]]\nname = "usb"\npath = "usb"\nsight = "home"\n'
    )
    return base


def one_line(run):
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert "Traceback" not in run.stderr
    assert run.stderr.startswith("verifier: ")
    return run.stderr


def test_a_bare_audit_says_first_how_many_copies_are_independent(folder):
    run = process("audit", "live", "usb", cwd=folder)
    assert run.returncode == 1
    lines = run.stdout.splitlines()
    assert "2 locations, 1 independent copy" in lines[0]
    assert lines[1].startswith("3-2-1: copies 1/3, media ")
    assert "not independent" in run.stdout
    assert run.stderr == ""


def test_a_set_up_file_is_audited_from_any_folder(folder, tmp_path):
    run = verifier("audit", folder / "good.toml", "--json", cwd=tmp_path)
    assert run.returncode == 1
    found = json.loads(run.stdout)
    assert {key: type(value) for key, value in found.items()} == KEYS
    assert found["name"] == "photos"
    assert list(found["gates"]) == [
        "copies", "media", "offsite", "offline_or_immutable", "errors",
    ]  # fmt: skip
    for gate in found["gates"].values():
        assert set(gate) == {"status", "value", "wanted", "evidence", "reason", "accepted"}
        assert gate["status"] in {"pass", "fail", "unknown"}
    assert set(found["score"]) == {"value", "low", "high"}
    assert [place["name"] for place in found["locations"]] == ["source", "usb", "gone"]
    for place in found["locations"]:
        assert set(place) >= LOCATION
        assert set(place["domains"]) >= {
            "drives", "pools", "host", "account", "provider", "site",
        }  # fmt: skip
        assert set(place["points"]) >= {"count", "newest", "oldest"}
    statuses = {place["name"]: place["status"] for place in found["locations"]}
    assert statuses == {"source": "pass", "usb": "pass", "gone": "fail"}
    assert all(set(finding) >= FINDING for finding in found["findings"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["audit", "typo.toml"], "unknown key 'sight'; did you mean 'site'?"),
        (["audit", "none.toml"], "no such file"),
        (["audit", "live"], "name the locations"),
        (["audit", "good.toml", "usb"], "stands alone"),
        (["audit"], "Missing argument"),
        (["audit", "live", "usb", "--depht", "bytes"], "--depht"),
        (["audit", "live", "usb", "--depth", "byte"], "did you mean 'bytes'?"),
        (["audti"], "audti"),
        (["explain", "two-medai"], "did you mean 'two-media'?"),
        (["explain", "boorg"], "unknown rule, gate or kind 'boorg'; did you mean 'borg'?"),
        (["discover", "--levels", "99"], "levels"),
    ],
)
def test_bad_input_is_exit_2_and_one_line(folder, words, message):
    run = verifier(*words, cwd=folder)
    assert run.returncode == 2
    assert message in one_line(run)


def test_depth_says_how_deep_to_look(folder):
    run = verifier("audit", "live", "usb", "--depth", "listed", "--json", cwd=folder)
    found = json.loads(run.stdout)
    assert found["locations"][1]["depth"] == "listed"
    assert found["gates"]["errors"]["status"] == "unknown"


def test_rules_are_listed_and_each_is_explained():
    listed = json.loads(verifier("rules", "--json").stdout)
    assert {"three-copies", "same-device", "stale"} <= {rule["id"] for rule in listed}
    run = verifier("explain", "same_device")
    assert run.returncode == 0
    wanted = next(rule for rule in listed if rule["id"] == "same-device")
    assert wanted["risk"] in run.stdout
    assert wanted["remediation"] in run.stdout


def test_names_of_files_reach_no_terminal_as_control_characters(tmp_path):
    live = tmp_path / "live"
    live.mkdir()
    (live / "x").write_text("x")
    odd = tmp_path / "us\x1b[31mb"
    shutil.copytree(live, odd)
    run = process("audit", live, odd)
    assert "\x1b" not in run.stdout
    assert run.returncode == 1


def test_discovered_set_ups_can_be_audited(folder, tmp_path):
    packed = tmp_path / "backups" / "tars"
    packed.mkdir(parents=True)
    shutil.make_archive(str(packed / "live"), "gztar", folder / "live")
    found = verifier("discover", tmp_path, "--source", folder / "live")
    assert found.returncode == 0
    file = tmp_path / "found.toml"
    file.write_text(found.stdout)
    run = verifier("audit", file, "--json")
    names = [place["name"] for place in json.loads(run.stdout)["locations"]]
    assert names == ["source", "tars"]


def test_help_is_quick():
    command = [sys.executable, "-m", "verifier", "--help"]
    runs = [cpu_seconds(command) for _ in range(6)]
    assert "discover" in runs[0][1]
    assert min(seconds for seconds, _ in runs) < 0.3


def test_nothing_is_written(folder):
    def times():
        return {path: path.stat().st_mtime_ns for path in sorted(Path(folder).rglob("*"))}

    before = times()
    verifier("audit", folder / "good.toml")
    assert times() == before


def test_init_writes_what_audit_reads_and_overwrites_nothing(folder, tmp_path):
    run = verifier("init", "mine.toml", "--source", folder / "live", "--seconds", "1", cwd=tmp_path)
    assert run.returncode == 0
    assert "verifier audit mine.toml" in run.stdout
    before = (tmp_path / "mine.toml").read_text()
    assert verifier("audit", "mine.toml", "--plan", cwd=tmp_path).returncode == 0
    again = process("init", "mine.toml", "--source", folder / "live", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in one_line(again)
    assert (tmp_path / "mine.toml").read_text() == before


@pytest.mark.parametrize(
    ("word", "told"), [("media", "2 different"), ("restic", "restic: "), ("sftp", "sftp://USER@")]
)
def test_gates_and_kinds_are_explained_too(word, told):
    assert told in verifier("explain", word).stdout


def test_what_can_be_explained_is_listed_in_one_spelling():
    told = one_line(verifier("explain", "zzz"))
    assert "offline-or-immutable" in told
    assert "offline_or_immutable" not in told
    assert verifier("explain", "offline_or_immutable").returncode == 0


def test_a_dataset_written_like_a_path_gets_the_right_spelling(folder):
    (folder / "zfs.toml").write_text(
        '[source]\npath = "live"\n[[locations]]\nname = "z"\nkind = "zfs"\npath = "tank/photos"\n'
    )
    run = verifier("audit", "zfs.toml", "--json", "--no-catalogue", cwd=folder)
    (said,) = [one for one in json.loads(run.stdout)["findings"] if one["rule"] == "missing"]
    assert "'zfs:POOL/DATASET'" in said["message"]


def test_no_catalogue_writes_nothing_and_a_broken_one_is_one_line(folder, tmp_path):
    book = tmp_path / "book.db"
    verifier("audit", folder / "good.toml", "--catalogue", book, "--no-catalogue")
    assert not book.exists()
    verifier("audit", folder / "good.toml", "--catalogue", book)
    assert book.exists()
    book.write_bytes(b"no database" * 1000)
    run = verifier("audit", folder / "good.toml", "--catalogue", book, "--json")
    assert run.stderr.count("\n") == 1
    assert "the audit goes on without it" in run.stderr
    assert json.loads(run.stdout)["name"] == "photos"


@pytest.mark.parametrize(("words", "said"), [((), True), (("--nagios",), False)])
def test_stopped_while_it_writes_the_page_it_says_what_is_whole(folder, monkeypatch, words, said):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("verifier.cli._html", interrupted)
    page = folder / "stopped.html"
    done = verifier("audit", folder / "good.toml", "--no-catalogue", "--html", page, *words)
    assert done.returncode == 130
    assert ("copies" in done.stdout) is said
    assert "stopped before all files were written" in done.stderr
    assert ("the audit above is whole" in done.stderr) is said
    assert not page.exists()
