"""Object storage: a real moto server, and one before it that refuses, breaks or stays silent."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.verifier.remotes.servers import SECRET, contents
from verifier.audit import audit
from verifier.bounds import sample_size
from verifier.effort import Effort
from verifier.host import Host
from verifier.inventory import Depth, Evidence, State
from verifier.probes import collect_source, probe
from verifier.remotes.s3_facts import replicas_of
from verifier.remotes.s3_host import S3Host
from verifier.setup import Setup
from verifier.target import Target

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)


def look(address, source=None, depth=Depth.STRUCTURE, timeout=5.0, **more):
    host = Host(timeout=timeout)
    manifest = collect_source(host, str(source))[1] if source else None
    return probe(host, Target("cloud", address, **more), manifest, depth)


def judged(source, *places, **tables):
    raw = {"source": {"path": str(source), "site": "home"}, "locations": list(places), **tables}
    return audit(Setup.from_dict(raw), Host(timeout=5), now=datetime.now(UTC))


def test_a_plain_tree_is_found_whole(far_away, storage, photos):
    bucket = storage.bucket({f"ada/{k}": v for k, v in contents(photos).items()})
    found = look(storage.address(bucket, "ada"), photos)
    assert (found.state, found.kind, found.files) == (State.READ, "s3", 3)
    assert found.coverage.value == 1.0
    assert found.media_type.value == "object-storage"
    assert found.domains.account.value == "123456789012"
    assert found.domains.site.value is None  # a server on this machine tells a region, no place
    assert found.real_path is None
    declared = look(storage.address(bucket, "ada"), photos, provider="example")
    assert declared.domains.site.value == "us-east-1"


def test_what_a_server_of_this_machine_says_of_itself_proves_no_place(storage, photos):
    """It tells an account and a region, and locks its objects; root here deletes its disk."""
    bucket = storage.bucket({}, ObjectLockEnabledForBucket=True)
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": NOW + timedelta(days=60)}
    storage.put(bucket, contents(photos), **lock)
    cloud = {"name": "cloud", "address": storage.address(bucket), "provider": "p", "site": "far"}
    result = judged(photos, cloud)
    found = result.verdicts[1].location
    assert found.domains.account.value == "123456789012"
    assert (found.media_type.value, found.immutable.value) == (None, None)
    assert "whose root may delete its disk" in found.immutable.source
    assert [verdict.counted for verdict in result.verdicts] == [True, False]
    assert (
        result.gates["offsite"].status == result.gates["offline_or_immutable"].status == "unknown"
    )
    assert result.gates["media"].status != "pass"


def test_a_folder_is_not_its_neighbour_with_a_longer_name(storage, photos):
    files = contents(photos)
    bucket = storage.bucket({f"a-b/{k}": v for k, v in files.items()} | {"a/one": b"1"})
    assert look(storage.address(bucket, "a"), photos).files == 1
    assert look(storage.address(bucket, "a-b"), photos).files == 3


def test_many_objects_come_in_pages(storage, monkeypatch, tmp_path):
    source = tmp_path / "many"
    source.mkdir()
    for number in range(23):
        (source / f"{number:02}").write_bytes(b"x")
    bucket = storage.bucket(contents(source))
    monkeypatch.setattr("verifier.remotes.s3_host.PAGE_OBJECTS", 5)
    found = look(storage.address(bucket), source)
    assert (found.files, found.coverage.value) == (23, 1.0)


def test_other_content_under_the_same_size_is_found_without_fetching(storage, proxy, photos):
    files = contents(photos)
    bucket = storage.bucket(files | {"a.jpg": b"x" * 3000})
    address = storage.address(bucket).replace(storage.url, proxy.url)
    found = look(address, photos, Depth.BYTES)
    assert found.errors == ("a.jpg differs from the source under the same size.",)
    assert found.depth is Depth.BYTES
    fetched = [line for line in proxy.seen if line.startswith("GET") and ".jpg" in line]
    assert not [line for line in fetched if "prefix" not in line]


@pytest.mark.parametrize("depth", [Depth.BYTES, Depth.SOURCE])
def test_an_older_version_is_told_by_its_digest(storage, photos, depth):
    """The job went on after the change, and never put that file there again."""
    files = contents(photos)
    bucket = storage.bucket({"a.jpg": b"z" * len(files.pop("a.jpg"))})
    time.sleep(7)  # dates there are whole seconds, and two are what clocks may differ by
    for key, content in files.items():
        storage.client.put_object(Bucket=bucket, Key=key, Body=content)
    for ago, share in ((4, 2 / 3), (-60, 1.0)):
        when = time.time() - ago
        os.utime(photos / "a.jpg", (when, when))
        found = look(storage.address(bucket), photos, depth)
        assert found.shares.files == pytest.approx(share)
        assert (found.depth, found.errors) == (depth, ())
        assert found.missing == ((".",) if share < 1 else ())


def test_at_depth_source_every_byte_is_fetched(storage, photos):
    bucket = storage.bucket(contents(photos))
    found = look(storage.address(bucket), photos, Depth.SOURCE)
    assert (found.depth, found.errors) == (Depth.SOURCE, ())


def test_a_sample_fetches_no_more_than_it_looks_at(storage, photos, monkeypatch):
    for number in range(40):
        (photos / f"{number}.raw").write_bytes(b"%d" % number)
    fetched = []
    really = S3Host.chunks
    monkeypatch.setattr(
        S3Host, "chunks", lambda self, path: fetched.append(path) or really(self, path)
    )
    host = Host()
    host.effort = Effort(max_bad=0.2, seed=2)
    manifest = collect_source(host, str(photos))[1]
    target = Target("copy", storage.address(storage.bucket(contents(photos))))
    found = probe(host, target, manifest, Depth.SOURCE)
    assert (found.depth, found.errors) == (Depth.SOURCE, ())
    assert (found.sample.looked, found.sample.of) == (sample_size(43, 0.2), 43)
    away = {path for path in fetched if not path.startswith(str(photos))}
    assert len(away) == found.sample.looked


def test_an_etag_of_parts_or_under_a_key_of_kms_is_no_digest(storage, photos):
    bucket = storage.bucket({})
    client, whole = storage.client, contents(photos)
    upload = client.create_multipart_upload(Bucket=bucket, Key="a.jpg")["UploadId"]
    part = client.upload_part(
        Bucket=bucket, Key="a.jpg", UploadId=upload, PartNumber=1, Body=whole["a.jpg"]
    )
    client.complete_multipart_upload(
        Bucket=bucket,
        Key="a.jpg",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    rest = {k: v for k, v in whole.items() if k != "a.jpg"}
    storage.put(bucket, rest, ServerSideEncryption="aws:kms")
    found = look(storage.address(bucket), photos, Depth.BYTES)
    assert (found.errors, found.depth) == ((), Depth.SOURCE)


def test_compliance_locks_are_immutable_until_the_first_one_ends(far_away, storage, photos):
    bucket = storage.bucket({}, ObjectLockEnabledForBucket=True)
    for key, content in contents(photos).items():
        days = 10 if key == "a.jpg" else 20
        storage.put(
            bucket,
            {key: content},
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=NOW + timedelta(days=days),
            ChecksumAlgorithm="SHA256",
        )
    found = look(storage.address(bucket), photos, Depth.BYTES)
    assert found.immutable.value is True
    assert found.immutable.evidence is Evidence.MEASURED
    assert abs(found.immutable_until - NOW - timedelta(days=10)) < timedelta(minutes=5)
    assert found.depth is Depth.BYTES


def test_governance_and_a_part_without_locks_are_not_immutable(storage, photos):
    until = NOW + timedelta(days=20)
    soft = storage.bucket({}, ObjectLockEnabledForBucket=True)
    storage.put(
        soft, contents(photos), ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until
    )
    found = look(storage.address(soft), photos)
    assert found.immutable.value is False
    assert "governance" in found.immutable.source
    part = storage.bucket({}, ObjectLockEnabledForBucket=True)
    storage.put(part, contents(photos))
    only = {"a.jpg": contents(photos)["a.jpg"]}
    storage.put(part, only, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until)
    assert look(storage.address(part), photos).immutable.value is not True


def test_a_bucket_without_locks_is_not_immutable(storage, photos):
    found = look(storage.address(storage.bucket(contents(photos))), photos)
    assert found.immutable.value is False


def test_who_may_not_see_locks_does_not_know(storage, proxy, photos):
    bucket = storage.bucket({}, ObjectLockEnabledForBucket=True)
    storage.put(bucket, contents(photos))
    proxy.refuse = lambda method, path: 403 if "object-lock" in path else None
    found = look(storage.address(bucket).replace(storage.url, proxy.url), photos)
    assert found.state is State.READ
    assert found.immutable.value is None
    assert "AccessDenied" in found.immutable.source


@pytest.mark.parametrize("code", [403, 500, 503])
def test_a_refused_or_broken_service_is_unknown_not_absent(storage, proxy, photos, code):
    bucket = storage.bucket(contents(photos))
    proxy.refuse = lambda method, path: code
    found = look(storage.address(bucket).replace(storage.url, proxy.url), photos)
    assert found.state is State.UNREADABLE
    assert {403: "AccessDenied", 500: "InternalError", 503: "SlowDown"}[code] in found.reason
    assert found.coverage.value is None


def test_a_service_that_is_busy_for_a_moment_is_asked_again(storage, proxy, photos):
    bucket = storage.bucket(contents(photos))
    answers = [503, 500]
    proxy.refuse = lambda method, path: answers.pop() if answers else None
    found = look(storage.address(bucket).replace(storage.url, proxy.url), photos)
    assert (found.state, found.coverage.value) == (State.READ, 1.0)


def test_a_silent_service_costs_the_timeout(storage, proxy, photos):
    bucket = storage.bucket(contents(photos))
    proxy.delay = 60
    started = time.monotonic()
    found = look(storage.address(bucket).replace(storage.url, proxy.url), photos, timeout=0.5)
    assert found.state is State.TIMEOUT
    assert time.monotonic() - started < 10


def test_absent_buckets_and_folders_are_missing(storage, photos):
    assert look(f"s3:{storage.url}/no-such-bucket", photos).state is State.MISSING
    bucket = storage.bucket(contents(photos))
    assert look(storage.address(bucket, "nothing"), photos).state is State.MISSING
    empty = look(storage.address(storage.bucket({})), photos)
    assert (empty.state, empty.files, empty.coverage.value) == (State.READ, 0, 0.0)


def test_without_credentials_the_reason_says_how_to_give_them(storage, monkeypatch, photos):
    bucket = storage.bucket(contents(photos))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    found = look(storage.address(bucket), photos)
    assert found.state is State.UNREADABLE
    assert "AWS_ACCESS_KEY_ID" in found.reason


def test_an_unknown_profile_is_named(storage, photos):
    bucket = storage.bucket(contents(photos))
    found = look(storage.address(bucket), photos, profile="nobody")
    assert found.state is State.UNREADABLE
    assert "nobody" in found.reason


def test_versions_lifecycle_and_encryption_are_told(storage, photos):
    client, bucket = storage.client, storage.bucket(contents(photos))
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rules = [
        {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
            "Expiration": {"Days": 7},
        }
    ]
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules}
    )
    found = look(storage.address(bucket), photos)
    assert "older versions are kept for 30 days" in found.retention.value
    assert "deleted 7 days after" in found.retention.value
    assert found.expires_hours.value == 7 * 24
    result = judged(photos, {"name": "cloud", "address": storage.address(bucket)})
    assert "expires" in [finding.rule for finding in result.findings]


def test_two_buckets_of_one_account_and_region_are_one_copy(far_away, storage, photos):
    one, two = (storage.bucket(contents(photos)) for _ in range(2))
    result = judged(
        photos,
        {"name": "one", "address": storage.address(one), "site": "frankfurt"},
        {"name": "two", "address": storage.address(two), "site": "dublin"},
    )
    assert result.independent_copies == 2
    assert "account 123456789012 in region us-east-1" in result.verdicts[2].reason


def test_other_regions_count_twice_with_a_finding(far_away, storage, photos):
    one = storage.bucket(contents(photos))
    two = storage.bucket(contents(photos), region="eu-west-1")
    result = judged(
        photos,
        {"name": "one", "address": storage.address(one)},
        {"name": "two", "address": storage.address(two)},
    )
    assert result.independent_copies == 3
    assert "same-account" in [finding.rule for finding in result.findings]


def other_account(storage, number):
    """Make a user in another account, and return its keys."""
    import boto3

    common = {"endpoint_url": storage.url, "region_name": "us-east-1"}
    role = f"arn:aws:iam::{number}:role/admin"
    taken = boto3.client("sts", **common).assume_role(RoleArn=role, RoleSessionName="tests")
    keys = taken["Credentials"]
    inside = boto3.client(
        "iam",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        **common,
    )
    inside.create_user(UserName="ada")
    made = inside.create_access_key(UserName="ada")["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def test_other_accounts_are_apart_and_profiles_of_one_account_are_not(
    far_away, storage, photos, tmp_path
):
    import boto3

    key, secret = other_account(storage, "222222222222")
    file = tmp_path / "home" / ".aws" / "credentials"
    file.parent.mkdir()
    mine = f"[one]\naws_access_key_id = AKIAEXAMPLEONE\naws_secret_access_key = {SECRET}\n"
    again = mine.replace("[one]", "[again]")
    theirs = f"[two]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
    file.write_text(mine + again + theirs)
    one = storage.bucket(contents(photos))
    also = storage.bucket(contents(photos))
    client = boto3.Session(profile_name="two").client(
        "s3", endpoint_url=storage.url, region_name="us-east-1"
    )
    client.create_bucket(Bucket="theirs")
    for name, content in contents(photos).items():
        client.put_object(Bucket="theirs", Key=name, Body=content)
    places = [
        {"name": "one", "address": storage.address(one), "profile": "one", "account": "a"},
        {"name": "again", "address": storage.address(also), "profile": "again", "account": "b"},
        {"name": "two", "address": storage.address("theirs"), "profile": "two"},
    ]
    result = judged(photos, *places)
    assert [verdict.counted for verdict in result.verdicts] == [True, True, False, True]
    assert result.verdicts[3].location.domains.account.value == "222222222222"


def test_replication_is_followed_to_its_target(storage, photos):
    client = storage.client
    here, there = (storage.bucket(contents(photos)) for _ in range(2))
    for bucket in (here, there):
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "r",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Destination": {"Bucket": f"arn:aws:s3:::{there}"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
    }
    role = "arn:aws:iam::123456789012:role/r"
    replication = {"Role": role, "Rules": [rule]}
    client.put_bucket_replication(Bucket=here, ReplicationConfiguration=replication)
    # moto forgets that deletions are repeated; what the service answers is read all the same
    assert f"s3-replicates:{there}" in look(storage.address(here), photos).lineage
    assert replicas_of({"ReplicationConfiguration": replication}, "") == ((there, True),)


def test_an_archive_in_a_bucket_is_read_as_one(storage, photos, tmp_path):
    import shutil

    tar = shutil.make_archive(str(tmp_path / "photos-2026-11-01"), "gztar", photos)
    content = Path(tar).read_bytes()
    bucket = storage.bucket({"backups/photos-2026-11-01.tar.gz": content})
    found = look(storage.address(bucket, "backups"), photos, Depth.BYTES)
    assert (found.kind, found.coverage.value, found.depth) == ("tar", 1.0, Depth.BYTES)
    assert found.domains.account.value == "123456789012"
    assert found.real_path is None


def test_a_provider_is_not_believed_in_at_a_port_here_that_knows_no_accounts(
    storage, proxy, photos
):
    proxy.refuse = lambda method, path: 403 if method == "POST" else None
    address = storage.address(storage.bucket(contents(photos))).replace(storage.url, proxy.url)
    cloud = {"name": "cloud", "address": address, "provider": "first", "site": "far"}
    result = judged(photos, cloud)
    assert result.verdicts[1].location.media_type.value is None
    assert [verdict.counted for verdict in result.verdicts] == [True, False]
    assert result.gates["offsite"].status == "unknown"
    assert result.gates["media"].status != "pass"


def test_an_unreadable_bucket_makes_the_gates_unknown(storage, proxy, photos):
    bucket = storage.bucket(contents(photos))
    proxy.refuse = lambda method, path: 403
    address = storage.address(bucket).replace(storage.url, proxy.url)
    result = judged(photos, {"name": "cloud", "address": address, "site": "far"})
    assert result.gates["copies"].status == "fail"  # one unknown does not make three
    assert result.gates["offsite"].status == "unknown"
    assert result.gates["errors"].status == "unknown"
    assert result.verdicts[1].status == "unknown"
