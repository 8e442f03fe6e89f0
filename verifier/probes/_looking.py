"""One location examined: reached, resolved to its domains, given to the probe that fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from riskmodel.errors import InputError, did_you_mean
from verifier.domains import Place, place_of, pool_place
from verifier.host import AccessError, Host, Missing, TimedOut
from verifier.inventory import Depth, Domains, Evidence, Fact, Location, State
from verifier.manifest import Manifest, shown
from verifier.probes import declared, directory, elsewhere, replica, restic, zfs
from verifier.probes._mounted_below import on_drives_of_parts
from verifier.probes._ordinary import Others, others_in
from verifier.probes._registry import KINDS, PROBES, Probe, fitting, repositories_below
from verifier.probes._synchronised import with_synchroniser
from verifier.probes.comparing import capped
from verifier.remotes import Here, Link, remote_for, tool_address
from verifier.remotes.logins import with_environment
from verifier.target import Target

__all__ = ["collect_source", "probe"]


def probe(
    host: Host, target: Target, source_manifest: Manifest | None, depth: Depth | None = None
) -> Location:
    """Examine one location.

    Parameters
    ----------
    host : Host
        Access to the machine.
    target : Target
        What to look at.
    source_manifest : Manifest or None
        The live data's files; without them coverage is unknown.
    depth : Depth, optional
        How deep to go; the target's own depth unless given.

    Returns
    -------
    Location
        Whatever happens: a path that is missing, unreadable or hung becomes the location's state,
        and an examination that breaks off leaves its reason and no depth.

    Raises
    ------
    InputError
        If the target names a kind that does not exist.
    """
    wanted = target.depth if depth is None else depth
    found = Location(
        name=target.name,
        kind=target.kind or "unknown",
        address=target.address,
        state=State.READ,
        domains=_declared_domains(target, Domains()),
        offline=target.offline,
        last_seen=target.last_seen,
    )
    if target.kind == "declared":
        return declared.collect(target, found)
    if target.kind is not None and target.kind not in KINDS:
        hint = did_you_mean(target.kind, KINDS)
        message = f"locations.{target.name}.kind: unknown kind '{target.kind}'{hint}"
        raise InputError(message)
    if target.kind == "restic":  # which writes a path of this machine like this, too
        target = replace(target, address=target.address.removeprefix("local:"))
    remote = remote_for(target)
    try:
        reached = remote.connect(host, target) if remote else None
        if isinstance(reached, Here):
            target = replace(target, address=reached.path)
        elif reached is not None:
            return _linked(host, reached, target, source_manifest, wanted, found)
        elif restic.is_remote(target.address):
            given, told = with_environment(host), tool_address.known(host, target, found)
            return restic.collect_remote(given, target, source_manifest, told)
        if (scheme := tool_address.unspoken(target.address)) and not target.offline:
            reason = f"nothing here speaks {scheme}: audit it where it is, or by sftp:// or a mount"
            told = tool_address.known(host, target, found)
            return replace(told, state=State.UNREADABLE, reason=reason, depth=None)
        dataset = zfs.dataset_of(target.address)
        place = pool_place(host, dataset) if dataset else place_of(host, target.address)
        found = replace(
            found,
            real_path=place.real_path,
            inode=place.inode,
            domains=_declared_domains(target, place.domains),
            media_type=_medium(place.media_type, target),
            encrypted=place.encrypted,
            marks=() if dataset else _marks(host, place),
        )
        if dataset:
            return zfs.collect(host, target, source_manifest, wanted, found)
        entry = fitting(host, target, place.real_path, source_manifest)
        if entry is None:
            reason = "neither a directory nor a regular file"
            return replace(found, state=State.UNREADABLE, reason=reason)
        others = _others(host, entry, place.real_path)
        if entry.runs_programs and others.odd:
            reason = f"{shown(others.odd)} in it is no file: programs that read it would hang"
            return replace(found, kind=entry.kinds[0], state=State.UNREADABLE, reason=reason)
        located = entry.collect(host, target, source_manifest, wanted, found)
        if entry.linked is not None:
            located = on_drives_of_parts(host, located, others.links)
        if entry is PROBES[-1] and located.coverage.value == 0.0:
            located = _of_others_below(host, place.real_path, located)
        located = with_synchroniser(host, source_manifest, located)
        return replica.with_status(host, _with_failures(host, place.real_path, located))
    except InputError:
        raise
    except AccessError as problem:
        # what a remote place is called inside says nothing to its user
        reason = str(problem) if remote is None else problem.reason
        state = _state(problem, offline=target.offline)
        inside = found.real_path is not None and problem.path != found.real_path
        if inside and isinstance(problem, Missing):
            state = State.UNREADABLE  # it is there: something in it is not, or a program
        return replace(found, state=state, reason=reason, depth=None, errors=_damage(problem))
    except Exception as error:  # noqa: BLE001 - one broken location must not hide the others
        reason = f"the examination broke off: {type(error).__name__}: {error}"
        return replace(found, state=State.UNREADABLE, reason=reason, depth=None)


def collect_source(
    host: Host,
    path: str,
    *,
    site: str | None = None,
    key: str | None = None,
    exclude: Sequence[str] = (),
) -> tuple[Location, Manifest]:
    """Examine the live data.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        A directory or a single file.
    site, key : str, optional
        Declared failure domains.
    exclude : sequence of str
        Patterns of what does not belong to it, as in a ``.gitignore``.

    Returns
    -------
    tuple of Location and Manifest
        If the source cannot be read whole, its state says so and the manifest is not ``complete``:
        no coverage is computed from it.
    """
    target = Target("source", path, site=site, key=key)
    found = Location(
        name="source",
        kind="directory",
        address=path,
        state=State.READ,
        domains=_declared_domains(target, Domains()),
    )
    try:
        place = place_of(host, path)
        found = replace(
            found,
            real_path=place.real_path,
            inode=place.inode,
            domains=_declared_domains(target, place.domains),
            media_type=place.media_type,
            encrypted=place.encrypted,
        )
        located, manifest = directory.listed_source(host, found, exclude)
        return replica.with_snapshots(host, located), manifest
    except AccessError as problem:
        state = _state(problem, offline=False)
        unread = Manifest(path, unreadable=(f"{problem}.",))
        return replace(found, state=state, reason=str(problem), depth=None), unread


def _others(host: Host, entry: Probe, path: str) -> Others:
    if entry.linked is None:
        return Others()
    pattern = re.compile(entry.linked)

    def follows(below: str) -> bool:
        return pattern.fullmatch(below) is not None

    return others_in(host, path, follows, whole=entry.runs_programs)


def _linked(
    here: Host, link: Link, target: Target, source: Manifest | None, depth: Depth, found: Location
) -> Location:
    """Examine a remote place by the same probes, with a host that reads there."""
    link.host.effort = here.effort
    try:
        located = link.located(replace(found, real_path=link.path))
        entry = fitting(link.host, target, link.path, source)
        if entry is None:
            reason = "neither a directory nor a regular file"
            return replace(located, state=State.UNREADABLE, reason=reason, real_path=None)
        if entry is PROBES[-1]:
            return elsewhere.collect_plain(link, target, source, depth, located)
        return elsewhere.collect_format(link, entry.collect, target, source, depth, located)
    finally:
        link.close()


def _of_others_below(host: Host, path: str, found: Location) -> Location:
    """Say that a folder holds repositories or archives: what these hold is not known from here."""
    held = repositories_below(host, path)
    if not held:
        return found
    reason = f"give the path of what lies in it as a location: {', '.join(held)}"
    depth = None if found.depth is None else min(found.depth, Depth.LISTED)
    told = "" if found.depth is not None else found.reason  # that nothing fits is no news then
    return replace(
        found, coverage=Fact(source=reason), missing=(), shares=None, depth=depth, reason=told
    )


def _declared_domains(target: Target, domains: Domains) -> Domains:
    """Add what was declared; what was measured stays."""

    def say(value: str | None) -> Fact[str]:
        return Fact(value, Evidence.DECLARED, "set-up file") if value else Fact()

    return replace(
        domains,
        site=say(target.site),
        account=say(target.account),
        provider=say(target.provider),
        identity=say(target.credentials),
        key=say(target.key),
    )


def _marks(host: Host, place: Place) -> tuple[str, ...]:
    """Return what tells a server's folder under two of its addresses: its number, and its change.

    The file systems of the kernel's own clients show these as the server has them.
    """
    if place.domains.file_system.value not in {"nfs", "nfs4", "ceph"} or place.inode is None:
        return ()
    return (f"inode:{place.inode[1]}/{host.stat(place.real_path).ctime_ns}",)


def _medium(measured: Fact[str], target: Target) -> Fact[str]:
    if measured.value is None and target.media:
        return Fact(target.media, Evidence.DECLARED, "set-up file")
    return measured


def _with_failures(host: Host, root: str, found: Location) -> Location:
    """Add the files that a device failed to give, whatever the probe took that for."""
    inside = [path for path in host.failed if path == root or path.startswith(f"{root}/")]
    told = "\n".join(found.errors)
    untold = [
        f"{shown(path.removeprefix(root).strip('/') or _last(path))} cannot be read: "
        f"{host.failed[path]}."
        for path in inside
        if shown(_last(path)) not in told
    ]
    return replace(found, errors=(*found.errors, *capped(untold)))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _damage(problem: AccessError) -> tuple[str, ...]:
    """Say which file a device failed to give, which is damage wherever a probe meets it."""
    if not problem.damage:
        return ()
    return (f"{shown(_last(problem.path))} cannot be read: {problem.reason}.",)


def _state(problem: AccessError, *, offline: bool) -> State:
    if isinstance(problem, Missing):
        return State.ABSENT_OFFLINE if offline else State.MISSING
    return State.TIMEOUT if isinstance(problem, TimedOut) else State.UNREADABLE
