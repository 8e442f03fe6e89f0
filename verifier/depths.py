"""Which depth of examination finds which damage: one table, for verdicts and explanations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from verifier.inventory import Depth

__all__ = ["DAMAGES", "beyond", "blind_to_gaps", "depth_text", "shallowest"]

# from what is seen first to what is seen last
DAMAGES = MappingProxyType(
    {
        "gone": "a file that is gone",
        "cut-off": "a file that is cut off",
        "changed": "changed bytes under the same size",
        "unreadable": "a sector that cannot be read",
        "stored-wrong": "what was stored wrong in the first place",
        "not-restorable": "what cannot be restored",
    }
)
# a plain tree has no digests of its own: names and sizes are held against the source at once,
# bytes only at depth source
_PLAIN = MappingProxyType(
    {
        "gone": Depth.LISTED,
        "cut-off": Depth.LISTED,
        "changed": Depth.SOURCE,
        "unreadable": Depth.SOURCE,
        "stored-wrong": Depth.SOURCE,
        "not-restorable": Depth.RESTORE,
    }
)
# formats that keep a digest or a CRC of all that they store, in files of their own
_OWN_DIGESTS = MappingProxyType(
    {
        "gone": Depth.STRUCTURE,
        "cut-off": Depth.BYTES,
        "changed": Depth.BYTES,
        "unreadable": Depth.BYTES,
        "stored-wrong": Depth.RESTORE,
        "not-restorable": Depth.RESTORE,
    }
)
# files that lie open beside their digests, and slices that are counted
_OPEN = MappingProxyType({**_OWN_DIGESTS, "gone": Depth.LISTED, "cut-off": Depth.LISTED})
# what one file holds is held against the source too; tar and images of discs have no digests
_CRC = MappingProxyType({**_PLAIN, "changed": Depth.BYTES, "unreadable": Depth.BYTES})
_TABLES: tuple[tuple[Mapping[str, Depth], tuple[str, ...]], ...] = (
    (_PLAIN, ("directory", "dated", "btrfs", "zfs", "optical", "s3", "sftp", "rclone", "unknown")),
    (_PLAIN, ("tar", "archive", "iso")),
    (_CRC, ("zip",)),
    (_OPEN, ("bagit", "rdiff-backup", "dar", "git-annex")),
    (MappingProxyType({**_OPEN, "cut-off": Depth.STRUCTURE}), ("bup",)),
    (MappingProxyType({**_OPEN, "cut-off": Depth.BYTES}), ("duplicity",)),
    (MappingProxyType({**_OWN_DIGESTS, "cut-off": Depth.STRUCTURE}), ("borg",)),
)
_KINDS = MappingProxyType({kind: table for table, kinds in _TABLES for kind in kinds})


_SEEN_WITHIN = frozenset({"restic"})  # files named by digests: what is missing only the index tells


def blind_to_gaps(kind: str, reached: Depth, *, opened: bool) -> bool:
    """Tell whether a depth that was reached still missed what the table says that it finds.

    Parameters
    ----------
    kind : str
        A kind of location.
    reached : Depth
        How deep it was examined.
    opened : bool
        Whether its contents could be listed.

    Returns
    -------
    bool
        True if a file could be gone, and only the contents would tell.
    """
    return not opened and kind in _SEEN_WITHIN and reached >= shallowest(kind, "gone")


def shallowest(kind: str, damage: str) -> Depth:
    """Return the shallowest depth at which a damage is found in a kind of location.

    Parameters
    ----------
    kind : str
        A kind of location; those that are not plain trees keep digests of their own.
    damage : str
        A key of `DAMAGES`.

    Returns
    -------
    Depth
    """
    return _KINDS.get(kind, _OWN_DIGESTS)[damage]


def beyond(kind: str, reached: Depth) -> str:
    """Say what deeper examinations would find that this one cannot; empty if nothing.

    Parameters
    ----------
    kind : str
        A kind of location.
    reached : Depth
        How deep it was examined.

    Returns
    -------
    str
        ``"not looked for: at depth source changed bytes under the same size; at depth …"``.
    """
    deeper = _by_depth(kind, reached)
    return f"not looked for: {deeper}" if deeper else ""


def depth_text(kind: str) -> str:
    """Say of a kind of location which damage is found at which depth."""
    return f"Damage is found {_by_depth(kind)}."


def _by_depth(kind: str, reached: Depth | None = None) -> str:
    found: dict[Depth, list[str]] = {}
    for damage, words in DAMAGES.items():
        depth = shallowest(kind, damage)
        if reached is None or depth > reached:
            found.setdefault(depth, []).append(words)
    return "; ".join(f"at depth {depth.word} {', '.join(found[depth])}" for depth in sorted(found))
