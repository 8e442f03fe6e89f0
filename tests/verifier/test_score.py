"""The published formula, term by term."""

from __future__ import annotations

import pytest

from riskmodel.sites import Site
from tests.verifier.inventories import place, source, view
from verifier.inventory import Evidence
from verifier.rules import GATE_RULES, Gate, Status
from verifier.score import CAPS, POINTS, ndsa_level, score


def gates(**statuses):
    words = {rule.gate: statuses.get(rule.gate, "pass") for rule in GATE_RULES}
    return {name: Gate(Status(word), 0, 0, Evidence.MEASURED, "") for name, word in words.items()}


def test_all_gates_passed_is_a_hundred():
    assert score(gates(), 3, 3).value == sum(POINTS.values()) == 100


@pytest.mark.parametrize("gate", list(CAPS))
def test_a_failed_gate_costs_its_points_and_caps_the_rest(gate):
    found = score(gates(**{gate: "fail"}), 3, 3)
    assert found.value == min(100 - POINTS[gate], CAPS[gate])
    assert found.low == found.high


@pytest.mark.parametrize("gate", list(CAPS))
def test_the_unknown_earns_nothing_and_shows_as_a_range(gate):
    found = score(gates(**{gate: "unknown"}), 3, 3)
    failed = score(gates(**{gate: "fail"}), 3, 3)
    assert (found.value, found.high) == (failed.value, 100)


def test_copies_count_by_thirds_under_their_own_caps():
    assert score(gates(copies="fail"), 2, 2).value == 60
    assert score(gates(copies="fail"), 1, 1).value == int(40 / 3)
    assert score(gates(copies="fail"), 0, 0).value == 0
    assert score(gates(copies="unknown"), 1, 3).high == 100


def test_a_verified_copy_on_the_sources_drive_earns_nothing():
    alone = score(gates(media="fail", errors="unknown"), 1, 1)
    beside = score(gates(media="fail", errors="pass"), 1, 1)
    assert alone.value == beside.value


SITES = {
    "home": Site(location=(52.4, 4.9)),
    "town": Site(location=(52.1, 5.1)),
    "oslo": Site(location=(59.9, 10.8)),
    "rome": Site(location=(41.9, 12.5)),
}


@pytest.mark.parametrize(
    ("locations", "level"),
    [
        ([], 0),
        ([place("a", "sda")], 0),
        ([place("a", "sdb")], 1),
        ([place("a", "sdb"), place("b", "sdc")], 1),
        ([place("a", "sdb"), place("b", "sdc", site="town", media="tape")], 2),
        ([place("a", "sdb"), place("b", "sdc", site="oslo")], 2),
        ([place("a", "sdb"), place("b", "sdc", site="oslo", media="tape")], 3),
        ([place("a", "sdb", site="rome"), place("b", "sdc", site="oslo", media="tape")], 4),
    ],
)
def test_ndsa_levels(locations, level):
    found = view(*locations, live=source(), sites=SITES)
    judged = {rule.gate: rule.judge(found) for rule in GATE_RULES}
    assert ndsa_level(found, judged) == level
