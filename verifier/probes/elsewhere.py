"""Remote places, examined by the probes of their formats."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from verifier.access import AccessError, Completed
from verifier.host import Host
from verifier.inventory import Depth, Location, Points
from verifier.manifest import Manifest
from verifier.probes import directory, restic
from verifier.probes._compare import compare
from verifier.remotes import Link
from verifier.target import Target

__all__ = ["collect_format", "collect_plain", "with_environment"]

Collect = Callable[[Host, Target, Manifest | None, Depth, Location], Location]

# what the programs behind a tool's own address log in with; never shown, never recorded
_LOGINS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "B2_ACCOUNT_ID",
    "B2_ACCOUNT_KEY",
    "AZURE_ACCOUNT_NAME",
    "AZURE_ACCOUNT_KEY",
    "GOOGLE_PROJECT_ID",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "RCLONE_CONFIG_PASS",
    "RESTIC_REST_USERNAME",
    "RESTIC_REST_PASSWORD",
    "SSH_AUTH_SOCK",
)


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
    if depth >= Depth.BYTES and located.depth is not None:
        if source is None or not source.complete:
            reason = "no comparison was made: the source could not be read"
            located = replace(located, reason=reason)
        else:
            compared = compare(link, source, depth)
            located = replace(
                located,
                errors=compared.errors,
                reason=compared.unseen,
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
            located = _opened(tool.host, tool.address, target, source, located)
    return link.finished(replace(located, real_path=None))


def _opened(
    host: Host, address: str, target: Target, source: Manifest | None, found: Location
) -> Location:
    """Add what the program tells about contents to what the bytes told."""
    asked = replace(target, address=address)
    try:
        inside = restic.collect_remote(host, asked, source, replace(found, reason=""))
    except AccessError as problem:
        return replace(found, reason=problem.reason)
    return replace(
        inside,
        address=found.address,
        depth=found.depth,
        errors=found.errors,
        real_path=None,
    )


class _WithEnvironment(Host):
    """A machine whose programs with a secret also get the user's logins to remote places."""

    local = False

    def __init__(self, here: Host, secrets: Mapping[str, str]) -> None:
        super().__init__(timeout=here.timeout, program_timeout=here.program_timeout)
        self._here = here
        self._secrets = dict(secrets)

    def run(
        self,
        argv: Sequence[str],
        *,
        secrets: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a program; one without secrets is run as ever."""
        given = {**self._secrets, **secrets} if secrets else None
        return self._here.run(argv, secrets=given, links=links, timeout=timeout)


def with_environment(host: Host) -> Host:
    """Return a host whose programs can log in where the user can."""
    known = {name: os.environ[name] for name in _LOGINS if name in os.environ}
    return _WithEnvironment(host, known)
