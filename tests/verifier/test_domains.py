"""Failure domains of recorded machines: what shares a drive is found to share it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.blockdev import parse_lvs, smart_medium
from verifier.domains import host_identity, place_of
from verifier.exports import parse_exports, parse_smb
from verifier.host import Host
from verifier.probes.btrfs import parse_list
from verifier.probes.zfs import parse_get
from verifier.zpool import parse_zpool_status

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


def plugged_in(*rows) -> list[str]:
    """Keys of disks that are there at once."""
    table = [
        {"name": f"sd{n}", "kname": f"sd{n}", "type": "disk", "maj:min": f"8:{16 * n}",
         "tran": "usb", "model": "External", "size": 4000, **row}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    host = recorded(
        *(f"8:{16 * n} / /usb{n} rw - ext4 /dev/sd{n} rw" for n in range(len(rows))),
        **{"run lsblk --json -b -O": {"code": 0, "stdout": json.dumps({"blockdevices": table})}},
    )
    return [key for n in range(len(rows)) for key in keys(place_of(host, f"/usb{n}"))]


BRIDGE = {"serial": "DD5"}
SIZES = ["serial:DD5/4000", "serial:DD5/8000"]
NVME = {"serial": "N1", "tran": "nvme"}


@pytest.mark.parametrize(
    ("rows", "keys_are"),
    [
        # bridges of one make: the number means nothing, and perhaps the WWN as well
        ([BRIDGE, {**BRIDGE, "size": 8000}], SIZES),
        ([{**BRIDGE, "wwn": "0x1"}, {**BRIDGE, "wwn": "0x2"}], ["wwn:0x1", "wwn:0x2"]),
        ([{**BRIDGE, "wwn": "0x1"}, {**BRIDGE, "wwn": "0x1", "size": 8000}], SIZES),
        ([{**BRIDGE, "wwn": "0x1"}] * 2, ["serial:DD5"] * 2),  # one drive by two paths
        ([NVME, {**NVME, "size": 9}], ["serial:N1"] * 2),  # two name spaces of one drive
        ([{"serial": "S1"}, {"serial": "S2"}], ["serial:S1", "serial:S2"]),
        ([{"serial": "S1"}], ["serial:S1"]),
    ],
)
def test_drives_that_are_there_at_once_are_two_whatever_number_they_give(rows, keys_are):
    assert plugged_in(*rows) == keys_are


def test_two_drives_of_one_number_and_size_have_keys_of_their_own():
    keys_are = plugged_in({"serial": "DD5"}, {"serial": "DD5"})
    assert len(set(keys_are)) == 2
    assert all(key.startswith("device:") for key in keys_are)


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


def tree(**disk):
    """An lsblk table: one disk with a dm-crypt volume on a partition."""
    crypt = {"name": "safe", "kname": "dm-0", "type": "crypt", "maj:min": "252:0"}
    part = {"name": "sda1", "kname": "sda1", "type": "part", "maj:min": "8:1", "children": [crypt]}
    top = {"name": "sda", "kname": "sda", "type": "disk", "maj:min": "8:0", "children": [part]}
    table = json.dumps({"blockdevices": [{**top, **disk}]})
    return {"run lsblk --json -b -O": {"code": 0, "stdout": table}}


def test_a_crypt_layer_encrypts_what_is_above_it():
    host = recorded("252:0 / /safe rw - ext4 /dev/mapper/safe rw", **tree(serial="S1"))
    place = place_of(host, "/safe")
    assert place.encrypted.value is True
    assert keys(place) == ["serial:S1"]
    plain = recorded("8:1 / /plain rw - ext4 /dev/sda1 rw", **tree(serial="S1"))
    assert place_of(plain, "/plain").encrypted.value is None


def test_paths_of_a_multipath_device_are_one_drive():
    path = {"type": "disk", "serial": "LUN-7", "model": "ARRAY"}
    top = {"name": "mpatha", "kname": "dm-0", "type": "mpath", "maj:min": "252:0"}
    rows = [
        {**path, "name": n, "kname": n, "maj:min": f"8:{i}", "children": [top]}
        for i, n in ((0, "sda"), (16, "sdb"))
    ]
    listed = {"code": 0, "stdout": json.dumps({"blockdevices": rows})}
    host = recorded(
        "252:0 / /lun rw - xfs /dev/mapper/mpatha rw", **{"run lsblk --json -b -O": listed}
    )
    assert keys(place_of(host, "/lun")) == ["serial:LUN-7"]


def test_an_overlay_stands_on_its_folders():
    over = "0:50 / /merged rw - overlay overlay rw,lowerdir=/low/a:/low/b,upperdir=/up,workdir=/w"
    found = {f"resolve {path}": path for path in ("/low/a", "/low/b", "/up")}
    host = recorded("8:0 / / rw - ext4 /dev/sda rw", over, **found)
    assert keys(place_of(host, "/merged")) == ["serial:SAS-C1"]
    # in a container its own root is an overlay of folders that it cannot see
    inside = recorded(over.replace("/merged", "/"), **found)
    assert place_of(inside, "/").domains.drives.value is None


@pytest.mark.parametrize(
    ("rate", "medium"), [(0, "ssd"), (7200, "hdd"), (None, None), ("5400", None), (True, None)]
)
def test_a_drive_is_asked_where_the_kernel_does_not_know(rate, medium):
    row = {"name": "sdz", "kname": "sdz", "type": "disk", "maj:min": "8:0", "tran": "usb"}
    host = recorded(
        "8:0 / /usb rw - ext4 /dev/sdz rw",
        **{
            "run lsblk --json -b -O": {"code": 0, "stdout": json.dumps({"blockdevices": [row]})},
            "run smartctl -j -i -n standby /dev/sdz": {
                "code": 4,
                "stdout": json.dumps({"model_name": "ACME", "rotation_rate": rate}),
            },
        },
    )
    assert place_of(host, "/usb").media_type.value == medium


@given(
    st.text(max_size=300),
    st.sampled_from(["", "  pool: p\n state: ONLINE\nconfig:\n\n\tp ONLINE\n"]),
)
def test_any_text_of_a_program_is_read_or_skipped(text, head):
    parse_zpool_status(head + text)
    parse_exports(text)
    parse_smb(text)
    parse_get(text)
    parse_list(text, text, text)
    for parse in (parse_lvs, smart_medium):
        with contextlib.suppress(ValueError):
            parse(text)
