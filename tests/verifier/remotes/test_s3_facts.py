"""What addresses and answers of object storage mean; recorded answers, no server."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.errors import InputError
from tests.verifier.inventories import place, view
from verifier.remotes.s3_address import parse_s3, provider_of, region_in
from verifier.remotes.s3_facts import (
    Lock,
    kept_digest,
    lifecycle_of,
    lock_fact,
    replicas_of,
    retention_words,
)
from verifier.rules import repeats_deletions

NOW = datetime(2026, 11, 26, tzinfo=UTC)
MONTH = NOW + timedelta(days=30)


@given(st.text(max_size=40))
def test_any_address_is_read_or_refused_in_one_line(text):
    try:
        found = parse_s3(f"s3:{text}")
    except InputError as error:
        assert error.args[0].startswith("address:")
        assert "\n" not in error.args[0] or "\n" in text
    else:
        assert found.bucket


@pytest.mark.parametrize(
    "address", ["s3:", "s3://", "s3:https://s3.example.org", "s3:bucket", "s3:https:///bucket"]
)
def test_an_address_without_a_bucket_is_a_mistake_of_the_user(address):
    with pytest.raises(InputError, match="expects s3:URL/BUCKET"):
        parse_s3(address)


def test_credentials_in_an_address_are_refused_and_not_repeated():
    with pytest.raises(InputError) as caught:
        parse_s3("s3:https://key:hush@s3.example.org/bucket")
    assert "hush" not in str(caught.value)


def test_addresses_are_read():
    found = parse_s3("s3:https://s3.eu-central-003.backblazeb2.com/photos/ada/")
    assert (found.bucket, found.prefix) == ("photos", "ada")
    assert provider_of(found.endpoint) == "backblaze"
    assert region_in(found.endpoint) == "eu-central-003"
    assert parse_s3("s3:s3.amazonaws.com/b").endpoint == "https://s3.amazonaws.com"
    assert parse_s3("s3://b/c").endpoint is None
    assert provider_of("https://notamazonaws.com") is None


def test_a_target_of_replication_that_repeats_deletions_is_named():
    here = place("here", None, lineage=("s3-bucket:a", "s3-replicates:b+deletions"))
    there = place("there", None, lineage=("s3-bucket:b",))
    told = list(repeats_deletions.judge(view(here, there)))
    assert [(f.location, "here" in f.message) for f in told] == [("there", True)]
    kept = replace(here, lineage=("s3-bucket:a", "s3-replicates:b"))
    assert not list(repeats_deletions.judge(view(kept, there)))


@pytest.mark.parametrize(
    ("locks", "wanted"),
    [
        ([Lock("COMPLIANCE", MONTH)] * 2, True),
        ([Lock("COMPLIANCE", MONTH), Lock("COMPLIANCE", NOW)], False),
        ([Lock("COMPLIANCE", MONTH), Lock("")], False),
        ([Lock("GOVERNANCE", MONTH)] * 2, False),
        ([Lock("", None, held=True)] * 2, False),
        ([Lock("COMPLIANCE", MONTH), Lock(None)], None),
        ([], None),
    ],
)
def test_only_compliance_locks_on_everything_are_immutable(locks, wanted):
    fact, until = lock_fact(locks, len(locks), NOW)
    assert fact.value is wanted
    assert (until == MONTH) is (wanted is True)
    assert fact.source


def test_digests_are_those_of_whole_objects_only():
    kept = hashlib.sha256(b"x")
    head = {"ChecksumSHA256": base64.b64encode(kept.digest()).decode(), "ETag": '"a-2"'}
    assert kept_digest(head) == ("sha256", kept.hexdigest())
    assert kept_digest({**head, "ChecksumType": "COMPOSITE"}) is None
    assert kept_digest({"ETag": f'"{"a" * 32}"'}) == ("md5", "a" * 32)
    assert kept_digest({"ETag": f'"{"a" * 32}-3"'}) is None
    assert kept_digest({"ETag": f'"{"a" * 32}"', "ServerSideEncryption": "aws:kms:dsse"}) is None
    assert kept_digest({"ETag": f'"{"a" * 32}"', "SSECustomerAlgorithm": "AES256"}) is None
    assert kept_digest({"ChecksumSHA256": "not base64", "ETag": "zz"}) is None


def test_lifecycle_rules_count_for_the_folder_they_are_about():
    def rule(prefix, **terms):
        found = {"ID": "r", "Status": "Enabled", "Expiration": {"Days": 7}}
        return {"Rules": [{**found, "Filter": {"Prefix": prefix, **terms}}]}

    assert lifecycle_of(rule(""), "ada/photos").expires_days == 7
    assert lifecycle_of(rule("ada/"), "ada").expires_days == 7
    assert lifecycle_of(rule("adam/"), "ada").expires_days is None
    assert lifecycle_of(rule("ada/tmp/"), "ada").partly == ("r",)
    assert lifecycle_of(rule("", Tag={"Key": "a", "Value": "b"}), "ada").partly == ("r",)
    off = {"Rules": [{"ID": "r", "Status": "Disabled", "Prefix": "", "Expiration": {"Days": 1}}]}
    assert lifecycle_of(off, "").expires_days is None


@pytest.mark.parametrize("day", [datetime(2027, 1, 2, tzinfo=UTC), "2027-01-02T00:00:00Z"])
def test_a_rule_may_name_a_day_instead_of_an_age(day):
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Date": day}}
    found = lifecycle_of({"Rules": [rule]}, "ada")
    assert (found.ends, found.expires_days) == (datetime(2027, 1, 2, tzinfo=UTC), None)
    assert "on 2027-01-02" in (retention_words({}, found, {}).value or "")
    odd = {**rule, "Expiration": {"Date": "next year"}}
    assert lifecycle_of({"Rules": [odd]}, "ada").ends is None


def test_retention_is_unknown_where_it_may_not_be_read():
    assert retention_words(None, None, {}).value is None
    lock = {
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30, "Years": 0}},
        }
    }
    words = retention_words({"Status": "Enabled"}, lifecycle_of({}, ""), lock).value
    assert words == (
        "older versions are kept without limit; new objects are locked for 30 days "
        "(compliance mode)"
    )


def test_replication_of_the_first_format_repeats_deletions():
    old = {"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::b"}}
    answer = {"ReplicationConfiguration": {"Rules": [old]}}
    assert replicas_of(answer, "x") == (("b", True),)
    assert replicas_of({}, "x") == ()
