"""People and malware: what of a layout they reach, by what an audit found."""

from __future__ import annotations

from collections.abc import Iterable

from riskmodel.layout import Copy
from riskmodel.policies import Threat, Threats
from riskmodel.preset_catalogue import presets
from riskmodel.sites import Shock
from riskmodel.units import HOURS_PER_YEAR
from verifier.inventory import Evidence, Location

__all__ = ["threats_of"]

_FIRMS = ("office", "server-room", "data-centre", "cloud-region")
_AT_REST = ("tape", "lto", "optical", "cd", "dvd", "bd", "m-disc", "paper")


def threats_of(
    locations: Iterable[Location],
    copies: Iterable[Copy],
    kind: str | None,
    notes: dict[str, Evidence],
) -> tuple[Threats, tuple[Shock, ...]]:
    """Return the threats to a layout, by whom they reach.

    A threat of the layout format spares the older versions on a copy that it reaches. Ransomware
    at the source does not: with the source's root it deletes versions too, where nothing locks
    them. Where such versions exist ransomware is a shock that takes them.

    Parameters
    ----------
    locations : iterable of Location
        The copies of the layout, as they were found.
    copies : iterable of Copy
        The same, as the layout has them.
    kind : str or None
        Kind of the source's site: firms have a ransomware of their own.
    notes : dict
        Assumptions with their evidence; added to.
    """
    preset = "ransomware-business" if kind in _FIRMS else "ransomware"
    known = presets().shocks[preset]
    reached = [place for place in locations if _is_reached(place)]
    by_name = {copy.name: copy for copy in copies}
    deletes = any(
        by_name[place.name].retention or by_name[place.name].credentials for place in reached
    )
    who = ", ".join(place.name for place in reached)
    yearly = f"{known.rate * HOURS_PER_YEAR:.2%}".replace("%", " % a year")
    notes[
        f"{preset} ({yearly}, grade {known.sources[0].grade}) reaches every copy that is neither "
        f"offline nor immutable: {who}"
    ] = Evidence.INFERRED
    if not deletes:
        own = Threat(preset=preset) if preset != "ransomware" else None
        return Threats(**_given(defaults=True, ransomware=own)), ()
    notes["ransomware also deletes the older versions on what it reaches"] = Evidence.INFERRED
    share = 1.0 if known.backups is None else known.backups
    rest = Threat(preset=preset, rate=(1.0 - share) * known.rate, backups=0.0)
    if share == 1.0:
        rest = Threat(rate=0.0)
    shock = Shock(
        name="ransomware", rate=share * known.rate, hits=tuple(place.name for place in reached)
    )
    return Threats(defaults=True, ransomware=rest), (shock,)


def _is_reached(place: Location) -> bool:
    medium = (place.media_type.value or "").startswith(_AT_REST)
    return not (place.offline or medium or place.immutable.value is True)


def _given(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}
