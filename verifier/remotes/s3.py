"""Object storage by the S3 protocol: who owns a bucket, where it is, and what protects it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from verifier.access import AccessError, Unreadable
from verifier.domains import host_identity
from verifier.host import Host
from verifier.inventory import Domains, Evidence, Fact, Location
from verifier.remotes._address import is_here, is_private, within
from verifier.remotes._link import Digest, ToolAddress
from verifier.remotes.s3_address import S3Address, is_s3, parse_s3, provider_of, region_in
from verifier.remotes.s3_facts import (
    Lock,
    encryption_fact,
    kept_digest,
    lifecycle_of,
    lock_fact,
    locks_of,
    region_of,
    replicas_of,
    retention_words,
)
from verifier.remotes.s3_host import S3Host, problem_of
from verifier.target import Target

__all__ = ["Credentials", "S3Link", "connect", "fits", "link_to"]

ATTEMPTS = 3
# the service says so where nothing of the kind is configured
_NONE = frozenset(
    {
        "NoSuchLifecycleConfiguration",
        "NoSuchObjectLockConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys from elsewhere than the environment, for example from rclone's configuration."""

    access_key: str
    secret_key: str
    token: str | None = None
    region: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one call about the bucket gave: `found` is None where nobody may see it."""

    found: dict[str, Any] | None
    reason: str = ""

    @property
    def known(self) -> dict[str, Any]:
        return self.found or {}


def fits(target: Target) -> bool:
    """Tell whether an address is one in object storage."""
    return is_s3(target.address)


def connect(host: Host, target: Target) -> S3Link:
    """Reach a bucket with the user's own credentials.

    Parameters
    ----------
    host : Host
        This machine.
    target : Target
        Its address, and the AWS profile if one is named.

    Returns
    -------
    S3Link

    Raises
    ------
    AccessError
        If the bucket is missing, refused or silent.
    """
    return link_to(host, parse_s3(target.address), profile=target.profile)


def link_to(
    host: Host,
    address: S3Address,
    *,
    profile: str | None = None,
    credentials: Credentials | None = None,
) -> S3Link:
    """Reach a bucket; arguments are those of `connect`, with the address already read."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    own = address.endpoint is not None and provider_of(address.endpoint) != "aws"
    config = Config(
        connect_timeout=host.timeout,
        read_timeout=host.timeout,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        s3={"addressing_style": "path" if own else "auto"},
        request_checksum_calculation="when_required",
        user_agent_extra="threetwoone-verifier",
    )
    keys: dict[str, Any] = {}
    if credentials is not None:
        keys = {
            "aws_access_key_id": credentials.access_key,
            "aws_secret_access_key": credentials.secret_key,
            "aws_session_token": credentials.token,
        }
    try:
        session = boto3.Session(profile_name=profile, **keys)
        wanted = (credentials.region if credentials else None) or session.region_name
        region = wanted or region_in(address.endpoint or "") or "us-east-1"
        client = session.client(
            "s3", endpoint_url=address.endpoint, region_name=region, config=config
        )
        sts = session.client(
            "sts",
            endpoint_url=address.endpoint if own else None,
            region_name=region,
            config=config.merge(Config(retries={"total_max_attempts": 1})),
        )
        secrets = _environment(session, region)
    except (BotoCoreError, ValueError) as error:
        raise problem_of(address.path, error) or Unreadable(address.path, str(error)) from error
    reader = S3Host(host, client, address.bucket, secrets)
    reader.stat(address.path)
    return S3Link(reader, address, str(client.meta.endpoint_url), sts, host)


def _environment(session: Any, region: str) -> dict[str, str]:
    """Return what restic or rclone needs to log in; it is passed to them as secrets only."""
    found = session.get_credentials()
    if found is None:
        return {}
    frozen = found.get_frozen_credentials()
    wanted = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
        "AWS_DEFAULT_REGION": region,
    }
    return {name: value for name, value in wanted.items() if value}


