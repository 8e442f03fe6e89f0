"""Accounts, regions and servers: what makes two remote places one copy, two, or nobody knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.inventories import declared, measured, place, view
from verifier.rules import same_host
from verifier.rules._independence import Tie, relation


def cloud(name, account, region, *, evidence=measured, provider=None, site=None):
    found = place(name, None, host=None, site=site, real_path=None, inode=None)
    pools = (f"bucket:aws/{name}", f"cloud:aws/{account}/{region}")
    domains = replace(
        found.domains,
        account=evidence(account),
        provider=measured(provider) if provider else found.domains.provider,
        pools=measured(pools if evidence is measured else pools[:1]),
    )
    return replace(found, domains=domains)


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (cloud("a", "1", "eu"), cloud("b", "1", "eu"), Tie.SHARED),
        # what the sites are called does not make one region two
        (cloud("a", "1", "eu", site="x"), cloud("b", "1", "eu", site="y"), Tie.SHARED),
        (cloud("a", "1", "eu"), cloud("b", "1", "us"), Tie.APART),
        (cloud("a", "1", "eu", site="x"), cloud("b", "1", "us", site="x"), Tie.APART),
        (cloud("a", "1", "eu"), cloud("b", "2", "eu"), Tie.APART),
        (cloud("a", "1", "eu"), cloud("b", "mine", "", evidence=declared), Tie.UNKNOWN),
        (
            cloud("a", "1", "eu", provider="aws"),
            cloud("b", "mine", "", evidence=declared, provider="backblaze"),
            Tie.APART,
        ),
        (
            cloud("a", "mine", "", evidence=declared),
            cloud("b", "hers", "", evidence=declared),
            Tie.APART,
        ),
    ],
)
def test_accounts_and_regions(one, other, wanted):
    assert relation(one, other).tie is wanted
    assert relation(other, one).tie is wanted


def share(name, host):
    found = place(name, None, host=host, real_path=None)
    pools = measured((f"export:{host}/{name}",))
    return replace(found, domains=replace(found.domains, pools=pools))


def test_two_folders_of_one_server_whose_drives_are_unseen_are_one_copy():
    assert relation(share("a", "machine:nas"), share("b", "machine:nas")).tie is Tie.SHARED
    assert relation(share("a", "machine:nas"), share("b", "machine:box")).tie is Tie.APART


def test_a_note_calls_this_machine_by_that_name():
    told = list(same_host.judge(view(place("usb", "sdb"))))
    assert "this machine" in told[0].message
    far = (place("x", "sdc", host="address:nas"), place("y", "sdd", host="address:nas"))
    assert [f for f in same_host.judge(view(*far)) if "host nas" in f.message]
