"""Laws with a factor on their hazard or on their times: how an uncertain law is varied."""

from __future__ import annotations

import math

from riskmodel.lifetimes import Law

__all__ = ["scaled"]


def scaled(law: Law, *, hazard: float = 1.0, time: float = 1.0) -> Law:
    """Return the law with H(t) replaced by ``hazard * H(t / time)``.

    Parameters
    ----------
    law : Law
        Of any kind.
    hazard : float
        Factor on the hazard rate at every age, > 0.
    time : float
        Factor on every time, >= 0.

    Returns
    -------
    Law
        Of the same kind.

    Raises
    ------
    ValueError
        If the kind cannot carry a factor on its hazard: the hazard of a lognormal law times a
        constant is no lognormal law, and what is fixed, periodic or a bandwidth has no hazard.
    """
    if law.kind == "never" or (hazard == 1.0 and time == 1.0):
        return law
    if law.competing is not None:
        return Law(
            competing=tuple(scaled(part, hazard=hazard, time=time) for part in law.competing)
        )
    if hazard != 1.0 and law.kind in ("lognormal", "fixed", "every", "bandwidth"):
        raise ValueError(f"a law of kind '{law.kind}' takes a factor on its times only")
    return Law.model_validate({law.kind: _numbers(law, hazard, time)})


def _numbers(law: Law, hazard: float, time: float) -> object:
    if law.exponential is not None:
        return {"mean": law.exponential.mean * time / hazard}
    if law.weibull is not None:
        shape, scale = law.weibull.shape, law.weibull.scale * time
        return {
            "shape": shape,
            "scale": scale * hazard ** (-1.0 / shape),
            "location": law.weibull.location * time,
        }
    if law.gompertz is not None:
        rate, growth = law.gompertz.rate, law.gompertz.growth
        return {"rate": rate * hazard / time, "growth": growth / time}
    if law.lognormal is not None:
        return {"median": law.lognormal.median * time, "sigma": law.lognormal.sigma}
    if law.afr is not None:
        # a chance that rounds to 1 would be no chance within a year but a certain one
        return min(-math.expm1(math.log1p(-law.afr) * hazard / time), math.nextafter(1.0, 0.0))
    if law.bandwidth is not None:
        return law.bandwidth / time
    return (law.fixed if law.fixed is not None else law.every or 0.0) * time
