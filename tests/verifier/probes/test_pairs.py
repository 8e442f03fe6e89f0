"""Pairs are read some at a time; where one part ends and the next begins shows in nothing."""

from __future__ import annotations

import errno
import os
import random
import time
from dataclasses import asdict

import pytest

from tests.verifier.remembered import Remembered
from verifier import _hasher
from verifier.effort import Effort
from verifier.host import Host
from verifier.probes import _pairs
from verifier.probes.comparing import compare
from verifier.probes.directory import read_manifest
from verifier.progress import Reading

OLD, NEW = (10**9, 10**9), (2 * 10**9, 2 * 10**9)


@pytest.fixture
def twins(tmp_path):
    for side in ("source", "copy"):
        for number in range(120):
            path = tmp_path / side / f"d{number % 7}" / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(random.Random(number).randbytes(number * 3 + 1))
            os.utime(path, OLD)
    return tmp_path / "source", tmp_path / "copy"


def manifests(twins):
    return [read_manifest(Host(), str(side)) for side in twins]


def rot(path, times=OLD):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, times)


def spoil(twins, monkeypatch):
    """Make files of every kind, each several times; return the trees as they were listed."""
    source, copy = twins
    for number in range(0, 120, 10):
        rot(copy / f"d{number % 7}/{number}.jpg")  # damaged
        rot(source / f"d{(number + 1) % 7}/{number + 1}.jpg", NEW)  # outdated
        os.utime(source / f"d{(number + 2) % 7}/{number + 2}.jpg", NEW)  # equal
    failing = {}
    for number in range(3, 120, 30):
        failing[(copy / f"d{number % 7}/{number}.jpg").stat().st_ino] = errno.EIO
        failing[(source / f"d{(number + 1) % 7}/{number + 1}.jpg").stat().st_ino] = errno.EIO
    of = manifests(twins)
    for number in range(5, 120, 40):
        (source / f"d{number % 7}/{number}.jpg").write_bytes(b"at work")
    (copy / "d6/6.jpg").write_bytes(b"being written")
    really = os.readv

    def readv(descriptor, buffers):
        error = failing.get(os.fstat(descriptor).st_ino)
        if error:
            raise OSError(error, os.strerror(error))
        return really(descriptor, buffers)

    monkeypatch.setattr(_hasher.os, "readv", readv)
    return of


def shown(found):
    return {**asdict(found), "equal": list(found.equal)}


@pytest.mark.parametrize("max_bad", [None, 0.03])
def test_some_at_a_time_find_what_all_at_once_find(twins, monkeypatch, max_bad):
    of, found = spoil(twins, monkeypatch), []
    host = Host()
    host.effort = Effort(max_bad=max_bad, seed=3)
    for rows in (10**6, 1, 7, 119, 120):
        monkeypatch.setattr(_pairs, "_AT_ONCE", rows)
        found.append(shown(compare(host, *of)))
    assert all(some == found[0] for some in found)
    first = found[0]
    assert len(first["errors"]) >= 10
    assert "changed meanwhile" in first["note"]
    if max_bad is None:
        assert any("cannot be read" in error for error in first["errors"])
        assert "of the source could not be read" in first["unseen"]
        assert len(first["outdated"]) == len(first["equal"]) == 12
        assert first["note"].startswith("3 files")
        assert not first["same"]


def test_what_earlier_audits_read_is_leaned_on_and_doubted_alike(twins, monkeypatch):
    """Old digests that differ are read once more, in whatever part they lie."""
    found = []
    for rows in (10**6, 7):
        monkeypatch.setattr(_pairs, "_AT_ONCE", rows)
        host, of = Host(), manifests(twins)
        host.digests = Remembered()
        assert compare(host, *of).same
        keys = [key for key in host.digests.kept if key[0] == str(twins[1])]
        for key in keys[::9]:
            host.digests.kept[key] = (b"\1" * 32, 5)  # wrong, and the oldest
        for key in keys[::7]:
            del host.digests.kept[key]
        again = compare(host, *of)
        assert again.same
        assert again.since > 5
        assert b"\1" * 32 not in {digest for digest, _ in host.digests.kept.values()}
        found.append(again.errors)
    assert found == [(), ()]


@pytest.mark.parametrize("younger", [False, True])
def test_the_first_read_that_hangs_is_the_last_part(twins, monkeypatch, younger):
    monkeypatch.setattr(_pairs, "_AT_ONCE", 20)
    hanging = twins[0] / "d3" / "3.jpg"
    if younger:
        os.utime(hanging, NEW)
    of = manifests(twins)
    hanging.unlink()
    os.mkfifo(hanging)  # opened for reading it waits for one that writes
    asked, really = [], Host.hashed

    def watched(self, trees):
        asked.extend(tree.rows.tolist() for tree in trees)
        return really(self, trees)

    monkeypatch.setattr(Host, "hashed", watched)
    began = time.monotonic()
    found = compare(Host(timeout=0.5), *of)
    assert time.monotonic() - began < 10
    assert found.unseen == "d3/3.jpg of the source could not be read: no answer within 0.5 s"
    assert not found.same
    row = of[0].files.row("d3/3.jpg")
    assert row in asked[-1]
    assert max(map(max, asked)) < row // 20 * 20 + 20 < 120


def test_progress_goes_on_over_all_parts(twins, monkeypatch):
    monkeypatch.setattr(_pairs, "_AT_ONCE", 20)
    for number in range(0, 120, 10):
        rot(twins[1] / f"d{number % 7}/{number}.jpg")
    host, made, wanted = Host(), [], []
    host.digests = Remembered()

    class Watched(Reading):
        def __init__(self, talk):
            super().__init__(talk)
            made.append(self)

        def expect(self, files, size):
            super().expect(files, size)
            wanted.append((self._files_read, files, size))

    monkeypatch.setattr(_pairs, "Reading", Watched)
    size = sum(number * 3 + 1 for number in range(120)) * 2
    assert len(compare(host, *manifests(twins)).errors) == 12
    (first,) = made
    assert (first._files, first._size) == (first._files_read, first._size_read) == (240, size)
    assert {read for read, files, _ in wanted if files} == {0}  # known before the first is read
    made.clear()
    assert len(compare(host, *manifests(twins)).errors) == 12
    (second,) = made
    assert second._files == second._files_read == 24  # those that differ are read once more
