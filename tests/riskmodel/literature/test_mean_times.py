"""Mean times to data loss: all digits of exact cases, order of the approximations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel import literature
from tests.conftest import LAYOUTS, stated_probability
from tests.riskmodel.literature.tables import (
    YEAR,
)

# Exact mean times to loss of the reference cases, 20 digits by arithmetic with 60
MTTDL_HOURS = {
    "mirror2_exp_a": (literature.mttdl_raid1(2, 1e6, 12), 41668166666.666666667),
    "mirror2_exp_d": (literature.mttdl_raid1(2, 20_000, 720), 307777.77777777777778),
    "raid5_N8_EP": (literature.mttdl_raid5(8, 461_386, 12), 316904896.54166666667),
    "raid5_N8_hot": (literature.mttdl_raid5(8, 1e5, 100), 1812500.0),
    "raid6_N8_par": (literature.mttdl_raid6(8, 461_386, 12), 4061119008617.7893519),
    "raid6_N8_ser": (
        literature.mttdl_raid6(8, 461_386, 12, repairs="serial"),
        2030717995205.9988426,
    ),
    "raid6_N10_hot_ser": (
        literature.mttdl_raid6(10, 50_000, 200, repairs="serial"),
        4669583.3333333333333,
    ),
    "replica3_par": (literature.mttdl_raid1(3, 1e6, 12), 2314912038870370.3704),
    "rs6_3_par": (literature.mttdl_k_of_n(9, 3, 200_000, 24), 229947659206716.63727),
    "rs10_4_par": (literature.mttdl_k_of_n(14, 4, 300_000, 24), 732656649110329075.92),
    "raid5_lse_rebuild_p1e-3_N8": (
        literature.iliadis_raid5_mttdl(8, 461_386, 12, 1e-3),
        48809487.793049326532,
    ),
    "raid5_ep_exp_base": (
        literature.elerath_pecht_exponential_mttdl(8, 461_386, 16.6, 9259, 156),
        522834.53917382510487,
    ),
    "raid5_ep_exp_rare": (
        literature.elerath_pecht_exponential_mttdl(8, 1e6, 12, 1e5, 84),
        21044736.27978547896,
    ),
    "chen94_escalating_raid5_16": (
        literature.mttdl_birth_death([16 / 2e5, 15 / 2e4], [1.0]),
        16680500.0,
    ),
}


@pytest.mark.parametrize("name", MTTDL_HOURS)
def test_mean_times_are_exact(name: str) -> None:
    value, expected = MTTDL_HOURS[name]
    assert float(value) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("name", MTTDL_HOURS)
def test_a_constant_rate_overstates_a_short_mission_a_little(name: str) -> None:
    """1 − exp(−T/MTTDL) is high, by the time of a few rebuilds (or scrubs) over the mission."""
    mttdl = MTTDL_HOURS[name][0]
    slowest = {"mirror2_exp_d": 720, "raid6_N10_hot_ser": 200, "raid5_N8_hot": 100,
               "raid5_ep_exp_base": 156, "raid5_ep_exp_rare": 84}.get(name, 24)  # fmt: skip
    for years in (1, 10):
        exact, _ = stated_probability(LAYOUTS / "reference" / f"{name}-{years}y.toml")
        rough = float(
            literature.probability_from_mttdl(horizon_hours=years * YEAR, mttdl_hours=mttdl)
        )
        if name == "raid5_lse_rebuild_p1e-3_N8":
            assert rough == pytest.approx(exact, rel=3 * slowest / (years * YEAR))
        else:
            assert 0.0 < rough / exact - 1.0 < 3 * slowest / (years * YEAR)


def _shocked(drives: int, most: int, mttf: float, mttr: float, rate: float, kills: float) -> float:
    between, lost = np.zeros((most + 1, most + 1)), np.zeros(most + 1)
    for down in range(most + 1):
        steps = {1: (drives - down) / mttf}
        for more in range(1, drives - down + 1):
            struck = math.comb(drives - down, more) * kills**more
            struck *= (1 - kills) ** (drives - down - more)
            steps[more] = steps.get(more, 0.0) + rate * struck
        for more, flow in steps.items():
            if down + more > most:
                lost[down] += flow
            else:
                between[down, down + more] += flow
        if down:
            between[down, down - 1] = down / mttr
    return literature.mean_time_to_absorption(between, lost)


def test_mean_time_to_absorption_with_shocks() -> None:
    """Two reference cases in which a shock kills each working drive with a chance."""
    raid6 = _shocked(8, 2, 461_386, 12, 1 / (10 * YEAR), 0.05)
    assert raid6 == pytest.approx(15095747.175202547145, rel=1e-13)
    replicas = _shocked(3, 2, 1e6, 12, 1 / (20 * YEAR), 0.01)
    assert replicas == pytest.approx(174200409324.57120936, rel=1e-13)


def _three_sites(omega: float, kill: float) -> float:
    """States: how many of three sites are up, failed, destroyed; loss when none is up."""
    fail, mend, fire, rebuild = 1 / 300_000, 1 / 24, 1 / (500 * YEAR), 1 / 720
    states = [(u, 3 - u - d, d) for u in (3, 2, 1) for d in range(4 - u)]
    states.sort(key=lambda s: s != (3, 0, 0))
    between, lost = np.zeros((len(states), len(states))), np.zeros(len(states))

    def go(start: int, to: tuple[int, int, int], rate: float) -> None:
        if to[0] == 0:
            lost[start] += rate
        elif to != states[start]:
            between[start, states.index(to)] += rate

    for k, (up, failed, gone) in enumerate(states):
        go(k, (up - 1, failed + 1, gone), up * fail)
        go(k, (up - 1, failed, gone + 1), up * fire)
        if failed:
            go(k, (up + 1, failed - 1, gone), failed * mend)
            go(k, (up, failed - 1, gone + 1), failed * fire)
        if gone:
            go(k, (up + 1, failed, gone - 1), gone * rebuild)
        for a in range(up + 1):
            for b in range(failed + 1):
                chance = math.comb(up, a) * math.comb(failed, b)
                chance *= kill ** (a + b) * (1 - kill) ** (up + failed - a - b)
                go(k, (up - a, failed - b, gone + a + b), omega * chance)
    return literature.mean_time_to_absorption(between, lost, 0)


def test_mean_time_to_absorption_over_three_sites() -> None:
    assert _three_sites(0.0, 0.0) == pytest.approx(1569015818450.6994659, rel=1e-12)
    assert _three_sites(1 / (1000 * YEAR), 0.2) == pytest.approx(1074246430.9082187163, rel=1e-12)


groups = st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1)))


@given(groups, st.floats(1e-6, 1e3), st.sampled_from(["parallel", "serial"]))
def test_the_elimination_agrees_with_the_recursion(
    drives: tuple[int, int], mttr: float, repairs: str
) -> None:
    n, most = drives
    between, lost = np.zeros((most + 1, most + 1)), np.zeros(most + 1)
    for down in range(most):
        between[down, down + 1] = n - down
        between[down + 1, down] = (down + 1 if repairs == "parallel" else 1) / mttr
    lost[most] = n - most
    order = np.arange(most, -1, -1)  # the first state last
    by_elimination = literature.mean_time_to_absorption(
        between[np.ix_(order, order)], lost[order], most
    )
    by_recursion = float(literature.mttdl_k_of_n(n, most, 1.0, mttr, repairs=repairs))
    assert by_elimination == pytest.approx(by_recursion, rel=1e-11)
    if repairs == "serial":
        ford = literature.ford_stripe_mttf(n, n - most, 1.0, mttr)
        assert float(ford) == pytest.approx(by_recursion, rel=1e-11)


@given(groups, st.floats(1e-5, 10.0), st.sampled_from(["parallel", "serial"]))
def test_the_textbook_formula_is_below_the_truth_and_first_order(
    drives: tuple[int, int], mttr: float, repairs: str
) -> None:
    n, most = drives

    def short_by(repair: float) -> float:
        exact = literature.mttdl_k_of_n(n, most, 1.0, repair, repairs=repairs)
        rough = literature.mttdl_k_of_n_approximation(n, most, 1.0, repair, repairs=repairs)
        return float(1.0 - rough / exact)

    error = short_by(mttr)
    assert error >= -1e-12
    if most and error < 0.01 and error > 1e-9:
        assert short_by(mttr / 10) == pytest.approx(error / 10, rel=0.1)


@given(groups, st.floats(0.05, 10.0))
def test_angus_is_the_stationary_chance_to_be_up_over_the_rate_of_failures(
    drives: tuple[int, int], mttr: float
) -> None:
    n, most = drives
    failures = n - np.arange(n)
    repairs = np.arange(1, n + 1) / mttr
    # as many failures as repairs between neighbours; a solver loses the shares near 1e-14
    shares = np.cumprod(np.append(1.0, failures / repairs))
    up = shares[: most + 1].sum() / (shares[most] * failures[most])
    value = float(literature.angus_mtbf(n, most, 1.0, mttr))
    assert value == pytest.approx(up, rel=1e-12)
    assert value <= float(literature.mttdl_k_of_n(n, most, 1.0, mttr)) * (1 + 1e-12)


def test_angus_is_the_time_to_a_first_loss_where_repairs_are_quick() -> None:
    for n, most in ((1, 0), (2, 1), (8, 2), (14, 4)):
        for mttr in (1e-4, 1e-7):
            again = float(literature.angus_mtbf(n, most, 1.0, mttr))
            first = float(literature.mttdl_k_of_n(n, most, 1.0, mttr))
            assert 0.0 <= 1.0 - again / first <= n * mttr * (most + 1)


def test_iliadis_raid6_limits() -> None:
    for n in (4, 16):
        plain = literature.iliadis_raid6_mttdl(n, 5e5, 17.8, 0.0)
        serial = literature.mttdl_raid6(n, 5e5, 17.8, repairs="serial")
        assert plain == pytest.approx(float(serial), rel=1e-13)
        # no rebuild ever ends well: a group that loses data at its first two failures or rebuild
        worst = literature.iliadis_raid6_mttdl(n, 5e5, 17.8, 1.0, 1.0)
        second, mend = (n - 1) / 5e5, 1 / 17.8
        third = (n - 2) / 5e5 + mend
        by_hand = 5e5 / n + (1 + second / third) / (second + mend)
        assert worst == pytest.approx(by_hand, rel=1e-12)


def test_chen_against_the_escalating_chain() -> None:
    """One group of 16 with a second failure ten times as likely; first order in the repair."""
    rough = literature.chen_double_disk(16, 16, 2e5, 1.0, 2e4)
    exact = literature.mttdl_birth_death([16 / 2e5, 15 / 2e4], [1.0])
    assert 0 < float(1 - rough / exact) < 1e-3
    chance, _ = stated_probability(LAYOUTS / "reference" / "chen94_escalating_raid5_16-10y.toml")
    assert float(
        literature.probability_from_mttdl(horizon_hours=10 * YEAR, mttdl_hours=exact)
    ) == pytest.approx(chance, rel=1e-4)
    triple = literature.chen_triple_disk(16, 16, 2e5, 1.0, 2e4, 2e3)
    chain = literature.mttdl_birth_death([16 / 2e5, 15 / 2e4, 14 / 2e3], [1.0, 1.0])
    assert 0 < float(1 - triple / chain) < 0.01


def test_chen_bit_errors_against_a_rebuild_that_fails() -> None:
    """A failed disk, and not all others readable: Iliadis' chain with hardly a second failure."""
    p_read = 0.9996
    fails = -math.expm1(15 * math.log(p_read))
    rough = literature.chen_disk_and_bit_error(16, 16, 2e5, p_read)
    chain = literature.iliadis_raid5_mttdl(16, 2e5, 1e-3, fails)
    assert float(rough) == pytest.approx(float(chain), rel=1e-4)
    double = literature.chen_double_disk_and_bit_error(16, 16, 2e5, 1e-3, p_read)
    chain = literature.iliadis_raid6_mttdl(16, 2e5, 1e-3, -math.expm1(14 * math.log(p_read)))
    assert float(double) == pytest.approx(chain, rel=1e-4)


def test_patterson_is_first_order() -> None:
    rough = literature.patterson_raid_mttf(70, 7, 1, 5e5, 10)
    one_group = literature.mttdl_raid5(8, 5e5, 10)
    assert 0 < float(1 - 10 * rough / one_group) < 15 * 10 / 5e5 * 1.01
