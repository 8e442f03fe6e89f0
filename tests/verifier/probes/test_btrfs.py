"""btrfs on real loop devices: profiles, snapshots, and what was received from elsewhere."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import pytest

from tests.verifier.machines import text
from tests.verifier.probes.conftest import image, needs, run
from verifier.audit import audit
from verifier.domains import place_of
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import probe
from verifier.probes.btrfs import parse_list
from verifier.setup import bare_setup
from verifier.target import Target


@pytest.fixture
def mounted(tmp_path, loop):
    """Make and mount file systems; unmounted in the end."""
    points = []

    def mount(name, *, devices=1, options=(), degraded=False):
        files = [image(tmp_path / f"{name}{number}.img", 256) for number in range(devices)]
        nodes = [loop(file) for file in files]
        run("mkfs.btrfs", "-q", *options, *nodes)
        point = tmp_path / name
        point.mkdir()
        if degraded:
            run("wipefs", "-a", nodes.pop())
            subprocess.run(["btrfs", "device", "scan", "--forget"], check=False)
        run("mount", "-o", "degraded" if degraded else "rw", nodes[0], point)
        points.append(point)
        return point

    yield mount
    for point in points:
        subprocess.run(["umount", point], check=False)


@needs("btrfs", "mkfs.btrfs", "losetup")
@pytest.mark.integration
@pytest.mark.slow
class TestReal:
    def test_two_devices_and_their_profile(self, mounted, tmp_path):
        point = mounted("pair", devices=2, options=("-d", "raid1", "-m", "raid1"))
        domains = place_of(Host(), str(point)).domains
        assert domains.level.value == "raid1"
        assert domains.degraded.value is False
        below = place_of(Host(), str(tmp_path)).domains.drives.value
        assert domains.drives.value == below  # both images lie on the one drive
        assert sum(pool.startswith("loop:") for pool in domains.pools.value) == 2

    def test_twice_on_one_device_is_no_redundancy(self, mounted):
        domains = place_of(Host(), str(mounted("one", options=("-d", "dup", "-m", "dup")))).domains
        assert domains.level.value is None
        assert domains.degraded.value is None

    def test_a_missing_device_is_said(self, mounted):
        options = ("-d", "raid1", "-m", "raid1")
        point = mounted("torn", devices=2, options=options, degraded=True)
        fact = place_of(Host(), str(point)).domains.degraded
        assert fact.value is True
        assert "1 device(s)" in fact.source

    def test_a_received_snapshot_is_a_replica_of_the_source(self, mounted):
        one, two = mounted("one"), mounted("two")
        run("btrfs", "subvolume", "create", one / "data")
        for number in range(4):
            (one / "data" / f"{number}.jpg").write_bytes(bytes([number]) * 9000)
        for day in ("20261120", "20261121"):
            run("btrfs", "subvolume", "snapshot", "-r", one / "data", one / f"data.{day}T0000")
        run("sync")
        (two / "backup").mkdir()
        sent = subprocess.run(
            ["btrfs", "send", "-q", str(one / "data.20261120T0000")],
            capture_output=True,
            check=True,
        )
        subprocess.run(
            ["btrfs", "receive", str(two / "backup")],
            input=sent.stdout,
            capture_output=True,
            check=True,
        )
        setup = bare_setup(
            str(one / "data"), [str(two / "backup"), str(one / "data.20261120T0000")]
        )
        found = audit(setup, Host(), now=datetime.now(UTC), depth=Depth.SOURCE)
        replica, version = found.inventory.locations
        assert (replica.kind, replica.fed_from.value) == ("btrfs", "source")
        assert replica.points.newest == datetime(2026, 11, 20, tzinfo=UTC)
        assert (replica.coverage.value, replica.depth) == (1.0, Depth.SOURCE)
        assert replica.lag_hours is not None
        assert replica.lag_hours >= 0
        assert version.fed_from.value is None
        said = [f.message for f in found.findings if f.rule == "same-device"]
        assert any(
            "snapshots in the source's pool are versions, not copies" in text for text in said
        ), said

    def test_what_was_not_received_to_its_end_is_a_break(self, mounted):
        one, two = mounted("one"), mounted("two")
        run("btrfs", "subvolume", "create", one / "data")
        (one / "data" / "f").write_bytes(b"x" * 9000)
        run("btrfs", "subvolume", "snapshot", "-r", one / "data", one / "a.20261120")
        sent = subprocess.run(
            ["btrfs", "send", "-q", str(one / "a.20261120")], capture_output=True, check=True
        )
        subprocess.run(
            ["btrfs", "receive", str(two)], input=sent.stdout, capture_output=True, check=True
        )
        run("btrfs", "subvolume", "snapshot", two / "a.20261120", two / "working copy")
        found = probe(Host(), Target("x", str(two)), None)
        assert (found.points.count, found.points.breaks) == (1, ())
        assert "working copy can be written to" in found.reason
        # what btrfs receive makes of an increment while it arrives
        run("btrfs", "subvolume", "snapshot", two / "a.20261120", two / "a.20261121")
        found = probe(Host(), Target("x", str(two)), None)
        assert found.points.count == 1
        assert found.points.breaks == ("a.20261121 was not received to its end.",)

    def test_a_plain_tree_on_btrfs_is_a_directory(self, mounted):
        point = mounted("plain")
        (point / "f").write_text("x")
        assert probe(Host(), Target("x", str(point)), None).kind == "directory"


def test_recorded_lists_match_by_uuid():
    sources = parse_list(text("btrfs-list--source.txt"))
    copies = parse_list(text("btrfs-list--received.txt"))
    snapshots = {one.identity for one in sources if one.parent}
    assert {one.identity for one in copies} == snapshots
    assert [one.path for one in sources] == ["data", "data@2026-11-20", "data@2026-11-21"]


@pytest.mark.parametrize("junk", ["", "ID x gen", "ID 5 gen 1 path a", "\x00\udcff"])
def test_junk_gives_nothing(junk):
    assert parse_list(junk, junk, junk) == ()
