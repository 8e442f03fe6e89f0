"""What every method returns: a probability of loss with its error, causes and curve."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from riskmodel._chances import binomial_interval, one_in
from riskmodel._estimate_dict import as_dict
from riskmodel._weighted import Weighted
from riskmodel.errors import InputError
from riskmodel.units import HOURS_PER_YEAR, format_hours

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from riskmodel._used import Used
    from riskmodel.unavailability import Unavailability
    from riskmodel.uncertainty import ParameterRange

__all__ = ["Cause", "LossEstimate", "Rollback"]

_TINY = 1e-5  # below it causes outside of the model probably dominate
_SPANS = (("day", 24.0), ("week", 168.0), ("month", 730.5))


@dataclass(frozen=True, slots=True)
class Cause:
    """One kind of event that took the last intact copy, and its share of all losses."""

    name: str
    share: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Rollback:
    """How likely it is that the data comes back, but from a point older than ``hours``."""

    span: str
    hours: float
    hits: int
    trials: int

    @property
    def probability(self) -> float:
        """Share of trials in which more work than this was lost, everything not being lost."""
        return self.hits / self.trials

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return its Clopper-Pearson interval."""
        return binomial_interval(self.hits, self.trials, confidence)


@dataclass(frozen=True, slots=True)
class LossEstimate:
    """The chance that everything is lost within the horizon, as sums that can be added.

    Parameters
    ----------
    layout : str
        Name of the layout.
    digest : str
        Hash of what the layout says.
    horizon_hours : float
        Mission time. [h]
    method : str
        ``exact``, ``conditional``, ``excursion`` or ``events``.
    why : str
        Why this method, in a sentence.
    seed : int or None
        Key of the random streams; None where nothing is random.
    first_trial, trials : int
        Which trials of the seed were run.
    losses : int
        Trials in which all copies were lost at one instant.
    losses_in_all, losses_in_all_squared : int
        Sums over trials of the number of total losses, the layout restored after each.
    lost_something : int
        Trials in which a part or everything was lost for good.
    rolled_back : tuple of int
        Trials in which work of more than a day, a week, a month was lost because the data came
        back from an older point; empty where nothing says how old the points are.
    bins : tuple of int
        First losses by equal slices of the horizon.
    cause_counts : tuple of (str, int)
        First losses by the event that took the last intact copy.
    weighted : Weighted or None
        The sums where trials carry weights: then only total loss is estimated, and no trial is
        simply a loss.
    unavailable : Unavailability or None
        How long people have no data, where whole histories were played.
    exact : float or None
        The probability where it was computed without sampling.
    exact_curve : tuple of float
        Then, the probability at the ends of equal slices of the horizon.
    parameters : tuple of Used
        The sourced defaults that it rests on.
    in_pieces : bool
        A copy comes in pieces: something is lost long before everything.
    parameter_range : ParameterRange or None
        Where the probability lies given what is known of the inputs, if that was asked for.
    """

    layout: str
    digest: str
    horizon_hours: float
    method: str
    why: str
    seed: int | None = None
    first_trial: int = 0
    trials: int = 0
    losses: int = 0
    losses_in_all: int = 0
    losses_in_all_squared: int = 0
    lost_something: int = 0
    rolled_back: tuple[int, ...] = ()
    bins: tuple[int, ...] = ()
    cause_counts: tuple[tuple[str, int], ...] = ()
    weighted: Weighted | None = None
    unavailable: Unavailability | None = None
    exact: float | None = None
    exact_curve: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    elapsed_seconds: float = 0.0
    parameters: tuple[Used, ...] = field(default=(), repr=False)
    parameter_range: ParameterRange | None = None
    in_pieces: bool = False

    @property
    def seen(self) -> bool:
        """Whether a loss has been met, or the probability was computed without meeting any."""
        if self.weighted is not None:
            return self.weighted.total > 0.0
        return self.exact is not None or self.losses > 0

    @property
    def is_known(self) -> bool:
        """Whether ``probability`` is an estimate to be told, and not only what was seen of it."""
        return self.seen and (self.weighted is None or self.weighted.is_bounded)

    @property
    def probability(self) -> float:
        """Estimate of the chance to lose everything; with no loss seen, see ``interval``."""
        if self.weighted is not None:
            return min(self.weighted.mean, 1.0)
        return self.exact if self.exact is not None else self.losses / self.trials

    @property
    def standard_error(self) -> float:
        """Standard error of ``probability``; at least that of one loss and of one survival."""
        if self.exact is not None:
            return 0.0
        if self.weighted is not None:
            return self.weighted.standard_error
        hits = min(max(self.losses, 1), max(self.trials - 1, 1))
        share = hits / self.trials
        return math.sqrt(share * max(1.0 - share, 1.0 / self.trials) / self.trials)

    @property
    def relative_error(self) -> float:
        """Standard error over probability; infinite while no loss has been seen."""
        if self.exact is not None:
            return 0.0
        return self.standard_error / self.probability if self.seen else math.inf

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return an interval that covers the probability at the given level.

        Parameters
        ----------
        confidence : float
            In (0, 1).

        Returns
        -------
        tuple of float
            Clopper-Pearson for events; see `Weighted.interval` for weighted trials; both ends
            equal where the method is exact.
        """
        if not 0.0 < confidence < 1.0:
            raise InputError(f"confidence: must be between 0 and 1, got {confidence!r}")
        if self.exact is not None:
            return self.exact, self.exact
        if self.weighted is not None:
            return self.weighted.interval(confidence)
        return binomial_interval(self.losses, self.trials, confidence)

    @property
    def expected_losses(self) -> float:
        """Expected number of total losses, the layout restored after each and going on."""
        return self.losses_in_all / self.trials if self.trials else math.nan

    @property
    def expected_losses_standard_error(self) -> float:
        """Standard error of ``expected_losses``."""
        if self.trials < 2:
            return math.nan
        mean = self.expected_losses
        variance = self.losses_in_all_squared / self.trials - mean * mean
        return math.sqrt(max(variance, mean / self.trials) / (self.trials - 1))

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What took the last intact copy, most frequent first."""
        if not self.seen:
            return ()
        if self.weighted is not None:
            found = [
                Cause(name, total / self.weighted.total, self.weighted.share_error(total, *powers))
                for name, total, *powers in self.weighted.causes
                if total > 0.0
            ]
        else:
            shares = ((name, count / self.losses) for name, count in self.cause_counts if count)
            found = [Cause(name, share, self._share_error(share)) for name, share in shares]
        return tuple(sorted(found, key=lambda cause: (-cause.share, cause.name)))

    def _share_error(self, share: float) -> float:
        """Return the standard error of a share; not zero where all losses have one cause."""
        centred = (share * self.losses + 1.0) / (self.losses + 2.0)
        return math.sqrt(centred * (1.0 - centred) / self.losses)

    @property
    def curve(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Years from the start, and the probability of loss by then."""
        if self.exact is not None:
            values = self.exact_curve
        elif self.weighted is not None:
            sums = accumulate(self.weighted.bins)
            values = tuple(min(total / self.weighted.values, 1.0) for total in sums)
        else:
            values = tuple(total / self.trials for total in accumulate(self.bins))
        step = self.horizon_hours / HOURS_PER_YEAR / max(len(values), 1)
        return tuple(step * (k + 1) for k in range(len(values))), values

    def __add__(self, other: LossEstimate) -> LossEstimate:
        """Merge two runs of one layout that share no trial."""
        if not isinstance(other, LossEstimate):
            return NotImplemented
        if (self.digest, self.horizon_hours) != (other.digest, other.horizon_hours):
            raise InputError("estimates of different layouts or horizons do not add up")
        if self.exact is not None or other.exact is not None:
            raise InputError("an exact value needs no more trials")
        if self.method != other.method:
            raise InputError(f"estimates by {self.method} and by {other.method} do not add up")
        starts = (self.first_trial, other.first_trial)
        apart = starts[0] + self.trials <= starts[1] or starts[1] + other.trials <= starts[0]
        if self.seed == other.seed and not apart:
            raise InputError(f"both estimates hold trials {max(starts)} and on of seed {self.seed}")
        return replace(
            self,
            seed=self.seed if self.seed == other.seed else None,
            first_trial=min(starts),
            trials=self.trials + other.trials,
            losses=self.losses + other.losses,
            losses_in_all=self.losses_in_all + other.losses_in_all,
            losses_in_all_squared=self.losses_in_all_squared + other.losses_in_all_squared,
            lost_something=self.lost_something + other.lost_something,
            unavailable=self.unavailable + other.unavailable
            if self.unavailable and other.unavailable
            else None,
            rolled_back=tuple(
                a + b for a, b in zip(self.rolled_back, other.rolled_back, strict=True)
            ),
            bins=tuple(a + b for a, b in zip(self.bins, other.bins, strict=True)),
            cause_counts=tuple(
                (name, a + b)
                for (name, a), (_, b) in zip(self.cause_counts, other.cause_counts, strict=True)
            ),
            weighted=self.weighted + other.weighted if self.weighted and other.weighted else None,
            elapsed_seconds=self.elapsed_seconds + other.elapsed_seconds,
        )

    def to_dict(self, confidence: float = 0.95) -> dict[str, Any]:
        """Return what ``--json`` prints; no loss seen is null with an upper bound, never 0.

        Parameters
        ----------
        confidence : float
            Level of the intervals.

        Returns
        -------
        dict
        """
        return as_dict(self, confidence)

    @property
    def rollbacks(self) -> tuple[Rollback, ...]:
        """Chances to lose work of more than a day, a week and a month, where feeds are known."""
        return tuple(
            Rollback(span, span_hours, hits, self.trials)
            for (span, span_hours), hits in zip(_SPANS, self.rolled_back, strict=False)
        )

    @property
    def all_warnings(self) -> tuple[str, ...]:
        """The layout's warnings, and those that the number itself calls for."""
        found = list(self.warnings)
        if self.weighted is not None:
            found += self._weighted_warnings()
        elif self.exact is None and self.losses == 0:
            found.append(
                f"no loss in {self.trials:,} trials: the interval is an upper bound, "
                "more trials sharpen it"
            )
        elif self.exact is None and self.losses < 10:
            seen = "1 loss" if self.losses == 1 else f"{self.losses} losses"
            found.append(f"only {seen} seen: the interval is wide, run more trials")
        if self.interval()[1] < _TINY:
            found.append("at this level causes outside the model probably dominate")
        return tuple(found)

    def _weighted_warnings(self) -> Iterator[str]:
        assert self.weighted is not None  # noqa: S101 - asked for by all_warnings only
        if not self.seen:
            yield (
                f"no way to a loss was found in {self.trials:,} trials, which bounds nothing: "
                "method events gives a bound"
            )
        elif not self.weighted.is_bounded:
            yield (
                f"the estimate rests on few of its {self.trials:,} trials, and what they missed "
                "may weigh more than all they met: nothing bounds it from above; method events or "
                "auto gives a bound"
            )
        elif self.weighted.is_few:
            yield (
                f"the estimate rests on few of its {self.trials:,} trials: believe the interval "
                "only, and run more trials or method events"
            )

    @property
    def in_words(self) -> str:
        """The probability for people, with one figure; a bound where it is not known."""
        if self.weighted is not None and not self.seen:
            return "unknown (no way to a loss was found)"
        if not self.seen:
            return f"less than {one_in(self.interval()[1])} (no loss seen)"
        if not self.is_known:
            least = f", at least {one_in(low)}" if (low := self.interval()[0]) > 0.0 else ""
            return f"unknown{least} (rests on too few trials)"
        words = one_in(self.probability)
        return words if words == "near certainty" else f"about {words}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the headline figures."""
        import pandas as pd

        low, high = self.interval()
        row = {
            "layout": self.layout,
            "horizon_years": self.horizon_hours / HOURS_PER_YEAR,
            "probability": self.probability if self.seen else math.nan,
            "low": low,
            "high": high,
            "method": self.method,
            "trials": self.trials,
        }
        return pd.DataFrame([row])

    def __str__(self) -> str:
        """Say the headline in one sentence."""
        years = format_hours(self.horizon_hours)
        found = f"{self.layout}: {self.in_words} to lose everything within {years}"
        if self.parameter_range is not None:
            found += f"; with the uncertainty of the inputs {self.parameter_range.in_words}"
        if self.in_pieces:
            found += f"; {self._something_in_words} to lose something for good"
        return found

    @property
    def _something_in_words(self) -> str:
        """The chance to lose a piece or more, which only whole histories tell."""
        if self.weighted is not None:
            return f"not computed by {self.method} (method events does)"
        if not self.lost_something:
            return f"less than {one_in(binomial_interval(0, self.trials)[1])} (none seen)"
        words = one_in(self.lost_something / self.trials)
        return words if words == "near certainty" else f"about {words}"

    def _repr_html_(self) -> str:
        low, high = self.interval()
        rows = "".join(
            f"<tr><th scope='row'>{html.escape(c.name)}</th><td>{c.share:.0%}</td></tr>"
            for c in self.causes[:8]
        )
        return (
            f"<p><b>{html.escape(str(self))}</b><br>95 % interval {low:.3g} to {high:.3g}, "
            f"method {self.method}</p>" + (f"<table>{rows}</table>" if rows else "")
        )
