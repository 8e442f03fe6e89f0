"""Probes: one file a kind; each detects its kind by signature and collects what is there."""

from __future__ import annotations

from verifier.host import Host
from verifier.inventory import Depth, Fact, Location
from verifier.manifest import Manifest
from verifier.target import Target

__all__ = ["collect_source", "host_identity", "probe"]


def probe(
    host: Host, target: Target, source_manifest: Manifest | None, depth: Depth = Depth.LISTED
) -> Location:
    """Examine one location."""
    raise NotImplementedError


def collect_source(
    host: Host, path: str, *, site: str | None = None, key: str | None = None
) -> tuple[Location, Manifest]:
    """Examine the live data."""
    raise NotImplementedError


def host_identity(host: Host) -> Fact[str]:
    """Say which machine this is."""
    raise NotImplementedError
