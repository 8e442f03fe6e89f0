"""Failure domains of recorded machines: what shares a drive is found to share it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from verifier.domains import host_identity, place_of
from verifier.host import Host

SAMPLES = Path(__file__).parent / "samples"
MACHINE = "0123456789abcdef0123456789abcdef"


def recorded(*mounts: str, mdstat: str = "ok", **more) -> Host:
    """A recording of the sample machine with these lines in its mount table."""
    lines = [f"{number} 1 {line}" for number, line in enumerate(mounts, 20)]
    points = [line.split()[2] for line in mounts]
    answers = {
        "read /etc/machine-id": MACHINE + "\n",
        "hostname": "box",
        "read /proc/self/mountinfo": "\n".join(lines),
        "read /proc/mdstat": (SAMPLES / f"mdstat--{mdstat}.txt").read_text(),
        "run lsblk --json -b -O": {
            "code": 0,
            "stdout": (SAMPLES / "lsblk--vm.txt").read_text(),
        },
    }
    facts = {"mode": 0o40755, "size": 0, "mtime_ns": 0, "dev": 1, "ino": 2, "nlink": 1}
    for point in points:
        answers[f"resolve {point}"] = point
        answers[f"stat {point}"] = facts
    return Host.replay({**answers, **more})


def keys(place) -> list[str]:
    return [drive.key for drive in place.domains.drives.value]


def test_two_volumes_on_one_disk_share_its_drive():
    host = recorded(
        "252:0 / /mnt/lv1 rw - ext4 /dev/vg0/data rw",
        "252:1 / /mnt/lv2 rw - ext4 /dev/vg0/backup rw",
    )
    one, other = place_of(host, "/mnt/lv1"), place_of(host, "/mnt/lv2")
    assert keys(one) == keys(other) == ["serial:SAS-C1"]
    assert not set(one.domains.pools.value) & set(other.domains.pools.value)
    assert one.media_type.value == "hdd"


@pytest.mark.parametrize("state", ["ok", "degraded", "resync"])
def test_an_array_has_both_drives_and_a_level(state):
    place = place_of(recorded("9:0 / /mnt/raid rw - ext4 /dev/md0 rw", mdstat=state), "/mnt/raid")
    assert sorted(keys(place)) == ["serial:WD-A0001", "serial:WD-A0002"]
    assert place.domains.level.value == "raid1"
    assert place.domains.degraded.value is (state != "ok")
    assert "md:5f125011-7bb3-87a3-0a0c-bf1412fc6426" in place.domains.pools.value


def test_a_loop_file_rests_on_the_drive_that_holds_it():
    loop = {"name": "loop0", "kname": "loop0", "type": "loop", "maj:min": "7:0"}
    disk = {"name": "sda", "kname": "sda", "type": "disk", "maj:min": "8:0", "serial": "S1"}
    table = json.dumps({"blockdevices": [loop, disk]})
    host = recorded(
        "8:0 / / rw - ext4 /dev/sda rw",
        "7:0 / /loop rw - ext4 /dev/loop0 rw",
        **{
            "run lsblk --json -b -O": {"code": 0, "stdout": table},
            "read /sys/block/loop0/loop/backing_file": "/images/disk.img\n",
            "resolve /images/disk.img": "/images/disk.img",
        },
    )
    place = place_of(host, "/loop")
    assert keys(place) == ["serial:S1"]
    assert any(pool.endswith("//images/disk.img") for pool in place.domains.pools.value)


def test_a_disk_without_serial_is_told_apart_by_host_and_number():
    place = place_of(recorded("254:0 / / rw - ext4 /dev/vda rw"), "/")
    (key,) = keys(place)
    assert key == f"device:{place.domains.host.value}/254:0"
    assert place.media_type.value is None


def test_memory_is_no_drive():
    place = place_of(recorded("0:23 / /run rw - tmpfs t rw"), "/run")
    assert place.domains.drives.value == ()
    assert place.media_type.value == "memory"
    assert place.domains.pools.value[0].startswith("tmpfs:")


def test_sshfs_to_this_host_ends_on_its_own_drive():
    host = recorded(
        "8:0 / / rw - ext4 /dev/sda rw",
        "0:50 / /far rw - fuse.sshfs root@127.0.0.1:/srv/demo rw",
        **{"resolve /srv/demo": "/srv/demo"},
    )
    near, far = place_of(host, "/"), place_of(host, "/far")
    assert far.domains.host == near.domains.host
    assert keys(far) == keys(near)


def test_another_server_is_another_host_with_unknown_drives():
    place = place_of(recorded("0:50 / /nas rw - nfs4 nas.lan:/export rw"), "/nas")
    assert place.domains.host.value == "address:nas.lan"
    assert place.domains.drives.value is None
    assert place.domains.pools.value == ("export:nas.lan/export",)


@pytest.mark.parametrize("kind", ["overlay", "fuse.rclone", "9p"])
def test_what_does_not_tell_stays_unknown(kind):
    place = place_of(recorded(f"0:50 / /x rw - {kind} remote: rw"), "/x")
    assert place.domains.drives.value is None
    assert place.domains.drives.source


def test_without_lsblk_drives_are_unknown():
    host = recorded(
        "8:0 / / rw - ext4 /dev/sda rw",
        **{
            "run lsblk --json -b -O": {"error": "missing", "reason": "the program is not installed"}
        },
    )
    fact = place_of(host, "/").domains.drives
    assert fact.value is None
    assert "not installed" in fact.source
    (pool,) = place_of(host, "/").domains.pools.value
    assert pool.startswith("fs:")
    assert pool.endswith("/8:0")


def test_the_machine_id_itself_is_not_shown():
    fact = host_identity(recorded())
    assert fact.value.startswith("machine:")
    assert MACHINE not in fact.value
    assert host_identity(Host.replay({"hostname": "box"})).value == "name:box"


def test_this_machine_resolves(tmp_path):
    place = place_of(Host(), str(tmp_path))
    found = tmp_path.stat()
    assert place.inode == (found.st_dev, found.st_ino)
    assert place.domains.host.value
