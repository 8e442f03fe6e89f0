"""The bound that a sample gives: exact, and true as often as it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from verifier.bounds import at_most, fewest_bad, most_bad, sample_size
from verifier.effort import Effort


@st.composite
def samples(draw):
    of = draw(st.integers(1, 3000))
    looked = draw(st.integers(0, of))
    return looked, of, draw(st.integers(0, looked))


@given(samples(), st.integers(0, 3000))
def test_the_distribution_is_the_hypergeometric(sample, bad):
    looked, of, seen = sample
    bad = min(bad, of)
    exact = stats.hypergeom.cdf(seen, of, bad, looked)
    assert math.isclose(at_most(seen, looked, of, bad), exact, rel_tol=1e-8, abs_tol=1e-12)


@given(samples())
def test_the_bound_is_the_largest_number_that_is_not_rejected(sample):
    looked, of, bad = sample
    most = most_bad(looked, of, bad)
    assert stats.hypergeom.cdf(bad, of, most, looked) > 0.05 - 1e-9
    if most < of - looked + bad:
        assert stats.hypergeom.cdf(bad, of, most + 1, looked) <= 0.05 + 1e-9


@given(samples())
def test_both_bounds_hold_what_was_seen(sample):
    looked, of, bad = sample
    assert bad <= fewest_bad(looked, of, bad) <= most_bad(looked, of, bad) <= of - looked + bad


@pytest.mark.parametrize(("looked", "bad"), [(299, 0), (1000, 3), (50, 20)])
def test_of_many_it_is_clopper_and_pearsons(looked, bad):
    of = 10**9
    exact = stats.beta.ppf(0.95, bad + 1, looked - bad)
    assert most_bad(looked, of, bad) / of == pytest.approx(exact, rel=1e-5)


def test_of_many_the_size_is_that_of_the_rule_of_three():
    assert sample_size(10**9, 0.01) == math.ceil(math.log(0.05) / math.log(0.99)) == 299
    assert sample_size(10**9, 0.001) == math.ceil(math.log(0.05) / math.log(0.999))


@given(st.integers(0, 5000), st.floats(0, 0.999))
def test_a_sample_is_as_large_as_needed_and_no_larger(of, max_bad):
    size = sample_size(of, max_bad)
    assert 0 <= size <= of
    assert most_bad(size, of) <= max_bad * of + 1e-6
    if size:
        assert most_bad(size - 1, of) > max_bad * of


def test_no_bad_file_at_all_needs_nearly_all_of_them():
    assert sample_size(99, 0.0) == 95  # the one bad file is missed with a chance of 4/99
    assert sample_size(1, 0.0) == 1


@pytest.mark.parametrize("wrong", [(2, 1, 0), (1, 2, 2), (-1, 2, 0), (1, 2, -1)])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="looked"):
        most_bad(*wrong)
    with pytest.raises(ValueError, match="max_bad"):
        sample_size(10, 1.0)


def test_the_stated_bound_holds_as_often_as_it_says():
    """500 audits of a tree with 0.5 % bad files that lie together, as after a broken sector run."""
    folders = np.random.default_rng(7).geometric(1 / 40, 300)  # files in each folder
    bad = np.zeros(folders.sum(), bool)
    start = int(folders[:100].sum())
    bad[start : start + round(0.005 * len(bad))] = True
    held = 0
    for seed in range(500):
        chosen = Effort(max_bad=0.01, seed=seed).drawn(len(bad))
        assert len(chosen) == sample_size(len(bad), 0.01)
        held += most_bad(len(chosen), len(bad), int(bad[chosen].sum())) >= bad.sum()
    assert held >= 0.94 * 500


def test_the_stated_bound_fails_about_as_often_as_it_may():
    """Just above the bound a sample misses all bad ones in about 5 % of the audits, not in 0 %."""
    of, runs = 5000, 2000
    bad = np.zeros(of, bool)
    bad[: int(0.01 * of) + 1] = True
    missed = sum(not bad[Effort(max_bad=0.01, seed=seed).drawn(of)].any() for seed in range(runs))
    exact = at_most(0, sample_size(of, 0.01), of, int(bad.sum()))
    assert 0.045 < exact <= 0.05
    assert abs(missed / runs - exact) < 4 * math.sqrt(exact * (1 - exact) / runs)


def test_a_draw_is_repeatable_ascending_and_without_repetition():
    rows = Effort(max_bad=0.02, seed=3).drawn(1000)
    assert (np.diff(rows) > 0).all()
    assert (rows == Effort(max_bad=0.02, seed=3).drawn(1000)).all()
    assert (rows != Effort(max_bad=0.02, seed=4).drawn(1000)).any()
    assert Effort().drawn(1000) is None
    assert Effort(max_bad=0.001).drawn(10) is None


def test_few_things_are_all_looked_at():
    things, sample = Effort(max_bad=0.01).some(["a", "b"])
    assert (things, sample) == (["a", "b"], None)
    things, sample = Effort(max_bad=0.5, seed=9).some(range(100))
    assert (len(things), sample.of, sample.seed) == (sample.looked, 100, 9)
