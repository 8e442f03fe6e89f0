"""Layouts drawn from the ends of what a file may say: sound numbers that agree, or a reason."""

from __future__ import annotations

import math
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import riskmodel as rm
from tests.statistical.test_extremes import _assert_sound

Table = dict[str, Any]
TRIALS = {"events": 400, "conditional": 512, "excursion": 512}
SURE = math.erf(5 / math.sqrt(2))  # level of an interval of five standard errors
FEW, MANY = 25, int(os.environ.get("EXTREMES", "300"))

MEANS = ("0.00877 h", "1 day", "1 year", "30 years", "1e6 years", "1e12 years")
SPANS = ("0 h", "1 s", "1 h", "30 days", "10 years", "5000 years")
RATES = ("0/year", "1e-9/year", "0.01/year", "10/year", "1e6/year")
HORIZONS = ("1 s", "1 h", "1 year", "10 years", "1000 years")
CHANCES = (0.0, 1e-9, 0.3, 1.0)


def laws(spans: tuple[str, ...]) -> st.SearchStrategy[Table]:
    """Draw a law of times."""
    long = tuple(span for span in spans if span != "0 h")
    return st.one_of(
        st.builds(lambda mean: {"exponential": {"mean": mean}}, st.sampled_from(long)),
        st.builds(lambda k, s: {"weibull": {"shape": k, "scale": s}},
                  st.sampled_from([0.3, 1.0, 8.0]), st.sampled_from(long)),
        st.builds(lambda m, s: {"lognormal": {"median": m, "sigma": s}},
                  st.sampled_from(long), st.sampled_from([0.01, 1.0, 5.0])),
    )  # fmt: skip


def fixed(spans: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.one_of(st.sampled_from([{"fixed": span} for span in spans]), st.just("never"))


@st.composite
def media(draw: st.DrawFn) -> Table:
    medium: Table = {"lifetime": draw(laws(MEANS) | st.just("none"))}
    if draw(st.booleans()):
        medium["age"] = draw(st.sampled_from(SPANS))
    for kind in ("batch", "model"):
        if draw(st.integers(0, 3)) == 0:
            variance = draw(st.sampled_from([0.0, 1e-12, 0.5, 50.0]))
            medium[kind] = {"label": kind, "variance": variance}
    if draw(st.integers(0, 3)) == 0:
        medium["latent_errors"] = {"mean_time": draw(st.sampled_from(MEANS[1:]))}
    return medium


@st.composite
def stores(draw: st.DrawFn, medium: Table) -> Table:
    store: Table = {"media": "d"}
    # hundreds of drives that last a day take seconds a history, and show what eight of them show
    most = 8 if any(span in str(medium["lifetime"]) for span in MEANS[:2]) else 500
    drives = draw(st.sampled_from([1, 1, 2, 3, 8, most]))
    if drives > 1:
        tolerates = draw(st.sampled_from([0, 1, min(2, drives - 1), drives - 1]))
        store |= {"drives": drives, "tolerates": tolerates}
        if tolerates:
            store["rebuild"] = draw(laws(SPANS) | fixed(SPANS))
            store["repairs"] = draw(st.sampled_from(["parallel", "serial"]))
            if draw(st.booleans()):
                store["stress"] = draw(st.sampled_from([[0.0], [1e-6], [10.0, 1e4]]))
            if draw(st.integers(0, 3)) == 0:
                store["rebuild_error"] = draw(st.sampled_from(CHANCES))
    if "latent_errors" in medium:
        store["latent_loss"] = draw(st.sampled_from(["whole", "partial"]))
        store["scrub"] = draw(st.sampled_from([{"every": "1 day"}, {"every": "900 years"}]) |
                              laws(SPANS) | fixed(SPANS))  # fmt: skip
    if draw(st.integers(0, 3)) == 0:
        blow = {"name": "power", "rate": draw(st.sampled_from(RATES))}
        store["shocks"] = [{**blow, "kills": draw(st.sampled_from(CHANCES))}]
    return store


@st.composite
def layouts(draw: st.DrawFn) -> Table:
    medium = draw(media())
    count = draw(st.sampled_from([1, 1, 2, 3]))
    copies: list[Table] = []
    for number in range(count):
        copy: Table = {"name": f"c{number}", "store": draw(stores(medium))}
        if count > 1:
            copy["recovery"] = draw(laws(SPANS) | fixed(SPANS))
            if draw(st.booleans()):
                copy["check"] = {"every": draw(st.sampled_from(SPANS[1:]))}
        copies.append(copy)
    raw: Table = {
        "horizon": draw(st.sampled_from(HORIZONS)),
        "media": {"d": medium},
        "copies": copies,
    }
    if draw(st.integers(0, 2)) == 0:
        hits = {f"c{number}": draw(st.sampled_from(CHANCES)) for number in range(count)}
        raw["shocks"] = [{"name": "s", "rate": draw(st.sampled_from(RATES)), "hits": hits}]
    if draw(st.integers(0, 2)) == 0:
        rate = {"rate": draw(st.sampled_from(RATES))}
        raw["sites"] = {"s": {"perils": {"fire": rate}}}
        if draw(st.booleans()):
            raw["sites"]["s"]["recovery"] = draw(laws(SPANS))
        for copy in copies[: draw(st.integers(1, count))]:
            copy["site"] = "s"
    if draw(st.integers(0, 3)) == 0:
        raw["threats"] = {
            name: {"rate": draw(st.sampled_from(RATES))} for name in ("mistake", "ransomware")
        }
    return raw


def answers(raw: Table) -> dict[str, rm.LossEstimate]:
    """Ask every method; one that does not answer says why in one line."""
    try:
        layout = rm.Layout.from_dict(raw)
    except rm.InputError as refusal:
        assert_clear(refusal)
        return {}
    found = {}
    for method in ("exact", "events", "conditional", "excursion"):
        sampled: Table = {"trials": TRIALS.get(method), "time_budget": "1 s"}
        more = {} if method == "exact" else sampled
        try:
            found[method] = rm.simulate(layout, method=method, seed=20, **more)
        except (rm.InputError, rm.StateSpaceTooLarge) as refusal:
            assert_clear(refusal)
    return found


def assert_clear(refusal: Exception) -> None:
    assert str(refusal).strip()
    assert "Traceback" not in str(refusal)
    assert len(str(refusal).splitlines()) == 1


def assert_agree(found: dict[str, rm.LossEstimate]) -> None:
    """Hold each interval at five standard errors against the exact answer, else against others'."""
    exact = found.get("exact")
    ends = {method: one.interval(SURE) for method, one in found.items()}
    for method, one in found.items():
        note(f"{method}: {one.probability!r} in {ends[method]}")
        _assert_sound(one)
        if exact is not None and method != "exact" and one.seen:
            low, high = ends[method]
            slack = 1e-6 * exact.probability
            assert low - slack <= exact.probability <= high + slack
    lows, highs = max(low for low, _ in ends.values()), min(high for _, high in ends.values())
    assert lows <= highs * (1 + 1e-6)


@pytest.mark.slow
@settings(max_examples=FEW, derandomize=True, database=None, deadline=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(layouts())
def test_a_few_extreme_layouts_get_sound_answers_or_a_reason(raw: Table) -> None:
    found = answers(raw)
    if found:
        assert_agree(found)


@pytest.mark.proof
@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(layouts())
def test_many_extreme_layouts_get_sound_answers_or_a_reason(raw: Table) -> None:
    found = answers(raw)
    if found:
        assert_agree(found)
