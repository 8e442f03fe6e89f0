"""People and malware: what of a layout they reach, by what an audit found."""

from __future__ import annotations

from collections.abc import Iterable

from riskmodel.policies import Threat, Threats
from riskmodel.preset_catalogue import presets
from riskmodel.units import HOURS_PER_YEAR
from verifier.inventory import Evidence, Location

__all__ = ["threats_of"]

_FIRMS = ("office", "server-room", "data-centre", "cloud-region")
_AT_REST = ("tape", "lto", "optical", "cd", "dvd", "bd", "m-disc", "paper")


def threats_of(
    locations: Iterable[Location], kind: str | None, notes: dict[str, Evidence]
) -> Threats:
    """Return the threats to a layout.

    Whoever takes over the source with malware has what this machine has: every login, and with
    its root the older versions too. What is left is offline, or locked until somebody notices.

    Parameters
    ----------
    locations : iterable of Location
        The copies of the layout, as they were found.
    kind : str or None
        Kind of the source's site: firms have a ransomware of their own.
    notes : dict
        Assumptions with their evidence; added to.
    """
    preset = "ransomware-business" if kind in _FIRMS else "ransomware"
    known = presets().shocks[preset]
    reached = [place for place in locations if _is_online(place)]
    yearly = f"{known.rate * HOURS_PER_YEAR:.2%}".replace("%", " % a year")
    notes[
        f"{preset} ({yearly}, grade {known.sources[0].grade}) reaches every copy that is not "
        f"offline: {', '.join(place.name for place in reached)}"
    ] = Evidence.INFERRED
    locked = [place.name for place in reached if place.immutable.value is True]
    spared = f", but for versions of {', '.join(locked)} while their locks hold" if locked else ""
    notes[f"ransomware also deletes the older versions on what it reaches{spared}"] = (
        Evidence.INFERRED
    )
    own = Threat(preset=preset if preset != "ransomware" else None, takes_over=True)
    return Threats(defaults=True, ransomware=own)


def _is_online(place: Location) -> bool:
    medium = (place.media_type.value or "").startswith(_AT_REST)
    return not (place.offline or medium)
