"""Other closed forms against the exact engine where they hold, or against a count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel import literature
from tests.riskmodel.literature.tables import (
    YEAR,
    exactly,
    group,
)


def test_iliadis_through_the_exact_engine() -> None:
    p_fails = float(literature.iliadis_unrecoverable(2.731e-11, 7 * 300e9 / 512, 1.0291))
    horizon = 1e6
    for drives, store, mttdl, whole_system, printed in (
        (8, {"tolerates": 1}, literature.iliadis_raid5_mttdl(8, 5e5, 17.8, 0.0), 4762, 52_696),
        (
            8,
            {"tolerates": 1, "rebuild_error": p_fails, "latent_loss": "whole"},
            literature.iliadis_raid5_mttdl(8, 5e5, 17.8, p_fails),
            4762,
            127,
        ),
        (
            16,
            {"tolerates": 2, "repairs": "serial"},
            literature.iliadis_raid6_mttdl(16, 5e5, 17.8, 0.0),
            2381,
            4.9e7,
        ),
    ):
        exact = exactly(group(5e5, 17.8, horizon, drives=drives, **store))
        rough = float(literature.probability_from_mttdl(horizon_hours=horizon, mttdl_hours=mttdl))
        assert exact == pytest.approx(rough, rel=5 * 17.8 / horizon + 1e-9)
        system = -horizon / math.log1p(-exact) / whole_system
        assert system == pytest.approx(printed, rel=0.01)


def test_baker_counts_one_of_the_two_orders() -> None:
    """Two replicas with visible faults: MV²/MRV, and the truth is half."""
    life, repair, horizon = 1e5, 1.0, 1e6
    baker = literature.baker_mirror_mttdl(life, repair)
    exact = exactly(group(life, repair, horizon, level="raid1", drives=2))
    rough = float(literature.probability_from_mttdl(horizon_hours=horizon, mttdl_hours=baker / 2.0))
    assert exact == pytest.approx(rough, rel=1e-4)
    assert baker == literature.baker_replicas_mttdl(2, life, repair)
    for replicas in (3, 4):
        formula = float(literature.baker_replicas_mttdl(replicas, life, repair))
        for repairs, orders in (("serial", math.factorial(replicas)), ("parallel", replicas)):
            truth = literature.mttdl_raid1(replicas, life, repair, repairs=repairs)
            assert formula / float(truth) == pytest.approx(orders, rel=1e-3)


def test_baker_with_latent_faults_counts_one_of_the_two_orders_too() -> None:
    """States by the fault of the one replica: none, visible, latent; the first order of both."""
    mv, ml, mrv, window = 1e5, 4e4, 2.0, 30.0
    between = [[0, 2 / mv, 2 / ml], [1 / mrv, 0, 0], [1 / window, 0, 0]]
    any_fault = 1 / mv + 1 / ml
    truth = literature.mean_time_to_absorption(between, [0, any_fault, any_fault])
    formula = literature.baker_mirror_mttdl(
        mv, mrv, mean_time_to_latent_hours=ml, mean_detect_hours=window
    )
    assert float(formula) / truth == pytest.approx(2.0, rel=0.01)


def test_venkatesan_iliadis_against_fixed_and_exponential_rebuilds() -> None:
    """Three replicas, 1/λ = 10⁶ h, 12 h, ten years.

    With fixed rebuilds the exact chance is 3.78382e-11 (an independent computation); with
    exponential ones the published factor 2 needs one rebuild at a time.
    """
    fixed = literature.venkatesan_iliadis_clustered(3, 3, 1e6, 12)
    chance = float(literature.probability_from_mttdl(horizon_hours=10 * YEAR, mttdl_hours=fixed))
    assert chance == pytest.approx(3.78382e-11, rel=3e-4)
    published = literature.venkatesan_iliadis_clustered(3, 3, 1e6, 12, moment_ratio=2.0)
    for repairs, mttdl in (("serial", published), ("parallel", fixed)):
        layout = group(1e6, 12, 10 * YEAR, tolerates=2, drives=3, repairs=repairs)
        rough = float(literature.probability_from_mttdl(horizon_hours=10 * YEAR, mttdl_hours=mttdl))
        assert exactly(layout) == pytest.approx(rough, rel=1e-3)


@given(st.integers(2, 14), st.data())
def test_iliadis_venkatesan_is_the_parallel_textbook_formula(m: int, data: st.DataObject) -> None:
    suffice = data.draw(st.integers(1, m - 1))
    mttdl = float(literature.iliadis_venkatesan_mttdl(3 * m, m, suffice, 1e5, 10.0))
    one_group = literature.mttdl_k_of_n_approximation(m, m - suffice, 1e5, 10.0, repairs="parallel")
    assert 3 * mttdl == pytest.approx(float(one_group), rel=1e-12)
    # of the data of all 3 groups a loss takes 1/(m − l + 1) of one group's
    share = mttdl * float(literature.iliadis_venkatesan_eafdl(m, suffice, 1e5, 10.0))
    assert share == pytest.approx(1 / (3 * (m - suffice + 1)), rel=1e-12)


def test_elerath_pecht_count_against_the_exact_engine() -> None:
    """A count of 0.2765 per 1,000 groups, a first loss in 0.27635: P is not E, and not all new."""
    chance = exactly(group(461_386, 12, 10 * YEAR, level="raid5", drives=8))
    count = float(literature.elerath_pecht_double_failures(8, 461_386, 12, 10 * YEAR))
    assert chance < count == pytest.approx(chance, rel=1e-3)


def test_elerath_schindler_without_ageing_or_defects() -> None:
    """Constant hazards, hardly a defect: (D + 2)(D + 1)D λ³R²T, twice the parallel chain's rate."""
    disks, life, restore, horizon = 6, 1e6, 10.0, 1e5
    count = literature.elerath_schindler_raid6(disks, 1.0, life, restore, 1e-3, 1e15, horizon)
    assert float(count) == pytest.approx(8 * 7 * 6 * restore**2 * horizon / life**3, rel=1e-3)
    layout = group(life, restore, horizon, tolerates=2, drives=8)
    assert float(count) / exactly(layout) == pytest.approx(2.0, rel=0.002)
    serial = group(life, restore, horizon, tolerates=2, drives=8, repairs="serial")
    assert float(count) == pytest.approx(exactly(serial), rel=0.002)


