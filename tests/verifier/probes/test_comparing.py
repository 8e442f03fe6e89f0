"""Comparing trees by digests: what is known is not read again, and nothing sound is accused."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.verifier.remembered import Remembered
from verifier import _hasher
from verifier.bounds import sample_size
from verifier.domains import place_of
from verifier.effort import Effort
from verifier.files import table
from verifier.host import Host
from verifier.inventory import Depth, Evidence, Fact, Location, State
from verifier.probes import fixity
from verifier.probes.comparing import Compared, against_source, compare
from verifier.probes.directory import read_manifest


@pytest.fixture
def twins(tmp_path):
    for side in ("source", "copy"):
        for number in range(300):
            path = tmp_path / side / f"d{number % 7}" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(random.Random(number).randbytes(number * 3 + 1))
            os.utime(path, (10**9, 10**9))
    return tmp_path / "source", tmp_path / "copy"


def manifests(twins, host=None):
    return [read_manifest(host or Host(), str(side)) for side in twins]


def rot(path):
    """Flip one bit under the same size and time."""
    facts, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_equal_trees_differ_in_nothing(twins):
    found = compare(Host(), *manifests(twins))
    assert (found.errors, found.unseen, found.since, found.sample, found.note) == (
        (),
        "",
        0,
        None,
        "",
    )


@pytest.mark.parametrize(
    ("lanes", "together"),
    [
        ({"source": ("a", 2), "copy": ("a", 2)}, True),
        ({"source": ("a", 0), "copy": ("b", 2)}, True),
        ({"source": ("a", 0), "copy": ("b", 1)}, False),
        ({"source": ("a", 1), "copy": ("a", 1)}, False),
    ],
)
def test_spinning_disks_are_not_made_to_seek_between_twins(twins, monkeypatch, lanes, together):
    monkeypatch.setattr(
        fixity, "_lane", lambda host, root: fixity._Lane(*lanes[Path(root).name], served=False)
    )
    asked = []

    class Watched(Host):
        def hashed(self, trees):
            asked.extend(trees)
            return super().hashed(trees)

    rot(twins[1] / "d3/101.jpg")
    found = compare(Watched(), *manifests(twins))
    assert found.errors == ("d3/101.jpg differs from the source under the same size.",)
    assert [tree.twin is not None for tree in asked] == ([True] if together else [False, False])


@pytest.mark.parametrize(
    ("system", "served"),
    [("ext4", False), ("nfs4", True), ("cifs", True), ("fuse.sshfs", True), ("fuse", True)],
)
def test_what_a_server_answers_for_no_thread_of_this_process_reads(
    twins, monkeypatch, system, served
):
    def placed(host, root):
        place = place_of(host, root)
        mine = Path(root).name == "copy"
        of = Fact(system if mine else "ext4", Evidence.MEASURED)
        return replace(place, domains=replace(place.domains, file_system=of))

    asked = []

    class Watched(Host):
        def hashed(self, trees):
            asked.extend(trees)
            return super().hashed(trees)

    monkeypatch.setattr(fixity, "place_of", placed)
    assert compare(Watched(), *manifests(twins)).errors == ()
    assert any(tree.served for tree in asked) is served


def test_one_bit_is_found_wherever_it_is(twins):
    rot(twins[1] / "d3" / "3.jpg")
    (error,) = compare(Host(), *manifests(twins)).errors
    assert error == "d3/3.jpg differs from the source under the same size."


def test_a_second_run_reads_nothing_and_says_how_old_the_reads_are(twins, monkeypatch):
    host = Host()
    host.digests = Remembered()
    before = time.time_ns()
    compare(host, *manifests(twins))
    assert len(host.digests.kept) == 600
    monkeypatch.setattr(Host, "hashed", lambda self, trees: iter(()) if not trees else 1 / 0)
    found = compare(host, *manifests(twins))
    assert (found.errors, found.unseen) == ((), "")
    assert before <= found.since <= time.time_ns()
    source, held = manifests(twins)
    located = against_source(host, source, held, Depth.SOURCE, Location("c", "d", "", State.READ))
    assert located.depth is Depth.SOURCE
    assert located.read_since.timestamp() == pytest.approx(found.since / 1e9)


def test_reads_that_are_too_old_are_made_again(twins):
    host = Host()
    host.digests = Remembered()
    compare(host, *manifests(twins))
    rot(twins[1] / "d3" / "3.jpg")
    assert not compare(host, *manifests(twins)).errors  # nobody has read it since
    host.effort = Effort(stale_before=time.time_ns())
    found = compare(host, *manifests(twins))
    assert (len(found.errors), found.since) == (1, 0)


def test_an_old_digest_alone_accuses_nobody(twins):
    """A wrong digest in the store, as faulty memory leaves it, is looked up on the disk."""
    host = Host()
    host.digests = Remembered()
    compare(host, *manifests(twins))
    key = next(key for key in host.digests.kept if key[0] == str(twins[1]))
    host.digests.kept[key] = (bytes(32), host.digests.kept[key][1])
    assert compare(host, *manifests(twins)).errors == ()
    assert host.digests.kept[key][0] != bytes(32)


def test_what_is_known_of_one_side_is_used_and_the_other_is_read(twins):
    host = Host()
    host.digests = Remembered()
    compare(host, *manifests(twins))
    host.digests.kept = {k: v for k, v in host.digests.kept.items() if k[0] == str(twins[0])}
    rot(twins[1] / "d3" / "3.jpg")
    found = compare(host, *manifests(twins))
    assert len(found.errors) == 1
    assert found.since > 0


def test_a_source_that_is_at_work_is_not_damaged_and_said_to_be(twins):
    source, held = manifests(twins)
    (twins[0] / "d3" / "3.jpg").write_bytes(b"ten bytes.")
    located = against_source(Host(), source, held, Depth.SOURCE, Location("c", "d", "", State.READ))
    assert (located.errors, located.depth) == ((), Depth.SOURCE)
    assert located.reason == (
        "1 file of the source changed meanwhile and could not be judged: d3/3.jpg"
    )


def test_a_copy_that_is_being_written_is_unknown_and_not_damaged(twins):
    source, held = manifests(twins)
    (twins[1] / "d3" / "3.jpg").write_bytes(b"ten bytes.")
    located = against_source(Host(), source, held, Depth.SOURCE, Location("c", "d", "", State.READ))
    assert (located.errors, located.depth) == ((), None)
    assert located.reason.startswith("d3/3.jpg changed while it was being read")


@pytest.mark.parametrize("side", [0, 1])
def test_twins_one_of_which_comes_in_short_reads_are_compared(twins, side, monkeypatch):
    rot(twins[1] / "d3" / "150.jpg")
    target = {path.stat().st_ino for path in twins[side].rglob("*.jpg")}
    really = os.readv

    def readv(descriptor, buffers):
        short = os.fstat(descriptor).st_ino in target
        return really(descriptor, [memoryview(buffers[0])[:100]] if short else buffers)

    monkeypatch.setattr(_hasher.os, "readv", readv)
    found = compare(Host(), *manifests(twins))
    assert found == Compared(("d3/150.jpg differs from the source under the same size.",))


@pytest.mark.parametrize("side", [0, 1])
def test_of_twins_one_of_which_hangs_no_half_is_taken_for_damage(twins, side):
    source, held = manifests(twins)
    middle = twins[side] / "d3" / "150.jpg"
    middle.unlink()
    os.mkfifo(middle)  # opened for reading it waits for one that writes
    found = compare(Host(timeout=0.5), source, held)
    assert found.errors == ()
    of = " of the source" * (side == 0)
    assert found.unseen == f"d3/150.jpg{of} could not be read: no answer within 0.5 s"


@pytest.mark.parametrize("side", ["source", "copy"])
def test_an_input_error_is_damage_of_the_copy_and_unknown_of_the_source(twins, side, monkeypatch):
    target = (twins[side == "copy"] / "d3" / "3.jpg").stat().st_ino
    really = os.readv

    def readv(descriptor, buffers):
        if os.fstat(descriptor).st_ino == target:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return really(descriptor, buffers)

    monkeypatch.setattr(_hasher.os, "readv", readv)
    found = compare(Host(), *manifests(twins))
    if side == "copy":
        assert found.errors == ("d3/3.jpg cannot be read: Input/output error.",)
        assert found.unseen == ""
    else:
        assert found.errors == ()
        assert found.unseen == "d3/3.jpg of the source could not be read: Input/output error"


def test_a_sample_is_drawn_counted_and_repeatable(twins):
    for number in range(0, 300, 2):
        rot(twins[1] / f"d{number % 7}" / f"{number}.jpg")
    host, size = Host(), sample_size(300, 0.1)
    host.effort = Effort(max_bad=0.1, seed=4)
    found = compare(host, *manifests(twins))
    assert (found.sample.looked, found.sample.of, found.sample.seed) == (size, 300, 4)
    assert 0 < found.sample.bad < size
    assert compare(host, *manifests(twins)) == found
    host.effort = Effort(max_bad=0.1, seed=5)
    assert compare(host, *manifests(twins)).errors != found.errors


def test_a_sample_is_drawn_from_what_can_be_judged(twins):
    for number in range(100):
        (twins[0] / f"d{number % 7}" / f"{number}.jpg").touch()  # younger than its copy
    host = Host()
    host.effort = Effort(max_bad=0.1)
    assert compare(host, *manifests(twins)).sample.of == 200


def test_an_interrupted_comparison_keeps_what_was_read(twins, monkeypatch):
    host = Host()
    host.digests = Remembered()
    really = Host.hashed

    def interrupted(self, trees):
        yield next(really(self, trees))
        raise KeyboardInterrupt

    monkeypatch.setattr(Host, "hashed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compare(host, *manifests(twins))
    kept = len(host.digests.kept)
    assert 0 < kept < 600
    monkeypatch.undo()
    asked = []
    monkeypatch.setattr(
        Host, "hashed",
        lambda self, trees: asked.append(sum(len(t.rows) for t in trees)) or really(self, trees),
    )  # fmt: skip
    assert compare(host, *manifests(twins)).errors == ()
    assert asked[0] == 600 - kept


def test_the_source_itself_under_another_name_is_not_read(twins):
    source = read_manifest(Host(), str(twins[0]))
    assert len(table(source.files)) == 300
    found = compare(Host(), source, source)
    assert (found.errors, found.sample) == ((), None)


_SCRIPT = """
import sys, time
from pathlib import Path
from tests.verifier.remembered import Remembered
from verifier import _cutting, hashing
from verifier.host import Host
from verifier.probes import fixity
from verifier.probes.comparing import compare
from verifier.probes.directory import read_manifest

