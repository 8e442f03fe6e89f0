"""ZFS with a real pool of two image files, a replica in another pool, and what is no copy."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from tests.verifier.machines import sample_machine, text
from tests.verifier.pools import destroy
from tests.verifier.probes.conftest import image, needs, run
from verifier.audit import audit
from verifier.domains import place_of
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.probes import probe
from verifier.probes.zfs import dataset_of, parse_get
from verifier.setup import bare_setup
from verifier.target import Target
from verifier.zpool import parse_zpool_status


@pytest.fixture(scope="module")
def pools(tmp_path_factory, zfs_daemon):
    """Pool one: a mirror with data and two snapshots; pool two: a replica with the older one."""
    root = tmp_path_factory.mktemp("pools")
    one, two = (f"tw{name}{os.getpid()}" for name in ("one", "two"))
    images = [image(root / f"{name}.img") for name in "abc"]
    try:
        run("zpool", "create", "-m", root / "one", one, "mirror", *images[:2])
        run("zpool", "create", "-m", root / "two", two, images[2])
        run("zfs", "create", f"{one}/data")
        for number in range(5):
            (root / "one" / "data" / f"{number}.jpg").write_bytes(bytes([number]) * 5000)
        first = f"{one}/data@autosnap_2026-11-20_00:00:01_daily"
        run("zfs", "snapshot", first)
        run("zfs", "hold", "keep", first)
        with subprocess.Popen(["zfs", "send", first], stdout=subprocess.PIPE) as sent:
            subprocess.run(["zfs", "recv", f"{two}/data"], stdin=sent.stdout, check=True)
        run("zfs", "snapshot", f"{one}/data@autosnap_2026-11-21_00:00:01_daily")
        yield root, one, two
    finally:
        destroy(one, root / "one")
        destroy(two, root / "two")


@needs("zpool", "zfs", "zfs-fuse")
@pytest.mark.integration
@pytest.mark.slow
class TestReal:
    def test_a_pool_stands_on_the_drives_below_its_files(self, pools):
        root, one, _ = pools
        place = place_of(Host(), str(root / "one" / "data"))
        assert place.domains.level.value == "raid1"
        assert place.domains.degraded.value is False
        named = [pool.partition(":")[0] for pool in place.domains.pools.value]
        assert named.count("loop") == 2
        assert any(p.endswith(f"/{one}") for p in place.domains.pools.value if "zpool:" in p)
        below = place_of(Host(), str(root)).domains.drives
        assert place.domains.drives.value == below.value

    def test_a_replica_is_matched_by_guid_and_its_lag_is_known(self, pools):
        root, _, two = pools
        setup = bare_setup(str(root / "one" / "data"), [f"zfs:{two}/data"])
        found = audit(setup, Host(), now=datetime.now(UTC), depth=Depth.LISTED)
        (replica,) = found.inventory.locations
        assert replica.kind == "zfs"
        assert replica.fed_from.value == "source"
        assert len(replica.lineage) == 1
        assert set(replica.lineage) < set(found.inventory.source.lineage)
        assert 0 <= replica.lag_hours < 1
        assert replica.coverage.value == 1.0
        assert replica.immutable.value is False

    def test_a_replica_that_is_not_mounted_is_known_by_its_snapshots(self, pools):
        root, _, two = pools
        run("zfs", "set", "mountpoint=none", f"{two}/data")
        try:
            setup = bare_setup(str(root / "one" / "data"), [f"zfs:{two}/data"])
            found = audit(setup, Host(), now=datetime.now(UTC), depth=Depth.LISTED)
        finally:
            run("zfs", "set", f"mountpoint={root}/two/data", f"{two}/data")
        (replica,) = found.inventory.locations
        assert (replica.state, replica.files) == (State.READ, None)
        assert (replica.coverage.value, replica.coverage.evidence) == (1.0, "inferred")

    def test_snapshots_in_the_sources_pool_are_no_copy(self, pools):
        root, one, _ = pools
        setup = bare_setup(
            str(root / "one" / "data"), [f"zfs:{one}/data@autosnap_2026-11-20_00:00:01_daily"]
        )
        found = audit(setup, Host(), now=datetime.now(UTC), depth=Depth.LISTED)
        assert found.independent_copies == 1
        (location,) = found.inventory.locations
        assert location.fed_from.value is None
        assert "1 of 1 snapshots are held, but root can release" in location.immutable.source
        (said,) = [f.message for f in found.findings if f.rule == "same-device"]
        assert "snapshots in the source's pool are versions, not copies" in said

    def test_a_mounted_dataset_is_one_though_its_files_look_like_the_sources(self, pools):
        root, _, _ = pools
        setup = bare_setup(str(root / "one" / "data"), [str(root / "two" / "data")])
        found = audit(setup, Host(), now=datetime.now(UTC), depth=Depth.SOURCE)
        (replica,) = found.inventory.locations
        assert (replica.kind, replica.fed_from.value) == ("zfs", "source")
        assert (replica.files, replica.depth, replica.errors) == (5, Depth.SOURCE, ())
        assert replica.coverage.value == 1.0

    def test_a_dataset_or_snapshot_that_is_not_there_is_missing(self, pools):
        _, one, _ = pools
        for address in (f"zfs:{one}/nothing", f"zfs:{one}/data@nothing"):
            assert probe(Host(), Target("x", address), None).state is State.MISSING

    def test_a_pool_that_lost_a_device_is_degraded(self, pools):
        root, one, _ = pools
        run("zpool", "offline", one, root / "b.img")
        try:
            place = place_of(Host(), str(root / "one" / "data"))
        finally:
            run("zpool", "online", one, root / "b.img")
        assert place.domains.degraded.value is True
        assert "b.img is OFFLINE" in place.domains.degraded.source

    def test_nothing_is_changed(self, pools):
        _, one, _ = pools

        def told():
            """Each command that ever changed the pool, and what its snapshots hold.

            Not the space used: the pool goes on freeing blocks for seconds after a change.
            """
            columns = "name,guid,creation,referenced"
            return (
                run("zpool", "history", one),
                run("zfs", "list", "-H", "-r", "-t", "snapshot", "-o", columns, one),
                run("zfs", "list", "-H", "-r", "-o", "name,guid,creation", one),
            )

        before = told()
        probe(Host(), Target("x", f"zfs:{one}/data"), None, Depth.BYTES)
        assert told() == before


OPENZFS = """\
  pool: tank
 state: DEGRADED
