"""A fit as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from riskmodel.fitting.frailty import FrailtyFit
from riskmodel.fitting.observed import Lifetimes
from riskmodel.fitting.result import Fit
from riskmodel.units import HOURS_PER_YEAR

__all__ = ["fit_text", "seen_text"]


def fit_text(fit: Fit) -> str:
    """Return a fit as tables: what was seen, laws, frailties, and how well they fit."""
    return "\n".join(_lines(fit))


def seen_text(seen: Lifetimes) -> str:
    """Return what was read, in one line."""
    models = f"{len(set(seen.model.tolist()))} models" if len(seen.models) > 1 else "one model"
    return (
        f"{len(seen):,} drives, {seen.failures:,} failures, {seen.drive_years:,.0f} drive-years, "
        f"{models}"
    )


def _lines(fit: Fit) -> Iterator[str]:
    year = 1.0 / HOURS_PER_YEAR
    yield f"{seen_text(fit.lifetimes)}; intervals of {fit.confidence:.0%}".replace("%", " %")
    for words, count in fit.lifetimes.skipped.items():
        yield f"  skipped: {count:,} {words}"
    one = fit.weibull
    yield ""
    yield "Weibull, one law for all (profile likelihood)"
    yield f"  shape                        {one.shape}"
    yield f"  scale, years                 {one.scale_hours.scaled(year)}"
    if fit.common:
        least = fit.min_failures
        yield (
            f"Weibull, one shape and a scale for each of {len(fit.common.names)} models with at "
            f"least {least} failures (profile likelihood)"
        )
        yield f"  shape                        {fit.common.shape}"
        yield from _model_lines(fit)
    if fit.competing:
        law = fit.competing
        yield "Competing hazards, one law for all (profile likelihood)"
        yield f"  infant, per year             {law.infant_rate}"
        yield f"  infant fades in, years       {law.infant_years}"
        yield f"  constant, per year           {law.constant_rate}"
        yield f"  wear-out shape               {law.wear_shape}"
        yield f"  wear-out scale, years        {law.wear_scale_years}"
    yield "Gamma frailty, variance (profile likelihood)"
    yield from _frailty_lines("between models", fit.model_frailty)
    yield from _frailty_lines("between lots of a model", fit.lot_frailty)
    yield "Failures by age: seen, and expected by the laws for all"
    yield "  years            drive-years    seen   Weibull   competing"
    for row in fit.ages:
        competing = "" if row.competing is None else f"{row.competing:.1f}"
        span = f"{row.low_years:.2g} to {row.high_years:.2g}"
        yield (
            f"  {span:<14} {row.drive_years:>13,.0f} {row.failures:>7,} {row.weibull:>9.1f} "
            f"{competing:>11}"
        )
    for note in fit.notes:
        yield f"note: {note}"


def _model_lines(fit: Fit) -> Iterator[str]:
    year = 1.0 / HOURS_PER_YEAR
    width = max(len(row.model) for row in fit.models)
    names = f"{'scale, years':<24}  {'alone: shape':<24} scale, years"
    yield f"  {'model':<{width}}  drives failures  {names}"
    for row in fit.models:
        common = str(row.common_scale_hours.scaled(year))
        own = str(row.own.shape)
        yield (
            f"  {row.model:<{width}} {row.drives:>7,} {row.failures:>8,}  {common:<24}  "
            f"{own:<24} {row.own.scale_hours.scaled(year)}"
        )


def _frailty_lines(what: str, fit: FrailtyFit | None) -> Iterator[str]:
    if fit is None:
        return
    strata = f" of {fit.strata} models" if fit.strata > 1 else ""
    yield f"  {what:<28} {fit.plain_variance}, {fit.groups} groups{strata}"
    yield f"  {'  adjusted (Cox-Reid)':<28} {fit.variance}"
