"""Which locations stand on the same parts, and which do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from verifier.inventory import Evidence, Fact, Location
from verifier.rules._ports import behind_a_port, told_its_account

__all__ = ["Relation", "Tie", "host_names", "relation"]

_RANK = {evidence: rank for rank, evidence in enumerate(Evidence)}
_MARKS = {
    "ssh-key:": "one host key",
    "restic-snapshot:": "one repository with one newest snapshot",
    "borg-archive:": "one repository with one newest archive",
    "s3-made:": "a bucket of one name, made at one moment,",
    "inode:": "a folder with one number, changed at one moment,",
}


class Tie(StrEnum):
    """How two locations hang together."""

    SHARED = "shared"
    APART = "apart"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Relation:
    """What two locations have in common.

    Parameters
    ----------
    tie : Tie
        Whether they stand on the same drive, pool or account.
    evidence : Evidence
        How that is known.
    shared : tuple of str
        What they share, in plain words, the most telling first; empty unless shared.
    reason : str
        Why they are taken to be apart, or why nobody can tell.
    """

    tie: Tie
    evidence: Evidence
    shared: tuple[str, ...] = ()
    reason: str = ""


def relation(one: Location, other: Location) -> Relation:
    """Tell whether two locations share drives.

    Parameters
    ----------
    one, other : Location
        Two different locations.

    Returns
    -------
    Relation
        Shared if they meet in a directory, a file system, a pool or a drive; if they are exports
        of one host whose drives cannot be told apart; or if they are in one account and region.
        Apart if the drives of both are known, or the hosts or accounts differ. On one host an
        account that is only declared tells nothing apart, and behind a port of this machine none
        does. Nor do two addresses where one server, repository or bucket answers at both.
    """
    shared = tuple(dict.fromkeys(_shared(one, other)))
    if shared:
        return Relation(Tie.SHARED, Evidence.MEASURED, shared)
    drives = one.domains.drives.value, other.domains.drives.value
    if all(drives) and (number := _one_serial(one, other)):
        reason = f"two drives of one size give the serial number {number}: they may be the same"
        return Relation(Tie.UNKNOWN, Evidence.UNKNOWN, reason=reason)
    if all(drives):
        evidence = _weakest(one.domains.drives, other.domains.drives)
        return Relation(Tie.APART, evidence, reason="their drives are different ones")
    cloud, hosts = _same_cloud(one, other), (one.domains.host, other.domains.host)
    known = all(host.value for host in hosts)
    common = sorted(host_names(one) & host_names(other)) if known else []
    hidden = behind_a_port(one) or behind_a_port(other)
    twins = _twins(one, other)
    if cloud is not None:
        if twins and cloud.tie is Tie.APART and cloud.evidence is Evidence.DECLARED:
            return Relation(Tie.UNKNOWN, Evidence.UNKNOWN, reason=twins)
        if cloud.tie is not Tie.APART or not (hidden or (common and _said(cloud, one, other))):
            return cloud
        return Relation(Tie.UNKNOWN, Evidence.UNKNOWN, reason=_why_unknown(one, other))
    if known:
        if twins and not common and not hidden:
            return Relation(Tie.UNKNOWN, Evidence.UNKNOWN, reason=twins)
        if not common and not hidden:
            reason = "they are on different hosts"
            return Relation(Tie.APART, Evidence.INFERRED, reason=reason)
        exports = _export(one), _export(other)
        if common and (common[0].startswith("address:") or all(exports)):
            name = common[0].partition(":")[2]
            what = f"host {name}, whose drives cannot be told apart"
            return Relation(Tie.SHARED, Evidence.INFERRED, (what,))
    return Relation(Tie.UNKNOWN, Evidence.UNKNOWN, reason=_why_unknown(one, other))


def _twins(one: Location, other: Location) -> str:
    """Say why two locations may be one under two addresses; empty if nothing says so.

    A repository that was copied to a server is the same by every mark, so that a drive that is
    seen here, and a machine that tells its identity, are not the place itself.
    """
    same = sorted(set(one.marks) & set(other.marks))
    hosts = one.domains.host, other.domains.host
    told = all(
        h.evidence is Evidence.MEASURED and (h.value or "").startswith("machine:") for h in hosts
    )
    drives = one.domains.drives.value or other.domains.drives.value
    if not same or drives or (told and hosts[0].value != hosts[1].value):
        return ""
    what = next((w for kind, w in _MARKS.items() if same[0].startswith(kind)), "one mark")
    return f"{what} answers at both addresses, so that they may be one place"


def _shared(one: Location, other: Location) -> Iterator[str]:
    """Name what two locations have in common, the narrowest first."""
    same_inode = one.inode is not None and one.inode == other.inode
    same_path = one.real_path is not None and one.real_path == other.real_path
    if (same_inode or same_path) and _one_machine(one, other):
        yield "the same directory"
    devices = (one.inode or (0, 0))[0], (other.inode or (0, 0))[0]
    one_tree = bool(devices[0]) and devices[0] == devices[1] and _one_machine(one, other)
    nested = _nested(one, other) if one_tree else ""  # a disk mounted within is none of it
    if nested:
        yield nested
    theirs = set(other.domains.pools.value or ())
    pools = [_in_pool(p, one, other) for p in one.domains.pools.value or () if p in theirs]
    yield from (words for words in pools if "snapshots" in words)
    for here, there in ((one, other), (other, one)):
        if here.name == "source" and there.shared_inodes and not nested:
            yield f"{there.shared_inodes} hard links to the same files"
        if here.name == "source" and there.shared_extents:
            yield f"{there.shared_extents} reflinks to the same blocks"
    mine = {drive.key: drive for drive in one.domains.drives.value or ()}
    for drive in other.domains.drives.value or ():
        if drive.key in mine:
            model = f" ({drive.model})" if drive.model else ""
            yield f"drive {drive.device}{model}"
    yield from pools
    if one_tree:
        yield "one file system"


def _one_serial(one: Location, other: Location) -> str:
    """Return a number by which two drives may be one; with different WWNs, sizes, models none."""
    for mine in one.domains.drives.value or ():
        for theirs in other.domains.drives.value or ():
            named = mine.key.startswith("wwn:") and theirs.key.startswith("wwn:")
            same = (mine.serial, mine.model) == (theirs.serial, theirs.model)
            sizes = {mine.size_bytes, theirs.size_bytes}
            if mine.serial and same and not named and (len(sizes) == 1 or None in sizes):
                return mine.serial
    return ""


def _nested(one: Location, other: Location) -> str:
    """Say that one folder lies within the other; the same files are no hard links then."""
    for outer, inner in ((one, other), (other, one)):
        if outer.real_path and (inner.real_path or "").startswith(
            outer.real_path.rstrip("/") + "/"
        ):
            return f"the folder of {inner.name}, which lies in that of {outer.name}"
    return ""


def _in_pool(pool: str, one: Location, other: Location) -> str:
    """Name a pool, and say it when the other location is snapshots in the source's own."""
    words = _pool_words(pool)
    if one.name == "source" and other.snapshots and pool.startswith(("zpool:", "btrfs:")):
        said = "snapshots in the source's pool are versions, not copies"
        return f"{words[:-1]}; {said})" if words.endswith(")") else f"{words} ({said})"
    return words


