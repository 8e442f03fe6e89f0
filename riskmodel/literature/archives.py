"""Published models of replicas that are audited now and then."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from riskmodel._exact.chain import Propagator, generator
from riskmodel.errors import InputError
from riskmodel.literature._arguments import (
    Floats,
    fractions,
    not_negative,
    positive,
    positive_or_never,
    scalar,
    whole,
)

__all__ = [
    "altman_landau_collection_loss",
    "altman_landau_document_loss",
    "baker_mirror_mttdl",
    "baker_replicas_mttdl",
]


def baker_mirror_mttdl(
    mean_time_to_visible_hours: ArrayLike,
    mean_recover_visible_hours: ArrayLike,
    *,
    mean_time_to_latent_hours: ArrayLike = math.inf,
    mean_detect_hours: ArrayLike = math.inf,
    mean_recover_latent_hours: ArrayLike = 0.0,
    alpha: ArrayLike = 1.0,
    visible_after_visible: ArrayLike = 1.0,
    latent_after_visible: ArrayLike = 1.0,
    visible_after_latent: ArrayLike = 1.0,
    latent_after_latent: ArrayLike = 1.0,
) -> Floats:
    """Mean time to data loss of two replicas with visible and latent faults.

    First order in the windows over the times to a fault. It counts one of the two orders in
    which the replicas can fail: the exact mean time of such a process is *half* of this.

    Parameters
    ----------
    mean_time_to_visible_hours : float or array_like
        Mean time to a visible fault, MV.
    mean_recover_visible_hours : float or array_like
        Mean time to recover from it, MRV.
    mean_time_to_latent_hours : float or array_like
        Mean time to a latent fault, ML; ``inf`` for never.
    mean_detect_hours, mean_recover_latent_hours : float or array_like
        Mean time to find a latent fault, MDL, ``inf`` for no audit, and then to recover, MRL.
    alpha : float or array_like
        Correlation: a second fault is 1/alpha times likelier after a first, 0 < alpha <= 1.
    visible_after_visible, latent_after_visible : float or array_like
        Chance that such a second fault, after a visible first, hits the same data.
    visible_after_latent, latent_after_latent : float or array_like
        The same after a latent first.

    Returns
    -------
    float or ndarray
        MTTDL.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    1/MTTDL = P_V/MV + P_L/ML, with the chance of a second fault within the window W after a first
    P_V = b_VV·MRV/(α·MV) + b_LV·MRV/(α·ML) and P_L = b_VL·W/(α·MV) + b_LL·W/(α·ML),
    W = MDL + MRL, neither above 1: equation 8 of [1]_.

    References
    ----------
    .. [1] Baker et al., "A fresh look at the reliability of long-term digital storage",
       EuroSys 2006.

    Examples
    --------
    A mirrored disk without latent faults: "1.2 million years".

    >>> round(float(baker_mirror_mttdl(120_000, 1.4)) / 8760 / 1e6, 1)
    1.2
    """
    visible, recover, latent = positive_or_never(
        mean_time_to_visible_hours=mean_time_to_visible_hours,
        mean_recover_visible_hours=mean_recover_visible_hours,
        mean_time_to_latent_hours=mean_time_to_latent_hours,
    )
    (detect,) = positive_or_never(mean_detect_hours=mean_detect_hours)
    (mended,) = not_negative(mean_recover_latent_hours=mean_recover_latent_hours)
    (correlation,) = positive(alpha=_at_most_one(alpha))
    vv, lv, vl, ll = fractions(
        visible_after_visible=visible_after_visible,
        latent_after_visible=latent_after_visible,
        visible_after_latent=visible_after_latent,
        latent_after_latent=latent_after_latent,
    )
    after_visible = (vv / visible + lv / latent) / correlation
    after_latent = (vl / visible + ll / latent) / correlation
    with np.errstate(invalid="ignore", divide="ignore"):
        # an unbounded window meets a second fault for certain, unless there is none to meet
        seen = np.where(after_visible > 0.0, np.minimum(after_visible * recover, 1.0), 0.0)
        hidden = np.where(
            after_latent > 0.0, np.minimum(after_latent * (detect + mended), 1.0), 0.0
        )
        return np.asarray(1.0 / (seen / visible + hidden / latent))[()]


def _at_most_one(alpha: ArrayLike) -> ArrayLike:
    (value,) = fractions(alpha=alpha)
    return value


def baker_replicas_mttdl(
    replicas: int,
    mean_time_to_visible_hours: ArrayLike,
    mean_recover_visible_hours: ArrayLike,
    alpha: ArrayLike = 1.0,
) -> Floats:
    """Mean time to data loss of several replicas with visible faults only.

    First order, and one order of failures out of all: an independent process loses its data r!
    times as often with one repair at a time, r times with parallel repairs.

    Parameters
    ----------
    replicas : int
        Number of replicas r, >= 1.
    mean_time_to_visible_hours, mean_recover_visible_hours : float or array_like
        Mean time to a fault of one replica, MV, and to recover from it, MRV.
    alpha : float or array_like
        Correlation: each further fault is 1/alpha times likelier, 0 < alpha <= 1.

    Returns
    -------
    float or ndarray
        MTTDL.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    α^(r−1) MV^r/MRV^(r−1), equation 12 of [1]_.

    References
    ----------
    .. [1] Baker et al., "A fresh look at the reliability of long-term digital storage",
       EuroSys 2006.

    Examples
    --------
    >>> float(baker_replicas_mttdl(3, 1000.0, 10.0, alpha=0.1))
    100000.0
    """
    r = whole("replicas", replicas, 1)
    visible, recover, correlation = positive(
        mean_time_to_visible_hours=mean_time_to_visible_hours,
        mean_recover_visible_hours=mean_recover_visible_hours,
        alpha=_at_most_one(alpha),
    )
    return np.asarray(visible * (correlation * visible / recover) ** (r - 1))[()]


def altman_landau_document_loss(
    copies: int,
    sectors: ArrayLike,
    half_life_hours: ArrayLike,
    horizon_hours: ArrayLike,
    audits: int = 1,
) -> Floats:
    """Chance that a document loses all its copies between two audits.

    Exact for independent sectors, of which a single bad one spoils a copy, and audits that at
    once recreate every bad copy from a good one.

    Parameters
    ----------
    copies : int
        Copies, on independent servers.
    sectors : float or array_like
        Sectors of the document.
    half_life_hours : float or array_like
        *Half-life* of a sector, in hours: the paper's are in units of 10⁶ h.
    horizon_hours : float or array_like
        Mission time; the paper's "10 years" are 100,000 h.
    audits : int
        Equal spans between audits into which the mission falls; 1 for no audit.

    Returns
    -------
    float or ndarray
        Chance per document.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    q = 1 − 2^(−sectors·t/L) for a span t; 1 − (1 − q^c)^audits [1]_.

    References
    ----------
    .. [1] Altman, Landau, "Selecting efficient and reliable preservation strategies",
       International Journal of Digital Curation 15(1), 2020.

    Examples
    --------
    Of 10,000 documents of 50 sectors with one copy, 8232.2 are lost at a half-life of 2.

    >>> round(10_000 * float(altman_landau_document_loss(1, 50, 2e6, 1e5)), 1)
    8232.2
    """
    count = whole("copies", copies, 1)
    spans = whole("audits", audits, 1)
    size, half_life = positive(sectors=sectors, half_life_hours=half_life_hours)
    (horizon,) = not_negative(horizon_hours=horizon_hours)
    spoilt = -np.expm1(-math.log(2.0) * size * horizon / (spans * half_life))
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(spans * np.log1p(-(spoilt**count))))[()]


def altman_landau_collection_loss(
    copies: int,
    server_half_life_hours: float,
    audit_cycle_hours: float,
    horizon_hours: float,
    *,
    shock_half_life_hours: float = math.inf,
    span: int = 1,
) -> float:
    """Chance that all servers of an archive are dead at once, with deaths and shared shocks.

    Exact for exponential lives, audits that at once replace every dead server, and shocks that
    kill their servers at once (the paper's 100 % impact).

    Parameters
    ----------
    copies : int
        Servers, each with a copy.
    server_half_life_hours : float
        Half-life of a server.
    audit_cycle_hours : float
        Time between audits.
    horizon_hours : float
        Mission time, a whole number of cycles.
    shock_half_life_hours : float
        Half-life of the wait for a shock; ``inf`` for no shocks.
    span : int
        Servers that a shock kills, or all live ones if fewer.

    Returns
    -------
    float
        The chance.

    Raises
    ------
    ValueError
        If an argument is out of range, or the mission is no whole number of cycles.

    Notes
    -----
    In a cycle the number of live servers is a pure death chain, j → j − 1 at j·ln 2/D and
    j → max(j − span, 0) at ln 2/F; 1 − (1 − p_cycle)^cycles [1]_.

    References
    ----------
    .. [1] Altman, Landau, "Selecting efficient and reliable preservation strategies",
       International Journal of Digital Curation 15(1), 2020.

    Examples
    --------
    Five servers, published from 5,000 simulations: 0.1000.

    >>> round(altman_landau_collection_loss(5, 20_000, 10_000, 500_000), 2)
    0.1
    """
    count = whole("copies", copies, 1)
    span = whole("span", span, 1)
    death = math.log(2.0) / scalar("server_half_life_hours", server_half_life_hours)
    cycle = scalar("audit_cycle_hours", audit_cycle_hours)
    horizon = scalar("horizon_hours", horizon_hours)
    (half_life,) = positive_or_never(shock_half_life_hours=shock_half_life_hours)
    cycles = round(horizon / cycle)
    if cycles < 1 or not math.isclose(cycles * cycle, horizon, rel_tol=1e-12):
        raise InputError(
            f"horizon_hours must be a whole number of cycles of {cycle:g} h, not {horizon:g}"
        )
    rates = np.zeros((count + 1, count + 1))
    for live in range(1, count + 1):
        rates[live, live - 1] += live * death
        rates[live, max(live - span, 0)] += math.log(2.0) / float(half_life)
    start = np.zeros((1, 1, count + 1))
    start[0, 0, count] = 1.0
    chain = Propagator(generator(rates)[None], cycle, only_longest=True)
    all_dead = float(chain.advance(start, cycle)[0, 0, 0])
    return -math.expm1(cycles * math.log1p(-all_dead))
