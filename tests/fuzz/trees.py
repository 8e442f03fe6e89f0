"""Whole locations: in each, one file is replaced by hostile bytes, and the probe reads it all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.verifier.damage import animals
from tests.verifier.damage.animals import ANIMALS, Animal
from tests.verifier.zoo.repositories import veeam_gap
from tests.verifier.zoo.yard import Yard
from verifier.host import Host
from verifier.inventory import Depth, Location
from verifier.manifest import Manifest
from verifier.probes import collect_source, probe
from verifier.target import Target

__all__ = ["BROKE_OFF", "TREES", "Tree"]

BROKE_OFF = "the examination broke off"
_LARGEST = 1 << 16  # of a file that is replaced; larger ones are content


class BrokeOff(Exception):
    """The probe met bytes that it has no answer to: it becomes unknown where it could be told."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A kind of location that the real tool, or a writer of its format, makes.

    The first byte of an input says which file it replaces, the rest is that file.
    """

    name: str
    make: Callable[[Yard, Path, Path], None]
    needs: tuple[str, ...] = ()

    def built(self, scratch: Path) -> tuple[Path, Path]:
        """Return the live data and its copy, made once."""
        base = scratch / "yard"
        live, copy = base / "photos", base / "copy" / self.name
        if not base.exists():
            base.mkdir(parents=True)
            with ExitStack() as stack:
                yard = Yard(base, stack)
                _live(live)
                copy.parent.mkdir()
                self.make(yard, live, copy)
        return live, copy

    def samples(self, scratch: Path) -> tuple[bytes, ...]:
        """Return the small files of the copy, each with its number."""
        _, copy = self.built(scratch)
        files = _files(copy)
        return tuple(
            bytes([number]) + file.read_bytes()
            for number, file in enumerate(files)
            if file.stat().st_size <= _LARGEST
        )

    def prepare(self, scratch: Path) -> Callable[[bytes], object]:
        """Return what looks at the location with one file replaced."""
        live, copy = self.built(scratch)
        files = _files(copy)
        kept = [file.read_bytes() for file in files]
        for path in (copy, *copy.rglob("*")) if copy.is_dir() else (copy,):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o600)
        manifest = collect_source(Host(), str(live))[1]
        # no program of the tool is started: what is tried here is what reads its files
        os.environ["PATH"] = "/nowhere"

        def call(data: bytes) -> Location:
            number = data[0] % len(files) if data else 0
            files[number].write_bytes(data[1:])
            try:
                return _looked(copy, manifest)
            finally:
                files[number].write_bytes(kept[number])

        return call


def _looked(copy: Path, manifest: Manifest) -> Location:
    found = probe(Host(), Target("copy", str(copy)), manifest, Depth.BYTES)
    if found.reason and BROKE_OFF in found.reason:
        raise BrokeOff(found.reason)
    return found


def _files(copy: Path) -> list[Path]:
    """Return the files whose format is read, the small first; one that stands alone is the copy."""
    if copy.is_file():
        return [copy]
    found = [file for file in copy.rglob("*") if file.is_file() and not file.is_symlink()]
    return sorted(found, key=lambda file: (file.stat().st_size, str(file)))[:255]


def _live(root: Path) -> None:
    """Make live data of three small files: most of a location is then format."""
    for number, name in enumerate(("2025/a.jpg", "2025/b.jpg", "albums.txt")):
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(range(256)) * (1 + number))
        os.utime(file, (1764115200, 1764115200))


def _veeam(yard: Yard, live: Path, to: Path) -> None:
    veeam_gap(yard)
    shutil.move(yard.base / "veeam", to)


def _bacula(yard: Yard, live: Path, to: Path) -> None:
    from tests.fuzz.seeds import bacula_volumes

    to.mkdir()
    for number, content in enumerate(bacula_volumes()):
        (to / f"Vol-{number}").write_bytes(content)


def _dar(yard: Yard, live: Path, to: Path) -> None:
    animals.dar(yard, live, to)


def _of(animal: Animal) -> Tree:
    return Tree(animal.name, animal.make, animal.needs)


TREES = (
    *map(_of, ANIMALS),
    Tree("veeam", _veeam),
    Tree("bacula", _bacula),
)
