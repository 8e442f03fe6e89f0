"""Copies at other addresses: S3, SFTP, sshfs, rclone; some of them are here after all."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.verifier.zoo.repositories import SECRET, password
from tests.verifier.zoo.servers import (
    KEY,
    KEY_ID,
    LOCAL,
    Cloud,
    host_of_its_own,
    host_of_two_addresses,
    recorded,
    ssh,
    sshfs,
)
from tests.verifier.zoo.yard import (
    Yard,
    aged,
    changed,
    elsewhere,
    free_port,
    listens,
    place,
    remove,
)

Tables = dict[str, Any]
_OTHER = "0123456789abcdef0123456789abcd{:02}"
_count = iter(range(10**6))


def _bucket_name() -> str:
    return f"photos-{os.getpid()}-{next(_count)}"


def _signed_in(yard: Yard) -> None:
    yard.env |= {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": KEY}
    yard.env |= {"AWS_DEFAULT_REGION": "us-east-1"}


def _locked(cloud: Cloud, name: str, mode: str, tree: Path) -> str:
    address = cloud.bucket(name, lock=True)
    until = datetime.now(UTC) + timedelta(days=60)
    cloud.put(name, tree, ObjectLockMode=mode, ObjectLockRetainUntilDate=until)
    return address


def bucket(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    _signed_in(yard)
    source, name = yard.source(), _bucket_name()
    address = first.bucket(name)
    first.put(name, source)
    return yard.setup(source, elsewhere("cloud", address, provider="first", site="frankfurt"))


def bucket_of_this_machine(yard: Yard, own: Cloud) -> Tables:
    """A locked bucket whose server says whose it is, and whose disk root here can delete."""
    _signed_in(yard)
    source = yard.source()
    address = _locked(own, _bucket_name(), "COMPLIANCE", source)
    return yard.setup(source, elsewhere("cloud", address, provider="first", site="frankfurt"))


def bucket_by_two_names(yard: Yard, own: Cloud) -> Tables:
    """One bucket by two of its machine's names, said to be with two providers."""
    tables = bucket_of_this_machine(yard, own)
    (once,) = tables["locations"]
    address = once["address"].replace("127.0.0.1", "localhost")
    again = elsewhere("again", address, provider="other", site="paris")
    return {**tables, "locations": [once, again]}


def bucket_of_nobody_known(yard: Yard, own: Cloud) -> Tables:
    _signed_in(yard)
    source, name = yard.source(), _bucket_name()
    address = own.bucket(name)
    own.put(name, source)
    return yard.setup(source, elsewhere("cloud", address))


def container_of_this_machine(yard: Yard) -> Tables:
    """An SFTP server with a machine-id of its own, at the other end of a veth."""
    source = yard.source()
    shell = host_of_its_own(yard, 1, _OTHER.format(1), behind=False)
    nas = {"site": "frankfurt", "identity_file": str(shell.identity)}
    return yard.setup(source, elsewhere("nas", shell.sftp(yard.copy(source, "nas")), **nas))


def sshfs_of_a_container(yard: Yard) -> Tables:
    source = yard.source()
    shell = host_of_its_own(yard, 1, _OTHER.format(1), behind=False)
    at = sshfs(yard, shell, yard.copy(source, "nas/photos").parent, yard.base / "far-away")
    return yard.setup(source, place("backup", at / "photos", site="frankfurt"))


def one_host_by_two_addresses(yard: Yard) -> Tables:
    """A server that hides its files, so that only its host key tells that it is one."""
    source = yard.source()
    shell, again = host_of_two_addresses(yard)
    nas = {"site": "garage", "identity_file": str(shell.identity)}
    copy = yard.copy(source, "nas")
    return yard.setup(
        source,
        elsewhere("nas", shell.sftp(copy), **nas),
        elsewhere("nas-by-vpn", again.sftp(copy), **nas),
    )


def bucket_locked(yard: Yard, first: Cloud, second: Cloud, mode: str = "COMPLIANCE") -> Tables:
    _signed_in(yard)
    source = yard.source()
    address = _locked(first, _bucket_name(), mode, source)
    return yard.setup(source, elsewhere("cloud", address, provider="first", site="frankfurt"))


