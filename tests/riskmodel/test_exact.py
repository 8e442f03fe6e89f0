"""Exact answers: published cases, closed forms, equivalent layouts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.linalg import expm
from scipy.stats import poisson

import riskmodel as rm
from riskmodel.exact import loss_probability
from tests.conftest import LAYOUTS, stated_probability
from tests.riskmodel.small_layouts import copies, exponential, group, probability

REFERENCE = sorted((LAYOUTS / "reference").glob("*.toml"))
REFUSED = "detrepair2"


@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.stem)
def test_reference_cases_to_nine_digits(path) -> None:
    layout = rm.load_layout(path)
    if path.stem.startswith(REFUSED):
        with pytest.raises(rm.StateSpaceTooLarge, match=r"copies\.array\.store\.rebuild"):
            loss_probability(layout)
    else:
        expected, _ = stated_probability(path)
        assert probability(layout) == pytest.approx(expected, rel=1e-9, abs=0.0)


def test_few_reference_cases_are_refused() -> None:
    assert len(REFERENCE) == 88
    assert sum(path.stem.startswith(REFUSED) for path in REFERENCE) == 6


@pytest.mark.parametrize("drives", [2, 5, 20])
@pytest.mark.parametrize("ratio", [0.5, 30.0, 1000.0])
def test_single_parity_has_a_closed_form(drives: int, ratio: float) -> None:
    """Paris, Schwarz, Long, "When MTTDLs are not good enough", 2008."""
    mean, horizon = 10_000.0, 8_000.0
    failure, repair = 1.0 / mean, ratio / mean
    b = (2 * drives - 1) * failure + repair
    root = math.sqrt(b * b - 4.0 * drives * (drives - 1) * failure**2)
    half = root * horizon / 2.0
    survival = math.exp(-b * horizon / 2.0) * (math.cosh(half) + b / root * math.sinh(half))
    layout = group(mean, horizon, level="raid5", drives=drives, rebuild=exponential(mean / ratio))
    assert probability(layout) == pytest.approx(1.0 - survival, rel=1e-9)


def test_a_mirror_with_latent_errors_against_its_generator_by_hand() -> None:
    fail, mend, error, scrub = 1 / 9000.0, 1 / 500.0, 1 / 3000.0, 1 / 800.0
    store = {"level": "raid1", "drives": 2, "rebuild": exponential(500), "scrub": exponential(800)}
    errors = {"latent_errors": {"mean_time": "3000 h"}}
    horizon = 20_000.0
    # 0 clean pair, 1 one dirty, 2 both dirty, 3 degraded clean, 4 degraded dirty, 5 lost
    rates = np.zeros((6, 6))
    rates[0, 1], rates[0, 3] = 2 * error, 2 * fail
    rates[1, 0], rates[1, 2], rates[1, 3], rates[1, 5] = scrub, error, fail, fail
    rates[2, 1], rates[2, 5] = 2 * scrub, 2 * fail
    rates[3, 0], rates[3, 4], rates[3, 5] = mend, error, fail
    rates[4, 3], rates[4, 1], rates[4, 5] = scrub, mend, fail
    for rule in ("at-failure", "at-failure-and-rebuild"):
        here = rates.copy()
        if rule == "at-failure-and-rebuild":
            here[3, 4], here[3, 5] = 0.0, fail + error
        by_hand = expm((here - np.diag(here.sum(axis=1))) * horizon)[0, 5]
        layout = group(9000, horizon, media=errors, latent_rule=rule, latent_loss="whole", **store)
        assert probability(layout) == pytest.approx(by_hand, rel=1e-9)
    partial = group(9000, horizon, media=errors, rebuild_error=0.3, **store)
    without = group(9000, horizon, **store)
    assert probability(partial) == probability(without)


def test_serial_rebuilds_stress_and_a_late_rebuild_error_by_hand() -> None:
    fail, mend, e, horizon = 1 / 5000.0, 1 / 300.0, 0.3, 9000.0
    # states are drives down, and 3 lost; the only rebuild that starts bare is the second's
    # in parallel, none in a queue
    parallel = np.zeros((4, 4))
    parallel[0, 1], parallel[1, 0] = 4 * fail, mend
    parallel[1, 2] = 3 * fail * 2
    parallel[2, 1], parallel[2, 3] = mend + mend * (1 - e), mend * e + 2 * fail * 7
    serial = parallel.copy()
    serial[2, 1], serial[2, 3] = mend, 2 * fail * 7
    for repairs, rates in (("parallel", None), ("serial", serial)):
        layout = group(
            5000,
            horizon,
            level="raid6",
            drives=4,
            rebuild=exponential(300),
            repairs=repairs,
            stress=[2, 7],
            rebuild_error=e,
            latent_loss="whole",
        )
        if rates is None:
            # after the ordinary one of two ends, the bare one runs on alone: a state of its own
            rates = np.zeros((5, 5))
            rates[:4, :4] = parallel
            rates[2, 1], rates[2, 4] = mend * (1 - e), mend
            rates[4, 0], rates[4, 3] = mend * (1 - e), mend * e
            rates[4, 2] = 0.0
            # one that is bare and fails beside: both rebuilds are bare
            rates = np.pad(rates, (0, 1))
            rates[4, 5] = 3 * fail * 2
            rates[5, 4], rates[5, 3] = 2 * mend * (1 - e), 2 * mend * e + 2 * fail * 7
        by_hand = expm((rates - np.diag(rates.sum(axis=1))) * horizon)[0, 3]
        assert probability(layout) == pytest.approx(by_hand, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(rates=st.lists(st.floats(0.0, 3.0), min_size=7, max_size=7), horizon=st.floats(0.05, 3.0))
def test_marshall_and_olkin_without_repair(rates: list[float], horizon: float) -> None:
    sets = [{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}]

    def none_of(targets: set[int]) -> float:
        total = sum(r for r, hit in zip(rates, sets, strict=True) if hit & targets)
        return math.exp(-total * horizon)

    expected = 1.0 - sum(
        (-1) ** (len(hit) + 1) * none_of(hit) for hit in sets
    )  # all three down by the horizon
    raw = copies(3, horizon, 1.0, recovery="never")
    for copy in raw["copies"]:
        copy["store"]["media"] = "none"
    raw["shocks"] = [
        {"name": str(k), "rate": f"{rate!r}/hour", "hits": {f"c{i}": 1.0 for i in hit}}
        for k, (rate, hit) in enumerate(zip(rates, sets, strict=True))
    ]
    assert probability(raw) == pytest.approx(expected, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("choose", [1, 2, 3])
def test_shocks_that_choose_are_counted(choose: int) -> None:
    raw = copies(5, 1000.0, 1.0, recovery="never")
    for copy in raw["copies"]:
        copy["store"]["media"] = "none"
    names = [copy["name"] for copy in raw["copies"]]
    raw["shocks"] = [{"name": "s", "rate": "0.001/hour", "hits": names, "choose": choose}]
    needed = math.ceil(5 / choose)
    assert probability(raw) == pytest.approx(poisson.sf(needed - 1, 1.0), rel=1e-9)


def test_audits_with_a_short_last_cycle() -> None:
    audited = copies(4, 25_000.0, 30_000.0, check={"every": "7000 h"}, recovery={"fixed": "0 h"})
    whole, rest = (-math.expm1(-h / 30_000.0) for h in (7000.0, 4000.0))
    expected = 1.0 - (1.0 - whole**4) ** 3 * (1.0 - rest**4)
    assert probability(audited) == pytest.approx(expected, rel=1e-9)


def test_audits_at_different_intervals() -> None:
    raw = copies(2, 5_000.0, 3_000.0, recovery={"fixed": "0 h"})
    for copy, every in zip(raw["copies"], (1000.0, 2500.0), strict=True):
        copy["check"] = {"every": f"{every} h"}
    # by hand: which of the two is down, from instant to instant; a check mends its own copy
    fail = 1 / 3000.0
    rates = np.array([[0, fail, fail, 0], [0, 0, 0, fail], [0, 0, 0, fail], [0, 0, 0, 0]])
    rates -= np.diag(rates.sum(axis=1))
    state, now = np.array([1.0, 0, 0, 0]), 0.0
    for then, mends in ((1000, 1), (2000, 1), (2500, 2), (3000, 1), (4000, 1), (5000, 0)):
        state = state @ expm(rates * (then - now))
        if mends:
            state[0], state[mends] = state[0] + state[mends], 0.0
        now = then
    assert probability(raw) == pytest.approx(state[3], rel=1e-9)


def test_a_check_whose_recovery_is_quick_is_an_audit() -> None:
    check = {"every": "700 h"}
    at_once = copies(3, 9_000.0, 4_000.0, check=check, recovery={"fixed": "0 h"})
    quick = copies(3, 9_000.0, 4_000.0, check=check, recovery=exponential(1e-7))
    assert probability(quick) == pytest.approx(probability(at_once), rel=1e-8)


@settings(max_examples=15, deadline=None)
@given(count=st.integers(2, 5), mend=st.floats(10.0, 3000.0))
def test_copies_that_recover_alone_are_a_mirror_of_as_many_drives(count: int, mend: float) -> None:
    mirror = group(5000, 4000.0, level="raid1", drives=count, rebuild=exponential(mend))
    apart = copies(count, 4000.0, 5000.0, recovery=exponential(mend))
    expected = probability(mirror)
    assert probability(apart) == pytest.approx(expected, rel=1e-9)
    # all unlike, so that no states are merged
    for index, copy in enumerate(apart["copies"]):
        copy["recovery"] = exponential(mend * (1.0 + 1e-13 * index))
    assert probability(apart) == pytest.approx(expected, rel=1e-9)


def test_nobody_notices_an_offline_copy_without_a_check() -> None:
    raw = copies(3, 6000.0, 5000.0, offline=True, recovery={"fixed": "2 days"})
    assert probability(raw) == pytest.approx((-math.expm1(-1.2)) ** 3, rel=1e-12)


def test_a_theft_notices_what_nobody_noticed() -> None:
    fail, theft, mend, horizon = 1 / 5000.0, 1 / 1000.0, 1 / 200.0, 6000.0
    raw = copies(2, horizon, 5000.0, recovery=exponential(200))
    raw["copies"][0] |= {"offline": True, "site": "s"}
    raw["sites"] = {"s": {"perils": {"theft": {"rate": f"{theft!r}/hour", "takes": "media"}}}}
    # 0 both intact, 1 the offline one lost and not noticed, 2 it recovers, 3 the other, 4 lost
    rates = np.zeros((5, 5))
    rates[0, 1], rates[0, 2], rates[0, 3] = fail, theft, fail
    rates[1, 2], rates[1, 4] = theft, fail
    rates[2, 0], rates[2, 4] = mend, fail
    rates[3, 0], rates[3, 4] = mend, fail + theft
    by_hand = expm((rates - np.diag(rates.sum(axis=1))) * horizon)[0, 4]
    assert probability(raw) == pytest.approx(by_hand, rel=1e-9)


def test_a_destroyed_site_has_nothing_left_to_steal() -> None:
    fire, theft, chance, horizon = 0.002, 0.005, 0.3, 400.0
    raw = copies(1, horizon, 1.0, site="s", vulnerability=chance)
    raw["copies"][0]["store"]["media"] = "none"
    raw["sites"] = {
        "s": {
            "recovery": "never",
            "perils": {
                "fire": {"rate": f"{fire}/hour"},
                "theft": {"rate": f"{theft}/hour", "takes": "media"},
            },
        }
    }
    ends = fire + chance * theft  # whatever comes first of a fire and a theft that hits
    expected = chance * (fire + theft) / ends * -math.expm1(-ends * horizon)
    assert probability(raw) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("takes", ["site", "media"])
def test_vulnerability_thins_disasters(takes: str) -> None:
    raw = copies(1, 1000.0, 1.0, site="s", vulnerability=0.3)
    raw["copies"][0]["store"]["media"] = "none"
    raw["sites"] = {"s": {"perils": {"fire": {"rate": "0.002/hour", "takes": takes}}}}
    assert probability(raw) == pytest.approx(-math.expm1(-0.6), rel=1e-12)
    raw["sites"]["s"]["recovery"] = "never"  # a destroyed site is not struck again
    expected = 0.3 * -math.expm1(-2.0) if takes == "site" else -math.expm1(-0.6)
    assert probability(raw) == pytest.approx(expected, rel=1e-12)


def test_groups_and_shocks_of_one_store() -> None:
    striped = group(9000, 700.0, groups=5)
    assert probability(striped) == pytest.approx(-math.expm1(-5 * 700 / 9000), rel=1e-12)
    shaken = group(
        9000, 700.0, groups=5, shocks=[{"name": "s", "rate": "0.001/hour", "kills": 0.2}]
    )
    hazard = 5 * 700 / 9000 + 0.7 * (1 - 0.8**5)
    assert probability(shaken) == pytest.approx(-math.expm1(-hazard), rel=1e-12)


def test_groups_that_share_nothing_are_independent() -> None:
    store = {"level": "raid5", "drives": 4, "groups": 3, "rebuild": exponential(50)}
    alone = loss_probability(group(9000, 7000.0, **store))
    # a shock that never comes keeps the groups together in one chain
    idle = [{"name": "s", "rate": "1e-30/hour", "kills": 1e-9}]
    together = loss_probability(group(9000, 7000.0, **store, shocks=idle))
    assert alone.probability == pytest.approx(together.probability, rel=1e-9)
    assert "3 states" in alone.how
    assert "5 states" in together.how


def test_wear_from_an_age_on_is_conditional_on_having_reached_it() -> None:
    law = {"weibull": {"shape": 3.0, "scale": "9000 h"}}
    layout = group(1, 4000.0, media={"lifetime": law, "age": "2000 h"}, level="raid10", drives=6,
                   rebuild="never")  # fmt: skip
    failed = -math.expm1((2000 / 9000) ** 3 - (6000 / 9000) ** 3)
    assert probability(layout) == pytest.approx(1 - (1 - failed**2) ** 3, rel=1e-12)


def test_a_binomial_tail_stays_exact_where_it_is_tiny() -> None:
    layout = group(1e6, 1.0, level="8-of-14", rebuild="never")
    failed = -math.expm1(-1e-6)
    tail = math.fsum(math.comb(14, k) * failed**k * (1 - failed) ** (14 - k) for k in range(7, 15))
    assert probability(layout) == pytest.approx(tail, rel=1e-11, abs=0.0)


@pytest.mark.parametrize("variance", [1e-10, 1e-5, 0.02, 0.3, 1.0, 2.0, 9.0, 100.0])
@pytest.mark.parametrize("hazard", [1e-9, 0.3, 400.0])
def test_one_drive_under_a_frailty(variance: float, hazard: float) -> None:
    label = {"label": "b", "variance": variance}
    layout = group(1.0, hazard, media={"batch": label})
    expected = -math.expm1(-math.log1p(variance * hazard) / variance)
    assert probability(layout) == pytest.approx(expected, rel=1e-10, abs=0.0)


@pytest.mark.parametrize("variance", [0.5, 100.0])
def test_a_frailty_leaves_shocks_alone(variance: float) -> None:
    label = {"label": "b", "variance": variance}
    shock = {"name": "s", "rate": "0.01/hour", "kills": 0.3}
    layout = group(100.0, 20.0, media={"batch": label}, shocks=[shock])
    hazard = 0.06 + math.log1p(variance * 0.2) / variance
    assert probability(layout) == pytest.approx(-math.expm1(-hazard), rel=1e-10)


def test_two_frailties_multiply() -> None:
    labels = {"batch": {"label": "b", "variance": 0.8}, "model": {"label": "m", "variance": 2.0}}
    layout = group(1.0, 0.4, media=labels)

    def given_batch(z: float) -> float:
        density = math.exp(1.25 * math.log(1.25 * z) - 1.25 * z - math.lgamma(1.25)) / z
        return density * -math.expm1(-0.5 * math.log1p(2.0 * 0.4 * z))

    expected = quad(given_batch, 0, 1, epsrel=1e-12)[0] + quad(given_batch, 1, 60, epsrel=1e-12)[0]
    assert probability(layout) == pytest.approx(expected, rel=1e-9)


def test_a_frailty_is_shared_by_copies_and_lasts_through_rebuilds() -> None:
    raw = copies(2, 2000.0, 4000.0, recovery=exponential(300))
    raw["media"]["d"]["model"] = {"label": "m", "variance": 1.0}

    def survival(z: float) -> float:
        fail, mend = z / 4000.0, 1 / 300.0
        b, root = 3 * fail + mend, math.sqrt(fail**2 + 6 * fail * mend + mend**2)
        half = root * 1000.0
        return math.exp(-z - b * 1000.0) * (math.cosh(half) + b / root * math.sinh(half))

    lost = 1.0 - quad(survival, 0, 20, epsrel=1e-12, limit=200)[0] - math.exp(-20) * survival(20)
    assert probability(raw) == pytest.approx(lost, rel=1e-7)


def test_the_curve_never_falls_where_all_is_lost_at_once() -> None:
    """The average over frailties once lost 2e-15 in the last points, by rounding."""
    shared = {"variance": 1e-12}
    drive = {
        "lifetime": {"exponential": {"mean": "0.00877 h"}},
        "batch": shared | {"label": "batch"},
        "model": shared | {"label": "model"},
        "latent_errors": {"mean_time": "1 day"},
    }
    store = {"media": "d", "latent_loss": "whole", "scrub": {"every": "1 day"}}
    layout = rm.Layout.from_dict(
        {"horizon": "1 year", "media": {"d": drive}, "copies": [{"name": "c", "store": store}]}
    )
    curve = loss_probability(layout).curve
    assert (np.diff(curve) >= 0.0).all()
    assert curve[-1] == pytest.approx(1.0, abs=1e-14)


def test_a_fixed_rebuild_longer_than_the_mission_is_none() -> None:
    for drives, stress in ((2, []), (9, []), (3, [1.0])):
        never = group(5000, 1000.0, level="raid5", drives=drives, rebuild="never", stress=stress)
        long = group(
            5000, 1000.0, level="raid5", drives=drives, rebuild={"fixed": "1001 h"}, stress=stress
        )
        assert probability(long) == pytest.approx(probability(never), rel=1e-9)


def test_a_fixed_rebuild_against_simulation_in_a_few_lines() -> None:
    draw = np.random.default_rng(5)
    trials, rebuild, horizon = 200_000, 300.0, 8000.0
    time, lost = np.zeros(trials), np.zeros(trials, bool)
    for _ in range(60):
        first = time + draw.exponential(6000 / 5, trials)
        second = draw.exponential(6000 / 4, trials)
        lost |= (second < rebuild) & (first + second < horizon) & (time < horizon)
        time = np.where(lost, np.inf, first + rebuild)
    layouts = [
        group(6000, horizon, level="raid5", drives=5, rebuild={"fixed": "300 h"}, repairs=repairs)
        for repairs in ("parallel", "serial")
    ]
    exact, serial = map(probability, layouts)
    assert exact == serial
    assert abs(lost.mean() - exact) < 4 * math.sqrt(exact * (1 - exact) / trials)


def test_a_fixed_rebuild_is_nearly_an_exponential_one_of_its_mean() -> None:
    fixed = group(1e6, 50_000.0, level="raid5", drives=8, rebuild={"fixed": "2 h"})
    memoryless = group(1e6, 50_000.0, level="raid5", drives=8, rebuild=exponential(2))
    assert probability(fixed) == pytest.approx(probability(memoryless), rel=1e-3)
    assert probability(fixed) != probability(memoryless)
