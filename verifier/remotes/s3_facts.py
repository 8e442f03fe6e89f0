"""What a bucket's configuration says, read from the service's answers; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from verifier._texts import as_utc
from verifier.inventory import Evidence, Fact

__all__ = [
    "Lifecycle",
    "Lock",
    "encryption_fact",
    "kept_digest",
    "lifecycle_of",
    "lock_fact",
    "locks_of",
    "region_of",
    "replicas_of",
    "retention_words",
]


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock of one object; `mode` is empty if it has none, None if nobody may see it."""

    mode: str | None
    until: datetime | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """When objects are deleted of themselves.

    Parameters
    ----------
    expires_days : float or None
        Every object of the folder, this long after it was written. [days]
    versions_days : float or None
        Every older version, this long after it was replaced. [days]
    partly : tuple of str
        Names of rules that delete some of the objects only.
    ends : datetime or None
        The day on which every object of the folder is deleted, however old. [aware]
    """

    expires_days: float | None = None
    versions_days: float | None = None
    partly: tuple[str, ...] = ()
    ends: datetime | None = None


def region_of(answer: Mapping[str, Any]) -> str:
    """Read ``get_bucket_location``: no constraint is the first region, EU an old name."""
    constraint = answer.get("LocationConstraint") or "us-east-1"
    return {"EU": "eu-west-1"}.get(constraint, str(constraint))


def lifecycle_of(answer: Mapping[str, Any], prefix: str) -> Lifecycle:
    """Read ``get_bucket_lifecycle_configuration`` for one folder.

    Parameters
    ----------
    answer : mapping
        The answer; empty if the bucket has no such configuration.
    prefix : str
        The folder, without a slash at its end; empty for the whole bucket.

    Returns
    -------
    Lifecycle
    """
    expires: list[float] = []
    versions: list[float] = []
    partly: list[str] = []
    ends: list[datetime] = []
    for rule in answer.get("Rules", ()):
        if rule.get("Status") != "Enabled":
            continue
        days = (rule.get("Expiration") or {}).get("Days")
        day = _day((rule.get("Expiration") or {}).get("Date"))
        older = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
        whole = _covers(rule, prefix)
        if whole is None or (days is None and day is None and older is None):
            continue
        if not whole:
            partly.append(str(rule.get("ID") or "unnamed"))
            continue
        expires += [float(days)] if days is not None else []
        ends += [day] if day is not None else []
        versions += [float(older)] if older is not None else []
    return Lifecycle(
        min(expires, default=None),
        min(versions, default=None),
        tuple(partly),
        min(ends, default=None),
    )


def _day(told: Any) -> datetime | None:
    """Read the date of a rule; boto3 gives a time, a compatible may give text."""
    try:
        told = datetime.fromisoformat(told) if isinstance(told, str) else told
        return as_utc(told) if isinstance(told, datetime) else None
    except ValueError:
        return None


def _covers(rule: Mapping[str, Any], prefix: str) -> bool | None:
    """Tell whether a rule is about all objects of a folder; None if about none of them."""
    terms = rule.get("Filter") or {}
    terms = {**terms, **(terms.get("And") or {})}
    wanted = str(rule.get("Prefix") or terms.get("Prefix") or "")
    folder = f"{prefix}/" if prefix else ""
    if folder.startswith(wanted):
        conditions = {"Tag", "Tags", "ObjectSizeGreaterThan", "ObjectSizeLessThan"}
        return not conditions & terms.keys()
    return False if wanted.startswith(folder) else None


def retention_words(
    versioning: Mapping[str, Any] | None, lifecycle: Lifecycle | None, lock: Mapping[str, Any]
) -> Fact[str]:
    """Say how long objects and their older versions are kept.

    Parameters
    ----------
    versioning : mapping or None
        Answer of ``get_bucket_versioning``; None if nobody may see it.
    lifecycle : Lifecycle or None
        None if nobody may see it.
    lock : mapping
        Answer of ``get_object_lock_configuration``; empty if there is none.

    Returns
    -------
    Fact of str
    """
    if versioning is None or lifecycle is None:
        return Fact(source="the bucket's versioning or lifecycle may not be read")
    words = []
    status = versioning.get("Status")
    if status == "Enabled" and lifecycle.versions_days is not None:
        words.append(f"older versions are kept for {lifecycle.versions_days:g} days")
    elif status == "Enabled":
        words.append("older versions are kept without limit")
    elif status == "Suspended":
        words.append("versioning is suspended")
    else:
        words.append("no older versions are kept")
    if versioning.get("MFADelete") == "Enabled":
        words.append("deleting a version asks for a second factor")
    if lifecycle.expires_days is not None:
        words.append(f"objects are deleted {lifecycle.expires_days:g} days after they were written")
    if lifecycle.ends is not None:
        words.append(f"a rule deletes all objects on {lifecycle.ends:%Y-%m-%d}")
    if lifecycle.partly:
        words.append(f"some objects are deleted by rule {', '.join(lifecycle.partly)}")
    rule = _default_lock(lock)
    if rule:
        words.append(f"new objects are locked for {rule}")
    return Fact("; ".join(words), Evidence.MEASURED, "bucket configuration")