def bucket_governed(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    return bucket_locked(yard, first, second, "GOVERNANCE")


def bucket_partial(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    tables = bucket(yard, first, second)
    name = tables["locations"][0]["address"].rpartition("/")[2]
    for month in ("03", "07"):
        for n in range(4):
            first.client().delete_object(Bucket=name, Key=f"2025/{month}/{n}.jpg")
    return tables


def bucket_empty(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    _signed_in(yard)
    address = first.bucket(_bucket_name())
    return yard.setup(
        yard.source(), elsewhere("cloud", address, provider="first", site="frankfurt")
    )


def bucket_missing(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    _signed_in(yard)
    address = f"s3:{first.url}/{_bucket_name()}"
    return yard.setup(yard.source(), elsewhere("cloud", address, site="frankfurt"))


def two_buckets_of_one_account(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    _signed_in(yard)
    source, found = yard.source(), []
    for number in range(2):
        name = _bucket_name()
        address = first.bucket(name)
        first.put(name, source)
        found.append(elsewhere(f"cloud-{number}", address, site="frankfurt"))
    return yard.setup(source, *found)


def two_regions_of_one_account(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    _signed_in(yard)
    source, found = yard.source(), []
    for region in ("eu-central-1", "ap-southeast-2"):
        name = _bucket_name()
        address = first.bucket(name, region)
        first.put(name, source)
        found.append(elsewhere(region, address, provider="first"))
    return yard.setup(source, *found, sites={})


def two_providers(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    _signed_in(yard)
    source, name = yard.source(), _bucket_name()
    second.bucket(name)
    second.put(name, source)
    locked = _locked(first, _bucket_name(), "COMPLIANCE", source)
    other = f"s3:{second.url}/{name}"
    return yard.setup(
        source,
        elsewhere("one", locked, provider="first", site="frankfurt"),
        elsewhere("other", other, provider="second", site="paris"),
    )


def bucket_denied(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    """A login of the same account that may do nothing, and a second bucket that is good."""
    import boto3

    source, name = yard.source(), _bucket_name()
    address = first.bucket(name)
    first.put(name, source)
    owner = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": KEY, "region_name": "us-east-1"}
    iam = boto3.client("iam", endpoint_url=first.url, **owner)
    user = _bucket_name()
    iam.create_user(UserName=user)
    made = iam.create_access_key(UserName=user)["AccessKey"]
    yard.env |= {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_DEFAULT_REGION": "us-east-1"}
    yard.env |= {"AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
    first.ask("/moto-api/reset-auth", b"0")
    yard.stack.callback(first.ask, "/moto-api/reset-auth", b"100000000")
    return yard.setup(source, elsewhere("cloud", address, provider="first", site="frankfurt"))


def restic_in_a_bucket(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    _signed_in(yard)
    source, name = yard.source(), _bucket_name()
    address = first.bucket(name)
    command = ("restic", "--no-cache", "-q", "-r", address, "--password-file", password(yard))
    yard.run(*command, "init")
    yard.run(*command, "backup", source)
    cloud = elsewhere("cloud", address, kind="restic", provider="first", site="frankfurt")
    return yard.setup(source, {**cloud, "password_file": "home/password"})


def restic_in_a_bucket_without_a_pack(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    """All that is there has the digest of its name; that something is gone the index tells."""
    tables = restic_in_a_bucket(yard, first, second)
    name, client = tables["locations"][0]["address"].rpartition("/")[2], first.client()
    packs = client.list_objects_v2(Bucket=name, Prefix="data/")["Contents"]
    client.delete_object(Bucket=name, Key=max(packs, key=lambda pack: pack["Size"])["Key"])
    return tables


def _nas(yard: Yard, source: Path, *copies: str) -> list[Tables]:
    shell = host_of_its_own(yard, 1, _OTHER.format(1))
    nas = {"site": "garage", "identity_file": str(shell.identity)}
    return [elsewhere(name, shell.sftp(yard.copy(source, f"nas/{name}")), **nas) for name in copies]


def sftp_of_another_host(yard: Yard) -> Tables:
    source = yard.source()
    return yard.setup(source, *_nas(yard, source, "nas"))


def two_folders_of_another_host(yard: Yard) -> Tables:
    source = yard.source()
    return yard.setup(source, *_nas(yard, source, "first", "second"))


def one_host_by_two_ways(yard: Yard) -> Tables:
    """A server that SFTP tells the machine-id of, and a mount only the address."""
    source = yard.source()
    shell = host_of_its_own(yard, 1, _OTHER.format(1))
    first, second = (yard.copy(source, f"nas/{name}") for name in ("first", "second"))
    at = sshfs(yard, shell, second.parent, yard.base / "far-away")
    sftp = elsewhere("first", shell.sftp(first), site="garage", identity_file=str(shell.identity))
    return yard.setup(source, sftp, place("second", at / "second", site="garage"))


def one_host_by_two_names(yard: Yard) -> Tables:
    """A server that is mounted by its address, and by a name that the ssh configuration gives."""
    source = yard.source()
    shell = host_of_its_own(yard, 1, _OTHER.format(1))
    for name in ("first", "second"):
        yard.copy(source, f"nas/{name}")
    config = yard.home / ".ssh" / "config"
    config.write_text(
        f"Host nas\n HostName {shell.host}\n Port {shell.port}\n User root\n"
        f" IdentityFile {shell.identity}\n StrictHostKeyChecking no\n"
        " UserKnownHostsFile /dev/null\n"
    )
    folder = yard.base / "nas"
    named = yard.mounted("sshfs", "-F", config, f"nas:{folder}", at=yard.base / "far")
    numbered = sshfs(yard, shell, folder, yard.base / "far-away")
    first = place("first", named / "first", site="garage")
    return yard.setup(source, first, place("second", numbered / "second", site="garage"))


def two_other_hosts(yard: Yard) -> Tables:
    source, found = yard.source(), []
    for number, site in ((1, "garage"), (2, "paris")):
        shell = host_of_its_own(yard, number, _OTHER.format(number))
        copy = yard.copy(source, f"host-{number}/photos")
        nas = {"site": site, "identity_file": str(shell.identity)}
        found.append(elsewhere(f"host-{number}", shell.sftp(copy), **nas))
    return yard.setup(source, *found)


def stale_on_another_host(yard: Yard) -> Tables:
    source = yard.source()
    tables = yard.setup(source, *_nas(yard, source, "nas"))
    aged(yard.base / "nas", 100)
    changed(source)
    return tables


def partial_on_another_host(yard: Yard) -> Tables:
    source = yard.source()
    tables = yard.setup(source, *_nas(yard, source, "nas"))
    remove(yard.base / "nas" / "nas" / "2025" / "11")
    return tables


def this_host_under_another_address(yard: Yard) -> Tables:
    source = yard.source()
    shell = host_of_its_own(yard, 3)
    nas = {"site": "garage", "identity_file": str(shell.identity)}
    return yard.setup(source, elsewhere("nas", shell.sftp(yard.copy(source, "nas")), **nas))


def sftp_of_this_host(yard: Yard) -> Tables:
    source = yard.source()
    shell = ssh(yard)
    nas = {"site": "frankfurt", "identity_file": str(shell.identity)}
    return yard.setup(source, elsewhere("nas", shell.sftp(yard.copy(source, "nas")), **nas))


def archive_by_sftp_of_this_host(yard: Yard) -> Tables:
    source = yard.source()
    shell = ssh(yard)
    archive = yard.base / "photos.tar.gz"
    yard.run("tar", "-C", source, "-czf", archive, ".")
    nas = {"site": "frankfurt", "identity_file": str(shell.identity)}
    return yard.setup(source, elsewhere("nas", shell.sftp(archive), **nas))


def sftp_of_a_stranger(yard: Yard) -> Tables:
    """A server whose key nobody has confirmed."""
    source = yard.source()
    shell = ssh(yard, trusted=False)
    nas = {"site": "frankfurt", "identity_file": str(shell.identity)}
    return yard.setup(source, elsewhere("nas", shell.sftp(yard.copy(source, "nas")), **nas))


def sshfs_of_this_host(yard: Yard) -> Tables:
    source = yard.source()
    at = sshfs(yard, ssh(yard), yard.copy(source, "there").parent, yard.base / "far-away")
    return yard.setup(source, place("backup", at / "there", site="frankfurt"))


def sshfs_of_another_host(yard: Yard) -> Tables:
    source = yard.source()
    shell = host_of_its_own(yard, 1, _OTHER.format(1))
    at = sshfs(yard, shell, yard.copy(source, "nas/photos").parent, yard.base / "far-away")
    return yard.setup(source, place("backup", at / "photos", site="garage"))


def two_shares_joined_to_their_host(yard: Yard) -> Tables:
    """The laptop sees two mounts; what the NAS recorded of itself says that they are one disk."""
    source = yard.source()
    shell = host_of_its_own(yard, 1, _OTHER.format(1))
    found = []
    for name in ("first", "second"):
        share = yard.copy(source, f"nas/{name}/photos").parent
        at = sshfs(yard, shell, share, yard.base / f"mnt-{name}")
        found.append(place(name, at / "photos", site="garage"))
    yard.options = ("--from", str(recorded(yard, 1)))
    return yard.setup(source, *found)


def sshfs_that_hangs(yard: Yard) -> Tables:
    source = yard.source()
    at = sshfs(yard, ssh(yard), yard.copy(source, "there").parent, yard.base / "far-away")
    found = yard.run("pgrep", "-f", f"sshfs.*{at}").stdout.split()
    for number in found:
        os.kill(int(number), signal.SIGSTOP)
        yard.stack.callback(os.kill, int(number), signal.SIGCONT)
    return yard.setup(source, place("backup", at / "there", site="frankfurt"))


def _rclone(yard: Yard, config: str) -> None:
    file = yard.base / "rclone.conf"
    file.write_text(config)
    yard.env["RCLONE_CONFIG"] = str(file)


def rclone_to_this_disk(yard: Yard) -> Tables:
    source = yard.source()
    copy = yard.copy(source, "there/photos")
    _rclone(yard, f"[faraway]\ntype = alias\nremote = {copy.parent}\n")
    return yard.setup(source, elsewhere("remote", "faraway:photos", site="frankfurt"))


def rclone_without_configuration(yard: Yard) -> Tables:
    yard.env["RCLONE_CONFIG"] = str(yard.base / "nothing.conf")
    return yard.setup(yard.source(), elsewhere("remote", "faraway:photos", site="frankfurt"))


def rclone_encrypted_to_this_disk(yard: Yard) -> Tables:
    source = yard.source()
    hidden = yard.run("rclone", "obscure", SECRET).stdout.strip()
    target = yard.base / "vault"
    _rclone(yard, f"[vault]\ntype = crypt\nremote = {target}\npassword = {hidden}\n")
    yard.run("rclone", "copy", source, "vault:photos")
    return yard.setup(source, elsewhere("remote", "vault:photos", site="frankfurt"))


def rclone_to_a_bucket(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    source, name = yard.source(), _bucket_name()
    first.bucket(name)
    _rclone(
        yard,
        f"[cloud]\ntype = s3\nprovider = Other\naccess_key_id = {KEY_ID}\n"
        f"secret_access_key = {KEY}\nendpoint = {first.url}\nregion = us-east-1\n",
    )
    yard.run("rclone", "copy", source, f"cloud:{name}/photos")
    remote = elsewhere("remote", f"cloud:{name}/photos", provider="first", site="frankfurt")
    return yard.setup(source, remote)


def rclone_to_servers_of_this_machine(yard: Yard) -> Tables:
    """One folder by two ports, said to be with two companies far away."""
    source, config, found = yard.source(), "", []
    copy = yard.copy(source, "there")
    for kind, site in (("webdav", "frankfurt"), ("http", "paris")):
        port = free_port()
        yard.start("rclone", "serve", kind, "--addr", f"{LOCAL}:{port}", copy, until=listens(port))
        config += f"[{kind}]\ntype = {kind}\nurl = http://{LOCAL}:{port}\n"
        said = {"site": site, "account": kind, "provider": kind}
        found.append(elsewhere(f"by-{kind}", f"{kind}:", **said))
    _rclone(yard, config)
    return yard.setup(source, *found)


def as_it_should_be(yard: Yard, first: Cloud, second: Cloud) -> Tables:
    """A NAS in the garage on hard disks, and locked versions in a cloud far away."""
    _signed_in(yard)
    source = yard.source()
    (nas,) = _nas(yard, source, "nas")
    address = _locked(first, _bucket_name(), "COMPLIANCE", source)
    cloud = elsewhere("cloud", address, provider="first", site="frankfurt")
    return yard.setup(source, {**nas, "media": "hdd"}, cloud, policy={"min_offsite_km": 50})


def too_near(yard: Yard) -> Tables:
    source = yard.source()
    return yard.setup(source, *_nas(yard, source, "nas"), policy={"min_offsite_km": 50})