def _one_machine(one: Location, other: Location) -> bool:
    # device numbers and paths mean something on one machine only
    return one.domains.host.value == other.domains.host.value


def _same_cloud(one: Location, other: Location) -> Relation | None:
    """Compare accounts and providers; None where they say nothing."""
    accounts = one.domains.account, other.domains.account
    providers = one.domains.provider, other.domains.provider
    named = {str(p.value).strip().casefold() for p in providers}
    if all(p.value for p in providers) and len(named) > 1:
        return Relation(Tie.APART, _weakest(*providers), reason="their providers differ")
    if all(a.value for a in accounts):
        if accounts[0].value != accounts[1].value:
            if Evidence.DECLARED in {a.evidence for a in accounts} and not _all_declared(accounts):
                # a name that somebody gave an account says nothing about the service's number
                reason = "one account is declared, the other measured; they may be the same"
                return Relation(Tie.UNKNOWN, Evidence.UNKNOWN, reason=reason)
            return Relation(Tie.APART, _weakest(*accounts), reason="their accounts differ")
        regions = _region(one), _region(other)
        if all(regions) and regions[0] != regions[1]:
            return Relation(Tie.APART, Evidence.MEASURED, reason="they are in different regions")
        sites = one.domains.site, other.domains.site
        known = all(regions)  # measured, whatever the sites are called
        if not known and all(s.value for s in sites) and sites[0].value != sites[1].value:
            return Relation(Tie.APART, _weakest(*sites), reason="they are in different regions")
        what = f"account {accounts[0].value} in one region"
        return Relation(Tie.SHARED, _weakest(*accounts), (what,))
    for local, cloud in ((one, other), (other, one)):
        drives = local.domains.drives
        operated = cloud.domains.provider.value or cloud.domains.account.value
        if drives.value and operated and cloud.real_path is None:
            reason = "one is on local drives, the other with a provider"
            return Relation(Tie.APART, Evidence.INFERRED, reason=reason)
    return None


