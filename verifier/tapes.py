"""Tape drives, libraries and what only looks like them: pure judgements of names and texts."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Cartridge", "generation_of_barcode", "is_virtual", "parse_mtx", "tape_medium"]

# vendor and model strings with which virtual tape libraries introduce themselves
_VIRTUAL = re.compile(
    r"mhvtl|quadstor|falcon|data ?domain|starwind|scsi_debug|vtl|virtual|storeonce", re.IGNORECASE
)
# a device that hangs on no bus is made by software
_VIRTUAL_PLACE = re.compile(r"/devices/(pseudo_|virtual/|platform/mhvtl)|/mhvtl|/adapter\d+/")
_DRIVE = re.compile(r"(?:ultrium|lto)[ _-]{0,3}(?:td|hh|fh)?[ _-]{0,3}(\d{1,2})", re.IGNORECASE)
_BARCODE = re.compile(r"[A-Z0-9]{6}(?:L([1-9A])|M8|L([TUVWXYZ]))$")
_SLOT = re.compile(
    r"\s*(Data Transfer|Storage) Element (\d{1,9})(?!\d)[^:]*:(Full|Empty)"
    r"(?:.*?VolumeTag\s*=\s*(\S+))?"
)


@dataclass(frozen=True, slots=True)
class Cartridge:
    """One cartridge in a library; ``generation`` like ``"lto-8"``, None if its label hides it."""

    barcode: str
    in_drive: bool
    generation: str | None


def is_virtual(vendor: str, model: str, place: str = "") -> bool:
    """Tell whether a tape device is software on a disk.

    Parameters
    ----------
    vendor, model : str
        As the device introduces itself.
    place : str
        Its resolved folder in /sys.

    Returns
    -------
    bool
    """
    named = f"{vendor} {model}"
    return bool(_VIRTUAL.search(named) or _VIRTUAL_PLACE.search(place))


def tape_medium(model: str) -> str:
    """Return ``"lto-8"`` for a drive of that generation, else ``"tape"``."""
    found = _DRIVE.search(model)
    return f"lto-{found[1]}" if found else "tape"


def generation_of_barcode(barcode: str) -> str | None:
    """Return the generation that the last two characters of a label name.

    ``L8`` is LTO-8, ``M8`` an LTO-7 cartridge written in LTO-8 drives, ``LA`` LTO-10; WORM and
    cleaning labels (``LT`` to ``LZ``) name it differently: ``LY`` is LTO-8, ``LZ`` LTO-9.
    """
    found = _BARCODE.fullmatch(barcode.strip().upper())
    if found is None:
        return None
    if found[1]:
        return "lto-10" if found[1] == "A" else f"lto-{found[1]}"
    worm = {"T": 3, "U": 4, "V": 5, "W": 6, "X": 7, "Y": 8, "Z": 9}
    return f"lto-{worm[found[2]]}" if found[2] else "lto-8"


def parse_mtx(text: str) -> tuple[Cartridge, ...]:
    """Read ``mtx -f /dev/sgN status``, which moves nothing; empty slots are left out."""
    found = []
    for line in text.splitlines():
        slot = _SLOT.match(line)
        if slot and slot[3] == "Full" and slot[4]:
            in_drive = slot[1] == "Data Transfer"
            found.append(Cartridge(slot[4], in_drive, generation_of_barcode(slot[4])))
    return tuple(found)
