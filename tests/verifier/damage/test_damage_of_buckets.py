"""Damage in a bucket of a real S3 server: found at the depth of the table, and not before."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from tests.needs import needs
from tests.verifier.damage.animals import PHOTO
from tests.verifier.damage.test_damage import is_found
from tests.verifier.zoo.servers import KEY, KEY_ID, Cloud, cloud
from tests.verifier.zoo.yard import Yard
from verifier.audit import Audit, audit
from verifier.depths import shallowest
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.rules import Status
from verifier.setup import Setup

pytestmark = [pytest.mark.integration, pytest.mark.slow, needs("python:moto", "python:boto3")]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Iterator[tuple[Yard, Cloud]]:
    base = tmp_path_factory.mktemp("buckets")
    with ExitStack() as stack:
        yard = Yard(base, stack)
        yard.source(base / "photos")
        yield yard, stack.enter_context(cloud(base / "cloud", "111111111111"))


@pytest.fixture
def signed_in(monkeypatch, tmp_path):
    for name, value in {"ACCESS_KEY_ID": KEY_ID, "SECRET_ACCESS_KEY": KEY}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("HOME", str(tmp_path))


def looked(made: tuple[Yard, Cloud], bucket: str, depth: Depth) -> Audit:
    yard, server = made
    tables = {
        "policy": {"depth": depth.word},
        "source": {"path": str(yard.base / "photos")},
        "locations": [{"name": "copy", "address": f"s3:{server.url}/{bucket}"}],
    }
    return audit(Setup.from_dict(tables), Host(), now=datetime.now(UTC), depth=depth)


def stored(made: tuple[Yard, Cloud], name: str) -> str:
    yard, server = made
    server.bucket(name)
    server.put(name, yard.base / "photos")
    return name


def hurt(made: tuple[Yard, Cloud], bucket: str, damage: str) -> None:
    """Do to an object what a faulty client or gateway does: the service keeps what it was given."""
    yard, server = made
    content = (yard.base / "photos" / PHOTO).read_bytes()
    middle = len(content) // 2
    client = server.client()
    if damage == "gone":
        client.delete_object(Bucket=bucket, Key=PHOTO)
        return
    changed = content[:middle] + bytes([content[middle] ^ 0x20]) + content[middle + 1 :]
    body = {"changed": changed, "cut-off": content[:middle]}[damage]
    client.upload_fileobj(io.BytesIO(body), bucket, PHOTO)


def test_a_sound_bucket_passes_at_the_depths_of_bytes(made, signed_in):
    stored(made, "sound")
    for depth in (Depth.BYTES, Depth.SOURCE, Depth.RESTORE):
        seen = looked(made, "sound", depth).inventory.locations[0]
        assert (seen.kind, seen.state, is_found(seen)) == ("s3", State.READ, False), seen.errors
        assert seen.depth is not None
        assert seen.depth >= depth, (depth, seen.depth, seen.reason)


@pytest.mark.parametrize("damage", ["gone", "cut-off", "changed"])
def test_damage_is_found_no_later_than_the_table_says(made, signed_in, damage):
    """A digest that the service keeps of what it was given tells a change at depth bytes, too."""
    stored(made, damage)
    hurt(made, damage, damage)
    table = shallowest("s3", damage)
    shallow = Depth.BYTES if damage == "changed" else Depth.STRUCTURE
    for depth in sorted({Depth.LISTED, shallow, table}):
        judged = looked(made, damage, depth)
        seen = judged.inventory.locations[0]
        told = (depth, seen.errors, seen.coverage.value, seen.depth, seen.reason)
        earliest = Depth.BYTES if damage == "changed" else table
        if depth >= table:
            assert is_found(seen), told
        elif depth < earliest:
            assert not is_found(seen), told
        if not is_found(seen):
            assert judged.gates["errors"].status is not Status.PASS or (
                f"at depth {table.word}" in judged.gates["errors"].reason
            ), told


def test_a_bucket_that_cannot_be_opened_is_unknown_and_no_damage(made, signed_in, monkeypatch):
    stored(made, "closed")
    yard, _ = made
    gone = {
        "policy": {"depth": "bytes"},
        "source": {"path": str(yard.base / "photos")},
        "locations": [{"name": "copy", "address": "s3:http://127.0.0.1:9/closed"}],
    }
    judged = audit(Setup.from_dict(gone), Host(), now=datetime.now(UTC), depth=Depth.BYTES)
    seen = judged.inventory.locations[0]
    assert seen.state in (State.UNREADABLE, State.TIMEOUT)
    assert (seen.errors, seen.depth) == ((), None)
    assert judged.verdicts[1].status is Status.UNKNOWN
    assert judged.gates["errors"].status is Status.UNKNOWN
