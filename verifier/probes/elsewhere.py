"""Remote places, examined by the probes of their formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from verifier.access import AccessError
from verifier.host import Host
from verifier.inventory import Depth, Location, Points
from verifier.manifest import Manifest
from verifier.probes import directory, restic
from verifier.probes.comparing_elsewhere import compare
from verifier.probes.outdated import without_outdated, without_versions
from verifier.remotes import Link
from verifier.target import Target

__all__ = ["collect_format", "collect_plain"]

Collect = Callable[[Host, Target, Manifest | None, Depth, Location], Location]


def collect_plain(
    link: Link, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a plain tree: it is listed, and from ``BYTES`` on compared with the source.

    Parameters
    ----------
    link : Link
        The place.
    target, source, depth, found
        As for every probe.

    Returns
    -------
    Location
    """
    listed = min(depth, Depth.STRUCTURE)
    located = directory.collect(link.host, target, source, listed, found)
    located = replace(located, kind=link.kind, real_path=None)
    if not located.files and not located.reason:
        located = replace(located, points=Points(0))
    if depth >= Depth.BYTES and located.depth == listed:  # and not only its names
        if source is None or not source.complete:
            reason = "no comparison was made: the source could not be read"
            located = replace(located, reason=reason)
        else:
            compared = compare(link, source, depth)
            located = without_outdated(located, source, compared.outdated)
            located = without_versions(located, source, compared.younger)
            located = replace(
                located,
                errors=compared.errors,
                reason=compared.unseen,
                sample=compared.sample,
                depth=located.depth if compared.unseen else compared.reached,
            )
    return link.finished(located)


def collect_format(
    link: Link,
    collect: Collect,
    target: Target,
    source: Manifest | None,
    depth: Depth,
    found: Location,
) -> Location:
    """Examine a repository or archive by the probe of its kind.

    The bytes are read by the probe, through the link. A program with a password is given its own
    address of the same place, since it cannot use the probe's.

    Parameters
    ----------
    link : Link
        The place.
    collect : callable
        The probe's.
    target, source, depth, found
        As for every probe.

    Returns
    -------
    Location
    """
    closed = replace(target, address=link.path, password_file=None)
    located = collect(link.host, closed, source, depth, found)
    tool = link.opened_by(located.kind)
    if target.password_file is not None and located.kind == "restic":
        if tool is None:
            reason = "the program cannot open it at this address"
            located = replace(located, reason="; ".join(filter(None, (located.reason, reason))))
        else:
            asked = replace(target, address=tool.address)
            located = _opened(tool.host, asked, source, located)
            if depth >= Depth.STRUCTURE and located.files is not None:
                located = restic.checked(tool.host, asked, tool.address, located)
    return link.finished(replace(located, real_path=None))


def _opened(host: Host, asked: Target, source: Manifest | None, found: Location) -> Location:
    """Add what the program tells about contents to what the bytes told."""
    try:
        inside = restic.collect_remote(host, asked, source, replace(found, reason=""))
    except AccessError as problem:
        return replace(found, reason=problem.reason)
    return replace(
        inside,
        address=found.address,
        depth=found.depth,
        errors=found.errors,
        sample=found.sample,
        real_path=None,
    )