def _said(cloud: Relation, one: Location, other: Location) -> bool:
    """Tell whether accounts and providers are but what somebody calls them."""
    weak = cloud.evidence in {Evidence.DECLARED, Evidence.INFERRED}
    return weak and not (told_its_account(one) or told_its_account(other))


def _all_declared(facts: Iterable[Fact[str]]) -> bool:
    return all(fact.evidence is Evidence.DECLARED for fact in facts)


def _region(location: Location) -> str:
    """Return the region that a storage service told; empty if it told none."""
    told = (p for p in location.domains.pools.value or () if p.startswith("cloud:"))
    return next((pool.rpartition("/")[2] for pool in told), "")


def host_names(location: Location) -> set[str]:
    """Return all names of a location's host: a server is met by machine-id, name or address."""
    names = {str(location.domains.host.value)}
    for pool in location.domains.pools.value or ():
        kind, _, share = pool.partition(":")
        server = share.partition("/")[0]
        if kind == "export" and location.domains.drives.value is None:
            names.add(server if server.startswith("machine:") else f"address:{server}")
    return names


def _export(location: Location) -> str:
    """Return what a server shows of its drives, if they cannot be seen; else empty."""
    if location.domains.drives.value is not None:
        return ""
    shown = (p for p in location.domains.pools.value or () if p.startswith("export:"))
    return next(shown, "")


def _why_unknown(one: Location, other: Location) -> str:
    for location in (one, other):
        if not location.domains.drives.value:
            why = location.domains.drives.source
            return f"the drives of {location.name} are not known" + (f": {why}" if why else "")
    return "nothing tells them apart"


def _pool_words(pool: str) -> str:
    kind, _, identity = pool.partition(":")
    words = {
        "fs": "one file system",
        "part": "one partition",
        "lvm": "one logical volume",
        "md": "one RAID array",
        "zpool": "one ZFS pool",
        "btrfs": "one btrfs file system",
        "export": "one network share",
        "loop": "one image file",
        "path": "one folder",
        "bucket": "one bucket",
    }
    if kind == "cloud":
        _, _, rest = identity.partition("/")
        account, _, region = rest.partition("/")
        return f"account {account} in region {region}"
    known = words.get(kind, f"one {kind} device")
    name = identity.partition("/")[2] if kind in {"zpool", "loop", "path", "bucket"} else ""
    return f"{known} ({name})" if name else known


def _weakest(one: Fact[Any], other: Fact[Any]) -> Evidence:
    first, second = one.evidence, other.evidence
    return first if _RANK[first] >= _RANK[second] else second