class S3Link:
    """One folder of one bucket.

    Parameters
    ----------
    reader : S3Host
        Reads the bucket.
    address : S3Address
        The folder.
    endpoint : str
        The URL that was reached.
    sts : Any
        Client of the service that says whose the credentials are.
    here : Host
        This machine.
    """

    def __init__(
        self, reader: S3Host, address: S3Address, endpoint: str, sts: Any, here: Host
    ) -> None:
        self.kind = "s3"
        self.host = reader
        self.path = address.path
        self._address = address
        self._endpoint = endpoint
        self._sts = sts
        self._here = here
        self._locking = _Answer(None)
        self._made = ""
        self._server = (urlsplit(endpoint).hostname or "").lower()
        self._stands_here = _stands_here(here, self._server, endpoint)

    def located(self, found: Location) -> Location:
        """Add account, provider, region, versioning, lifecycle, replication and encryption."""
        prefix = self._address.prefix
        domains, media_type = self._domains(found.domains)
        versioning = self._about("get_bucket_versioning")
        rules = self._about("get_bucket_lifecycle_configuration")
        self._locking = self._about("get_object_lock_configuration")
        lifecycle = None if rules.found is None else lifecycle_of(rules.found, prefix)
        replication = self._about("get_bucket_replication")
        copied = [
            f"s3-replicates:{bucket}{'+deletions' if deletions else ''}"
            for bucket, deletions in replicas_of(replication.known, prefix)
        ]
        expires: Fact[float] = Fact(source=rules.reason)
        if lifecycle is not None and lifecycle.expires_days is not None:
            days = lifecycle.expires_days
            expires = Fact(days * 24.0, Evidence.MEASURED, "the bucket's lifecycle rules")
        elif lifecycle is not None and lifecycle.ends is not None:
            # on that day and after it objects of every age go
            left = max((lifecycle.ends - datetime.now(UTC)).total_seconds() / 3600.0, 0.0)
            said = f"a rule of the bucket deletes all objects on {lifecycle.ends:%Y-%m-%d}"
            expires = Fact(left, Evidence.MEASURED, said)
        return replace(
            found,
            domains=domains,
            media_type=media_type
            if media_type.value or not found.media_type.value
            else found.media_type,
            retention=retention_words(versioning.found, lifecycle, self._locking.known),
            repeats_deletions=_repeats(
                versioning, rules, lifecycle is not None and lifecycle.versions_days is not None
            ),
            lineage=(*found.lineage, f"s3-bucket:{self._address.bucket}", *copied),
            marks=(*found.marks, *([f"s3-made:{self._made}"] if self._made else [])),
            expires_hours=expires,
        )

    def finished(self, found: Location) -> Location:
        """Add locks of the newest and oldest objects, and encryption by the service."""
        immutable, until = self._immutable()
        encrypted = found.encrypted
        if encrypted.value is None:
            answer = self._about("get_bucket_encryption")
            encrypted = Fact(source=answer.reason)
            if answer.found is not None:
                encrypted = encryption_fact(answer.found)
        return replace(found, immutable=immutable, immutable_until=until, encrypted=encrypted)

    def kept(self, path: str, *, read: bool) -> Digest | None:
        """Return the SHA-256 that the service keeps, or the MD5 that an ETag is."""
        if read:
            return None
        key = path.removeprefix(f"{self._address.root}/")
        found = kept_digest(self.host.api("head_object", Key=key, ChecksumMode="ENABLED"))
        return Digest(*found) if found else None

    def opened_by(self, kind: str) -> ToolAddress | None:
        """Return the address that restic knows."""
        if kind != "restic":
            return None
        return ToolAddress(self.host, self._address.for_restic(self._endpoint))

    def close(self) -> None:
        """Nothing stays open."""

    def _about(self, call: str, **arguments: Any) -> _Answer:
        """Ask for one configuration; refused is unknown, not configured is an empty answer."""
        try:
            return _Answer(self.host.api(call, **arguments))
        except AccessError as problem:
            if problem.reason.partition(":")[0] in _NONE:
                return _Answer({})
            return _Answer(None, f"{call}: {problem.reason}")

    def _domains(self, declared: Domains) -> tuple[Domains, Fact[str]]:
        provider = provider_of(self._endpoint)
        server, here = self._server, bool(self._stands_here)
        account, identity = self._account()
        # what answers at this machine may call itself anything
        served = not here and (identity.evidence is Evidence.MEASURED or provider is not None)
        region = self._region()
        operator: Fact[str] = Fact(source=f"the address {server} does not tell whose it is")
        if provider is not None and not here:
            operator = Fact(provider, Evidence.MEASURED, f"endpoint {server}")
        elif served and not is_private(server):
            operator = Fact(server, Evidence.INFERRED, f"endpoint {server}")
        named = declared.provider.value is not None and not here
        host: Fact[str] = Fact(source="the service does not tell")
        if here:
            mine = host_identity(self._here)
            host = replace(mine, evidence=Evidence.INFERRED, source=self._stands_here)
        elif provider is None and is_private(server):
            host = Fact(f"address:{server}", Evidence.INFERRED, f"endpoint {server}")
        medium: Fact[str] = Fact(source=f"what {server} keeps its objects on is not known")
        if served or named:
            medium = Fact("object-storage", Evidence.TOOL_REPORTED, f"S3 service at {server}")
        # one by whichever name of this machine, whose ports may be tunnels to different services;
        # elsewhere two ports of a server are most often two ways to one
        own = here and is_here(self._here, server)
        who = f"this machine{_port_of(self._endpoint)}" if own else provider or server
        pools = [f"bucket:{who}/{self._address.bucket}"]
        if account.value and region.value:
            pools.append(f"cloud:{who}/{account.value}/{region.value}")
        if here or (provider is None and not named and is_private(server)):
            # every server at home says us-east-1: that is no place
            region = Fact(source=f"{server} is no provider's address, and its region no place")
        drives = "the drives of a storage service cannot be seen"
        if here:
            drives = f"{self._stands_here}, and the service does not tell its drives"
        domains = replace(
            declared,
            drives=Fact(source=drives),
            pools=Fact(tuple(pools), Evidence.MEASURED, "bucket, account and region"),
            host=host,
            account=_best(account, declared.account),
            provider=_best(operator, declared.provider),
            site=declared.site if declared.site.value else region,
            identity=_best(identity, declared.identity),
        )
        return domains, medium

    def _account(self) -> tuple[Fact[str], Fact[str]]:
        """Say whose the bucket is and who logs in, by the service itself."""
        try:
            caller = self.host.ask_about("sts.get_caller_identity", self._sts.get_caller_identity)
        except AccessError as problem:
            caller, refused = {}, problem.reason
        else:
            refused = ""
        source = "sts.get_caller_identity"
        identity: Fact[str] = Fact(source=refused)
        if arn := caller.get("Arn"):
            identity = Fact(str(arn), Evidence.MEASURED, source)
        mine = self._is_mine()
        if caller.get("Account") and mine is not False:
            evidence = Evidence.MEASURED if mine else Evidence.INFERRED
            return Fact(str(caller["Account"]), evidence, source), identity
        owner = str((self._about("get_bucket_acl").known.get("Owner") or {}).get("ID") or "")
        if owner:
            return Fact(f"owner-{owner[:16]}", Evidence.TOOL_REPORTED, "bucket owner"), identity
        return Fact(source=refused or "the bucket's owner may not be read"), identity

    def _is_mine(self) -> bool | None:
        """Tell whether the bucket is one of the caller's own account; None if one may not see."""
        try:
            own = self.host.ask_about("list_buckets", lambda: self.host.client.list_buckets())
        except AccessError:
            return None
        mine = {bucket["Name"]: bucket for bucket in own.get("Buckets") or ()}
        born = mine.get(self._address.bucket, {}).get("CreationDate")
        if isinstance(born, datetime):
            self._made = f"{self._address.bucket}/{born.isoformat()}"
        return self._address.bucket in mine

    def _region(self) -> Fact[str]:
        answer = self._about("get_bucket_location")
        if answer.found is not None:
            named = region_of(answer.found)
            # compatibles often know one region and give none: their address may tell more
            if answer.found.get("LocationConstraint") or provider_of(self._endpoint) in {
                "aws",
                None,
            }:
                return Fact(named, Evidence.MEASURED, "get_bucket_location")
        if told := region_in(self._endpoint):
            return Fact(told, Evidence.MEASURED, f"endpoint {self._endpoint}")
        return Fact(source=answer.reason or "neither the service nor its address tells its region")

    def _immutable(self) -> tuple[Fact[bool], datetime | None]:
        if self._locking.found is None:
            return Fact(source=self._locking.reason), None
        configured = self._locking.found.get("ObjectLockConfiguration") or {}
        if configured.get("ObjectLockEnabled") != "Enabled":
            return Fact(False, Evidence.MEASURED, "the bucket has no object lock"), None
        try:
            sample = self.host.sample(self._address.prefix)
            locks = [self._lock(key) for key in sample.keys]
        except AccessError as problem:
            return Fact(source=problem.reason), None
        locked, until = lock_fact(locks, sample.listed, datetime.now(UTC))
        if locked.value and self._stands_here:
            return Fact(source=f"{self._stands_here}, whose root may delete its disk"), None
        return locked, until

    def _lock(self, key: str) -> Lock:
        """Look at one object's lock; its absence counts only where one may see locks at all."""
        lock = locks_of(self.host.api("head_object", Key=key))
        if lock.mode or lock.held:
            return lock
        answer = self._about("get_object_retention", Key=key)
        return lock if answer.found is not None else Lock(None)


