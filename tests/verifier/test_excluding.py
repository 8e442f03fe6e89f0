"""What a set-up leaves out of the source: no copy has to hold it, and the audit says so."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.commands import verifier_command
from verifier.access import AccessError
from verifier.excluding import Excluding, refusal
from verifier.walking import Columns


@pytest.mark.parametrize(
    ("path", "out"),
    [
        ("a.tmp", True),
        ("deep/below/a.tmp", True),
        ("keep.tmp", False),
        (".cache/x", True),
        ("home/.cache/deep/x", True),
        (".cache", False),  # the pattern names folders, and this is a file
        ("top/x", True),
        ("home/top/x", False),
        ("a.jpg", False),
    ],
)
def test_patterns_are_those_of_gitignore(path, out):
    assert Excluding(["*.tmp", "!keep.tmp", ".cache/", "/top"]).file(path) is out


def test_the_last_pattern_that_matches_decides():
    assert Excluding(["!a.tmp", "*.tmp"]).file("a.tmp")
    assert not Excluding(["*.tmp", "!a.tmp"]).file("a.tmp")


@pytest.mark.parametrize("text", ["[", "!", "# a comment", "a\\"])
def test_what_matches_nothing_is_refused(text):
    assert "is no pattern that matches anything" in refusal(text)


def test_sifting_keeps_the_columns_together():
    met = Columns(
        ["a", "b.tmp", "c", "d"], [1, 2, 3, 4], [10, 20, 30, 40], [11, 21, 31, 41], [7] * 4,
        [101, 102, 103, 104], hollow=[1, 2], links=3, specials=2,
        problems=[("e", AccessError("e", "no")), ("f.tmp", AccessError("f.tmp", "no"))],
    )  # fmt: skip
    leaving = Excluding(["*.tmp"])
    kept = leaving.sift("in", met)
    assert (kept.names, kept.size, kept.mtime) == (["a", "c", "d"], [1, 3, 4], [10, 30, 40])
    assert (kept.ctime, kept.ino, kept.hollow) == ([11, 31, 41], [101, 103, 104], [1])
    assert (kept.dev, kept.links, kept.specials) == ([7] * 3, 3, 2)
    assert [name for name, _ in kept.problems] == ["e"]
    assert leaving.words == "left out by exclude: 2 files"


@pytest.fixture
def folder(tmp_path):
    """Make live data with a cache, a copy without, and set-ups that leave it out or do not."""
    for name in ("live/photos/a.jpg", "live/photos/b.jpg", "live/.cache/deep/x", "live/c.tmp"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    shutil.copytree(tmp_path / "live" / "photos", tmp_path / "usb" / "photos")
    for name, line in (("all", ""), ("some", 'exclude = [".cache/", "*.tmp"]\n')):
        (tmp_path / f"{name}.toml").write_text(
            f'name = "family"\n[source]\npath = "live"\n{line}'
            '[[locations]]\nname = "usb"\npath = "usb"\n'
        )
    return tmp_path


def _audit(folder, name, *words):
    done = verifier_command("audit", str(folder / f"{name}.toml"), "--json", *words)
    assert done.returncode in (0, 1, 3), done.stderr
    return json.loads(done.stdout)


def test_a_copy_without_it_is_whole(folder):
    whole, less = (_audit(folder, name, "--no-catalogue") for name in ("some", "all"))
    source, usb = whole["locations"]
    assert (source["files"], usb["coverage"]) == (2, 1.0)
    assert source["reason"] == "left out by exclude: 1 folder, 1 file"
    assert usb["status"] == "pass"
    assert less["locations"][0]["files"] == 4
    assert less["locations"][1]["coverage"] == 0.5
    assert less["locations"][1]["status"] == "fail"


def test_the_audit_says_what_is_left_out(folder):
    done = verifier_command("audit", str(folder / "some.toml"), "--no-catalogue")
    assert "left out by exclude: 1 folder, 1 file" in done.stdout


def test_an_exclude_that_leaves_nothing_is_said_to(folder):
    setup = folder / "some.toml"
    setup.write_text(setup.read_text().replace('".cache/"', '"*"'))
    told = _audit(folder, "some", "--no-catalogue")
    source = told["locations"][0]
    assert source["status"] == "fail"
    assert source["reason"] == "no file of it stays: left out by exclude: 2 folders, 1 file"
    assert "mount" not in " ".join(one["message"] + one["remediation"] for one in told["findings"])


@pytest.mark.parametrize("order", [("all", "some"), ("some", "all")])
def test_a_pattern_that_comes_or_ends_changes_no_file(folder, order):
    words = ("--catalogue", str(folder / "catalogue.db"))
    for name in order:
        _audit(folder, name, *words)
        (folder / "live" / "photos" / "a.jpg").unlink(missing_ok=True)
    done = verifier_command("diff", *words)
    assert "source: 0 new, 1 gone, 0 changed" in done.stdout
    assert "photos/a.jpg" in done.stdout


def test_a_mistake_is_named(folder):
    (folder / "some.toml").write_text(
        '[source]\npath = "live"\nexclude = ["*.tmp", "["]\n'
        '[[locations]]\nname = "usb"\npath = "usb"\n'
    )
    done = verifier_command("audit", str(folder / "some.toml"))
    assert done.returncode == 2
    assert "source.exclude.2: '[' is no pattern that matches anything" in done.stderr


def test_a_redacted_recording_does_not_name_it(folder):
    kept = folder / "seen.json"
    _audit(folder, "some", "--no-catalogue", "--record", str(kept), "--redact")
    assert "cache" not in kept.read_text()
    again = verifier_command("audit", str(kept), "--json")
    assert json.loads(again.stdout)["locations"][0]["files"] == 2
