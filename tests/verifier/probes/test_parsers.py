"""Pure parsers on recorded output: fixture pairs, found by name."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from verifier.blockdev import BlockDevice, media_type, parse_lsblk, parse_mdstat
from verifier.host import Completed
from verifier.mounts import (
    Mount,
    Remote,
    is_own_address,
    mount_of,
    parse_fib_trie,
    parse_hosts,
    parse_mountinfo,
    remote_of,
)
from verifier.probes.archive import parse_date
from verifier.probes.restic import failure_reason, parse_ls, parse_snapshots, parse_version

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.mark.parametrize("case", sorted(SAMPLES.glob("mdstat--*.txt")), ids=lambda path: path.stem)
def test_mdstat(case):
    (array,) = parse_mdstat(case.read_text()).values()
    wanted = json.loads(case.with_suffix(".json").read_text())
    assert json.loads(json.dumps(asdict(array))) == wanted
    assert array.degraded is ("degraded" in case.name)


def test_lsblk_joins_the_parents_of_an_array():
    devices = parse_lsblk((SAMPLES / "lsblk--vm.txt").read_text())
    assert set(devices["md0"].parents) == {"sdc", "sdd"}
    assert devices["dm-0"].parents == devices["dm-1"].parents == ("sda",)


@pytest.mark.parametrize("text", ["", "[]", '{"blockdevices": [{"name": "sda"}]}', "lsblk: failed"])
def test_other_text_is_refused(text):
    with pytest.raises(ValueError):
        parse_lsblk(text)


def test_media_types_of_the_recorded_drives():
    devices = parse_lsblk((SAMPLES / "lsblk--vm.txt").read_text())
    found = {name: media_type(device) for name, device in devices.items() if not device.parents}
    assert found == {
        "sda": "hdd", "sdb": "hdd", "sdc": "hdd", "sdd": "hdd",
        "sr0": "optical",
        "sde": None, "vda": None, "nvme0n1": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "medium"),
    [
        ({"transport": "usb", "model": "JetFlash Drive", "removable": True}, "usb-flash"),
        ({"transport": "usb", "rotational": True, "model": "Elements 25A2"}, "hdd"),
        ({"transport": "usb", "rotational": True, "model": "USB3.0 Bridge"}, None),
        ({"transport": "usb", "rotational": True, "model": "Portable SSD T7"}, "ssd"),
        ({"transport": "sata", "rotational": False, "model": "CT500MX500SSD1"}, "ssd"),
        ({"transport": "sata", "rotational": True, "model": "Samsung SSD 860"}, None),
        ({"transport": "nvme", "rotational": False, "model": "Samsung 980 PRO"}, "ssd"),
        ({"transport": None, "rotational": True, "model": None}, None),
    ],
)  # fmt: skip
def test_media_type_weighs_signals_together(facts, medium):
    assert media_type(BlockDevice("sda", "sda", "disk", "8:0", **facts)) == medium


def test_the_longest_and_last_mount_wins():
    mounts = parse_mountinfo((SAMPLES / "mountinfo--bind.txt").read_text())
    bind = mount_of(mounts, "/srv/bindt/x")
    assert bind is not None
    assert (bind.device, bind.root) == ("254:0", "/srv/demo/dst")
    assert mount_of(mounts, "/srv/bindtx").point == "/"
    over = (Mount("/a", "/", "8:1", "ext4", "/dev/a"), Mount("/a", "/", "8:2", "ext4", "/dev/b"))
    assert mount_of(over, "/a").device == "8:2"
    (odd,) = parse_mountinfo(r"1 2 8:1 / /my\040disk rw - ext4 /dev/a rw")
    assert odd.point == "/my disk"


@pytest.mark.parametrize(
    ("kind", "source", "remote"),
    [
        ("nfs4", "nas.lan:/export/a", Remote("nas.lan", "/export/a")),
        ("nfs", "[fe80::1]:/x", Remote("fe80::1", "/x")),
        ("cifs", "//NAS/share", Remote("nas", "share")),
        ("fuse.sshfs", "root@127.0.0.1:/srv/demo/src", Remote("127.0.0.1", "/srv/demo/src")),
        ("fuse.sshfs", "box:", Remote("box", "")),
        ("ext4", "/dev/sda", None),
    ],
)
def test_servers_of_network_mounts(kind, source, remote):
    assert remote_of(Mount("/m", "/", "0:40", kind, source)) == remote


@pytest.mark.parametrize(
    ("server", "own"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True),
        ("box", True), ("box.lan", True), ("192.0.2.2", True), ("alias", True),
        ("192.0.2.3", False), ("nas", False),
    ],
)  # fmt: skip
def test_own_addresses(server, own):
    addresses = parse_fib_trie(
        "  |-- 192.0.2.2\n     /32 host LOCAL\n  |-- 192.0.2.3\n  /32 link X"
    )
    hosts = parse_hosts("127.0.1.1 alias # x\n192.0.2.3 nas\n\n")
    assert is_own_address(server, "box.lan", addresses, hosts) is own


def test_restic_snapshots_and_ls():
    first, second = parse_snapshots((SAMPLES / "restic-snapshots--v014.txt").read_text())
    assert first.paths == second.paths == ("/srv/demo/src",)
    assert second.time == datetime(2026, 11, 23, 0, 24, 57, 200650, tzinfo=UTC)
    files = parse_ls((SAMPLES / "restic-ls--v014.txt").read_text()).files
    assert files["src/f1.bin"] == 20000
    assert parse_snapshots("null") == ()


@pytest.mark.parametrize("text", ["", "{}x", "[1]", '[{"id": "ab"}]', "Fatal: no"])
def test_other_snapshots_are_refused(text):
    with pytest.raises(ValueError):
        parse_snapshots(text)


def test_restic_of_version_017():
    row = '{"name":"a","type":"file","path":"/d/a","size":3,"message_type":"node"}'
    assert parse_ls(row).files == {"d/a": 3}
    text = '[{"time":"2026-01-02T03:04:05.123456789+02:00","id":"ab","paths":["/d"],"summary":{}}]'
    assert parse_snapshots(text)[0].time == datetime(2026, 1, 2, 1, 4, 5, 123456, tzinfo=UTC)
    assert parse_version("restic 0.17.3 compiled with go1.23") == "restic 0.17.3"


def test_restic_reasons_by_code_and_by_words():
    assert failure_reason(Completed(12, "", "")) == "wrong password"
    assert (
        failure_reason(Completed(1, "", "Fatal: wrong password or no key found"))
        == "wrong password"
    )
    assert "unable to open config" in failure_reason(
        Completed(1, "", "Fatal: unable to open config file: stat: no such file\nIs there…")
    )


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("backup-2026-11-01.tar.gz", datetime(2026, 11, 1, tzinfo=UTC)),
        ("db_20261101T0315.zip", datetime(2026, 11, 1, 3, 15, tzinfo=UTC)),
        ("a-2026-13-45.tar", None),
        ("photos.tar", None),
        ("serial123420261101999.tar", None),
    ],
)
def test_dates_in_names(name, date):
    assert parse_date(name) == date
