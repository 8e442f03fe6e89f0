"""Results as plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from riskmodel._program import compile_layout
from riskmodel._resolve import perils_of
from riskmodel._rest import pieces_of, refresh_of, sets_of
from riskmodel.geodesy import km_text
from riskmodel.preset_catalogue import presets
from riskmodel.units import format_hours

if TYPE_CHECKING:
    from riskmodel.estimate import LossEstimate
    from riskmodel.layout import Copy, Layout
    from riskmodel.separation import Distance

__all__ = ["copy_text", "distance_text", "estimate_text", "layout_text"]


def estimate_text(loss: LossEstimate) -> str:
    """Return an estimate as a few lines: the headline first, then why, causes and warnings."""
    return "\n".join(_estimate_lines(loss))


def _estimate_lines(loss: LossEstimate) -> Iterator[str]:
    low, high = loss.interval()
    yield str(loss)
    if loss.exact is not None:
        yield f"  probability      {loss.probability:.4g} (computed, no sampling error)"
    elif loss.is_known:
        yield f"  probability      {loss.probability:.3g}, 95 % interval {low:.3g} to {high:.3g}"
    elif loss.seen:
        yield f"  probability      unknown: {loss.probability:.3g} seen, 95 % bound {low:.3g} to 1"
    elif loss.weighted is not None:
        yield "  probability      unknown: no way to a loss was found"
    else:
        yield f"  probability      below {high:.2g} (95 % bound: no loss was seen)"
    yield from _range_lines(loss)
    if loss.losses:
        yield f"  expected losses  {loss.expected_losses:.3g}, starting over after each"
    if loss.lost_something > loss.losses:
        something = loss.lost_something / loss.trials
        yield f"  lose something   {something:.3g}: a part or all of the data, for good"
    out = loss.unavailable
    if out is not None and out.hours:
        yield (
            f"  without data     longer than a day {out.p_over_day:.3g}, than a week "
            f"{out.p_over_week:.3g}; {out.hours_per_year:.3g} h a year"
        )
    if any(item.hits for item in loss.rollbacks):
        shares = ", ".join(f"{item.probability:.2g} over a {item.span}" for item in loss.rollbacks)
        yield f"  lose work        {shares}: the data comes back from an older point"
    trials = f", {loss.trials:,} trials, seed {loss.seed}" if loss.trials else ""
    yield f"  method           {loss.method}{trials}, {loss.elapsed_seconds:.2g} s"
    yield f"                   {loss.why}"
    for heading, cause in zip(_once("causes"), loss.causes[:6], strict=False):
        share = f"{cause.share:.0%}" if cause.share >= 0.005 else "<1%"
        yield f"  {heading:<16} {share:>4} {cause.name}"
    rest = sum(cause.share for cause in loss.causes[6:])
    if rest:
        yield f"  {'':<16} {rest:>4.0%} others" if rest >= 0.005 else f"  {'':<16}  <1% others"
    for text in loss.assumptions:
        yield f"  assumed: {text}"
    yield from _inputs(loss)
    for text in loss.all_warnings:
        yield f"  note: {text}"


def _inputs(loss: LossEstimate) -> Iterator[str]:
    """Say how many sourced defaults the answer rests on, and which of them are judgements."""
    if not loss.parameters:
        return
    unsure = list(dict.fromkeys(item.path for item in loss.parameters if item.uncertain))
    yield (
        f"  inputs: {len(loss.parameters)} sourced defaults, "
        f"{sum(item.uncertain for item in loss.parameters)} of them judgements (grade C)"
    )
    if unsure:
        shown = ", ".join(unsure)
        yield from textwrap.wrap(
            f"uncertain: {shown}", 96, initial_indent="  ", subsequent_indent=" " * 13,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip


def _range_lines(loss: LossEstimate) -> Iterator[str]:
    found = loss.parameter_range
    if found is None:
        return
    low, median, high = (
        "none seen" if end is None else f"{end:.2g}"
        for end in (found.low, found.median, found.high)
    )
    yield (
        f"  inputs           {found.level:.0%} range {low} to {high}, median {median}; "
        f"{len(found.names)} of them uncertain, {found.points} points"
    ).replace("%", " %")
    for heading, item in zip(_once("range from"), found.clear_shares[:4], strict=False):
        grade = f" (grade {item.grade})" if item.grade else ""
        yield f"  {heading:<16} {item.share:>4.0%} {item.parameter}{grade}"
    if found.judged >= 0.005:
        yield f"  {'':<16} {found.judged:>4.0%} of what is explained rests on judgements (grade C)"
    if found.not_varied:
        yield f"  {'':<16} {len(found.not_varied)} more are taken as certain; --json says why"


def _once(word: str) -> Iterator[str]:
    yield word
    while True:
        yield ""


def distance_text(found: Distance) -> str:
    """Return what each peril can do to two places, a line each, the likeliest first."""
    lines = [
        f"{km_text(found.distance_km)} apart",
        "",
        f"{'one event hits':<22} {'the other too':<24} {'below 1 %':<11} both hit, a year",
    ]
    for item in found.perils:
        chance = f"{item.probability:.2g}"
        if item.interval is not None:
            chance += " ({:.2g} to {:.2g})".format(*item.interval)
        far = "" if item.far_km is None else km_text(item.far_km, 2)
        joint = item.joint
        often = "rate not known here"
        if joint is not None:
            often = f"{joint.per_year:.1g} ({joint.low:.1g} to {joint.high:.1g})"
            if joint.per_year == 0.0:  # none in a catalogue is not never
                often = f"below {joint.high:.1g}" if joint.high > 0.0 else "never: too far apart"
        lines.append(f"{item.peril:<22} {chance:<24} {far:<11} {often}")
    judged = [item.peril for item in found.perils if item.grade == "C"]
    lines += [
        "",
        "hit: within the footprint; not all that is hit is lost. Ranges are of 95 %, over which",
        "events the catalogues hold, or of a judgement. Sources: data/perils.toml.",
        f"note: judged, not measured (grade C): {', '.join(judged)}",
    ]
    return "\n".join(lines)


def layout_text(layout: Layout) -> str:
    """Return what a layout says, with what is assumed and where its presets come from."""
    return "\n".join(_layout_lines(layout))


def _layout_lines(layout: Layout) -> Iterator[str]:
    horizon = format_hours(layout.horizon) if layout.horizon else "no horizon"
    copies, sites = _count(len(layout.copies), "cop", "y", "ies"), _count(len(layout.sites), "site")
    yield f"{layout.name}: {copies}, {sites}, {horizon}"
    for copy in layout.copies:
        yield f"  {copy.name:<16} {copy_text(layout, copy)}"
    for name, site in layout.sites.items():
        perils = ", ".join(perils_of(site)) or "no perils"
        yield f"  site {name:<11} {site.kind or 'of no kind'}: {perils}"
    compiled = compile_layout(layout, layout.horizon or 1.0)
    for text in (*compiled.assumptions, *compiled.warnings):
        yield f"  note: {text}"
    for item in layout.ranges:
        yield f"  range {item.path}: {item.low} to {item.high}, best estimate {item.mode}"
    for name in layout.presets_used():
        for source in presets().media[name].sources:
            yield f"  preset {name}, {source.key}: {source.source} (grade {source.grade})"


def _count(number: int, stem: str, one: str = "", many: str = "s") -> str:
    return f"{number} {stem}{one if number == 1 else many}"


def copy_text(layout: Layout, copy: Copy) -> str:
    """Return in a line what a copy is: media, place, checks."""
    store = copy.store
    drives = store.group_drives * store.group_count
    media = f"{drives} x {store.media}" if drives > 1 else store.media
    pieces = f" in {pieces_of(copy)} pieces" if pieces_of(copy) > 1 else ""
    sets = f", {sets_of(copy)} sets in turn" if sets_of(copy) > 1 else ""
    new = f", new every {format_hours(refresh_of(copy))}" if refresh_of(copy) else ""
    level = f" as {store.level or f'{drives} drives that tolerate {store.tolerance}'}"
    where = f" at {copy.site}" if copy.site else ""
    check = f", checked every {format_hours(copy.check.every)}" if copy.check else ""
    away = ", offline" if copy.offline else ""
    return f"{media}{level if drives > 1 else ''}{pieces}{sets}{where}{check}{away}{new}"
