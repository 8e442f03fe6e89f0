"""The audit finds each damage at the depth that the published table says, and not before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.needs import needs
from tests.verifier.damage import damages
from tests.verifier.damage.animals import ANIMALS, PHOTO, Animal
from tests.verifier.damage.conftest import Park
from verifier.audit import Audit, audit
from verifier.depths import shallowest
from verifier.host import Host
from verifier.inventory import Depth, Location, State
from verifier.setup import Setup

pytestmark = [pytest.mark.integration, pytest.mark.slow]
DEPTHS = tuple(Depth)
each_animal = pytest.mark.parametrize(
    "animal", [pytest.param(a, id=a.name, marks=needs(*a.needs)) for a in ANIMALS]
)
closed = [pytest.param(a, id=a.name, marks=needs(*a.needs)) for a in ANIMALS if a.closed]


def looked(park: Park, animal: Animal, copy: Path, depth: Depth, password="password") -> Audit:
    table = {"name": "copy", "path": str(copy)}
    if animal.closed:
        table["password_file"] = str(park.yard.base / password)
    setup = Setup.from_dict(
        {
            "name": "zoo",
            "policy": {"depth": depth.word},
            "source": {"path": str(park.live)},
            "locations": [table],
        }
    )
    return audit(setup, Host(), now=datetime.now(UTC), depth=depth)


def is_found(seen: Location) -> bool:
    """Tell whether an audit says that something is wrong with what is there."""
    lacks = seen.coverage.value is not None and seen.coverage.value < 1
    ruined = seen.points.count == 0 or bool(seen.points.breaks)
    return bool(seen.errors) or lacks or ruined or seen.state is State.MISSING


def reached(animal: Animal, depth: Depth) -> Depth:
    """Return the depth that an audit does: a plain tree has no digests of its own."""
    plain = shallowest(animal.kind, "changed") is Depth.SOURCE and "changed" not in animal.earlier
    return Depth.SOURCE if plain and depth is Depth.BYTES else depth


def deepest(animal: Animal, depth: Depth) -> Depth:
    """Return how deep a wish leads: what its own digests vouch for is compared by a restore."""
    only_restored = shallowest(animal.kind, "stored-wrong") is Depth.RESTORE
    return Depth.BYTES if depth is Depth.SOURCE and only_restored else depth


def matrix(park: Park, animal: Animal, copy: Path, damage: str) -> list[str]:
    """Say of each depth in which an audit and the table differ."""
    table = shallowest(animal.kind, damage)
    wanted = animal.earlier.get(damage, table)
    wrong = []
    for depth in DEPTHS:
        judged = looked(park, animal, copy, depth)
        seen = judged.inventory.locations[0]
        gate = judged.gates["errors"]
        told = f"{depth.word}: {seen.kind} {seen.errors[:2]} {seen.points.breaks[:1]} "
        told += f"{seen.coverage.value} {seen.depth!r} {seen.reason} | {gate.status} {gate.reason}"
        if seen.kind != animal.kind:
            wrong.append(f"another kind; {told}")
        elif is_found(seen) != (reached(animal, depth) >= wanted):
            wrong.append(f"{'found' if is_found(seen) else 'not found'}; {told}")
        elif not is_found(seen) and f"at depth {table.word}" not in gate.reason:
            wrong.append(f"does not name depth {table.word}; {told}")
    return wrong


@each_animal
def test_a_sound_copy_passes_at_every_depth(park, animal):
    wrong = []
    for depth in DEPTHS:
        seen = looked(park, animal, park.sound(animal), depth).inventory.locations[0]
        told = f"{depth.word}: {seen.kind} {seen.errors} {seen.depth!r} {seen.reason}"
        if seen.kind != animal.kind or is_found(seen) or seen.state is not State.READ:
            wrong.append(told)
        elif seen.depth is None or seen.depth < deepest(animal, depth):
            wrong.append(f"not so deep; {told}")
    assert not wrong, "\n".join(wrong)


# a single file that is gone is a location that is missing
@pytest.mark.parametrize(
    ("animal", "damage"),
    [
        pytest.param(one, damage, id=f"{one.name}-{damage}", marks=needs(*one.needs))
        for one in ANIMALS
        for damage in damages.DAMAGES
        if one.victim or damage != "gone"
    ],
)
def test_damage_is_found_at_the_depth_of_the_table(park, animal, damage, tmp_path):
    copy = park.another(animal, tmp_path)
    damages.DAMAGES[damage](animal, copy, (park.live / PHOTO).read_bytes())
    wrong = matrix(park, animal, copy, damage)
    assert not wrong, "\n".join(wrong)


@each_animal
def test_what_was_stored_wrong_is_found_at_the_depth_of_the_table(park, animal):
    wrong = matrix(park, animal, park.sound(animal, "wrong"), "stored-wrong")
    assert not wrong, "\n".join(wrong)
