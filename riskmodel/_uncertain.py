"""The uncertain numbers that a layout rests on, and the layout at one point of them.

Two kinds: ranges that the file states, and rows of sources with a low and a high that stand behind
the presets and defaults in use. What rests on one parameter of the catalogue moves together, and so
do all drives of one label; a row only counts if the simulated law changes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from riskmodel._places import Place, changed, labels_in, place_of
from riskmodel._program import compile_layout
from riskmodel._resolve import perils_of
from riskmodel._scaling import scaled
from riskmodel._spread import Spread
from riskmodel._threats import threats_of
from riskmodel._used import parameters_used
from riskmodel.errors import LayoutError
from riskmodel.lifetimes import Law
from riskmodel.preset_catalogue import Source, presets
from riskmodel.units import parse

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["Inputs", "Parameter", "inputs_of"]

_KINDS = ("rate", "time", "share", "size", "bandwidth", "distance")
_WHAT = {"media": "medium", "copies": "store shock", "sites": "site kind", "threats": "threat"}
_PROBE = 1.25  # a factor that would show if a number mattered


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that nobody knows exactly: one dimension of the outer sample.

    ``grade`` is that of its source, the worst of several, and empty for a range of the layout.
    """

    name: str
    grade: str = ""


@dataclass(frozen=True, slots=True)
class _Use:
    """Where a parameter enters: a place of the layout, and what is done to what stands there.

    ``how`` is "number" (replaced), "factor" (multiplied by draw / value), "divisor" (divided by
    it), "rate" (that factor on the hazard of a law) or "time" (on its times); ``fault`` tells why
    it is not varied.
    """

    parameter: Parameter
    place: Place
    how: str
    spread: Spread | None
    fault: str = ""

    def put(self, layout: Layout, number: float) -> Layout:
        """Return the layout with this number drawn."""
        if self.how == "number":
            whole = self.spread is not None and self.spread.whole
            return changed(layout, self.place, lambda _: int(number) if whole else number)
        factor = number / self.spread.value if self.spread is not None else number
        return changed(layout, self.place, lambda old: _times(old, factor, self.how))


def _times(old: Any, factor: float, how: str) -> Any:
    if how in ("factor", "divisor"):
        return old * factor if how == "factor" else old / factor
    hazard, time = (factor, 1.0) if how == "rate" else (1.0, factor)
    if isinstance(old, Law):
        return scaled(old, hazard=hazard, time=time)
    return scaled(Law(afr=old), hazard=hazard, time=time).afr


@dataclass(frozen=True, slots=True)
class Inputs:
    """The uncertain inputs of a layout.

    Parameters
    ----------
    parameters : tuple of Parameter
        One for each dimension.
    not_varied : tuple of (str, str)
        What is used and not varied, and why.
    """

    parameters: tuple[Parameter, ...]
    not_varied: tuple[tuple[str, str], ...]
    _base: Layout
    _uses: tuple[_Use, ...]

    def at(self, point: Sequence[float]) -> Layout:
        """Return the layout at a point of the unit cube, a coordinate for each parameter.

        Raises
        ------
        LayoutError
            If ranges of the layout contradict each other there.
        """
        return self.only(dict(zip((item.name for item in self.parameters), point, strict=True)))

    def only(self, points: Mapping[str, float]) -> Layout:
        """Return the layout with some parameters at quantiles, the others at their best values."""
        layout = self._base
        for use in self._uses:
            u = points.get(use.parameter.name)
            if use.spread is not None and u is not None:
                layout = use.put(layout, use.spread.at(u))
        return _checked(layout)

    def times(self, name: str, factor: float) -> Layout | None:
        """Return the layout with one parameter multiplied, None where that has no meaning."""
        layout = self._base
        for use in self._uses:
            if use.parameter.name != name or use.spread is None:
                continue
            number = use.spread.value * factor
            beyond = use.spread.scale == "logit" and number >= 1.0
            if use.spread.whole or use.spread.value <= 0.0 or beyond:
                return None
            layout = use.put(layout, number)
        return _checked(layout)

    def key_of(self, name: str) -> tuple[object, ...]:
        """Return what tells whether a parameter of this name in another layout is the same one.

        Rows of the catalogue are known by name; ranges of a file have to be equal as well.
        """
        own = [use for use in self._uses if use.parameter.name == name]
        if any(use.parameter.grade for use in own):
            return (name,)
        return (name, *(use.spread for use in own))

    def values(self, name: str, quantiles: Sequence[float]) -> tuple[float, ...]:
        """Return what a parameter is at quantiles, by the first of the places it enters."""
        spreads = (use.spread for use in self._uses if use.parameter.name == name)
        spread = next(item for item in spreads if item is not None)
        return tuple(spread.at(u) for u in quantiles)

    def best(self, name: str) -> float:
        """Return the best value of a parameter, by the first of the places it enters."""
        spreads = (use.spread for use in self._uses if use.parameter.name == name)
        return next(item.value for item in spreads if item is not None)


