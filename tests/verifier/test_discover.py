"""What is found unasked, where looking ends, and that audit reads the result."""

from __future__ import annotations

import tomllib

import pytest

from tests.verifier.schedules.test_schedules import machine as replayed
from verifier.discover import Candidate, discover
from verifier.host import Host
from verifier.probes import PROBES
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


BORGMATIC = "source_directories: [/home]\nrepositories:\n  - path: ssh://u:hush@nas/./b\n"


def machine(files, mounts=MOUNTS, folders=()):
    host = replayed(files)
    answers = dict(host._replay or {})
    answers["read /proc/self/mountinfo"] = mounts
    for folder in folders:
        answers[f"stat {folder}"] = {
            "mode": 0o040755, "dev": 2, "ino": 2, "size": 0, "nlink": 1, "mtime_ns": 0,
        }  # fmt: skip
    return Host.replay(answers)


def test_what_tools_are_set_up_to_use_is_found_without_secrets(tmp_path):
    files = {
        "/etc/restic.env": "RESTIC_REPOSITORY=sftp:ada@nas:/b\nRESTIC_PASSWORD=hush\n",
        "/home/ada/.config/restic/env": "RESTIC_REPOSITORY=/mnt/nas/restic\n"
        "RESTIC_PASSWORD_FILE=~/.pw\n",
        "/home/ada/.config/rclone/rclone.conf": "[b2]\ntype = b2\nkey = hush\n",
        "/etc/borgmatic/config.yaml": BORGMATIC,
        "/etc/rsnapshot.conf": "snapshot_root\t/var/cache/rsnapshot/\n",
        "/etc/cron.d/b": "0 2 * * * root rsync -a --delete /home/ada /media/ada/USB\\ disk/\n",
        "/srv/shop/data": "x",
    }
    found = discover(machine(files, folders=["/mnt/nas/restic"]), "/home/ada/photos")
    by_path = {one.path: one for one in found.candidates}
    assert by_path["sftp:ada@nas:/b"].kind == "restic"
    assert by_path["/mnt/nas/restic"].password_file == "/home/ada/.pw"
    assert "/mnt/nas" not in by_path  # somebody set up a place on it
    usb = by_path["/media/ada/USB disk"]
    assert any("repeats deletions" in note for note in usb.notes)
    assert "/var/cache/rsnapshot" in {one.path for one in found.hints}
    assert any("every 1 day" in line for line in found.schedules)
    assert any(line.startswith("/srv/shop") for line in found.uncovered)
    assert not any(line.startswith("/home/ada") for line in found.uncovered)
    text = setup_text("/home/ada/photos", found)
    assert "hush" not in text
    file = tmp_path / "x.toml"
    file.write_text(text)
    setup = load_setup(file)
    assert {one.path or one.address for one in setup.locations} == set(by_path)


def test_what_cannot_be_read_is_said(tmp_path):
    host = machine({"/etc/borgmatic/config.yaml": "a: [b"})
    found = discover(host, "/home/ada")
    assert any("config.yaml: not YAML" in line for line in found.unread)
    assert "# - /etc/borgmatic/config.yaml: not YAML" in setup_text("/home/ada", found)


def test_each_probe_with_a_signature_is_asked(tree, monkeypatch):
    asked = []
    entries = [
        type(one)(one.kinds, lambda host, path, k=one.kinds: asked.append(k), one.collect)
        for one in PROBES
    ]
    monkeypatch.setattr("verifier.discover.PROBES", tuple(entries))
    discover(Host(), "/nowhere", [str(tree)])
    assert set(asked) == {one.kinds for one in PROBES[:-1]}
