"""Comparing trees by digests: what is known is not read again, and nothing sound is accused."""

from __future__ import annotations

import errno
import os
import random
import time

import numpy as np
import pytest

from verifier import _hasher
from verifier.bounds import sample_size
from verifier.digests import DIGEST_BYTES, Digests, nothing_known
from verifier.effort import Effort
from verifier.files import table
from verifier.host import Host
from verifier.inventory import Depth, Location, State
from verifier.probes.comparing import against_source, compare
from verifier.probes.directory import read_manifest


class Remembered:
    """Digests in memory, by root and path."""

    def __init__(self):
        self.kept = {}
        self.batches = []

    def listed(self, root, files):
        pass

    def known(self, root, files):
        found = nothing_known(files)
        for row, (path, fact) in enumerate(files.items()):
            if (root, path, fact.size, fact.mtime_ns, fact.ino) in self.kept:
                digest, read_at = self.kept[root, path, fact.size, fact.mtime_ns, fact.ino]
                found.digest[row] = np.frombuffer(digest, np.uint8)
                found.read_at[row] = read_at
        return Digests(found.digest, found.read_at)

    def keep(self, root, files, rows, digest, read_at):
        assert digest.shape == (len(rows), DIGEST_BYTES)
        self.batches.append((root, len(rows)))
        for row, value, when in zip(rows.tolist(), digest, read_at.tolist(), strict=True):
            fact = files.fact(row)
            key = (root, files.path(row), fact.size, fact.mtime_ns, fact.ino)
            self.kept[key] = (value.tobytes(), when)


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
