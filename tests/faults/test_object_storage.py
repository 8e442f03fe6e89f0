"""An object storage that breaks off, lies, drips or is busy: unknown, no pass, and no damage."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.needs import needs
from tests.verifier.remotes.servers import contents
from verifier.audit import Audit, audit
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.rules import Status
from verifier.setup import Setup

pytestmark = pytest.mark.slow

# where patience ends the whole location is unknown, else only what was not read
NEVER = ["500", "503", "reset", "cut", "short", "long", "page", "drip"]


def looked(source: Path, address: str, depth: Depth = Depth.SOURCE, **more: str) -> Audit:
    from datetime import UTC, datetime

    raw = {
        "policy": {"depth": depth.word},
        "source": {"path": str(source)},
        "locations": [{"name": "cloud", "address": address, **more}],
    }
    return audit(Setup.from_dict(raw), Host(timeout=3), now=datetime.now(UTC), depth=depth)


@pytest.fixture
def bucket(storage, spoiler, photos):
    """A bucket with the photos, as it is reached through the spoiler."""
    return storage.address(storage.bucket(contents(photos))).replace(storage.url, spoiler.url)


@pytest.mark.parametrize("mode", NEVER)
def test_contents_that_do_not_come_are_unknown(spoiler, photos, bucket, mode):
    spoiler.mode = mode
    began = time.monotonic()
    judged = looked(photos, bucket)
    assert time.monotonic() - began < 40
    (seen,) = judged.inventory.locations
    assert spoiler.spoiled, (seen.state, seen.reason)
    assert seen.state in (State.READ, State.TIMEOUT, State.UNREADABLE)
    assert seen.errors == ()
    assert seen.depth is None or seen.depth < Depth.SOURCE
    assert seen.reason
    assert judged.gates["errors"].status is Status.UNKNOWN
    spoiler.mode = ""
    (seen,) = looked(photos, bucket).inventory.locations
    assert (seen.depth, seen.errors) == (Depth.SOURCE, ())


@pytest.mark.parametrize("mode", [mode for mode in NEVER if mode not in ("short", "long")])
def test_a_listing_that_does_not_come_is_unknown_and_not_empty(spoiler, photos, bucket, mode):
    spoiler.mode, spoiler.of = mode, "list"
    judged = looked(photos, bucket, Depth.STRUCTURE)
    (seen,) = judged.inventory.locations
    assert seen.state in (State.UNREADABLE, State.TIMEOUT), (seen.state, seen.reason)
    assert seen.reason
    assert seen.coverage.value is None
    assert judged.gates["copies"].status is not Status.PASS


@pytest.mark.parametrize("mode", ["500", "503", "cut", "reset"])
def test_a_listing_that_breaks_off_is_no_whole_one(spoiler, photos, bucket, mode, monkeypatch):
    monkeypatch.setattr("verifier.remotes.s3_host.PAGE_OBJECTS", 1)
    spoiler.of = "list"
    looked(photos, bucket, Depth.LISTED)
    spoiler.mode, spoiler.sound = mode, 3
    judged = looked(photos, bucket, Depth.LISTED)
    (seen,) = judged.inventory.locations
    assert spoiler.spoiled, (seen.state, seen.reason)
    assert seen.errors == ()
    assert judged.gates["errors"].status is not Status.FAIL
    if seen.coverage.value is not None:
        assert seen.coverage.value == 1.0, "part of a listing was taken for all of it"
        pytest.fail("a listing that broke off was taken for a whole one")


@pytest.mark.parametrize("mode", ["500", "503", "cut", "short", "reset"])
def test_a_moment_of_trouble_is_got_over_or_unknown(spoiler, photos, bucket, mode):
    spoiler.mode, spoiler.most = mode, 1
    (seen,) = looked(photos, bucket).inventory.locations
    assert spoiler.spoiled == 1
    assert seen.errors == ()
    assert seen.depth is None or seen.depth <= Depth.SOURCE


@pytest.mark.integration
@needs("restic")
@pytest.mark.parametrize("mode", ["cut", "short", "503", "page"])
def test_a_repository_that_comes_in_part_is_not_damaged(storage, spoiler, photos, tmp_path, mode):
    (tmp_path / "password").write_text("secret")
    command = ["restic", "--no-cache", "-q", "--password-file", str(tmp_path / "password")]
    command += ["-r", str(tmp_path / "repository")]
    subprocess.run([*command, "init"], check=True)
    subprocess.run([*command, "backup", str(photos)], check=True)
    name = storage.bucket(contents(tmp_path / "repository"))
    address = storage.address(name).replace(storage.url, spoiler.url)
    spoiler.mode, spoiler.sound, spoiler.most = mode, 4, 1 if mode == "short" else 10**9
    judged = looked(photos, address, Depth.BYTES)
    (seen,) = judged.inventory.locations
    assert spoiler.spoiled, (seen.state, seen.reason)
    assert seen.errors == ()
    assert judged.gates["errors"].status is Status.UNKNOWN
