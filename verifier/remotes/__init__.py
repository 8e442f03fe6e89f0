"""Locations that are no paths of this machine: one file a protocol, found by the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from verifier.host import Host
from verifier.remotes import rclone, s3, sftp
from verifier.remotes._link import Digest, Here, Link, ToolAddress
from verifier.target import Target

__all__ = ["REMOTES", "Digest", "Here", "Link", "Remote", "ToolAddress", "remote_for"]


@dataclass(frozen=True, slots=True)
class Remote:
    """One protocol: which addresses are its own, and how to reach them.

    ``connect`` may find out that an address means a path of this machine (`Here`).
    """

    kind: str
    fits: Callable[[Target], bool]
    connect: Callable[[Host, Target], Link | Here]


# in the order of asking; rclone's is last because its names are the user's own
REMOTES: tuple[Remote, ...] = (
    Remote("s3", s3.fits, s3.connect),
    Remote("sftp", sftp.fits, sftp.connect),
    Remote("rclone", rclone.fits, rclone.connect),
)


def remote_for(target: Target) -> Remote | None:
    """Return the protocol that an address belongs to; None for a path or a tool's own address."""
    return next((remote for remote in REMOTES if remote.fits(target)), None)
