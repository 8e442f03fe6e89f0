"""Random layouts over the whole law, with rates so high that few trials tell a lot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.random import Generator

from riskmodel.layout import Layout
from tests.twins import simulate_naively

__all__ = ["random_layout", "random_tables"]

Table = dict[str, Any]
_VARIANCES = {"b1": 0.5, "b2": 1.0, "m1": 0.7, "m2": 0.3}


def random_layout(rng: Generator, *, pilot_trials: int = 60) -> Layout:
    """Draw a layout and a horizon by which it is lost with a chance of some 3 to 60 %."""
    for _ in range(100):
        layout = Layout.from_dict(random_tables(rng))
        pilot = simulate_naively(layout, pilot_trials, int(rng.integers(2**32)))
        share = rng.uniform(0.06, 0.5)
        wanted = int(share * pilot_trials)
        if pilot.losses > wanted:
            horizon = max(sorted(pilot.loss_times)[wanted], 500.0)
            return layout.replace("horizon", float(np.round(horizon, 1)))
    raise AssertionError("no random layout ever lost anything")


def _days(low: float, high: float, rng: Generator) -> str:
    return f"{np.exp(rng.uniform(np.log(low), np.log(high))):.4g} days"


def _rate(low: float, high: float, rng: Generator) -> str:
    return f"{rng.uniform(low, high):.3g}/year"


def _maybe(rng: Generator, share: float) -> bool:
    return bool(rng.random() < share)


def _pick(rng: Generator, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _duration(low: float, high: float, rng: Generator) -> Table:
    """Draw a law for a rebuild, a scrub, a recovery or a wait."""
    typical = _days(low, high, rng)
    laws: dict[str, Table] = {
        "fixed": {"fixed": typical},
        "exponential": {"exponential": {"mean": typical}},
        "weibull": {
            "weibull": {"shape": 2, "scale": typical, "location": _days(low / 4, low, rng)}
        },
        "lognormal": {"lognormal": {"median": typical, "sigma": 0.6}},
    }
    return laws[_pick(rng, *laws)]


def _hazard(rng: Generator) -> Table:
    """Draw one lifetime law of a few years at most."""
    typical = _days(250, 1500, rng)
    laws: dict[str, Table] = {
        "exponential": {"exponential": {"mean": typical}},
        "weibull": {
            "weibull": {
                "shape": float(_pick(rng, 0.7, 1.2, 3)),
                "scale": typical,
                "location": _pick(rng, "0 h", "60 days"),
            }
        },
        "lognormal": {"lognormal": {"median": typical, "sigma": float(_pick(rng, 0.5, 1.2))}},
        "gompertz": {
            "gompertz": {
                "rate": _rate(0.2, 1.0, rng),
                "growth": _pick(rng, "-1.5/year", "0.6/year"),
            }
        },
        "afr": {"afr": round(float(rng.uniform(0.2, 0.6)), 3)},
    }
    return laws[_pick(rng, *laws)]


def _medium(rng: Generator) -> Table:
    lifetime: Table = _hazard(rng)
    if _maybe(rng, 0.25):
        lifetime = {"competing": [_hazard(rng) for _ in range(int(rng.integers(2, 4)))]}
    medium: Table = {"lifetime": lifetime, "capacity": "4 TB"}
    if _maybe(rng, 0.5):
        medium["age"] = _days(30, 900, rng)
    if _maybe(rng, 0.5):
        medium["latent_errors"] = {"mean_time": _days(60, 400, rng)}
    for kind in ("batch", "model"):
        if _maybe(rng, 0.35):
            label = f"{kind[0]}{rng.integers(1, 3)}"
            medium[kind] = {"label": label, "variance": _VARIANCES[label]}
    if _maybe(rng, 0.1):
        medium["at_rest"] = True
    if _maybe(rng, 0.15):
        ends = _hazard(rng)
        medium["obsolescence"] = ends if _maybe(rng, 0.7) else {"fixed": _days(200, 1500, rng)}
    return medium


def _shape(rng: Generator) -> Table:
    shapes: dict[str, Table] = {
        "single": {},
        "stripe": {"level": "raid0", "drives": 2},
        "mirror": {"level": "raid1", "drives": int(rng.integers(2, 4))},
        "raid5": {"level": "raid5", "drives": int(rng.integers(3, 6))},
        "raid6": {"level": "raidz2", "drives": int(rng.integers(4, 7))},
        "raid10": {"level": "raid10", "drives": 4},
        "k-of-n": {"level": "2-of-4"},
        "groups": {"tolerates": 1, "drives": 3, "groups": 2},
    }
    return shapes[_pick(rng, "single", *shapes)]


def _store(rng: Generator, medium: str, latent: bool) -> Table:
    store: Table = {"media": medium} | _shape(rng)
    if store.get("level") not in (None, "raid0") or "tolerates" in store:
        rebuild = _duration(3, 60, rng)
        if _maybe(rng, 0.1):
            rebuild = {"bandwidth": "2 MB/s"}
        store["rebuild"] = "never" if _maybe(rng, 0.05) else rebuild
        store["repairs"] = _pick(rng, "parallel", "serial")
        if _maybe(rng, 0.4):
            store["stress"] = [round(float(s), 2) for s in rng.uniform(0.5, 6, rng.integers(1, 4))]
        if _maybe(rng, 0.35):
            store["spares"] = int(rng.integers(1, 3))
            store["spare_wait"] = _duration(5, 60, rng)
        if _maybe(rng, 0.3):
            store["rebuild_error"] = round(float(rng.uniform(0.05, 0.6)), 3)
            store["latent_loss"] = _pick(rng, "partial", "whole")
    if latent:
        store["latent_rule"] = _pick(rng, "at-failure", "at-failure-and-rebuild")
        store["latent_loss"] = _pick(rng, "partial", "whole")
        if _maybe(rng, 0.75):
            cycle = {"every": _days(10, 60, rng)}
            store["scrub"] = cycle if _maybe(rng, 0.3) else _duration(5, 60, rng)
    if _maybe(rng, 0.3):
        store["shocks"] = [
            {
                "name": "power",
                "rate": _rate(0.3, 1.5, rng),
                "kills": round(float(rng.uniform(0.2, 0.9)), 2),
            }
        ]
    return store


def _site(rng: Generator) -> Table:
    site: Table = {"perils": {}}
    if _maybe(rng, 0.75):
        site["recovery"] = "never" if _maybe(rng, 0.06) else _duration(20, 200, rng)
    if _maybe(rng, 0.7):
        site["perils"]["fire"] = {"rate": _rate(0.1, 0.8, rng)}
    if _maybe(rng, 0.5):
        site["perils"]["theft"] = {"rate": _rate(0.1, 0.8, rng), "takes": "media"}
    if _maybe(rng, 0.3):
        site["kind"] = "home"
        if _maybe(rng, 0.7):  # that it takes media only is what the kind of site says
            site["perils"]["burglary"] = {"rate": _rate(0.1, 0.8, rng)}
    return site


def _copy(rng: Generator, name: str, sites: list[str], media: dict[str, Table]) -> Table:
    medium = str(_pick(rng, *media))
    copy: Table = {
        "name": name,
        "store": _store(rng, medium, "latent_errors" in media[medium]),
        "recovery": _duration(5, 100, rng),
    }
    if _maybe(rng, 0.08):
        copy["recovery"] = {"bandwidth": "1 MB/s"}
    elif _maybe(rng, 0.05):
        copy["recovery"] = "never"
    if sites and _maybe(rng, 0.8):
        copy["site"] = str(_pick(rng, *sites))
    if _maybe(rng, 0.3):
        share = 0.0 if _maybe(rng, 0.3) else round(float(rng.uniform(0.2, 0.9)), 2)
        copy["vulnerability"] = share
    if _maybe(rng, 0.2):
        copy["offline"] = True
    if _maybe(rng, 0.45):
        copy["check"] = {"every": _days(15, 120, rng), "phase": _pick(rng, "start", "random")}
        if _maybe(rng, 0.2):
            copy["recovery"] = {"fixed": "0 h"}
    return copy


def _at_rest(rng: Generator, copy: Table) -> None:
    """Let a copy be refreshed, come in pieces, rotate; sometimes all of it."""
    if _maybe(rng, 0.2):
        where = _pick(rng, copy, copy["store"])
        where["refresh"] = _days(100, 700, rng)
    if _maybe(rng, 0.25):
        where = _pick(rng, copy, copy["store"])
        where["pieces"] = int(rng.integers(2, 6))
    if _maybe(rng, 0.4):
        copy["restore"] = {"wait": _days(0.1, 20, rng)}
        if _maybe(rng, 0.5):
            copy["restore"]["bandwidth"] = _pick(rng, "20 MB/s", "100 Mbit/s")
    if _maybe(rng, 0.2) and copy.get("role") != "primary":
        copy["rotation"] = int(rng.integers(2, 4))


def _shock(rng: Generator, name: str, targets: list[str]) -> Table:
    count = int(rng.integers(1, len(targets) + 1))
    hit = [str(target) for target in rng.choice(targets, count, replace=False)]
    shock: Table = {"name": name, "rate": _rate(0.1, 0.6, rng), "hits": hit}
    form = _pick(rng, "chances", "list", "choose")
    if form == "chances":
        shock["hits"] = {target: round(float(rng.uniform(0.1, 0.9)), 2) for target in hit}
    elif form == "choose":
        shock["choose"] = int(rng.integers(1, 3))
    return shock


def random_tables(rng: Generator) -> Table:
    """Draw the tables of a layout file, over a horizon of five years."""
    media = {f"disk{k}": _medium(rng) for k in range(int(rng.integers(1, 4)))}
    sites = {f"site{k}": _site(rng) for k in range(int(rng.integers(0, 4)))}
    count = int(_pick(rng, 1, 2, 2, 3, 3, 4))
    copies = [_copy(rng, f"copy{k}", [*sites], media) for k in range(count)]
    if _maybe(rng, 0.4):
        copies[int(rng.integers(count))]["role"] = "primary"
    for copy in copies:
        _at_rest(rng, copy)
    if count == 1 and "rotation" not in copies[0] and _maybe(rng, 0.5):
        copies[0].pop("recovery")
    targets = [*sites, *(copy["name"] for copy in copies)]
    shocks = [_shock(rng, f"shock{k}", targets) for k in range(int(_pick(rng, 0, 0, 1, 2)))]
    tables: Table = {
        "name": "random",
        "horizon": "5 years",
        "size": "4 TB",
        "media": media,
        "sites": sites,
        "copies": copies,
        "shocks": shocks,
    }
    if _maybe(rng, 0.6):
        _add_people(tables, rng)
    return tables


_THREATS = ("mistake", "ransomware", "account-loss", "provider-failure", "key-loss",
            "software-fault")  # fmt: skip


def _add_people(tables: Table, rng: Generator) -> None:
    """Let people and malware act: threats, keys, feeds, versions."""
    threats: Table = {}
    for name in _THREATS:
        if _maybe(rng, 0.5):
            threats[name] = {"rate": _rate(0.1, 0.8, rng)}
            if _maybe(rng, 0.7):
                notice = _duration(2, 60, rng)
                threats[name]["noticed"] = {"fixed": "0 h"} if _maybe(rng, 0.1) else notice
    if _maybe(rng, 0.4):
        threats["defaults"] = True
    if threats:
        tables["threats"] = threats
    copies = tables["copies"]
    for index, copy in enumerate(copies):
        for key in ("credentials", "account", "provider"):
            if _maybe(rng, 0.5):
                copy[key] = f"{key}{rng.integers(1, 3)}"
        sources = [c["name"] for c in copies[:index] if "rotation" not in c]
        if sources and _maybe(rng, 0.8):
            copy["fed"] = _feed(rng, str(_pick(rng, *sources)))
        if _maybe(rng, 0.15):
            copy["online"] = _maybe(rng, 0.5)
        if _maybe(rng, 0.3):
            copy["immutable"] = _days(5, 90, rng)
        if _maybe(rng, 0.4):
            copy["retention"] = _retention(rng, "every" in copy.get("fed", {}))
        if "check" in copy:
            copy["check"]["depth"] = _pick(rng, "listed", "structure", "bytes", "source", "restore")
    if _maybe(rng, 0.5):
        _add_keys(tables, rng)


def _feed(rng: Generator, source: str) -> Table:
    how = str(_pick(rng, "live", "mirror", "replica", "backup", "backup", "backup"))
    feed: Table = {"from": source, "how": how}
    if how == "backup" or (how == "replica" and _maybe(rng, 0.3)):
        feed["every"] = _days(1, 40, rng)
        if _maybe(rng, 0.5):
            feed["missed"] = round(float(rng.uniform(0.05, 0.9)), 2)
        if _maybe(rng, 0.4):
            feed["by"] = "hand"
    elif how != "mirror" and _maybe(rng, 0.7):
        feed["lag"] = _days(0.1, 10, rng)
    if _maybe(rng, 0.6):
        feed["tool"] = f"tool{rng.integers(1, 3)}"
    return feed


def _retention(rng: Generator, counted: bool) -> Table:
    kinds = {"within": _days(5, 90, rng), "hourly": 100, "daily": 20, "weekly": 5, "monthly": 2}
    if counted:
        kinds["last"] = 4
    kind = str(_pick(rng, *kinds))
    return {kind: kinds[kind]}


def _add_keys(tables: Table, rng: Generator) -> None:
    holders = ["ada", "bob", *tables["sites"], *(copy["name"] for copy in tables["copies"])]
    tables["keys"] = {
        f"key{k}": {"kept": [str(n) for n in rng.choice(holders, rng.integers(1, 4), False)]}
        for k in range(2)
    }
    for copy in tables["copies"]:
        if _maybe(rng, 0.6):
            copy["key"] = f"key{rng.integers(0, 2)}"


def rarer(layout: Layout, factor: float) -> Layout:
    """Return a layout of drives that last longer, by a factor, and blows that come that rarely."""
    raw = layout.model_dump(exclude_unset=True, by_alias=True)
    for medium in raw["media"].values():
        medium["lifetime"] = _slower(medium["lifetime"], factor)
        if "latent_errors" in medium:
            medium["latent_errors"]["mean_time"] *= factor
    blows = [
        peril for site in raw.get("sites", {}).values() for peril in site.get("perils", {}).values()
    ]
    blows += raw.get("shocks", ())
    blows += [shock for copy in raw["copies"] for shock in copy["store"].get("shocks", ())]
    for blow in blows:
        blow["rate"] /= factor
    return Layout.model_validate(raw)


def _slower(law: Table, factor: float) -> Table:
    """Stretch a lifetime law along the axis of time."""
    ((kind, numbers),) = law.items()
    if kind == "competing":
        return {kind: [_slower(one, factor) for one in numbers]}
    if kind == "afr":
        return {kind: -math.expm1(math.log1p(-numbers) / factor)}
    inverse = {"rate", "growth"}
    unitless = {"shape", "sigma"}
    return {
        kind: {
            key: number
            if key in unitless
            else number / factor
            if key in inverse
            else number * factor
            for key, number in numbers.items()
        }
    }