def inputs_of(layout: Layout, horizon_hours: float | None = None) -> Inputs:
    """Find the uncertain inputs of a layout.

    Parameters
    ----------
    layout : Layout
        With or without ranges of its own.
    horizon_hours : float, optional
        Mission time, if not the layout's own. [h]

    Returns
    -------
    Inputs
    """
    base = _spelled_out(layout)
    before = compile_layout(base, horizon_hours).digest()
    groups: dict[str, list[_Use]] = {}
    rows = (*_of_presets(layout, base), *_of_shocks(base), *_of_stand_ins(base))
    for use in (*_of_file(base), *rows):
        groups.setdefault(use.parameter.name, []).append(use)
    # a parameter counts with all its places: of two media with one label the law reads the first
    used = [
        use
        for uses in groups.values()
        if any(
            compile_layout(probe, horizon_hours).digest() != before
            for use in uses
            for probe in _probes(base, use)
        )
        for use in uses
    ]
    varied = [use for use in used if use.spread is not None]
    found: dict[str, Parameter] = {}
    for use in varied:
        known = found.get(use.parameter.name, use.parameter)
        found[known.name] = max(known, use.parameter, key=lambda item: item.grade)
    # a law may rest on several rows: one without a range is no gap where another one varies it
    faults = {
        use.parameter.name: use.fault
        for use in used
        if use.spread is None and not any(use.place.overlaps(other.place) for other in varied)
    }
    stated = (use.parameter.name for use in _of_file(base))
    faults |= {name: "it changes nothing that is simulated" for name in stated if name not in found}
    return Inputs(tuple(found.values()), tuple(faults.items()), base, tuple(varied))


def _probes(base: Layout, use: _Use) -> Iterator[Layout]:
    """Yield layouts in which this one number differs."""
    if use.spread is not None:
        for end in (use.spread.low, use.spread.high):
            if end > 0.0 or use.how == "number":
                yield use.put(base, end)
    elif use.how == "factor":
        yield use.put(base, _PROBE)
    elif use.how == "number":
        yield changed(base, use.place, lambda old: old / _PROBE)
    else:
        yield changed(base, use.place, lambda old: _times(old, _PROBE, "time"))


def _spelled_out(layout: Layout) -> Layout:
    """Return the layout with the presets it rests on written into it; the law is the same."""
    threats = layout.threats
    if threats is not None:
        own = {name.replace("-", "_"): threat for name, threat in threats_of(layout).items()}
        threats = threats.model_copy(update=own)
    return layout.model_copy(
        update={
            "media": layout.media
            | {copy.store.media: layout.medium(copy.store.media) for copy in layout.copies},
            "sites": {
                name: site.model_copy(update={"perils": perils_of(site)})
                for name, site in layout.sites.items()
            },
            "threats": threats,
            "sampled_defaults": layout.stand_ins(),
        }
    )


def _of_file(base: Layout) -> Iterator[_Use]:
    for item in base.ranges:
        place = place_of(base, item.path)
        value = place.value
        whole = isinstance(value, int)
        low, high = (parse(end, place.kind or "share") for end in (item.low, item.high))
        scale = "logit" if place.kind == "share" else "log" if low >= 0.0 else "linear"
        spread = Spread(low, float(value), high, scale, whole)  # type: ignore[arg-type]
        # all drives of a label share one variance, so that its ranges are one number
        label = _label(base, place)
        yield _Use(Parameter(label or item.path), place, "number", spread)


def _label(base: Layout, place: Place) -> str:
    if len(place.steps) == 4 and place.steps[0] == "media" and place.steps[3] == "variance":
        kind = str(place.steps[2])
        return f"variance of {kind} '{getattr(base.media[str(place.steps[1])], kind).label}'"
    return ""


