"""Whatever is found: the unknown never passes, and what adds nothing never raises the score."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verifier.inventories import place, source
from verifier.audit import Audit, judge
from verifier.inventory import (
    Depth,
    Domains,
    Drive,
    Evidence,
    Fact,
    Inventory,
    Location,
    Points,
    State,
)
from verifier.rules._standing import Copyhood
from verifier.setup import Setup

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SETUP = Setup.from_dict({"source": {"path": "/source"}})
GATES = ("copies", "media", "offsite", "offline_or_immutable", "errors")


def _maybe(values):
    known = st.sampled_from([Evidence.MEASURED, Evidence.TOOL_REPORTED, Evidence.DECLARED])
    return st.one_of(st.just(Fact()), st.builds(Fact, values, known, st.just("test")))


def _drives(keys):
    return tuple(Drive(f"serial:{key}", key) for key in keys)


DOMAINS = st.builds(
    Domains,
    drives=_maybe(
        st.sets(st.sampled_from("ABCD"), min_size=1, max_size=2).map(sorted).map(_drives)
    ),
    pools=_maybe(st.sampled_from([(), ("zpool:here/tank",), ("md:0",)])),
    host=_maybe(st.sampled_from(["machine:one", "machine:two", "address:nas"])),
    account=_maybe(st.sampled_from(["acme", "umbrella"])),
    provider=_maybe(st.sampled_from(["north", "south"])),
    site=_maybe(st.sampled_from(["home", "office", "moon"])),
)
LOCATIONS = st.builds(
    Location,
    name=st.just("x"),
    kind=st.just("directory"),
    address=st.sampled_from(["/backup", "s3:https://s3.example.org/x"]),
    state=st.sampled_from(State),
    reason=st.just("a reason"),
    real_path=st.one_of(st.none(), st.just("/backup")),
    domains=DOMAINS,
    media_type=_maybe(st.sampled_from(["hdd", "ssd", "tape", "optical", "vtl", "cloud", "memory"])),
    points=st.one_of(
        st.just(Points()),
        st.integers(-3, 60).map(lambda d: Points(1, NOW - timedelta(days=d))),
    ),
    coverage=_maybe(st.sampled_from([0.0, 0.5, 0.99, 1.0])),
    depth=st.one_of(st.none(), st.sampled_from(Depth)),
    errors=st.sampled_from([(), (), ("a differs.",)]),
    offline=st.booleans(),
    immutable=_maybe(st.booleans()),
    last_seen=st.one_of(st.none(), st.just(NOW - timedelta(days=10))),
)
SOURCES = LOCATIONS.map(lambda found: replace(found, name="source", offline=False))
SETS = st.lists(LOCATIONS, max_size=4).map(
    lambda found: tuple(replace(one, name=f"l{n}") for n, one in enumerate(found))
)


def judged(live: Location, places: tuple[Location, ...]) -> Audit:
    return judge(SETUP, Inventory("test", NOW, Fact("machine:one"), live, places))


@given(SOURCES, SETS)
@settings(max_examples=100, deadline=None)
def test_every_audit_is_consistent(live, places):
    audit = judged(live, places)
    assert tuple(audit.gates) == GATES
    assert audit.independent_copies <= audit.claimed_copies == len(places) + 1
    assert 0 <= audit.score.low == audit.score.value <= audit.score.high <= 100
    statuses = [gate.status.value for gate in audit.gates.values()]
    assert audit.exit_code == (1 if "fail" in statuses else 3 if "unknown" in statuses else 0)
    if "fail" in statuses:
        assert audit.score.value < 100
    assert all(finding.message.endswith(".") for finding in audit.findings)
    counted = sum(verdict.counted for verdict in audit.verdicts)
    assert counted == audit.independent_copies


@given(SOURCES, SETS)
@settings(max_examples=100, deadline=None)
def test_what_nobody_read_passes_no_gate(live, places):
    hidden = tuple(
        replace(one, state=State.TIMEOUT, coverage=Fact(), depth=None, errors=()) for one in places
    )
    audit = judged(live, hidden)
    assert "pass" not in {audit.gates[gate].status.value for gate in GATES}
    assert not any(verdict.counted for verdict in audit.verdicts[1:])


@given(SOURCES, SETS, st.sampled_from(["source", "l0", "l1"]), LOCATIONS)
@settings(max_examples=100, deadline=None)
def test_a_dependent_location_never_raises_the_score(live, places, twin_of, other):
    known = {one.name: one for one in (live, *places)}
    twin = known.get(twin_of, live)
    domains = replace(twin.domains, drives=Fact(_drives("A"), Evidence.MEASURED))
    where = {twin.name: replace(twin, domains=domains)}
    base = [where.get(one.name, one) for one in (live, *places)]
    added = replace(other, name="added", domains=domains, media_type=twin.media_type)
    before, after = judged(base[0], tuple(base[1:])), judged(base[0], (*base[1:], added))
    number = [one.name for one in base].index(twin.name)
    if before.view.standings[number].copyhood is Copyhood.YES:
        assert after.score.value <= before.score.value
        assert after.independent_copies <= before.independent_copies


HARMS = {
    "missing": lambda good: replace(good, state=State.MISSING, depth=None, errors=()),
    "unread": lambda good: replace(
        good, state=State.TIMEOUT, coverage=Fact(), depth=None, errors=(), immutable=Fact()
    ),
    "stale": lambda good: replace(
        good, points=Points(1, NOW - timedelta(days=4000)), identical=False
    ),
    "without a point": lambda good: replace(good, points=Points(), identical=False),
    "partial": lambda good: replace(good, coverage=Fact(0.5, Evidence.MEASURED)),
    "of unknown coverage": lambda good: replace(good, coverage=Fact()),
    "errors": lambda good: replace(good, errors=("a differs.",)),
    "without a digest": lambda good: replace(good, depth=None),
    "without a site": lambda good: replace(good, domains=replace(good.domains, site=Fact())),
    "on unknown drives": lambda good: replace(
        good, domains=replace(good.domains, drives=Fact(), pools=Fact())
    ),
    "no longer offline": lambda good: replace(good, offline=False),
    "no longer locked": lambda good: replace(good, immutable=Fact(False, Evidence.MEASURED)),
}


@given(SOURCES, SETS, st.integers(0, 3), st.sampled_from(list(HARMS)))
@settings(max_examples=100, deadline=None)
def test_a_worse_location_never_raises_the_score(live, places, index, harm):
    if not places:
        return
    index %= len(places)
    good = places[index]
    worse = HARMS[harm](good)
    before = judged(live, places)
    after = judged(live, (*places[:index], worse, *places[index + 1 :]))
    assert after.score.low <= after.score.value <= after.score.high
    if good.errors and harm in ("missing", "unread"):
        return  # damage that nobody sees any more is no longer counted as damage
    assert after.score.value <= before.score.value


def _called(found, name, key):
    """Return a location under a name and a path of its own, on a drive of its own."""
    domains = replace(found.domains, drives=Fact(_drives(key), Evidence.MEASURED))
    return replace(found, name=name, address=f"/{name}", real_path=f"/{name}", domains=domains)


# mostly good, so that there is a score to lose
FAIR = st.builds(
    lambda on, site, media, offline, host: replace(
        place("x", on, site=site, media=media, host=f"machine:{host}"),
        offline=offline,
        points=Points(1, NOW - timedelta(days=1)),
    ),
    st.sampled_from("BCDE"),
    st.sampled_from(["home", "office", None]),
    st.sampled_from(["hdd", "tape", "cloud"]),
    st.booleans(),
    st.sampled_from(["here", "there"]),
)
FAIR_SETS = st.lists(FAIR, min_size=1, max_size=4).map(
    lambda found: tuple(_called(one, f"l{n}", "BCDE"[n]) for n, one in enumerate(found))
)
STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(list(HARMS))), min_size=1, max_size=3)


@given(FAIR_SETS, STEPS)
@settings(max_examples=60, deadline=None)
def test_harm_after_harm_the_score_only_falls(places, steps):
    live = source(points=Points(1, NOW))
    score, damaged = judged(live, places).score.value, False
    for index, harm in steps:
        index %= len(places)
        if damaged and harm in ("missing", "unread"):
            return  # see above
        damaged |= harm == "errors"
        places = (*places[:index], HARMS[harm](places[index]), *places[index + 1 :])
        after = judged(live, places).score
        assert after.low <= after.value <= after.high
        assert after.value <= score, (index, harm)
        score = after.value


@given(FAIR_SETS, FAIR, st.integers(0, 4))
@settings(max_examples=60, deadline=None)
def test_a_twin_on_a_drive_in_use_never_raises_a_good_score(places, twin, index):
    live = source(points=Points(1, NOW))
    known = (live, *places)[index % (len(places) + 1)]
    # a drive is of one kind and at one place; what the twin says of itself may differ
    where = known.domains
    domains = replace(twin.domains, drives=where.drives, site=where.site, host=where.host)
    added = replace(_called(twin, "twin", "Z"), media_type=known.media_type, domains=domains)
    assert judged(live, (*places, added)).score.value <= judged(live, places).score.value
