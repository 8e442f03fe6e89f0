"""A fit as media that layouts can name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from riskmodel.errors import InputError
from riskmodel.fitting.ages import AgeCounts
from riskmodel.fitting.competing import competing_lifetime
from riskmodel.fitting.result import Fit, ModelRow
from riskmodel.fitting.weibull import weibull_of_counts
from riskmodel.units import HOURS_PER_YEAR, written

__all__ = ["media_toml"]


def media_toml(fit: Fit, name: str) -> str:
    """Return the text of a media file.

    A layout brings it in by ``media_from = ["FILE"]``, and its stores then name the media. The
    first, of the given name, is a drive of these whose model nobody knows: a law (competing
    hazards, else Weibull), and the frailties of its model and its lot. Then one for each model with
    failures enough: its Weibull law and the frailty of its lot; where nothing is known of its lots
    the law has the shape of all models, unless the interval of its own shape excludes that.

    Beside a frailty stands the law of a drive whose factor is 1. It rises above the one that all
    drives showed together, as bad groups fail first; times the frailties it gives that one again.

    Parameters
    ----------
    fit : Fit
        What was fitted.
    name : str
        Of the first medium, and first word of the others' names.

    Returns
    -------
    str
        TOML.
    """
    import tomli_w

    if not name or len(name) > 100:
        raise InputError(f"--name: expects 1 to 100 letters, got {name!r}")
    media: dict[str, Any] = {name: _any_model(fit, name)}
    for row in fit.models if len(fit.lifetimes.models) > 1 else ():
        media[f"{name} {row.model}"] = _model(fit, name, row)
    head = "".join(f"# {line}\n" for line in _comments(fit, name))
    return head + "\n" + tomli_w.dumps({"media": media})


def _any_model(fit: Fit, name: str) -> dict[str, Any]:
    frailties = [one for one in (fit.model_frailty, fit.lot_frailty) if one is not None]
    selection = math.prod((one.selection for one in frailties), start=np.ones(1))
    counts = AgeCounts.of(fit.lifetimes, selection if frailties else None)
    medium: dict[str, Any] = {
        "lifetime": competing_lifetime(counts)
        if fit.competing
        else _weibull(*weibull_of_counts(counts))
    }
    if fit.model_frailty and fit.model_frailty.variance.value > 0.0:
        medium["model"] = _label(f"{name} model", fit.model_frailty.variance.value)
    return medium | _lot(fit, name)


def _model(fit: Fit, name: str, row: ModelRow) -> dict[str, Any]:
    medium: dict[str, Any] = {}
    if row.model in fit.lifetimes.capacities:
        medium["capacity"] = written(fit.lifetimes.capacities[row.model], "size")
    shape, scale = _shape_and_scale(fit, row)
    medium["lifetime"] = _weibull(shape, scale)
    return medium | _lot(fit, f"{name} {row.model}")


def _shape_and_scale(fit: Fit, row: ModelRow) -> tuple[float, float]:
    """Return them of a drive of this model whose lot has the factor 1. [1, year]."""
    lots = fit.lot_frailty.selection_of if fit.lot_frailty else {}
    if row.model in lots:
        counts = AgeCounts.of(fit.lifetimes.of_models([row.model]), lots[row.model])
        return weibull_of_counts(counts)
    own, common = row.own.shape, fit.common.shape.value if fit.common else math.nan
    if own.low <= common <= own.high:
        return common, row.common_scale_hours.value / HOURS_PER_YEAR
    return row.own.shape.value, row.own.scale_hours.value / HOURS_PER_YEAR


def _lot(fit: Fit, name: str) -> dict[str, Any]:
    if fit.lot_frailty is None or fit.lot_frailty.variance.value == 0.0:
        return {}
    return {"batch": _label(f"{name} lot", fit.lot_frailty.variance.value)}


def _label(label: str, variance: float) -> dict[str, Any]:
    return {"label": label, "variance": float(f"{min(variance, 100.0):.4g}")}


def _weibull(shape: float, scale_years: float) -> dict[str, Any]:
    return {"weibull": {"shape": float(f"{shape:.6g}"), "scale": f"{scale_years:.6g} years"}}


def _years(hours: float) -> str:
    return f"{hours / HOURS_PER_YEAR:.1f} years"


def _comments(fit: Fit, name: str) -> Iterator[str]:
    seen = fit.lifetimes
    yield (
        f"Media fitted by riskmodel fit to {len(seen):,} drives, {seen.failures:,} failures, "
        f"{seen.drive_years:,.0f} drive-years,"
    )
    yield f"up to an age of {_years(seen.oldest_hours)}; beyond it the laws guess."
    yield f'In a layout: media_from = ["THIS FILE"] at the top, and store = {{ media = "{name}" }}.'
    yield "Drives that share a label share one frailty: give drives of other lots another label."
    if fit.model_frailty or fit.lot_frailty:
        yield "Laws are those of a drive of factor 1, frailties come on top. All drives together:"
    if fit.competing:
        law = fit.competing
        yield f"{name}: infant {law.infant_rate} /year, fading in {law.infant_years} years;"
        yield f"  constant {law.constant_rate} /year; wear-out of shape {law.wear_shape},"
        yield f"  scale {law.wear_scale_years} years"
    if fit.model_frailty:
        yield f"variance between models: {fit.model_frailty.variance}"
    if fit.lot_frailty:
        yield f"variance between lots of a model: {fit.lot_frailty.variance}"
    for row in fit.models:
        own = row.own
        scale = own.scale_hours.scaled(1.0 / HOURS_PER_YEAR)
        yield f"{row.model}: {row.failures} failures; own shape {own.shape}, scale {scale} years"
