"""Random times from the kernels against the laws' own survival functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from riskmodel._kernels import records
from riskmodel.lifetimes import Law
from tests.riskmodel.kernels import opened

LAWS = {
    "exponential": {"exponential": {"mean": 100.0}},
    "weibull": {"weibull": {"shape": 2.0, "scale": 12.0, "location": 6.0}},
    "infant weibull": {"weibull": {"shape": 0.7, "scale": 90.0}},
    "lognormal": {"lognormal": {"median": 100.0, "sigma": 0.7}},
    "gompertz": {"gompertz": {"rate": 0.01, "growth": 0.01}},
    "dying gompertz": {"gompertz": {"rate": 0.01, "growth": -0.005}},
    "competing": {
        "competing": [
            {"exponential": {"mean": 100.0}},
            {"weibull": {"shape": 4.0, "scale": 90.0}},
            {"gompertz": {"rate": 0.02, "growth": -0.05}},
            {"lognormal": {"median": 50.0, "sigma": 1.0}},
        ]
    },
    "two bounded hazards": {
        "competing": [
            {"gompertz": {"rate": 0.02, "growth": -0.01}},
            {"gompertz": {"rate": 0.01, "growth": -0.02}},
        ]
    },
}


def _rows(law: Law) -> tuple[np.ndarray, np.record]:
    terms = np.array([tuple(term) for term in law.terms()], records.TERM)
    return terms, np.array([(0, len(terms))], records.LAW)[0]


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("age", [0.0, 10.0, 40.0])
@pytest.mark.parametrize("budget", [1e-9, 0.01, 0.7, 3.0, 20.0])
def test_a_residual_time_spends_exactly_its_budget(name: str, age: float, budget: float) -> None:
    law = Law.model_validate(LAWS[name])
    terms, row = _rows(law)
    time = opened.residual_time(terms, row, age, budget, np.inf)
    total = float(law.cumulative_hazard(np.inf) - law.cumulative_hazard(age))
    if budget >= total:
        assert time == np.inf
        return
    spent = float(law.cumulative_hazard(age + time) - law.cumulative_hazard(age))
    rounding = 1e-13 * max(1.0, float(law.cumulative_hazard(age + time)))
    assert spent == pytest.approx(budget, rel=1e-8, abs=rounding)


@pytest.mark.parametrize("budget", [1e-200, 1e-60, 1e-17, 1e-9])
def test_a_lognormal_can_spend_a_budget_that_drowns_in_one(budget: float) -> None:
    law = Law.model_validate({"lognormal": {"median": 1e6, "sigma": 0.5}})
    terms, row = _rows(law)
    time = opened.residual_time(terms, row, 0.0, budget, np.inf)
    assert float(law.cumulative_hazard(time)) / budget == pytest.approx(1.0, rel=1e-8)


@pytest.mark.parametrize("name", LAWS)
def test_enough_only_cuts_what_lies_beyond(name: str) -> None:
    terms, row = _rows(Law.model_validate(LAWS[name]))
    for budget in (0.05, 0.3, 0.9):
        whole = opened.residual_time(terms, row, 5.0, budget, np.inf)
        if whole == np.inf:
            continue
        assert opened.residual_time(terms, row, 5.0, budget, whole * 1.01) == pytest.approx(whole)
        assert opened.residual_time(terms, row, 5.0, budget, whole * 0.99) > whole * 0.98


def _stream(seed: int) -> np.ndarray:
    state = np.zeros(4, np.uint64)
    with np.errstate(over="ignore"):
        opened.start_stream(state, seed, 7)
    return state


def test_uniforms_are_uniform_and_keyed() -> None:
    state = _stream(1)
    with np.errstate(over="ignore"):
        sample = [opened.uniform(state) for _ in range(4000)]
    assert min(sample) > 0.0
    assert max(sample) < 1.0
    assert stats.kstest(sample, "uniform").pvalue > 1e-4
    with np.errstate(over="ignore"):
        assert opened.uniform(_stream(1)) == sample[0]
        assert opened.uniform(_stream(2)) != sample[0]


@pytest.mark.parametrize("variance", [0.01, 0.3, 1.0, 2.5])
def test_frailties_are_gamma_of_mean_one(variance: float) -> None:
    state = _stream(3)
    with np.errstate(over="ignore"):
        sample = [opened.gamma_mean_one(state, variance) for _ in range(3000)]
    law = stats.gamma(1.0 / variance, scale=variance)
    assert stats.kstest(sample, law.cdf).pvalue > 1e-4


def test_a_law_that_never_happens_never_does() -> None:
    terms, row = _rows(Law(never=True))
    assert opened.draw(terms, row, _stream(1)) == np.inf
