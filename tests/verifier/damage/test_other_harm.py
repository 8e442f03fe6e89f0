"""Harm that no row of the table names, and what looks like harm and is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.needs import needs
from tests.verifier.damage.animals import ANIMALS, PHOTO, Animal
from tests.verifier.damage.conftest import Park
from tests.verifier.damage.damages import extra, link_gone, victim
from tests.verifier.damage.test_damage import closed, is_found, looked
from tests.verifier.zoo.yard import flip
from verifier.depths import shallowest
from verifier.inventory import Depth
from verifier.rules import Status

pytestmark = [pytest.mark.integration, pytest.mark.slow]
NAMED = {animal.name: animal for animal in ANIMALS}
MIB = 1 << 20


def chosen(*names: str) -> list[object]:
    return [pytest.param(NAMED[n], id=n, marks=needs(*NAMED[n].needs)) for n in names]


@pytest.mark.parametrize("animal", chosen("directory", "bag"))
def test_an_extra_file_is_no_damage(park: Park, animal: Animal, tmp_path: Path):
    copy = park.another(animal, tmp_path)
    extra(animal, copy / "2026-11-24" if animal.name == "dated" else copy, b"")
    for depth in (Depth.LISTED, Depth.BYTES, Depth.RESTORE):
        seen = looked(park, animal, copy, depth).inventory.locations[0]
        assert not is_found(seen), (depth, seen.errors, seen.points.breaks)
        assert seen.kind == animal.kind
        assert seen.depth is not None
        assert seen.depth >= depth, seen.reason


@pytest.mark.parametrize("animal", chosen("directory", "bag", "rdiff"))
def test_wrong_permissions_are_a_finding_of_the_drill_and_no_damage(park, animal, tmp_path):
    copy = park.another(animal, tmp_path)
    victim(animal, copy, (park.live / PHOTO).read_bytes()).chmod(0o777)
    seen = looked(park, animal, copy, Depth.RESTORE).inventory.locations[0]
    assert not is_found(seen)
    assert seen.depth is Depth.RESTORE
    assert any("permission bits" in told and PHOTO in told for told in seen.restored.differing)


@pytest.mark.parametrize("animal", chosen("restic"))
def test_a_broken_chain_is_found_from_its_structure_on(park, animal, tmp_path):
    copy = park.another(animal, tmp_path)
    link_gone(animal, copy, b"")
    judged = looked(park, animal, copy, Depth.STRUCTURE)
    assert is_found(judged.inventory.locations[0])
    assert judged.gates["errors"].status is not Status.PASS


@pytest.mark.parametrize("secret", ["wrong-password", "no-such-file"])
@pytest.mark.parametrize("animal", closed)
def test_a_wrong_password_is_unknown_and_no_failure(park, animal, secret):
    for depth in (Depth.BYTES, Depth.SOURCE, Depth.RESTORE):
        judged = looked(park, animal, park.sound(animal), depth, secret)
        seen = judged.inventory.locations[0]
        assert not is_found(seen), (depth, seen.errors, seen.points.breaks)
        assert judged.gates["errors"].status is not Status.FAIL
        assert seen.depth is None or seen.depth <= Depth.BYTES
        assert judged.verdicts[1].status is Status.UNKNOWN
        assert depth is Depth.BYTES or judged.gates["errors"].status is Status.UNKNOWN


@pytest.mark.parametrize("animal", chosen("directory", "bag", "restic", "borg"))
@needs("root", "loop", "btrfs", "mkfs.btrfs")
def test_a_sector_that_cannot_be_read_is_damage_where_bytes_are_read(park, animal, tmp_path):
    """A file system with checksums answers a read of a changed sector with a true EIO."""
    image, at = tmp_path / "disk.img", tmp_path / "disk"
    with image.open("wb") as made:
        made.truncate(128 * MIB)
    run = park.yard.run
    run("mkfs.btrfs", "-q", "-m", "dup", "-d", "single", image)
    at.mkdir()
    run("mount", "-o", "loop", image, at)
    try:
        copy = park.another(animal, at)
        hurt = victim(animal, copy, (park.live / PHOTO).read_bytes()).relative_to(at)
        content = (at / hurt).read_bytes()
        middle = (park.live / PHOTO).read_bytes() if animal.stored_plain else content
        middle = middle[len(middle) // 2 :][:64]
    finally:
        run("umount", at)
    disk = image.read_bytes()
    with image.open("r+b") as file:
        file.seek(disk.index(middle))
        file.write(bytes(64))
    run("mount", "-o", "loop,ro", image, at)
    try:
        with pytest.raises(OSError, match="Input/output"):
            (at / hurt).read_bytes()
        table = shallowest(animal.kind, "unreadable")
        for depth in (Depth.STRUCTURE, table, Depth.RESTORE):
            judged = looked(park, animal, copy, depth)
            seen = judged.inventory.locations[0]
            told = (depth, seen.kind, seen.errors, seen.depth, seen.reason)
            assert is_found(seen) == (depth >= table), told
            if depth >= table:
                assert judged.gates["errors"].status is Status.FAIL, told
            else:
                assert f"at depth {table.word}" in judged.gates["errors"].reason, told
    finally:
        run("umount", at)


def test_a_swap_under_size_and_time_is_found_on_the_next_run_too(park, tmp_path):
    """The catalogue leans on earlier reads only where the change time says that it may."""
    copy = park.another(NAMED["directory"], tmp_path)
    tables = park.yard.setup(park.live, {"name": "copy", "path": str(copy)})
    options = ("--json", "--depth", "source", "--catalogue", str(tmp_path / "book.db"))
    before = json.loads(park.yard.audit(tables, *options).stdout)
    assert before["gates"]["errors"]["status"] == "pass"
    flip(copy / PHOTO)
    after = json.loads(park.yard.audit(tables, *options).stdout)
    assert after["gates"]["errors"]["status"] == "fail"
    assert PHOTO in after["gates"]["errors"]["reason"]
