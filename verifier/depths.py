"""Which depth of examination finds which damage: one table, for verdicts and explanations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from verifier.inventory import Depth

__all__ = ["DAMAGES", "beyond", "depth_text", "shallowest"]

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
# formats that keep a digest or a CRC of all that they store
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
_KINDS: Mapping[str, Mapping[str, Depth]] = MappingProxyType(
    dict.fromkeys(
        ("directory", "dated", "btrfs", "zfs", "optical", "s3", "sftp", "rclone", "unknown"), _PLAIN
    )
)


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
    """Say what the next deeper examination would find that this one cannot; empty if nothing.

    Parameters
    ----------
    kind : str
        A kind of location.
    reached : Depth
        How deep it was examined.

    Returns
    -------
    str
        ``"changed bytes under the same size would be found at depth source"``.
    """
    table = {damage: shallowest(kind, damage) for damage in DAMAGES}
    deeper = min((depth for depth in table.values() if depth > reached), default=None)
    if deeper is None:
        return ""
    damage = next(damage for damage, depth in table.items() if depth is deeper)
    return f"{DAMAGES[damage]} would be found at depth {deeper.word}"


def depth_text(kind: str) -> str:
    """Say of a kind of location which damage is found at which depth."""
    found: dict[Depth, list[str]] = {}
    for damage, words in DAMAGES.items():
        found.setdefault(shallowest(kind, damage), []).append(words)
    parts = (f"at depth {depth.word} {', '.join(found[depth])}" for depth in sorted(found))
    return f"Damage is found {'; '.join(parts)}."
