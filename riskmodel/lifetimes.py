"""Laws of random times: lifetimes, rebuilds, scrubs, recoveries.

A law is written as one of its names with that law's parameters, ``{ weibull = { shape = 1.12,
scale = "461386 h" } }``, and is a competition of one or more *terms*: the first to strike wins, so
that hazard rates add. To add a law: a class here, its kind in ``_kernels/laws.py``, a test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from riskmodel._described import Described
from riskmodel._kernels.records import EXPONENTIAL, FIXED, GOMPERTZ, LOGNORMAL, WEIBULL
from riskmodel.errors import did_you_mean
from riskmodel.units import HOURS_PER_YEAR, Bandwidth, Fraction, Growth, Hours, PerHour

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "EXPONENTIAL",
    "FIXED",
    "WEIBULL",
    "Exponential",
    "Gompertz",
    "Law",
    "Lognormal",
    "Term",
    "Weibull",
    "cumulative_hazard_of",
    "hazard_beyond",
    "mean_within",
]


class Term(NamedTuple):
    """One competing hazard as numbers: a kind and its three parameters, times in hours."""

    kind: int
    a: float = 0.0
    b: float = 0.0
    c: float = 0.0


class Exponential(Described):
    """Constant hazard rate 1/mean."""

    mean: Annotated[Hours, Field(gt=0)]

    def term(self) -> Term:
        """Return the kernel's numbers."""
        return Term(EXPONENTIAL, self.mean)


class Weibull(Described):
    """Survival exp(−((t − location)/scale)^shape) for t above location."""

    shape: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=100)]
    scale: Annotated[Hours, Field(gt=0)]
    location: Hours = 0.0

    def term(self) -> Term:
        """Return the kernel's numbers."""
        if self.shape == 1.0 and self.location == 0.0:
            return Term(EXPONENTIAL, self.scale)
        return Term(WEIBULL, self.scale, self.shape, self.location)


class Lognormal(Described):
    """The logarithm of the time is normal with mean log(median) and deviation sigma."""

    median: Annotated[Hours, Field(gt=0)]
    sigma: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=20)]

    def term(self) -> Term:
        """Return the kernel's numbers."""
        return Term(LOGNORMAL, math.log(self.median), self.sigma)


class Gompertz(Described):
    """Hazard rate ``rate · exp(growth · t)``; a negative growth is a hazard that dies out."""

    rate: Annotated[PerHour, Field(gt=0)]
    growth: Growth

    def term(self) -> Term:
        """Return the kernel's numbers."""
        if self.growth == 0.0:
            return Term(EXPONENTIAL, 1.0 / self.rate)
        return Term(GOMPERTZ, self.rate, self.growth)


class Law(Described):
    """A random time, named by exactly one of these keys.

    Examples
    --------
    >>> Law.model_validate({"weibull": {"shape": 2, "scale": "12 h"}}).survival(12.0)
    array(0.36787944)
    """

    exponential: Exponential | None = None
    weibull: Weibull | None = None
    lognormal: Lognormal | None = None
    gompertz: Gompertz | None = None
    competing: Annotated[tuple[Law, ...], Field(min_length=1, max_length=16)] | None = None
    fixed: Hours | None = None
    afr: Annotated[Fraction, Field(lt=1)] | None = None
    bandwidth: Annotated[Bandwidth, Field(gt=0)] | None = None
    every: Annotated[Hours, Field(gt=0)] | None = None
    never: Literal[True] | None = None

    @model_validator(mode="before")
    @classmethod
    def _accept_shorthand(cls, value: Any) -> Any:
        if isinstance(value, str) and value in ("none", "never"):
            return {"never": True}
        for law in (Exponential, Weibull, Lognormal, Gompertz):
            if isinstance(value, law):
                return {law.__name__.lower(): value}
        if isinstance(value, str | int | float):
            raise ValueError(
                f"expects a law such as {{ fixed = '12 h' }} or {{ exponential = {{ mean = "
                f"'12 h' }} }}, got {value!r}"
            )
        if isinstance(value, dict):
            for key in value:
                if key not in cls.model_fields:
                    hint = did_you_mean(str(key), cls.model_fields)
                    raise ValueError(f"unknown law '{key}'{hint}")
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        named = [name for name in self.keys() if getattr(self, name) is not None]
        if len(named) != 1:
            what = "names none" if not named else f"names {' and '.join(named)}"
            raise ValueError(f"must name exactly one law, {what}")
        for law in self.competing or ():
            if law.kind in ("fixed", "bandwidth", "every", "competing"):
                raise ValueError(f"a competing hazard cannot be '{law.kind}'")
        return self

    @property
    def kind(self) -> str:
        """The key that is set."""
        return next(name for name in self.keys() if getattr(self, name) is not None)

    def terms(self) -> tuple[Term, ...]:
        """Return the competing hazards as numbers; none means that it never happens.

        Raises
        ------
        ValueError
            For ``bandwidth`` and ``every``, which only mean something next to a capacity or a
            calendar.
        """
        single = self.exponential or self.weibull or self.lognormal or self.gompertz
        if single is not None:
            return (single.term(),)
        if self.competing is not None:
            return tuple(term for law in self.competing for term in law.terms())
        if self.fixed is not None:
            return (Term(FIXED, self.fixed),)
        if self.afr is not None:
            return (Term(EXPONENTIAL, -HOURS_PER_YEAR / math.log1p(-self.afr)),) if self.afr else ()
        if self.never:
            return ()
        raise ValueError(f"'{self.kind}' is no law of its own")

    @property
    def is_never(self) -> bool:
        """Whether it never happens."""
        return self.kind in ("never", "afr") and not self.terms()

    def cumulative_hazard(self, t_hours: ArrayLike) -> NDArray[np.float64]:
        """Return H(t), the integral of the hazard rate from 0 to t.

        Parameters
        ----------
        t_hours : array_like
            Ages. [h]

        Returns
        -------
        ndarray
            H(t) = −log S(t), the sum over the terms.
        """
        import numpy as np

        return cumulative_hazard_of(self.terms(), np.asarray(t_hours, dtype=np.float64))

    def survival(self, t_hours: ArrayLike) -> NDArray[np.float64]:
        """Return S(t) = exp(−H(t)), the chance to last beyond t.

        Parameters
        ----------
        t_hours : array_like
            Ages. [h]

        Returns
        -------
        ndarray
            S(t), in [0, 1].
        """
        import numpy as np

        return np.asarray(np.exp(-self.cumulative_hazard(t_hours)))


