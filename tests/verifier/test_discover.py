"""What is found unasked, where looking ends, and that audit reads the result."""

from __future__ import annotations

import tomllib

import pytest

from verifier.discover import Candidate, discover
from verifier.host import Host
from verifier.setup import load_setup
from verifier.setup_text import setup_text

MOUNTS = """\
27 1 8:1 / / rw - ext4 /dev/sda1 rw
28 27 0:5 / /proc rw - proc proc rw
29 27 8:2 / /boot rw - ext4 /dev/sda2 rw
30 27 8:17 / /media/ada/USB\\040disk rw - exfat /dev/sdb1 rw
31 27 0:44 / /mnt/nas rw - nfs4 nas:/export rw
32 27 0:45 / /run/user/0 rw - tmpfs tmpfs rw
33 27 8:33 / /home rw - ext4 /dev/sdc1 rw
"""


def test_mounted_disks_and_shares_are_candidates_and_the_system_is_not():
    host = Host.replay({"read /proc/self/mountinfo": MOUNTS})
    found = discover(host, "/home/ada")
    assert {one.path for one in found.candidates} == {"/media/ada/USB disk", "/mnt/nas"}
    assert found.finished


@pytest.fixture
def tree(tmp_path):
    for name in ("data", "index", "keys", "snapshots"):
        (tmp_path / "a" / "repo" / name).mkdir(parents=True)
    (tmp_path / "a" / "repo" / "config").write_bytes(b"")
    tars = tmp_path / "b" / "c" / "tars"
    tars.mkdir(parents=True)
    for day in range(3):
        (tars / f"2026-01-0{day}.tar.gz").write_bytes(b"")
    (tmp_path / "b" / "photos").mkdir()
    (tmp_path / "b" / "photos" / "one.jpg").write_bytes(b"")
    return tmp_path


def paths(found, tree):
    return {one.path.removeprefix(str(tree)) for one in found.candidates}


def test_repositories_and_archives_are_found_below_a_root(tree):
    found = discover(Host(), "/nowhere", [str(tree)])
    assert paths(found, tree) == {"/a/repo", "/b/c/tars"}
    kinds = {one.kind for one in found.candidates}
    assert kinds == {"restic", None}


def test_looking_ends_at_its_depth_and_its_time(tree):
    shallow = discover(Host(), "/nowhere", [str(tree)], levels=2)
    assert paths(shallow, tree) == {"/a/repo"}
    assert not discover(Host(), "/nowhere", [str(tree)], seconds=0.0).finished


def test_the_source_and_what_holds_it_are_no_candidates(tree):
    found = discover(Host(), str(tree / "a" / "repo" / "data"), [str(tree)])
    assert paths(found, tree) == {"/b/c/tars"}


@pytest.mark.parametrize("name", ['quo"te', "back\\slash", "tab\there", "ümläut", "del\x7f", "#x"])
def test_any_name_survives_the_round_trip(tmp_path, name):
    twin = Candidate(f"/other/{name}", None, "why")
    text = setup_text(f"/live/{name}", [Candidate(f"/mnt/{name}", "restic", "why"), twin])
    tomllib.loads(text)
    file = tmp_path / "x.toml"
    file.write_text(text, "utf-8")
    setup = load_setup(file)
    assert setup.source.path == f"/live/{name}"
    assert [place.path for place in setup.locations] == [f"/mnt/{name}", f"/other/{name}"]
    assert setup.locations[0].kind == "restic"
