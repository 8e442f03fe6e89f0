"""What the tests of damaged copies share: every kind built once, whole and stored wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.verifier.damage.animals import PHOTO, SECRET, Animal
from tests.verifier.zoo.yard import Yard


@dataclass
class Park:
    """Live data, the same with one photo changed under its size and time, and copies of both."""

    yard: Yard
    made: dict[tuple[str, str], Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.live = self.yard.source(self.yard.base / "live" / "photos")
        wrong = self.yard.copy(self.live, "wrong/photos")
        photo = wrong / PHOTO
        then = photo.stat()
        photo.write_bytes(photo.read_bytes()[::-1])
        os.utime(photo, ns=(then.st_atime_ns, then.st_mtime_ns))
        (self.yard.base / "password").write_text(SECRET)
        (self.yard.base / "wrong-password").write_text("wrong")

    def sound(self, animal: Animal, of: str = "live") -> Path:
        """Return the copy as it was made; not to be touched."""
        if (animal.name, of) not in self.made:
            folder = self.yard.base / "copies" / of
            folder.mkdir(parents=True, exist_ok=True)
            animal.make(self.yard, self.yard.base / of / "photos", folder / animal.name)
            self.made[animal.name, of] = folder / animal.name
        return self.made[animal.name, of]

    def another(self, animal: Animal, to: Path, of: str = "live") -> Path:
        """Copy the copy, for one damage."""
        target = to / animal.name
        self.yard.run("cp", "-a", self.sound(animal, of), target)
        return target


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    with ExitStack() as stack:
        yield Park(Yard(tmp_path_factory.mktemp("park"), stack))