def _of_presets(layout: Layout, base: Layout) -> Iterator[_Use]:
    """Yield what results name as sourced; defaults are apart, for they may act together."""
    for used in parameters_used(layout):
        kind, _, rest = used.path.partition(".")
        if kind == "defaults":
            continue
        path = used.path
        if kind == "media" and rest.endswith(".drive"):
            path = path.removesuffix("drive") + "lifetime"
        elif kind == "sites" and used.source.key.count(".") < 2:
            path += ".rate"
        yield from _of_row(base, path, used.source, f"{_WHAT[kind]} {used.preset}")


def _of_shocks(base: Layout) -> Iterator[_Use]:
    # who writes a threat as a shock, with the sourced rate, rests on its row all the same
    for shock, label in zip(base.shocks, labels_in(base.shocks), strict=True):
        known = presets().shocks.get(shock.name)
        if known is not None and shock.rate == known.rate:
            for source in known.sources:
                if source.key == "rate":
                    yield from _of_row(base, f"shocks.{label}.rate", source, f"threat {shock.name}")


def _of_stand_ins(base: Layout) -> Iterator[_Use]:
    for source in base.stand_ins().sources:
        yield from _of_row(base, f"sampled_defaults.{source.key}", source, "default")


def _of_row(base: Layout, path: str, source: Source, what: str) -> Iterator[_Use]:
    """Yield the use of a source's row, if it speaks of a number that is there."""
    named = source.parameter != "none"
    parameter = Parameter(source.parameter if named else f"{what}: {source.key}", source.grade)
    try:
        place = place_of(base, path)
    except LayoutError:
        return
    try:
        how, spread = _reading(place, source)
    except ValueError as error:
        is_law = isinstance(place.value, Law)
        how = "time" if is_law else "number" if place.kind == "share" else "factor"
        yield _Use(parameter, place, how, None, str(error))
        return
    yield _Use(parameter, place, how, spread)


def _reading(place: Place, source: Source) -> tuple[str, Spread]:
    """Return what a row does to what stands at its place, and how uncertain it is.

    Raises
    ------
    ValueError
        Saying why the row cannot be varied.
    """
    if source.low is None or source.high is None:
        raise ValueError("no range is stated")
    law = isinstance(place.value, Law) or place.steps[-1] == "afr"
    if not law and place.kind == "share":
        low, high = (_read(end, "share") for end in (source.low, source.high))
        value = float(place.value)
        if source.scales:  # the row is a part of what stands there
            low, high = (end * value / _read(source.value, "share") for end in (low, high))
        return "number", Spread(low, value, high, "logit")
    scales = source.scales
    kinds = _KINDS if law or scales else (place.kind or "share",)
    kind, (low, high) = _alike(kinds, source.low, source.high)
    try:
        value = _read(source.value, kind)
    except ValueError:
        if law or scales:
            raise
        value = float(place.value)
    spread = Spread(low, value, high)
    if value <= 0.0:
        raise ValueError(f"a value of {source.value} has no factor")
    if not law:
        # a mean time that rests on a rate falls as the rate rises
        against = {place.kind, scales} == {"rate", "time"}
        return "divisor" if against else "factor", spread
    how = scales or ("rate" if place.steps[-1] == "afr" else kind)
    if how not in ("rate", "time"):
        raise ValueError("it is not said whether rates or times are meant")
    _times(place.value, _PROBE, how)
    return how, spread


def _alike(kinds: Sequence[str], *texts: str) -> tuple[str, list[float]]:
    """Read several texts as quantities of the first kind that fits them all."""
    for kind in kinds:
        try:
            return kind, [_read(text, kind) for text in texts]
        except ValueError:
            continue
    raise ValueError(f"'{texts[0]}' to '{texts[-1]}' cannot be read as quantities")


def _read(text: str, kind: str) -> float:
    try:
        return 0.0 if text == "0" else parse(text, kind)
    except ValueError:
        raise ValueError(f"'{text}' cannot be read as a quantity") from None


def _checked(layout: Layout) -> Layout:
    """Hold the ranges of a file to the rules of the format; sourced rows keep to them."""
    if not layout.ranges:
        return layout
    plain = layout.model_copy(update={"ranges": ()})
    raw = plain.model_dump(exclude_unset=True, by_alias=True)
    return _valid(type(layout), raw)


def _valid(kind: type[Layout], raw: dict[str, Any]) -> Layout:
    from pydantic import ValidationError

    from riskmodel._described import first_mistake

    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        raise LayoutError(
            f"ranges that contradict each other: {first_mistake(error, raw)}"
        ) from None