def _repeats(versioning: _Answer, rules: _Answer, limited: bool) -> Fact[bool]:
    if versioning.found is None or versioning.found.get("Status") != "Enabled":
        return Fact(source=versioning.reason or "the bucket keeps no older versions")
    if rules.found is None or limited:
        return Fact(source=rules.reason or "older versions are kept for a time only")
    return Fact(False, Evidence.MEASURED, "the bucket keeps older versions")


def _best(found: Fact[str], declared: Fact[str]) -> Fact[str]:
    """Prefer what the service says; name what was declared, so that both can be read."""
    if found.value is None:
        return declared if declared.value is not None else found
    if declared.value is None or declared.value == found.value:
        return found
    if found.evidence is Evidence.INFERRED:
        return declared
    return replace(found, source=f"{found.source}; declared as {declared.value}")


def _stands_here(host: Host, server: str, endpoint: str) -> str:
    """Say why what answers may stand on this machine; empty if nothing says so.

    A provider's name is proven by its certificate, by whichever tunnel it is reached.
    """
    if endpoint.startswith("https:") and provider_of(endpoint) is not None:
        return ""
    if is_here(host, server):
        return f"the endpoint {server} is an address of this machine"
    return within(host, server)


def _port_of(endpoint: str) -> str:
    """Return the port of a URL, as in ``":9000"``; empty if it is the usual one."""
    parts = urlsplit(endpoint)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return "" if parts.port in {None, usual} else f":{parts.port}"
