"""What happens to copies: each damage is done to a copy of a sound one."""

from __future__ import annotations

import os
from pathlib import Path

from tests.verifier.damage.animals import Animal
from tests.verifier.zoo.yard import flip as flip_byte


def victim(animal: Animal, copy: Path, photo: bytes) -> Path:
    """Return the file that is hurt: the largest, or that which holds the photo as it is."""
    if not animal.victim:
        return copy
    found = [f for f in copy.glob(animal.victim) if f.is_file()]
    if animal.stored_plain:
        return next(f for f in found if photo in f.read_bytes())
    return max(found, key=lambda f: f.stat().st_size)


def spot(animal: Animal, file: Path, photo: bytes) -> int:
    """Return a place in it that holds content: of the photo, where its bytes are stored plain."""
    content = file.read_bytes()
    if animal.stored_plain:
        return content.index(photo) + len(photo) // 2
    return len(content) // 2


def changed(animal: Animal, copy: Path, photo: bytes) -> None:
    file = victim(animal, copy, photo)
    flip_byte(file, spot(animal, file, photo))


def cut_off(animal: Animal, copy: Path, photo: bytes) -> None:
    file = victim(animal, copy, photo)
    then, mode = file.stat(), file.stat().st_mode
    file.chmod(0o600)
    os.truncate(file, spot(animal, file, photo))
    file.chmod(mode & 0o7777)
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))


def gone(animal: Animal, copy: Path, photo: bytes) -> None:
    file = victim(animal, copy, photo)
    file.parent.chmod(0o755)
    file.unlink()


def link_gone(animal: Animal, copy: Path, photo: bytes) -> None:
    for file in copy.glob(animal.link):
        file.unlink()


def extra(animal: Animal, copy: Path, photo: bytes) -> None:
    (copy / "extra.txt").write_text("nobody knows me\n")


DAMAGES = {"gone": gone, "cut-off": cut_off, "changed": changed}