class Slow(Remembered):
    def keep(self, *what):
        super().keep(*what)
        time.sleep(0.05)

hashing._FEW_FILES, _cutting.JOB_FILES, fixity._KEEP_FILES = -1, 100, 100
host = Host()
host.talk = lambda text: print(text, file=sys.stderr, flush=True)
host.digests = Slow(Path(sys.argv[3]))
trees = [read_manifest(host, root) for root in sys.argv[1:3]]
print("reading", flush=True)
print(compare(host, *trees).errors, flush=True)
"""


@pytest.mark.slow
def test_ctrl_c_stops_within_a_second_and_the_next_run_goes_on_where_it_stopped(tmp_path):
    for side in ("source", "copy"):
        for number in range(20):
            (tmp_path / side / str(number)).mkdir(parents=True)
            for file in range(100):
                (tmp_path / side / str(number) / str(file)).write_bytes(b"%d" % file)
    argv = [sys.executable, "-c", _SCRIPT, *(str(tmp_path / n) for n in ("source", "copy", "kept"))]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    first = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert first.stdout.readline() == b"reading\n"
    until = time.monotonic() + 60
    while not (tmp_path / "kept").exists() and time.monotonic() < until:
        time.sleep(0.01)
    readers = children_of(first.pid)
    assert readers
    began = time.monotonic()
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    assert time.monotonic() - began < 1.0 + 0.2 * os.getloadavg()[0]
    assert first.returncode != 0
    assert not any(Path(f"/proc/{pid}/cmdline").exists() for pid in readers)
    kept = len(Remembered(tmp_path / "kept").kept)
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "reading\n()\n"
    assert 0 < kept < 4000
    again = Remembered(tmp_path / "kept")
    assert len(again.kept) == again.told == 4000  # nothing was read twice


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
