"""Accounts, regions and servers: what makes two remote places one copy, two, or nobody knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.inventories import declared, measured, place, source, view
from verifier.inventory import Evidence, Fact
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


def port(name, **named):
    """Something at an address of this machine, with an account or a provider of that name."""
    found = place(name, None, real_path=None, inode=None)
    here = Fact("machine:here", Evidence.INFERRED, "127.0.0.1 is an address of this machine")
    said = {layer: declared(called) for layer, called in named.items()}
    return replace(found, domains=replace(found.domains, host=here, **said))


@pytest.mark.parametrize("named", [{}, {"account": "a"}, {"account": "a", "provider": "p"}])
@pytest.mark.parametrize(
    "other",
    [
        source(),
        source(on=None, host="address:nas"),  # which this machine may well serve again
        place("usb", "sdb"),
        port("b", account="b", provider="q"),
        cloud("c", "1", "eu", provider="aws"),
    ],
)
def test_nobody_knows_what_a_port_of_this_machine_stands_on_whatever_it_is_called(named, other):
    one = port("a", **named)
    assert relation(one, other).tie is relation(other, one).tie is Tie.UNKNOWN
    assert view(one, port("b", account="b"), live=source()).counted == (0,)


def test_a_service_at_a_port_of_this_machine_is_no_cloud_whatever_it_says_of_itself():
    found = port("tunnel", provider="p")
    told = replace(found, domains=replace(found.domains, account=measured("1")))
    assert relation(source(), told).tie is Tie.UNKNOWN
    other = replace(found, domains=replace(found.domains, account=measured("2")))
    assert relation(told, other).tie is Tie.UNKNOWN


def marked(name, host, *marks, **named):
    found = place(name, None, host=host, real_path=None, marks=marks)
    said = {layer: declared(called) for layer, called in named.items()}
    return replace(found, domains=replace(found.domains, **said))


@pytest.mark.parametrize("mark", ["ssh-key:1", "restic-snapshot:1", "borg-archive:1", "s3-made:b"])
def test_two_addresses_of_one_server_or_repository_are_not_two_places_for_sure(mark):
    one, other = marked("a", "address:10.0.0.2", mark), marked("b", "address:10.0.0.3", mark)
    found = relation(one, other)
    assert found.tie is relation(other, one).tie is Tie.UNKNOWN
    assert "answers at both addresses" in found.reason
    assert len(view(one, other).counted) == 2  # the source and one of them
    assert relation(one, marked("b", "address:10.0.0.3", "ssh-key:2")).tie is Tie.APART
    # nor are they by two providers that somebody names
    said = (replace(x, domains=replace(x.domains, provider=declared(x.name))) for x in (one, other))
    assert relation(*said).tie is Tie.UNKNOWN


def test_a_copied_repository_is_a_second_one_where_drives_or_machines_tell():
    mark = "restic-snapshot:1"
    nas = marked("a", "address:nas", mark)
    assert relation(nas, place("usb", "sdb", marks=(mark,))).tie is Tie.APART
    machines = (marked(name, f"machine:{name}", mark) for name in "ab")
    assert relation(*machines).tie is Tie.APART


def test_accounts_that_are_but_declared_do_not_take_one_server_apart():
    def by(evidence):
        both = (share(name, "address:nas") for name in "ab")
        return relation(*(
            replace(x, domains=replace(x.domains, account=Fact(x.name, evidence))) for x in both
        ))  # fmt: skip

    assert relation(share("a", "address:nas"), share("b", "address:nas")).tie is Tie.SHARED
    assert by(Evidence.DECLARED).tie is Tie.UNKNOWN
    assert by(Evidence.TOOL_REPORTED).tie is Tie.APART


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