def cumulative_hazard_of(
    terms: Sequence[Term], t_hours: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the cumulative hazard of competing terms at some ages [h], shape of ``t_hours``."""
    import numpy as np

    hazards = (_cumulative(term, t_hours) for term in terms)
    return np.asarray(sum(hazards, np.zeros_like(t_hours)))


def hazard_beyond(
    terms: Sequence[Term], age_hours: float, t_hours: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return H(age + t) − H(age), with all its digits where t is a moment in a long life.

    Parameters
    ----------
    terms : sequence of Term
        Competing hazards.
    age_hours : float
        Age, >= 0. [h]
    t_hours : ndarray
        Times from then on, >= 0. [h]

    Returns
    -------
    ndarray
        The hazard spent in between, shape of ``t_hours``.
    """
    import numpy as np

    hazards = (_beyond(term, age_hours, t_hours) for term in terms)
    return np.asarray(sum(hazards, np.zeros_like(t_hours)))


def _beyond(term: Term, age: float, t: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    kind, a, b, c = term
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == WEIBULL and age > c:
            spent = np.float64((age - c) / a) ** b
            return np.asarray(spent * np.expm1(b * np.log1p(t / (age - c))))
        if kind == GOMPERTZ:
            return np.asarray(np.exp(b * age) * (a / b) * np.expm1(b * t))
        far = np.asarray(_cumulative(term, age + t) - _cumulative(term, np.asarray(age)))
    if kind != LOGNORMAL or age == 0.0:
        return far if kind != EXPONENTIAL else np.asarray(t / a)
    from scipy.special import log_ndtr

    nodes, weights = np.polynomial.legendre.leggauss(4)
    ages = age + 0.5 * t[..., None] * (nodes + 1.0)
    x = (np.log(ages) - a) / b
    rates = np.exp(-0.5 * x * x - log_ndtr(-x)) / (ages * b * math.sqrt(2.0 * math.pi))
    # a smooth rate over a thousandth of the age: the rule leaves 1e-20 of it
    return np.where(t < 1e-3 * age, 0.5 * t * (rates @ weights), far)


def mean_within(terms: Sequence[Term], hours: float) -> float:
    """Return the mean of a law that is cut at a time: the integral of its survival.

    Parameters
    ----------
    terms : sequence of Term
        Competing hazards.
    hours : float
        Where the law is cut. [h]

    Returns
    -------
    float
        Good to a percent where it is not below a millionth of ``hours``; never above. [h]
    """
    import numpy as np

    if len(terms) == 1 and terms[0].kind == FIXED:
        return min(terms[0].a, hours)
    times = np.concatenate([[0.0], np.geomspace(1e-7, 1.0, 400) * hours])
    return float(np.trapezoid(np.exp(-cumulative_hazard_of(terms, times)), times))


def _cumulative(term: Term, t: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    kind, a, b, c = term
    with np.errstate(divide="ignore", over="ignore"):
        if kind == EXPONENTIAL:
            result = t / a
        elif kind == WEIBULL:
            result = (np.maximum(t - c, 0.0) / a) ** b
        elif kind == LOGNORMAL:
            from scipy.special import log_ndtr

            result = -log_ndtr(-(np.log(t) - a) / b)
        elif kind == GOMPERTZ:
            result = a / b * np.expm1(b * t)
        else:
            result = np.where(t >= a, np.inf, 0.0)
    return np.asarray(result)
