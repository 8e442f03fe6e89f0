"""The families of kinds that can be restored, and why the others cannot."""

from __future__ import annotations

from verifier.drills import (
    archive,
    borg,
    bup,
    copied,
    dar,
    duplicity,
    git_annex,
    iso,
    restic,
)
from verifier.drills._model import Family
from verifier.remotes import REMOTES
from verifier.target import Target

__all__ = ["FAMILIES", "family_of"]

_LINKS = tuple(remote.kind for remote in REMOTES)

FAMILIES: tuple[Family, ...] = (
    Family(("restic",), restic.open_point, "restic", "restic"),
    Family(("borg",), borg.open_point, "borg", "borgbackup"),
    Family(("duplicity",), duplicity.open_point, "duplicity", "duplicity"),
    Family(("dar",), dar.open_point, "dar", "dar"),
    Family(("bup",), bup.open_point, "bup", "bup"),
    Family(("git-annex",), git_annex.open_point),
    Family(("tar", "zip", "archive"), archive.open_point),
    Family(("iso",), iso.open_point),
    Family(("directory", *_LINKS), copied.open_tree),
    Family(("rdiff-backup",), copied.open_mirror),
    Family(("bagit",), copied.open_bag),
    Family(("dated",), copied.open_dated),
    Family(("btrfs", "zfs"), copied.open_snapshot),
    Family(("optical",), copied.open_tree),
    Family(("bacula",), None, why="Bacula restores by its director or bextract; do it by hand"),
    Family(("veeam",), None, why="Veeam's own extract utility does it; do it by hand"),
    Family(("kopia",), None, why="kopia itself does it; do it by hand"),
    Family(("borg2",), None, why="borg 2 itself does it; do it by hand"),
    Family(("tape",), None, why="a tape is not rewound here; restore from it by hand"),
    Family(("declared",), None, why="it is declared; nobody looked"),
)


def family_of(kind: str, target: Target) -> Family | None:
    """Return the family that restores a kind of location, None if none is known."""
    if target.kind == "declared":
        kind = "declared"
    return next((family for family in FAMILIES if kind in family.kinds), None)
