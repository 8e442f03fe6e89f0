"""The set-up file: the live data, the locations that are said to protect it, and the policy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    ValidationError,
    model_validator,
)

from riskmodel._described import Described, first_mistake
from riskmodel._toml import read_toml
from riskmodel.errors import InputError, did_you_mean, one_line
from riskmodel.media import Name
from riskmodel.perils import site_problems
from riskmodel.policies import Key
from riskmodel.sites import Site
from riskmodel.units import Fraction, Hours
from verifier._texts import as_utc
from verifier.effort import Effort
from verifier.excluding import refusal
from verifier.inventory import Depth
from verifier.probes import KINDS
from verifier.rules import RULES, rule_named
from verifier.target import Target

__all__ = [
    "SOURCE",
    "Accept",
    "Place",
    "Policy",
    "Setup",
    "Source",
    "bare_setup",
    "load_setup",
    "setup_of",
]

SOURCE = "source"
_KINDS = dict.fromkeys(KINDS)
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://|[A-Za-z]:[\\/]|[^/:@\s]+@[^/:@\s]+:|\\\\")
_VARIABLE = re.compile(r"\$\w+(/|$)|\$\{|%\w+%")  # at the start of a path

DepthWord = Literal["listed", "structure", "bytes", "source", "restore"]
Kilometres = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=20_100)]


def _instant(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"expects a date such as 2026-03-01, got {value!r}") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    if not isinstance(value, datetime):
        raise ValueError(f"expects a date such as 2026-03-01, got {value!r}")
    return as_utc(value)


Instant = Annotated[datetime, BeforeValidator(_instant)]


def _pattern(value: str) -> str:
    if reason := refusal(value):
        raise ValueError(
            f"{reason}; patterns are those of .gitignore, such as '.cache/' or '*.tmp'"
        )
    return value


Pattern = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_pattern)]
Where = Annotated[str, Field(min_length=1, max_length=4096)]  # no longer path can be opened


class Policy(Described):
    """What the gates ask for.

    ``depth`` is ``bytes`` unless stated: a check of structure alone calls a repository with a
    flipped byte sound, so that "0 errors" would say nothing about the data. ``max_age`` is 35 days:
    the slower of "weekly or monthly", and four days to be late. ``recheck`` is 90 days, after which
    an earlier read of the same bytes counts no more: two thirds of the archives that check fixity
    at intervals do so each quarter or more often (survey of the National Digital Stewardship
    Alliance, in Bailey, "File fixity and digital preservation storage", The Signal, Library of
    Congress, 2012). With ``max_bad`` a random sample is enough that bounds the share of bad files.
    ``min_retention`` is 30 days: nine of ten break-ins are seen within 28 days, those that nobody
    announces after 29 (`data/presets.toml`, ransomware, with its sources). ``require_encryption``
    is ``elsewhere``: CIS Controls v8, 11.3, wants recovery data as well protected as the data, and
    what others keep is so only by encryption.
    """

    max_age: Annotated[Hours, Field(gt=0)] = 35 * 24.0
    min_offsite_km: Kilometres | None = None
    depth: DepthWord = "bytes"
    min_coverage: Fraction = 0.99
    max_absence: Annotated[Hours, Field(gt=0)] = 90 * 24.0
    max_bad: Annotated[Fraction, Field(gt=0, lt=1)] | None = None
    recheck: Annotated[Hours, Field(ge=0)] = 90 * 24.0
    min_retention: Hours = 30 * 24.0
    require_encryption: Literal["none", "elsewhere", "all"] = "elsewhere"

    @property
    def required_depth(self) -> Depth:
        """How deep every location is to be examined."""
        return Depth[self.depth.upper()]

    def effort(self, now: datetime, seed: int | None = None) -> Effort:
        """Return how much of the bytes an audit at this time reads.

        A seed that is not given follows from the time: each audit draws another sample, and says
        by which seed.
        """
        instant = int(now.timestamp())
        stale_before = int((now - timedelta(hours=self.recheck)).timestamp() * 1e9)
        return Effort(self.max_bad, instant if seed is None else seed, stale_before)


class Source(Described):
    """The live data: copy 1."""

    path: Where
    site: Name | None = None
    key: Name | None = None
    media: Name | None = None
    medium_since: Instant | None = None
    exclude: tuple[Pattern, ...] = ()


class Place(Described):
    """One location that is said to hold a copy."""

    name: Name
    path: Where | None = None
    kind: Name | None = None
    address: Where | None = None
    site: Name | None = None
    offline: StrictBool = False
    password_file: Where | None = None
    account: Name | None = None
    provider: Name | None = None
    key: Name | None = None
    credentials: Name | None = None
    profile: Name | None = None
    identity_file: Where | None = None
    media: Name | None = None
    medium_since: Instant | None = None
    files: Annotated[int, Field(strict=True, ge=0)] | None = None
    bytes: Annotated[int, Field(strict=True, ge=0)] | None = None
    newest: Instant | None = None
    last_seen: Instant | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.path is not None and self.address is not None:
            raise ValueError("has both 'path' and 'address'; one of them says where it is")
        if self.path is None and self.address is None and self.kind != "declared":
            raise ValueError("needs a 'path' or an 'address'; without one it is kind = 'declared'")
        return self

    def target(self, depth: Depth) -> Target:
        """Return what a probe is asked to look at."""
        return Target(
            name=self.name,
            address=self.path or self.address or "",
            kind=self.kind,
            password_file=self.password_file,
            profile=self.profile,
            identity_file=self.identity_file,
            site=self.site,
            account=self.account,
            provider=self.provider,
            credentials=self.credentials,
            key=self.key,
            offline=self.offline,
            depth=depth,
            media=self.media,
            files=self.files,
            bytes=self.bytes,
            newest=self.newest,
            last_seen=self.last_seen,
        )


class Accept(Described):
    """A known finding that is lived with until a day; it stays visible."""

    rule: Name
    location: Name | None = None
    reason: Name
    until: Instant | None = None

    @model_validator(mode="after")
    def _rule_exists(self) -> Self:
        if rule_named(self.rule) is None:
            known = (rule.id for rule in RULES)
            hint = did_you_mean(self.rule, known, shown=len(RULES))
            raise ValueError(f"rule: unknown rule '{self.rule}'{hint}")
        return self

    def ended(self, now: datetime) -> bool:
        """Tell whether it holds no longer; its last day belongs to it."""
        return self.until is not None and now >= self.until + timedelta(days=1)

    @property
    def words(self) -> str:
        """Until when, and why."""
        until = f" until {self.until:%Y-%m-%d}" if self.until else ""
        return f"accepted{until}: {self.reason}"


class Setup(Described):
    """Everything that a set-up file says; paths are absolute.

    Examples
    --------
    >>> Setup.from_dict({"source": {"path": "/data"}, "locations": [
    ...     {"name": "usb", "path": "/mnt/usb"}]}).locations[0].name
    'usb'
    """

    name: Name = "unnamed"
    policy: Policy = Field(default_factory=Policy)
    source: Source
    locations: tuple[Place, ...] = ()
    sites: dict[Name, Site] = Field(default_factory=dict)
    keys_: dict[Name, Key] = Field(default_factory=dict, alias="keys")
    accept: tuple[Accept, ...] = ()

    @classmethod
    def from_dict(
        cls, raw: Mapping[str, Any], *, origin: str = "", folder: Path | None = None
    ) -> Setup:
        """Make a set-up of the tables of a set-up file.

        Parameters
        ----------
        raw : mapping
            The tables.
        origin : str
            What messages call it, for example the name of the file.
        folder : Path, optional
            What relative paths start from; the working folder unless given.

        Returns
        -------
        Setup

        Raises
        ------
        InputError
            With one line that names the place, the rule and the value.
        """
        prefix = f"{origin}: " if origin else ""
        try:
            found = cls.model_validate(raw, context={"from_file": True})
        except ValidationError as error:
            raise InputError(prefix + first_mistake(error, raw)) from None
        try:
            return found.resolved(folder or Path.cwd())
        except InputError as error:
            raise InputError(prefix + str(error)) from None

    def resolved(self, folder: Path) -> Setup:
        """Return the same with absolute paths."""
        path = _absolute("source.path", self.source.path, folder)
        source = self.source.model_copy(update={"path": path})
        places = []
        for place in self.locations:
            paths = {"path": place.path, "password_file": place.password_file}
            paths["identity_file"] = place.identity_file
            known = {
                key: _absolute(f"locations.{place.name}.{key}", path, folder)
                for key, path in paths.items()
                if path
            }
            places.append(place.model_copy(update=known))
        return self.model_copy(update={"source": source, "locations": tuple(places)})

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        names = [place.name for place in self.locations]
        for name, count in Counter(names).items():
            if name == SOURCE:
                yield f"locations.{name}: the name '{SOURCE}' is kept for the live data"
            if count > 1:
                yield f"locations.{name}: names are unique, here {count} times"
        yield from site_problems(self.sites)
        yield from _unknown("source.site", self.source.site, self.sites)
        yield from _unknown("source.key", self.source.key, self.keys_)
        for place in self.locations:
            yield from _unknown(f"locations.{place.name}.site", place.site, self.sites)
            yield from _unknown(f"locations.{place.name}.key", place.key, self.keys_)
            yield from _unknown(f"locations.{place.name}.kind", place.kind, _KINDS)
        for accept in self.accept:
            if accept.location is not None and accept.location not in [SOURCE, *names]:
                hint = did_you_mean(accept.location, [SOURCE, *names])
                yield f"accept: unknown location '{accept.location}'{hint}"


def load_setup(path: str | Path) -> Setup:
    """Read a set-up file.

    Parameters
    ----------
    path : str or Path
        A TOML file; ``verifier discover`` writes one to start from.

    Returns
    -------
    Setup

    Raises
    ------
    InputError
        If the file cannot be read, is no TOML, or breaks a rule of the format.
    """
    file = Path(path)
    empty = "'verifier discover' writes a set-up file to start from"
    raw = read_toml(file, "set-up file", empty=empty, error=InputError)
    if "datasets" in raw:
        raise InputError(f"{file}: datasets: holds several; load_setups reads them all")
    return setup_of(raw, file)


def setup_of(raw: dict[str, Any], file: Path) -> Setup:
    """Make a set-up of the tables that a file held; see `load_setup`."""
    if "copies" in raw and "source" not in raw:
        raise InputError(f"{file}: is a layout file of riskmodel; try 'riskmodel simulate {file}'")
    raw.setdefault("name", one_line(file.stem))
    return Setup.from_dict(raw, origin=str(file), folder=file.absolute().parent)


def bare_setup(source: str, places: Iterable[str]) -> Setup:
    """Make a set-up of a source and locations that a command line names.

    Parameters
    ----------
    source : str
        Path of the live data.
    places : iterable of str
        Paths, or addresses of tools such as ``"sftp:ada@nas:/backup"``.

    Returns
    -------
    Setup
        Its locations are named after the last part of their path.
    """
    taken = {SOURCE}
    tables = []
    for place in places:
        # a path on a hung mount must not be looked at here, where nothing limits the wait
        is_path = not _looks_like_address(place) or Path(place).expanduser().exists()
        stem = one_line(place.rstrip("/").rpartition("/")[2] or "root")
        name, number = stem[:190], 2
        while name in taken:
            name, number = f"{stem[:190]}-{number}", number + 1
        taken.add(name)
        tables.append({"name": name, "path" if is_path else "address": place})
    name = one_line(source.rstrip("/").rpartition("/")[2] or "root")[:200]
    return Setup.from_dict({"name": name, "source": {"path": source}, "locations": tables})


def _looks_like_address(word: str) -> bool:
    head, colon, _ = word.partition(":")
    return bool(colon) and len(head) > 1 and "/" not in head


def _absolute(place: str, path: str, folder: Path) -> str:
    """Expand ``~`` and start relative paths at a folder; ``..`` and links are left to the host."""
    if _VARIABLE.match(path):
        way = f"write ~ or the whole path, or './{path}' if it is really called so"
        raise InputError(f"{place}: variables as in '{path}' are not filled in; {way}")
    if _ADDRESS.match(path):
        way = f"write address = …, or './{path}' if it is really called so"
        raise InputError(f"{place}: '{path}' is an address, no path of this machine; {way}")
    try:
        expanded = Path(path).expanduser()
    except RuntimeError:
        raise InputError(f"{place}: nobody here has the home folder '{path}'") from None
    return str(expanded if expanded.is_absolute() else folder / expanded)


def _unknown(place: str, name: str | None, known: Mapping[str, object]) -> Iterator[str]:
    if name is not None and known and name not in known:
        yield f"{place}: unknown {place.rsplit('.', 1)[-1]} '{name}'{did_you_mean(name, known)}"
