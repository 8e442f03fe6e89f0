"""How a copy is fed, checked, kept, restored and paid for, and what people and malware do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from riskmodel._described import Described
from riskmodel.lifetimes import Law
from riskmodel.media import Count, Name
from riskmodel.units import Bandwidth, Fraction, Hours, PerHour

__all__ = ["Check", "Feed", "Key", "Price", "Restore", "Retention", "Threat", "Threats"]


class Check(Described):
    """The act that notices a bad copy, at every multiple of ``every`` from the start.

    ``phase = "random"`` shifts all of them by one uniform share of ``every`` per trial. A check of
    any depth finds a lost copy; damage by people or malware on the copy itself shows at depth
    ``bytes`` or more, a backup that never worked at ``restore`` only.
    """

    every: Annotated[Hours, Field(gt=0)]
    depth: Literal["listed", "structure", "bytes", "source", "restore"] = "bytes"
    phase: Literal["start", "random"] = "start"


class Feed(Described):
    """How a copy gets its data: without pause, ``lag`` behind, or by a run every interval.

    A run brings what the source holds if both are intact and undamaged; damage in the source comes
    the same way until somebody notices it. Runs by hand share one person: with a gamma frailty F
    of mean 1 a run is missed with the chance 1 - (1 - missed)^F. A copy without a feed is taken as
    worked on: always current, and damaged by nobody but who reaches it.
    """

    source: Annotated[Name, Field(alias="from")]
    how: Literal["live", "mirror", "replica", "backup"] = "backup"
    every: Annotated[Hours, Field(gt=0)] | None = None
    lag: Hours | None = None
    by: Literal["scheduler", "hand"] = "scheduler"
    missed: Fraction | None = None
    tool: Name | None = None


class Retention(Described):
    """How many points are kept of each kind, or for how long.

    A version is there until its age is beyond the longest of these: a count reaches back that many
    of its periods (``last``: of the feed's interval); points between are not thinned out.
    """

    hourly: Count = 0
    daily: Count = 0
    weekly: Count = 0
    monthly: Count = 0
    yearly: Count = 0
    last: Count = 0
    within: Hours | None = None


class Restore(Described):
    """How fast the data comes back when a user asks for it."""

    bandwidth: Annotated[Bandwidth, Field(gt=0)] | None = None
    wait: Hours | None = None


class Price(Described):
    """What a copy costs; only ever read by comparisons of cost."""

    currency: Name = "EUR"
    buy: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)] | None = None
    lasts: Annotated[Hours, Field(gt=0)] | None = None
    per_year: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)] | None = None
    per_tb_month: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)] | None = None
    per_restore_tb: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)] | None = None
    hours_per_year: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0)] | None = None


class Key(Described):
    """An encryption key, and the sites, copies and people that keep it.

    It dies with the last of them, and takes the copies under it; they are made again under a new
    one. A person who loses it has it again from any other place that keeps it.
    """

    kept: tuple[Name, ...]


class Threat(Described):
    """One kind of harm by people or malware: how often to each of its victims, and when it shows.

    Without a law in ``noticed``, a lost account, provider or key is noticed like any loss of the
    copy, by its check. ``preset`` names a sourced threat of another population, such as
    ``ransomware-business``. ``backups`` is the chance that ransomware takes the backups that it
    reaches too, all of them together, and not the live data alone; 1 unless a preset says less.
    With ``takes_over`` ransomware has every login at once and stays until it is noticed: of what
    is online it leaves the versions alone that a lock holds until then (``immutable``).
    """

    preset: Name | None = None
    rate: PerHour | None = None
    noticed: Law | None = None
    backups: Fraction | None = None
    takes_over: StrictBool | None = None


class Threats(Described):
    """People and malware; ``defaults`` brings the sourced ones.

    One Poisson process for each login (mistake, ransomware), tool (software-fault), account,
    provider, and person that keeps a key. The first three damage data: what a copy will no longer
    hold in an older version when it is noticed counts as lost from the event on. ``defaults`` also
    lets backups be unrestorable from the first day, and runs be missed where a feed does not say.
    """

    defaults: StrictBool = False
    mistake: Threat | None = None
    ransomware: Threat | None = None
    account_loss: Annotated[Threat | None, Field(alias="account-loss")] = None
    provider_failure: Annotated[Threat | None, Field(alias="provider-failure")] = None
    key_loss: Annotated[Threat | None, Field(alias="key-loss")] = None
    software_fault: Annotated[Threat | None, Field(alias="software-fault")] = None
