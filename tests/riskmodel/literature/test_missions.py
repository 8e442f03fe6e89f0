"""Chances within a mission: to nine digits of exact cases, and the exact engine's."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel import literature
from tests.conftest import LAYOUTS, stated_probability
from tests.riskmodel.literature.tables import (
    ALTMAN_SERVERS,
    PARIS_MIRROR,
    PARIS_NO_REPAIR,
    PARIS_RAID5,
    PARIS_THREE_RESILIENT,
    YEAR,
    archive,
    exactly,
    group,
)


@pytest.mark.parametrize("drives", [2, 8, 20])
@pytest.mark.parametrize("mttr", [0.01, 30.0, 3000.0])
@pytest.mark.parametrize("horizon", [1e-3, 2.0, 500.0, 87_600.0])
def test_paris_against_the_exact_engine(drives: int, mttr: float, horizon: float) -> None:
    exact = exactly(group(1e5, mttr, horizon, level="raid5", drives=drives))
    closed = float(literature.paris_raid5_loss(drives, 1e5, mttr, horizon))
    assert closed == pytest.approx(exact, rel=1e-9, abs=0.0)


def test_paris_is_continuous_where_its_series_ends() -> None:
    fast = 0.5 * (3 + 7.0 + math.sqrt(1 + 7 * (6 + 7.0)))  # 1/life; repairs are 7 times as fast
    missions = np.array([0.5 - 1e-12, 0.5 + 1e-12]) / fast
    below, above = literature.paris_raid5_loss(2, 1.0, 1 / 7.0, missions)
    assert above / below == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize(
    ("drives", "tolerates", "ratio", "lives"),
    [(n, n - 1, None, lives) for n, lives in PARIS_NO_REPAIR.items()]
    + [(2, 1, ratio, lives) for ratio, lives in PARIS_MIRROR.items()]
    + [(10, 1, ratio, lives) for ratio, lives in PARIS_RAID5.items()]
    + [(10, 2, r, [math.nan, math.nan, life]) for r, life in PARIS_THREE_RESILIENT.items()],
)
def test_paris_tables_through_the_exact_engine(
    drives: int, tolerates: int, ratio: float | None, lives: list[float]
) -> None:
    """Missions of the printed lifespans are survived with the printed reliabilities."""
    mttf = 1e5
    for nines, life in enumerate(lives, start=2):
        if math.isnan(life):
            continue
        mttr = None if ratio is None else mttf / ratio
        layout = group(mttf, mttr, life * mttf, drives=drives, tolerates=tolerates)
        # five digits of a lifespan are worth that many times the order in which it is lost
        assert exactly(layout) == pytest.approx(10.0**-nines, rel=0.005)


@pytest.mark.parametrize("case", ALTMAN_SERVERS)
def test_altman_landau_servers_through_the_exact_engine(case: tuple[float, ...]) -> None:
    servers, life, shock, span, mission, _, _ = case
    closed = literature.altman_landau_collection_loss(
        servers, life, 1e4, mission, shock_half_life_hours=shock or math.inf, span=span
    )
    rate = math.log(2) / shock if shock else None
    exact = exactly(archive(servers, life / math.log(2), 1e4, mission, rate, span))
    assert closed == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("copies", "half_life", "spans"), [(3, 2, 1), (5, 5, 10), (2, 100, 10)])
def test_altman_landau_documents_through_the_exact_engine(
    copies: int, half_life: float, spans: int
) -> None:
    closed = literature.altman_landau_document_loss(copies, 50, half_life * 1e6, 1e5, spans)
    mean = half_life * 1e6 / 50 / math.log(2)
    exact = exactly(archive(copies, mean, 1e5 / spans, 1e5))
    assert float(closed) == pytest.approx(exact, rel=1e-9)


REFERENCE = {
    "altman_L10M_c3_audit0-100000h": literature.altman_landau_document_loss(3, 50, 1e7, 1e5),
    "altman_L5M_c5_audit10-100000h": literature.altman_landau_document_loss(5, 50, 5e6, 1e5, 10),
    "archive_shock_c5_D30000_F0_s0-100000h": literature.altman_landau_collection_loss(
        5, 30_000, 1e4, 1e5
    ),
    "archive_shock_c6_D30000_F10000_s1-100000h": literature.altman_landau_collection_loss(
        6, 30_000, 1e4, 1e5, shock_half_life_hours=1e4
    ),
    **{
        f"mo3_norepair-{years}y": literature.marshall_olkin_triple(2e-6, 2e-7, 1e-8, years * YEAR)
        for years in (1, 5, 10)
    },
    **{
        f"raid5_N8_EP-{years}y": literature.paris_raid5_loss(8, 461_386, 12, years * YEAR)
        for years in (1, 5, 10)
    },
    **{
        f"rs10_4_par-{years}y": literature.birth_death_loss(
            [(14 - i) / 3e5 for i in range(5)], [i / 24 for i in range(1, 5)], years * YEAR
        )
        for years in (1, 5, 10)
    },
    **{
        f"weibull_norepair_raid5_N8_EP-{years}y": literature.raid5_minimal_repair_loss(
            8, 1.12, 461_386, 1e30, years * YEAR
        )
        for years in (1, 5, 10)
    },
}


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_cases_by_closed_forms(name: str) -> None:
    """The last: where no repair ever ends, whose age the hazard follows does not matter."""
    path: Path = LAYOUTS / "reference" / f"{name}.toml"
    expected, _ = stated_probability(path)
    assert float(REFERENCE[name]) == pytest.approx(expected, rel=1e-9, abs=0.0)


# Cases that no layout can say, with 18 digits: by an implicit Runge-Kutta method of order 20 in
# arithmetic with 22 digits (the first), explicit and implicit solvers in doubles (5 and 10 years);
# Plackett's integral with 30 digits
MINIMAL_REPAIR = {
    1: 0.0000107902916766151206,
    5: 0.0000794467215235098009,
    10: 0.000187655341658690087,
}
TWO_SITES = {
    (5, 10): 0.000203900239911478542,
    (5, 50): 0.00101908553124254337,
    (100, 10): 0.000134280108705562299,
    (100, 50): 0.00067122025626249074,
}


@pytest.mark.parametrize("years", MINIMAL_REPAIR)
def test_hazards_that_follow_the_systems_age(years: int) -> None:
    """Reference case inhomog_raid5_N8_weib1.12."""
    value = literature.raid5_minimal_repair_loss(8, 1.12, 461_386, 12, years * YEAR)
    assert value == pytest.approx(MINIMAL_REPAIR[years], rel=1e-9, abs=0.0)


@pytest.mark.parametrize("mttr", [1e-2, 12.0, 5000.0, 1e6])
@pytest.mark.parametrize("horizon", [0.5, 1000.0, 1e6])
def test_a_constant_hazard_follows_any_age(mttr: float, horizon: float) -> None:
    value = literature.raid5_minimal_repair_loss(6, 1.0, 2e5, mttr, horizon)
    closed = float(literature.paris_raid5_loss(6, 2e5, mttr, horizon))
    assert value == pytest.approx(closed, rel=1e-9, abs=0.0)


@pytest.mark.parametrize("shape", [0.5, 0.8, 2.0, 4.0])
def test_minimal_repair_where_rebuilds_are_instant(shape: float) -> None:
    """The loss rate is then n(n − 1)h²·MTTR, for shapes above 1/2: an integral by hand."""
    n, scale, mttr, horizon = 6, 1e5, 1e-3, 50_000.0
    value = literature.raid5_minimal_repair_loss(n, shape, scale, mttr, horizon)
    if shape > 0.5:
        power = 2 * shape - 1
        squared = (shape / scale) ** 2 * scale * (horizon / scale) ** power / power
        assert value == pytest.approx(n * (n - 1) * mttr * squared, rel=0.02 if shape < 1 else 1e-3)
    fewer = literature.raid5_minimal_repair_loss(n, shape, scale, mttr / 2, horizon)
    assert 0 < fewer < value


@pytest.mark.parametrize(("distance", "years"), TWO_SITES)
def test_one_earthquake_and_two_sites(distance: int, years: int) -> None:
    """Reference cases quake2site_b8.5."""
    value = literature.two_site_earthquake_loss(
        0.35, 0.25, 0.9, 0.3, 0.55, 8.5, distance, 1 / 250, years
    )
    assert float(value) == pytest.approx(TWO_SITES[distance, years], rel=1e-9, abs=0.0)


def test_earthquakes_at_sites_that_coincide_or_share_nothing() -> None:
    from scipy.special import ndtr

    def both(median: float, distance: float, tau: float) -> float:
        value = literature.two_site_earthquake_loss(
            0.35, median, 0.9, tau, 0.5, 8.5, distance, 1, 1
        )
        return float(-np.log1p(-value))

    def one(median: float, tau: float) -> float:
        return float(ndtr(-math.log(0.9 / median) / math.hypot(tau, 0.5)))

    assert both(0.35, 0.0, 0.3) == pytest.approx(one(0.35, 0.3), rel=1e-12)
    assert both(0.25, 0.0, 0.3) == pytest.approx(one(0.25, 0.3), rel=1e-9)
    apart = one(0.35, 0.0) * one(0.25, 0.0)
    assert both(0.25, 1e4, 0.0) == pytest.approx(apart, rel=1e-12)
    assert both(0.25, 5.0, 0.3) > both(0.25, 50.0, 0.3) > apart


@given(st.floats(1e-9, 1e-3), st.floats(1e-9, 1e-3), st.floats(0, 1e-3), st.floats(1.0, 1e4))
def test_marshall_olkin_pairs(one: float, two: float, both: float, horizon: float) -> None:
    value = float(literature.marshall_olkin_pair(one, two, both, horizon))
    textbook = (
        1
        - math.exp(-(one + both) * horizon)
        - math.exp(-(two + both) * horizon)
        + math.exp(-(one + two + both) * horizon)
    )
    assert value == pytest.approx(textbook, abs=1e-15)
    assert 0.0 < value < 1.0


@given(st.floats(0, 1e-3), st.floats(0, 1e-3), st.floats(0, 1e-3))
def test_marshall_olkin_triples(one: float, two: float, three: float) -> None:
    horizon = 900.0
    value = float(literature.marshall_olkin_triple(one, two, three, horizon))
    any_one, any_two, any_of_all = (
        math.exp(-rate * horizon)
        for rate in (one + 2 * two + three, 2 * one + 3 * two + three, 3 * one + 3 * two + three)
    )
    textbook = 1 - 3 * any_one + 3 * any_two - any_of_all
    assert value == pytest.approx(textbook, abs=1e-14)
