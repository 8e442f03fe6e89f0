"""A fit as a notebook shows it: as text, and drawn over what was seen."""

from __future__ import annotations

import numpy as np
import pytest

import riskmodel as rm
from tests.riskmodel.fitting.drives import weibull_drives


@pytest.fixture(scope="module")
def fit() -> rm.Fit:
    return rm.fit_lifetimes(weibull_drives(1, 1.5, [8.0, 20.0], 400))


def test_a_notebook_shows_the_text_of_the_command(fit: rm.Fit) -> None:
    shown = fit._repr_html_()
    assert f"{fit.weibull.shape}" in shown
    assert "Gamma frailty" in shown
    assert "<pre>" in shown


def test_the_law_is_drawn_over_what_was_seen(fit: rm.Fit) -> None:
    ax = rm.plot.lifetimes(fit)
    law = next(line for line in ax.lines if line.get_label() == "Weibull")
    years, hazard = law.get_data()
    assert hazard == pytest.approx(fit.weibull_hazard(np.asarray(years) * 8766.0))
    assert rm.plot.lifetimes(fit, survival=True).get_ylabel() == "survival"


def test_one_model_is_drawn_by_its_name(fit: rm.Fit) -> None:
    row = fit.models[-1]
    ax = rm.plot.lifetimes(fit, row.model)
    assert ax.get_title().startswith(row.model)
    own = next(line for line in ax.lines if line.get_label() == "own Weibull")
    years, hazard = (np.asarray(values) for values in own.get_data())
    shape, scale = row.own.shape.value, row.own.scale_hours.value / 8766.0
    assert hazard == pytest.approx((years / scale) ** shape)
    with pytest.raises(rm.InputError, match="no law was fitted to model 'X'"):
        rm.plot.lifetimes(fit, "X")
    with pytest.raises(rm.InputError, match="for all drives only"):
        rm.plot.lifetimes(fit, row.model, survival=True)