def test_hughes_murray_through_the_exact_engine() -> None:
    for p, disks, tolerates in ((0.03, 14, 2), (0.001, 4, 1)):
        mean = -YEAR / math.log1p(-p)
        layout = group(mean, None, YEAR, drives=disks, tolerates=tolerates)
        value = float(literature.hughes_murray_stripe_failure(disks, tolerates, p))
        assert value == pytest.approx(exactly(layout), rel=1e-9)


@given(st.integers(1, 6), st.integers(0, 24), st.integers(0, 3))
def test_wildani_with_one_group_is_hypergeometric(tolerates: int, failed: int, extra: int) -> None:
    from scipy.stats import hypergeom

    value = literature.wildani_snapshot_loss(
        24, failed, group_size=8, tolerates=tolerates, groups_per_uber_group=1,
        uber_tolerates=extra, disklets_per_disk=1,
    )  # fmt: skip
    one = float(hypergeom(24, 8, failed).sf(tolerates + extra))
    assert value == pytest.approx(1 - (1 - one) ** 3, abs=1e-12)


def test_copysets_by_enumeration() -> None:
    """Random sets: the chance that none of them lies within the failed nodes."""
    draw = np.random.default_rng(3)
    n, failed, sets, trials = 12, 4, 9, 20_000
    hit = 0
    all_sets = [(a, b, c) for a in range(n) for b in range(a + 1, n) for c in range(b + 1, n)]
    for _ in range(trials):
        chosen = draw.choice(len(all_sets), sets)
        hit += any(all_sets[k][2] < failed for k in chosen)
    exact = 1 - (1 - math.comb(failed, 3) / len(all_sets)) ** sets
    assert abs(hit / trials - exact) < 4 * math.sqrt(exact / trials)
    # the published form swaps the roles: sets fail once, groups of nodes are many
    assert literature.copysets_loss(n, failed, 3, sets) == pytest.approx(exact, rel=0.02)


def test_jiang_ratio_of_double_failures_under_a_frailty() -> None:
    """FAST 2008: shelves have two failures six times as often as independence says.

    A shared gamma frailty of variance θ gives 1 + θ in the rare limit, so 5 for their six.
    """
    n, horizon, mean = 10, 100.0, 1e7
    label = {"batch": {"label": "shelf", "variance": 5.0}}

    def more_than(k: int) -> float:
        return exactly(group(mean, None, horizon, drives=n, tolerates=k, media=label))

    ratio = more_than(1) / (more_than(0) ** 2 / 2)
    assert ratio * n / (n - 1) == pytest.approx(6.0, rel=0.005)


def test_greenan_nomdl_is_a_mean_over_missions() -> None:
    lost = np.array([0.0, 1e12, 512.0, 0.0, 1e12])
    assert literature.greenan_nomdl(lost, 1e12) == pytest.approx(0.4, rel=1e-9)
    assert literature.greenan_nomdl(512.0, 1024.0) == 0.5
