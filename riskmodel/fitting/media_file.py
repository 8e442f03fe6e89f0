"""A fit as media that layouts can name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from riskmodel.errors import InputError
from riskmodel.fitting.result import Fit, ModelRow
from riskmodel.units import HOURS_PER_YEAR, written

__all__ = ["media_toml"]


def media_toml(fit: Fit, name: str) -> str:
    """Return the text of a media file.

    A layout brings it in by ``media_from = ["FILE"]``, and its stores then name the media. The
    first, of the given name, is a drive of these whose model nobody knows: all drives' law
    (competing hazards, else Weibull), and the frailties of its model and its lot. Then one for each
    model with failures enough: its Weibull law, of its own shape where the interval of that
    excludes the shape of all, and the frailty of its lot.

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
    medium: dict[str, Any] = {
        "lifetime": fit.competing.lifetime()
        if fit.competing
        else _weibull(fit.weibull.shape.value, fit.weibull.scale_hours.value)
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
    own, common = row.own.shape, fit.common.shape.value if fit.common else math.nan
    if own.low <= common <= own.high:
        return common, row.common_scale_hours.value
    return row.own.shape.value, row.own.scale_hours.value


def _lot(fit: Fit, name: str) -> dict[str, Any]:
    if fit.lot_frailty is None or fit.lot_frailty.variance.value == 0.0:
        return {}
    return {"batch": _label(f"{name} lot", fit.lot_frailty.variance.value)}


def _label(label: str, variance: float) -> dict[str, Any]:
    return {"label": label, "variance": float(f"{min(variance, 100.0):.4g}")}


def _weibull(shape: float, scale_hours: float) -> dict[str, Any]:
    scale = f"{scale_hours / HOURS_PER_YEAR:.6g} years"
    return {"weibull": {"shape": float(f"{shape:.6g}"), "scale": scale}}


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
