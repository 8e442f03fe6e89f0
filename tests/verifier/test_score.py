"""The published formula, term by term."""

from __future__ import annotations

import pytest

from riskmodel.sites import Site
from tests.verifier.inventories import place, source, view
from verifier.inventory import Evidence
from verifier.rules import GATE_RULES, Gate, Status
from verifier.score import CAPS, COPIES_CAPS, POINTS, explained, ndsa, score


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
        ([place("a", "sdb"), place("b", "sdc", host="machine:b", site="town", media="tape")], 2),
        ([place("a", "sdb"), place("b", "sdc", host="machine:b", site="oslo")], 2),
        ([place("a", "sdb"), place("b", "sdc", host="machine:b", site="oslo", media="tape")], 3),
        (
            [
                place("a", "sdb", host="machine:a", site="rome"),
                place("b", "sdc", host="machine:b", site="oslo", media="tape"),
            ],
            4,
        ),
    ],
)
def test_ndsa_levels(locations, level):
    found = view(*locations, live=source(), sites=SITES)
    judged = {rule.gate: rule.judge(found) for rule in GATE_RULES}
    told = ndsa(found, judged)
    assert told.level == level
    assert told.reason
    assert bool(told.next) == (level < 4)


def test_ndsa_says_what_the_next_level_needs():
    def told(*locations):
        found = view(*locations, live=source(), sites=SITES)
        return ndsa(found, {rule.gate: rule.judge(found) for rule in GATE_RULES})

    assert told().next == "a second independent copy"
    two = told(place("a", "sdb"))
    assert two.next == "a third independent copy and a copy that is known to be offsite"
    near = told(place("a", "sdb"), place("b", "sdc", host="machine:b", site="town", media="tape"))
    assert near.next == "a copy known to be 100 km or more from the source"
    plain = told(place("a", "sdb"), place("b", "sdc", host="machine:b", site="oslo"))
    assert plain.next == "a second kind of medium"


def test_the_worked_example_is_what_the_formula_gives():
    text = " ".join(explained().split())
    found = score(gates(offsite="fail", errors="unknown"), 3, 3)
    # by hand: 40 + 10 + 15 = 65, cut at 50; 80 if no error turns up, cut at 70
    assert (found.value, found.low, found.high) == (50, 50, 70)
    assert "40 + 10 + 15 = 65" in text
    assert "shown as 50 (50 to 70)" in text
    for number in (*POINTS.values(), *CAPS.values(), *COPIES_CAPS.values()):
        assert str(number) in text