def _default_lock(lock: Mapping[str, Any]) -> str:
    configured = lock.get("ObjectLockConfiguration") or {}
    default = (configured.get("Rule") or {}).get("DefaultRetention") or {}
    if not default.get("Mode"):
        return ""
    years, days = default.get("Years"), default.get("Days")
    span = f"{years} years" if years else f"{days} days"
    return f"{span} ({str(default['Mode']).lower()} mode)"


def locks_of(head: Mapping[str, Any]) -> Lock:
    """Read the lock out of an answer of ``head_object``."""
    mode = str(head.get("ObjectLockMode") or "")
    until = head.get("ObjectLockRetainUntilDate")
    if isinstance(until, datetime) and until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    held = head.get("ObjectLockLegalHoldStatus") == "ON"
    return Lock(mode, until.astimezone(UTC) if isinstance(until, datetime) else None, held)


def lock_fact(
    locks: Iterable[Lock], listed: int, now: datetime
) -> tuple[Fact[bool], datetime | None]:
    """Judge whether nobody, not even the account's owner, can delete the objects now.

    Parameters
    ----------
    locks : iterable of Lock
        Of a sample with the newest and the oldest objects.
    listed : int
        Objects that the sample stands for.
    now : datetime
        Aware.

    Returns
    -------
    tuple of Fact of bool and datetime or None
        With the time at which the first lock of the sample ends. Governance mode and a legal hold
        can be lifted by whoever has the right, and the owner can give himself the right.
    """
    seen = list(locks)
    if not seen:
        return Fact(source="there is no object that could be locked"), None
    if any(lock.mode is None for lock in seen):
        return Fact(source="the locks of objects may not be read"), None
    whole = len(seen) == listed
    of = f"all {listed} objects" if whole else f"{len(seen)} of {listed} objects sampled"
    firm = [lock for lock in seen if lock.mode == "COMPLIANCE" and lock.until and lock.until > now]
    if len(firm) == len(seen):
        until = min(lock.until for lock in firm if lock.until)
        source = f"object lock in compliance mode on {of}, until {until:%Y-%m-%d} or later"
        return Fact(True, Evidence.MEASURED, source), until
    soft = sum(lock.mode == "GOVERNANCE" for lock in seen)
    held = sum(lock.held for lock in seen)
    if soft or held:
        how = "governance mode" if soft else "a legal hold"
        source = f"{how}, which whoever has the right can lift, on {max(soft, held)} of {of}"
        return Fact(False, Evidence.MEASURED, source), None
    source = f"{len(seen) - len(firm)} of {of} have no lock that is in force"
    return Fact(False, Evidence.MEASURED, source), None


def encryption_fact(answer: Mapping[str, Any]) -> Fact[bool]:
    """Read ``get_bucket_encryption``; empty if the bucket has no such configuration."""
    rules = (answer.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or ()
    for rule in rules:
        default = rule.get("ApplyServerSideEncryptionByDefault") or {}
        if how := default.get("SSEAlgorithm"):
            source = f"by the service at rest ({how}): who can log in can read it"
            return Fact(True, Evidence.MEASURED, source)
    return Fact(False, Evidence.MEASURED, "the bucket has no default encryption")


def replicas_of(answer: Mapping[str, Any], prefix: str) -> tuple[tuple[str, bool], ...]:
    """Read ``get_bucket_replication``: names of the target buckets, and whether deletions go too.

    Parameters
    ----------
    answer : mapping
        The answer; empty if there is no replication.
    prefix : str
        The folder that is looked at.

    Returns
    -------
    tuple of (str, bool)
    """
    found = []
    rules = (answer.get("ReplicationConfiguration") or {}).get("Rules") or ()
    for rule in rules:
        if rule.get("Status") != "Enabled" or _covers(rule, prefix) is None:
            continue
        bucket = str((rule.get("Destination") or {}).get("Bucket", "")).rpartition(":")[2]
        # the first version of the format had no filter, and repeated deletions always
        old = "Filter" not in rule and "DeleteMarkerReplication" not in rule
        marked = (rule.get("DeleteMarkerReplication") or {}).get("Status") == "Enabled"
        found.append((bucket, old or marked))
    return tuple(found)


def kept_digest(head: Mapping[str, Any]) -> tuple[str, str] | None:
    """Find a digest of a whole object in an answer of ``head_object``.

    Parameters
    ----------
    head : mapping
        Asked for with ``ChecksumMode="ENABLED"``.

    Returns
    -------
    tuple of (str, str) or None
        Name for `hashlib` and hexadecimal digest. A checksum of parts says nothing of the whole;
        an ETag is the MD5 only of an object sent in one part and not encrypted with KMS or a
        customer's key.
    """
    import base64
    import binascii

    kept = str(head.get("ChecksumSHA256") or "")
    if kept and "-" not in kept and head.get("ChecksumType") != "COMPOSITE":
        try:
            digest = base64.b64decode(kept, validate=True)
        except (binascii.Error, ValueError):
            digest = b""
        if len(digest) == 32:
            return "sha256", digest.hex()
    tag = str(head.get("ETag") or "").strip('"').lower()
    keyed = str(head.get("ServerSideEncryption") or "").startswith("aws:kms")
    plain = len(tag) == 32 and set(tag) <= set("0123456789abcdef")
    if plain and not keyed and not head.get("SSECustomerAlgorithm"):
        return "md5", tag
    return None
