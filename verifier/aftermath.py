"""What would be left after a fire, a theft, a wrong rm, ransomware, a lost password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from verifier.history import keeps_one_state
from verifier.inventory import Evidence, Location, State
from verifier.rules import View
from verifier.rules._independence import Tie
from verifier.rules._keepers import at_home, keepers
from verifier.rules._standing import Copyhood
from verifier.rules.one_offsite import contradicted, one_spot, served_here, stays_here

__all__ = ["Left", "left_after", "needs_no_key"]

# those that nobody announces are seen within 29 days in the median (data/presets.toml, ransomware)
_SEEN_WITHIN_DAYS = 29
_KNOWN = (Evidence.MEASURED, Evidence.TOOL_REPORTED)


@dataclass(frozen=True, slots=True)
class Left:
    """What one mishap would leave.

    Parameters
    ----------
    threat : str
        What happens, in plain words.
    sure : tuple of str
        Names of copies that would be left.
    perhaps : tuple of (str, str)
        Names of those that may be left, and what it hangs on.
    """

    threat: str
    sure: tuple[str, ...]
    perhaps: tuple[tuple[str, str], ...]


# None: lost. Empty: left. Else left under that condition
_Fate = Callable[[View, int], str | None]


def left_after(view: View) -> tuple[Left, ...]:
    """Say for each kind of mishap which backups would be left.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    tuple of Left
        The live data itself is taken to be lost; a lost password spares it.
    """
    home = view.inventory.source.domains.site.value
    where = f" at {home}" if home else ""
    threats: tuple[tuple[str, _Fate], ...] = (
        (f"fire{where}", _fire),
        ("theft of what is here", _theft),
        ("a wrong rm", _mistake),
        ("ransomware", _ransomware),
        ("a lost password", _key_loss),
    )
    return tuple(_left(view, threat, fate) for threat, fate in threats)


def _left(view: View, threat: str, fate: _Fate) -> Left:
    sure: list[str] = []
    perhaps: list[tuple[str, str]] = []
    for number in view.hopefuls:
        place = view.locations[number]
        if number == 0:
            if fate is _key_loss:
                sure.append("the live data")
            continue
        condition = fate(view, number)
        if condition is None:
            continue
        doubt = _doubt(view, number)
        if fate not in {_key_loss, _ransomware}:
            condition = condition or _apart_doubt(view, number)
        if condition or doubt:
            perhaps.append((place.name, doubt or condition))
        else:
            sure.append(place.name)
    return Left(threat, tuple(sure), tuple(perhaps))


def _doubt(view: View, number: int) -> str:
    found, place = view.standings[number], view.locations[number]
    if found.copyhood is Copyhood.YES:
        return ""
    words = {
        State.DECLARED: "declared only",
        State.ABSENT_OFFLINE: "it is away and was not audited",
        State.TIMEOUT: "no answer in time",
        State.UNREADABLE: "it could not be read",
    }
    return words.get(place.state, found.reason.rpartition(": ")[2])


def _apart_doubt(view: View, number: int) -> str:
    """Say that it may be the source, or lie beside it: nobody can tell what it stands on."""
    place = view.locations[number]
    if place.state is not State.READ or view.relation(0, number).tie is not Tie.UNKNOWN:
        return ""
    return "if it stands apart from the source"


def _beside(view: View, number: int) -> bool:
    """Tell whether a location stands on the source's own drive, pool or machine."""
    place, source = view.locations[number], view.inventory.source
    if view.relation(0, number).tie is Tie.SHARED:
        return True
    host = place.domains.host.value
    return host is not None and host == source.domains.host.value and not place.offline


def _fire(view: View, number: int) -> str | None:
    place, home = view.locations[number], view.inventory.source.domains.site.value
    site = place.domains.site.value
    if view.relation(0, number).tie is Tie.SHARED or contradicted(view, number):
        return None
    if site is not None and home is not None and (site == home or one_spot(view, site, home)):
        return None
    if _key_dies(view, number):
        return None
    if site is None or home is None:
        if _beside(view, number):
            return None
        return "no site is stated"
    if served_here(view, number):
        return "what is here serves it from drives that are not seen"
    if stays_here(view, number):
        return "if its drive, which is here now, is away then"
    return _key_doubt(view, number)


def _theft(view: View, number: int) -> str | None:
    if _beside(view, number) and view.locations[number].domains.site.value is None:
        return None
    return _fire(view, number)


def _mistake(view: View, number: int) -> str | None:
    place = view.locations[number]
    if place.shared_inodes or "the same directory" in view.relation(0, number).shared:
        return None
    if (place.points.count or 0) > 1 or place.offline or place.immutable.value:
        return ""
    if place.repeats_deletions.value:
        return None
    alone = keeps_one_state(place)
    if alone:
        return "until its next run"
    if alone is None or place.points.count is None:
        return "if it keeps older versions"
    return ""


def _ransomware(view: View, number: int) -> str | None:
    place = view.locations[number]
    if view.relation(0, number).tie is Tie.SHARED:
        return None
    if place.offline:
        return ""
    if place.immutable.value:
        known = place.immutable.evidence in _KNOWN
        return _while_locked(view, place) if known else "its lock is declared, not measured"
    if place.immutable.value is None and place.real_path is None:
        return "if nobody can delete there from here"
    return None


def _while_locked(view: View, place: Location) -> str:
    """Say by when it must be noticed, where the lock ends sooner than break-ins are seen."""
    if place.immutable_until is None:
        return ""
    days = (place.immutable_until - view.inventory.at).total_seconds() / 86400.0
    if days >= _SEEN_WITHIN_DAYS:
        return ""
    return f"if it is noticed within {max(days, 0.0):.0f} days, before the first locks end"


def _key_loss(view: View, number: int) -> str | None:
    place = view.locations[number]
    if place.encrypted.value is False:
        return ""
    if place.encrypted.value is None:
        return "" if needs_no_key(place) else "if it is not encrypted"
    kept = _kept(view, place)
    if kept is not None and len(kept) > 1:
        return f"its key is kept in {len(kept)} places"
    return None


def needs_no_key(place: Location) -> bool:
    """Tell whether a location was read as plain files, though nothing says so of its kind."""
    return place.state is State.READ and place.kind in {"directory", "dated", "tar", "zip"}


def _kept(view: View, place: Location) -> tuple[str, ...] | None:
    """Return where the key can be had: empty if nowhere, None if nobody knows."""
    declared = view.keys.get(place.domains.key.value or "")
    if declared is None or not declared.kept:
        return place.key_kept.value or None
    held = keepers(view, hopeful=True)[place.domains.key.value or ""]
    return held or place.key_kept.value or ()


def _key_dies(view: View, number: int) -> bool:
    """Tell whether the only key is where the source is: it is lost with it."""
    place = view.locations[number]
    kept = _kept(view, place)
    if not place.encrypted.value or kept is None:
        return False
    return all(one.startswith(("/", "~")) or at_home(view, one) for one in kept)


def _key_doubt(view: View, number: int) -> str:
    place = view.locations[number]
    if place.encrypted.value and _kept(view, place) is None:
        return "if its password is kept elsewhere too"
    return ""
