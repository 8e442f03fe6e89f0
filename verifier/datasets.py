"""Several datasets in one set-up file: shared locations, one set-up each, and the whole's verdict.

::

    [[locations]]                      # shared: named below
    name = "usb"
    path = "/mnt/usb"
    [[datasets]]
    name = "photos"
    source = "/home/ada/photos"        # or a table, as [source]
    locations = ["usb"]                # all shared ones unless given
    [[datasets]]
    name = "mail"
    source = { path = "/home/ada/mail", site = "home" }
    locations = [{ name = "usb", path = "mail" },          # a folder of the shared one
                 { name = "nas", path = "/mnt/nas/mail" }] # its own

``policy, sites, keys`` and ``accept`` hold for all; a dataset's own ``policy`` changes single
limits, its own ``accept`` adds to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel._toml import read_toml
from riskmodel.errors import InputError, did_you_mean
from verifier.setup import SOURCE, Setup, setup_of

if TYPE_CHECKING:
    from verifier.audit import Audit

__all__ = ["chosen", "exit_code", "load_setups", "setups_of", "worst_first"]

_KEYS = ("name", "source", "locations", "policy", "accept")
_SHARED = ("policy", "sites", "keys", "accept", "locations")


def load_setups(path: str | Path) -> tuple[Setup, ...]:
    """Read a set-up file of one dataset or several.

    Parameters
    ----------
    path : str or Path
        A TOML file.

    Returns
    -------
    tuple of Setup
        One for each dataset, in the order of the file.

    Raises
    ------
    InputError
        If the file cannot be read, is no TOML, or breaks a rule of the format.
    """
    file = Path(path)
    if file.suffix == ".json" and file.exists():
        # a recording holds what was found, and is no set-up to look at again
        raise InputError(
            f"{file}: looks like a recording, not a set-up file; 'verifier audit {file}' judges it"
        )
    empty = "'verifier discover' writes a set-up file to start from"
    raw = read_toml(file, "set-up file", empty=empty, error=InputError)
    if "datasets" not in raw:
        return (setup_of(raw, file),)
    return setups_of(raw, origin=str(file), folder=file.absolute().parent)


def setups_of(
    raw: Mapping[str, Any], *, origin: str = "", folder: Path | None = None
) -> tuple[Setup, ...]:
    """Make a set-up of each of the ``datasets`` of a file's tables.

    Parameters
    ----------
    raw : mapping
        The tables.
    origin : str
        What messages call them, for example the name of the file.
    folder : Path, optional
        What relative paths start from; the working folder unless given.

    Returns
    -------
    tuple of Setup

    Raises
    ------
    InputError
        With one line that names the place, the rule and the value.
    """
    prefix = f"{origin}: " if origin else ""
    tables = raw["datasets"]
    if not (isinstance(tables, Sequence) and all(isinstance(one, Mapping) for one in tables)):
        raise InputError(f"{prefix}datasets: expects tables, each headed [[datasets]]")
    if not tables:
        raise InputError(f"{prefix}datasets: is empty")
    if "source" in raw:
        raise InputError(f"{prefix}source: stands in each of the datasets, not beside them")
    known = ("name", "datasets", *_SHARED)
    for key in raw:
        if key not in known:
            raise InputError(f"{prefix}unknown key '{key}'{did_you_mean(key, known)}")
    names = [one.get("name") for one in tables]
    for number, name in enumerate(names, 1):
        if not isinstance(name, str):
            raise InputError(f"{prefix}datasets.{number}.name: is required")
    for name, count in Counter(names).items():
        if count > 1:
            raise InputError(f"{prefix}datasets.{name}: names are unique, here {count} times")
    shared = _named(raw.get("locations", ()), prefix)
    _accepts_fit(raw.get("accept", ()), tables, shared, prefix)
    return tuple(_setup(one, raw, shared, prefix, folder) for one in tables)


def chosen(setups: tuple[Setup, ...], name: str | None) -> tuple[Setup, ...]:
    """Return the set-ups with a name; all if none is given.

    Raises
    ------
    InputError
        If there is none of this name.
    """
    if name is None:
        return setups
    known = [setup.name for setup in setups]
    if name not in known:
        raise InputError(f"--dataset: unknown dataset '{name}'{did_you_mean(name, known)}")
    return tuple(setup for setup in setups if setup.name == name)


def worst_first(audits: Sequence[Audit]) -> tuple[Audit, ...]:
    """Order audits by their verdicts: failed gates, then unknown ones, then the score."""
    order = {1: 0, 3: 1, 0: 2}
    return tuple(
        sorted(audits, key=lambda one: (order[one.exit_code], one.score.value, one.score.high))
    )


def exit_code(audits: Sequence[Audit]) -> int:
    """Return the worst exit code of several audits; a whole is never its mean."""
    return worst_first(audits)[0].exit_code


def _setup(
    table: Mapping[str, Any],
    raw: Mapping[str, Any],
    shared: Mapping[str, Mapping[str, Any]],
    prefix: str,
    folder: Path | None,
) -> Setup:
    name = table["name"]
    where = f"{prefix}datasets.{name}"
    for key in table:
        if key not in _KEYS:
            raise InputError(f"{where}: unknown key '{key}'{did_you_mean(key, _KEYS)}")
    source = table.get("source")
    own = table.get("locations", list(shared))
    if not isinstance(own, list):
        raise InputError(f"{where}.locations: expects a list of names or tables")
    places = [_place(one, shared, where) for one in own]
    one: dict[str, Any] = {key: raw[key] for key in ("sites", "keys") if key in raw}
    one |= {"name": name, "locations": places}
    one |= {"source": {"path": source} if isinstance(source, str) else source}
    if source is None:
        raise InputError(f"{where}.source: is required")
    policy = (raw.get("policy", {}), table.get("policy", {}))
    if not all(isinstance(part, Mapping) for part in policy):
        raise InputError(f"{where}.policy: expects a table")
    one["policy"] = {**policy[0], **policy[1]}
    held = {place.get("name") for place in places} | {SOURCE}
    common = [
        accept
        for accept in raw.get("accept", ())
        if accept.get("location") is None or accept.get("location") in held
    ]
    mine = table.get("accept", [])
    if not isinstance(mine, list):
        raise InputError(f"{where}.accept: expects a list of tables")
    one["accept"] = [*common, *mine]
    return Setup.from_dict(one, origin=where, folder=folder)


def _place(one: object, shared: Mapping[str, Mapping[str, Any]], where: str) -> Mapping[str, Any]:
    if isinstance(one, str):
        if one not in shared:
            hint = did_you_mean(one, shared)
            raise InputError(f"{where}.locations: unknown location '{one}'{hint}")
        return shared[one]
    if not isinstance(one, Mapping):
        raise InputError(f"{where}.locations: expects names or tables, got {one!r}"[:300])
    base = shared.get(str(one.get("name")))
    if base is None:
        return one
    merged = {**base, **one}
    below, above = one.get("path"), base.get("path")
    if isinstance(below, str) and isinstance(above, str) and not below.startswith(("/", "~")):
        merged["path"] = f"{above.rstrip('/')}/{below}"
    return merged


def _named(tables: object, prefix: str) -> dict[str, Mapping[str, Any]]:
    if not isinstance(tables, Sequence) or isinstance(tables, str):
        raise InputError(f"{prefix}locations: expects tables, each headed [[locations]]")
    found: dict[str, Mapping[str, Any]] = {}
    for number, one in enumerate(tables, 1):
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            raise InputError(f"{prefix}locations.{number}.name: is required")
        if one["name"] in found:
            raise InputError(f"{prefix}locations.{one['name']}: names are unique")
        found[one["name"]] = one
    return found


def _accepts_fit(
    accepts: object,
    tables: Sequence[Mapping[str, Any]],
    shared: Mapping[str, object],
    prefix: str,
) -> None:
    if not isinstance(accepts, list) or not all(isinstance(one, Mapping) for one in accepts):
        if accepts == ():
            return
        raise InputError(f"{prefix}accept: expects tables, each headed [[accept]]")
    inline = {
        str(place.get("name"))
        for table in tables
        if isinstance(table.get("locations"), list)
        for place in table["locations"]
        if isinstance(place, Mapping)
    }
    known = [SOURCE, *shared, *sorted(inline - set(shared))]
    for accept in accepts:
        location = accept.get("location")
        if location is not None and location not in known:
            hint = did_you_mean(str(location), known)
            raise InputError(f"{prefix}accept: unknown location '{location}'{hint}")
