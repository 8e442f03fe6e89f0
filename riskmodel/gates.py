"""The 3-2-1-1-0 rule asked of a layout: of a plan, not of copies that were looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from riskmodel._resolve import is_online
from riskmodel._rest import live_copy
from riskmodel._tables import table_html
from riskmodel.geodesy import distance_km, km_text

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.layout import Copy, Layout

__all__ = ["Gate", "Gates", "media_kind", "rule_gates"]

Status = Literal["pass", "fail", "unknown"]

_KINDS = {
    "disk": ("hdd", "nas-hdd", "usb-hdd", "shelf-hdd", "vtl"),  # a virtual tape is a disk
    "flash": ("ssd", "shelf-ssd", "usb-flash", "shelf-usb-flash"),
    "tape": ("lto", "lto-7", "lto-8", "lto-9", "tape-library"),
    "optical": ("cd-r", "dvd-r", "bd-r", "m-disc"),
    "cloud": ("object-storage", "saas"),
    "paper": ("paper",),
}
_KIND_OF = {preset: kind for kind, presets in _KINDS.items() for preset in presets}
_CHECKED = ("bytes", "source", "restore")


@dataclass(frozen=True, slots=True)
class Gate:
    """One digit of the rule: what is wanted, what the layout has, and whether that will do."""

    name: str
    status: Status
    value: int
    wanted: int
    why: str


@dataclass(frozen=True, slots=True)
class Gates:
    """The gates of a layout, in the order of the rule: 3, 2, 1, 1, 0."""

    copies: Gate
    media: Gate
    offsite: Gate
    offline_or_immutable: Gate
    errors: Gate

    def __iter__(self) -> Iterator[Gate]:
        """Give the gates in the order of the rule."""
        return iter((self.copies, self.media, self.offsite, self.offline_or_immutable, self.errors))

    @property
    def passed(self) -> int:
        """How many of the five pass."""
        return sum(gate.status == "pass" for gate in self)

    @property
    def in_words(self) -> str:
        """One figure a gate: "copies 2/3, media 1/2, offsite 0/1, …"; unknown is marked."""
        return ", ".join(
            f"{gate.name.replace('_', ' ')} {gate.value}/{gate.wanted}"
            + ("?" if gate.status == "unknown" else "")
            for gate in self
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints, as `verifier audit` names it; all of it is declared."""
        return {
            gate.name: {
                "status": gate.status,
                "value": gate.value,
                "wanted": gate.wanted,
                "evidence": "declared",
                "why": gate.why,
            }
            for gate in self
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row a gate."""
        import pandas as pd

        return pd.DataFrame(
            [(g.name.replace("_", " "), g.status, g.value, g.wanted, g.why) for g in self],
            columns=["gate", "status", "value", "wanted", "why"],
        )

    def _repr_html_(self) -> str:
        return table_html(self.to_frame())


def rule_gates(layout: Layout) -> Gates:
    """Ask the 3-2-1-1-0 rule of a layout.

    Parameters
    ----------
    layout : Layout
        A plan: what it says is taken as it is said, and what it does not say is unknown.

    Returns
    -------
    Gates
        The live copy counts as one. The last gate cannot look for errors in a plan: it asks that
        every backup be checked, at depth "bytes" or deeper.
    """
    live = live_copy(layout)
    backups = tuple(copy for copy in layout.copies if copy.name != live.name)
    count = len(layout.copies)
    why = f"{count} with the live one" if backups else "the live one only"
    return Gates(
        Gate("copies", "pass" if count >= 3 else "fail", count, 3, why),
        _media(layout),
        _offsite(layout, live, backups),
        _apart(layout, backups),
        _checked(backups),
    )


def media_kind(layout: Layout, medium: str) -> str | None:
    """Return the kind of a medium (disk, flash, tape, optical, cloud, paper), None if unsaid."""
    own = layout.media.get(medium)
    return _KIND_OF.get((own.based_on or "") if own is not None else medium)


def _media(layout: Layout) -> Gate:
    found = [media_kind(layout, copy.store.media) for copy in layout.copies]
    known = sorted({kind for kind in found if kind is not None})
    unsaid = sorted({c.store.media for c, k in zip(layout.copies, found, strict=True) if k is None})
    status: Status = "pass" if len(known) >= 2 else "unknown" if unsaid else "fail"
    if len(layout.copies) == 1:
        status = "fail"
    why = ", ".join([*known, *(f"{name} (of unknown kind)" for name in unsaid)])
    return Gate("media", status, max(len(known), 1), 2, why)


def _offsite(layout: Layout, live: Copy, backups: tuple[Copy, ...]) -> Gate:
    if live.site is None:
        status: Status = "unknown" if backups else "fail"
        return Gate("offsite", status, 0, 1, "nothing says where the live copy is")
    away = [copy for copy in backups if copy.site not in (None, live.site)]
    if away:
        here = layout.sites[live.site].location
        places = [layout.sites[copy.site or ""].location for copy in away]
        known = [distance_km(here, place) for place in places if here and place]
        far = f", up to {km_text(max(known), 2)} away" if known else ""
        names = ", ".join(copy.name for copy in away)
        return Gate("offsite", "pass", len(away), 1, names + far)
    lost = [copy.name for copy in backups if copy.site is None]
    if lost:
        return Gate("offsite", "unknown", 0, 1, f"nothing says where {', '.join(lost)} is")
    return Gate("offsite", "fail", 0, 1, f"all copies are at {live.site}")


def _apart(layout: Layout, backups: tuple[Copy, ...]) -> Gate:
    off = [copy.name for copy in backups if not is_online(layout, copy)]
    locked = [copy.name for copy in backups if copy.immutable and copy.name not in off]
    why = ", ".join([*(f"{n} is offline" for n in off), *(f"{n} is immutable" for n in locked)])
    count = len(off) + len(locked)
    status: Status = "pass" if count else "fail"
    return Gate("offline_or_immutable", status, count, 1, why or "all backups can be reached")


def _checked(backups: tuple[Copy, ...]) -> Gate:
    good = [copy for copy in backups if copy.check is not None and copy.check.depth in _CHECKED]
    rest = [copy.name for copy in backups if copy not in good]
    if not backups:
        return Gate("errors", "fail", 0, 1, "there is no backup to check")
    why = f"not checked by reading it: {', '.join(rest)}" if rest else "every backup is read"
    return Gate("errors", "fail" if rest else "pass", len(good), len(backups), why)