status: One or more devices has been taken offline by the administrator.
action: Online the device using 'zpool online' or replace the device.
  scan: resilver in progress since Sun Nov 22 02:00:01 2026
config:

\tNAME                       STATE     READ WRITE CKSUM
\ttank                       DEGRADED     0     0     0
\t  raidz2-0                 DEGRADED     0     0     0
\t    /dev/sdc1              ONLINE       0     0     0
\t    /dev/sdd1              ONLINE       0     0     0
\t    replacing-2            DEGRADED     0     0     0
\t      1495925985279244     UNAVAIL      0     0     0  was /dev/sdx1
\t      /dev/sde1            ONLINE       0     0     0  (resilvering)
\tlogs
\t  mirror-1                 ONLINE       0     0     0
\t    /dev/nvme0n1p1         ONLINE       0     0     0
\tcache
\t  /dev/nvme0n1p2           ONLINE       0     0     0
\tspares
\t  /dev/sdz                 AVAIL

errors: 3 data errors, use '-v' for a list
"""


def test_a_degraded_raidz_is_read_with_its_aside_devices_left_out():
    pool = parse_zpool_status(OPENZFS)["tank"]
    assert pool.level == "raidz2"
    assert [v.name for v in pool.vdevs] == [
        "/dev/sdc1",
        "/dev/sdd1",
        "1495925985279244",
        "/dev/sde1",
    ]
    assert pool.trouble == "1495925985279244 is UNAVAIL; a resilver is running"
    assert pool.damage.startswith("3 data errors")


def test_old_output_is_read_too():
    pools = parse_zpool_status(text("zpool-status--fuse.txt"))
    assert {name: pool.level for name, pool in pools.items()} == {"backup": None, "tank": "raid1"}
    assert [v.name for v in pools["tank"].vdevs] == ["/srv/z1.img", "/srv/z2.img"]
    assert pools["tank"].trouble == pools["tank"].damage == ""


@pytest.mark.parametrize(
    ("config", "level"),
    [
        (["mirror-0", " sda", " sdb", "mirror-1", " sdc", " sdd"], "raid10"),
        (["sda", "sdb"], "raid0"),
        (["raidz1-0", " sda", " sdb", " sdc", "sdd"], "raid0"),
        (["sda"], None),
    ],
)
def test_the_level_of_a_pool(config, level):
    rows = "\n".join(f"\t  {line.replace(' ', '  ')} ONLINE 0 0 0" for line in config)
    head = "  pool: p\n state: ONLINE\nconfig:\n\n\tNAME STATE\n\tp ONLINE 0 0 0\n"
    assert parse_zpool_status(f"{head}{rows}\n\nerrors: No known data errors\n")["p"].level == level


@pytest.mark.parametrize("junk", ["", "pool:", "  pool: x\nconfig:\n", "\x00\xff pool: a\n state:"])
def test_junk_gives_no_traceback(junk):
    parse_zpool_status(junk)
    assert parse_get(junk) == ()


def test_a_pool_on_partitions_of_the_sample_machine():
    lines = "50 1 0:44 / /tank rw - zfs tank/photos rw"
    status = OPENZFS.replace("/dev/sdc1", "/dev/sdc").replace("/dev/sdd1", "/dev/sdd")
    host = sample_machine(
        **{
            "read /proc/self/mountinfo": lines,
            "resolve /tank": "/tank",
            "stat /tank": {"mode": 0o40755, "size": 0, "mtime_ns": 0, "dev": 44, "ino": 4},
            "run zpool status -P -L tank": {"code": 0, "stdout": status.replace("sde1", "sde")},
        }
    )
    domains = place_of(host, "/tank").domains
    assert {d.serial for d in domains.drives.value} == {"WD-A0001", "WD-A0002", "USB-77"}
    assert (domains.level.value, domains.degraded.value) == ("raidz2", True)


@pytest.mark.parametrize(
    ("address", "name"),
    [("zfs:tank/a b@s", "tank/a b@s"), ("zfs:tank", "tank"), ("zfs:-x", None), ("/zfs:x", None)],
)
def test_addresses_of_datasets(address, name):
    assert dataset_of(address) == name


def test_creation_times_are_utc():
    (one,) = parse_get("t@s\tcreation\t1795394782\nbroken line\nt@s\tguid\t13797169788539388366\n")
    assert one.taken == datetime(2026, 11, 23, 0, 46, 22, tzinfo=UTC)
    assert one.number("guid") == 13797169788539388366
    assert one.taken + timedelta(0) == one.taken
