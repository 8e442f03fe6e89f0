"""Random times from laws given as rows of terms; competing terms add their hazards."""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.records import EXPONENTIAL, FIXED, GOMPERTZ, LOGNORMAL, WEIBULL
from riskmodel._kernels.rng import exponential

_INF = np.inf
_SQRT_HALF = math.sqrt(0.5)


@jit
def hazard_before(term, age):
    """Cumulative hazard of one term from 0 to an age."""
    if age <= 0.0:
        return 0.0
    if term.kind == EXPONENTIAL:
        return age / term.a
    if term.kind == WEIBULL:
        return ((age - term.c) / term.a) ** term.b if age > term.c else 0.0
    if term.kind == LOGNORMAL:
        return -_log_upper_tail((math.log(age) - term.a) / term.b)
    if term.kind == GOMPERTZ:
        return term.a / term.b * math.expm1(term.b * age)
    if term.kind == FIXED:
        return _INF if age >= term.a else 0.0
    return 0.0


@jit
def hazard_rate(terms, law, age):
    """Hazard rate of a law at an age."""
    total = 0.0
    for i in range(law.first, law.first + law.count):
        term = terms[i]
        if term.kind == EXPONENTIAL:
            total += 1.0 / term.a
        elif term.kind == WEIBULL:
            if age > term.c:
                total += term.b / term.a * ((age - term.c) / term.a) ** (term.b - 1.0)
        elif term.kind == LOGNORMAL:
            if age > 0.0:
                x = (math.log(age) - term.a) / term.b
                log_density = -0.5 * x * x - math.log(age * term.b * math.sqrt(2.0 * math.pi))
                total += math.exp(log_density - _log_upper_tail(x))
        elif term.kind == GOMPERTZ:
            total += term.a * math.exp(term.b * age)
    return total


@jit
def _log_upper_tail(x):
    """log(1 - Phi(x)); the asymptotic series takes over where erfc underflows."""
    if x < 0.0:
        return math.log1p(-0.5 * math.erfc(-x * _SQRT_HALF))
    if x < 30.0:
        return math.log(0.5 * math.erfc(x * _SQRT_HALF))
    return -0.5 * x * x - math.log(x * math.sqrt(2.0 * math.pi)) - 1.0 / (x * x)


@jit
def _residual(term, age, budget):
    """Time beyond an age until one term has spent a budget of hazard."""
    if term.kind == EXPONENTIAL:
        return budget * term.a
    if term.kind == WEIBULL:
        if age <= term.c:
            return term.c - age + term.a * budget ** (1.0 / term.b)
        spent = ((age - term.c) / term.a) ** term.b
        return term.a * (spent + budget) ** (1.0 / term.b) - (age - term.c)
    if term.kind == LOGNORMAL:
        return _lognormal_residual(term, age, budget)
    if term.kind == GOMPERTZ:
        inside = term.b * budget / term.a * math.exp(-term.b * age)
        return math.log1p(inside) / term.b if inside > -1.0 else _INF
    if term.kind == FIXED:
        return max(term.a - age, 0.0)
    return _INF


@jit
def _lognormal_residual(term, age, budget):
    log_tail = -budget - hazard_before(term, age)
    return max(math.exp(term.a + term.b * _upper_quantile(log_tail)) - age, 0.0)


@jit
def _upper_quantile(log_tail):
    """X with log(1 - Phi(x)) = log_tail: a rational start, then Newton steps on the log tail."""
    tail = math.exp(log_tail)
    if tail > 0.5:
        lower = -math.expm1(log_tail)
        if lower <= 0.0:
            return -40.0
        r = math.sqrt(-2.0 * math.log(lower))
        x = -_abramowitz(r)
    else:
        r = math.sqrt(-2.0 * log_tail)
        x = _abramowitz(r)
    for _ in range(4):
        value = _log_upper_tail(x)
        slope = -math.exp(-0.5 * x * x - value) / math.sqrt(2.0 * math.pi)
        step = (value - log_tail) / slope
        x -= step
        if abs(step) < 1e-13 * max(1.0, abs(x)):
            break
    return x


@jit
def _abramowitz(r):
    """Abramowitz and Stegun 26.2.23, good to 4.5e-4."""
    top = 2.515517 + r * (0.802853 + r * 0.010328)
    return r - top / (1.0 + r * (1.432788 + r * (0.189269 + r * 0.001308)))


@jit
def residual_time(terms, law, age, budget, enough):
    """Time beyond an age until the law has spent a budget of hazard; inf if that is > enough."""
    if law.count == 0:
        return _INF
    if law.count == 1:
        time = _residual(terms[law.first], age, budget)
        # a budget beyond all numbers, from a frailty near zero, may come back as nan
        return time if time < enough else _INF
    return _residual_of_several(terms, law, age, budget, enough)


@jit
def _residual_of_several(terms, law, age, budget, enough):
    if hazard_between(terms, law, age, age + enough) < budget:
        return _INF
    # each term alone would take longer than all together, and one of them had its share
    low = _INF
    high = enough
    for i in range(law.first, law.first + law.count):
        low = min(low, _residual(terms[i], age, budget / law.count))
        high = min(high, _residual(terms[i], age, budget))
    low = min(low, high)
    if high == _INF:  # bounded hazards that reach the budget only together
        high = max(2.0 * low, 1.0)
        while hazard_between(terms, law, age, age + high) < budget:
            high *= 2.0
    return _solve(terms, law, age, budget, low, high)


@jit
def hazard_between(terms, law, age, later):
    """Cumulative hazard of a law between two ages."""
    total = 0.0
    for i in range(law.first, law.first + law.count):
        total += hazard_before(terms[i], later) - hazard_before(terms[i], age)
    return total


@jit
def _solve(terms, law, age, budget, low, high):
    """Illinois variant of the false position, inside a bracket that holds the root."""
    f_low = hazard_between(terms, law, age, age + low) - budget
    f_high = hazard_between(terms, law, age, age + high) - budget
    side = 0
    for _ in range(200):
        if high - low <= 1e-13 * high or f_high == f_low:
            break
        middle = (low * f_high - high * f_low) / (f_high - f_low)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        f_middle = hazard_between(terms, law, age, age + middle) - budget
        if f_middle == 0.0:
            return middle
        if f_middle > 0.0:
            high = middle
            f_high = f_middle
            if side == 1:
                f_low *= 0.5
            side = 1
        else:
            low = middle
            f_low = f_middle
            if side == -1:
                f_high *= 0.5
            side = -1
    return 0.5 * (low + high)


@jit
def draw(terms, law, rng):
    """Draw a whole random time."""
    if law.count == 0:
        return _INF
    if law.count == 1 and terms[law.first].kind == FIXED:
        return terms[law.first].a
    return residual_time(terms, law, 0.0, exponential(rng), _INF)
