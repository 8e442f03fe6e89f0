"""Which side changed: what earlier audits tell of files that a copy and the source hold otherwise.

A file of the source that had the copy's size under the time that it still has was not changed by
anybody who meant it: the source has lost it, and the copy is what to restore it from. One that is
younger in the copy was changed there if the source is as it was; and the source went back to an
older version if the copy holds what the source was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from verifier.blame import acquitted
from verifier.compared import CAME_BACK, MAX_ERRORS, Other, Unlike, more_errors, other_size
from verifier.digests import alike
from verifier.files import MTIME_SLACK_NS
from verifier.inventory import Inventory, Location, Shares, State
from verifier.manifest import instant, shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from verifier.files import Files, Rows
    from verifier.sightings import Run, Seen

    Mask = NDArray[np.bool_]
    History = Iterable[tuple[Run, Mapping[str, Seen]]]

__all__ = ["sided"]

_TREES = frozenset({"directory", "dated"})  # whose bytes only digests of earlier reads vouch for


def sided(found: Inventory, now: Mapping[str, Seen], history: History) -> Inventory:
    """Move what the source is to blame for from copies to it, and say which side changed.

    Parameters
    ----------
    found : Inventory
        What this audit found.
    now : mapping of str to Seen
        The files of its locations.
    history : iterable of (Run, mapping of str to Seen)
        Earlier audits, the newest first; asked only if something differs.

    Returns
    -------
    Inventory
        As it was where they do not tell.
    """
    source = now.get(found.source.name)
    if source is None or source.files is None or found.source.state is not State.READ:
        return found
    cases = [
        case
        for one in found.locations
        if one.state is State.READ and (one.unlike is not None or one.errors) and one.name in now
        if (case := _case(one, source.files, now[one.name])) is not None
    ]
    if not cases:
        return found
    for run, seen in history:
        before = seen.get(found.source.name)
        if before is None or before.files is None:
            continue
        for case in cases:
            case.ask_lost(run.at, source.files, before)
            case.ask_younger(run.at, source.files, before.files, seen.get(case.place.name))
    judged = {case.place.name: case.judged(source.files) for case in cases}
    return replace(
        found,
        source=_blamed(found.source, source.files, cases),
        locations=tuple(judged.get(one.name, one) for one in found.locations),
    )


@dataclass(slots=True)
class _Case:
    """A location, and rows of the source with another size there under no earlier time.

    `late` tells which are younger there, `lost` which the source had in that size under its time,
    `sure` of which the bytes are those, too, and `when` [ns] it was seen. `returned` and `edited`
    say when younger files were last what one of the sides is no more.
    """

    place: Location
    held: Seen
    here: Rows
    there: Rows
    size: Rows
    late: Mask
    lost: Mask
    sure: Mask
    when: Rows
    returned: dict[str, datetime]
    edited: dict[str, datetime]

    def ask_lost(self, at: datetime, files: Files, before: Seen) -> None:
        """Take note of what the source had in an earlier audit; what a later one told stays."""
        import numpy as np

        assert before.files is not None  # noqa: S101 - the caller has looked
        if self.lost.all():
            return
        now, then = files.pairs(before.files)
        row = np.full(len(files), -1, dtype=np.int64)
        row[now] = then
        row = row[self.here]
        delta = before.files.column("mtime")[row] - files.column("mtime")[self.here]
        new = (row >= 0) & ~self.lost & (before.files.column("size")[row] == self.size)
        new &= abs(delta) <= MTIME_SLACK_NS
        known = np.flatnonzero(new)
        if self.held.digests is None or before.digests is None:
            known = known[:0]
        else:
            read = before.digests.read_at[row[known]] > 0
            known = known[read & (self.held.digests.read_at[self.there[known]] > 0)]
            same = alike(before.digests, row[known], self.held.digests, self.there[known])
            self.sure[known[same]] = True
            new[known[~same]] = False  # the copy is another one yet
        self.lost |= new
        self.when[new] = int(at.timestamp() * 1e9)

    def ask_younger(self, at: datetime, files: Files, before: Files, held: Seen | None) -> None:
        """Take note of which side an earlier audit saw as it is now."""
        if self.place.unlike is None or self.held.files is None:
            return
        for one in self.place.unlike.younger:
            live, copy = files.get(one.path), self.held.files.get(one.path)
            was = before.get(one.path)
            if live is None or copy is None or was is None:
                continue
            later = was.mtime_ns - live.mtime_ns > MTIME_SLACK_NS
            same = not copy.mtime_ns or abs(was.mtime_ns - copy.mtime_ns) <= MTIME_SLACK_NS
            if later and same and was.size == copy.size:
                self.returned.setdefault(one.path, at)
            unchanged = was.size == live.size
            unchanged &= abs(was.mtime_ns - live.mtime_ns) <= MTIME_SLACK_NS
            then = held.files.get(one.path) if held is not None and held.files is not None else None
            if then is None or not unchanged or then.size != live.size:
                continue
            if then.size != copy.size or then.mtime_ns != copy.mtime_ns:
                self.edited.setdefault(one.path, at)

    @property
    def right(self) -> Mask:
        """Tell which are lost at the source and surely right here."""
        # what holds digests of its own vouches for its bytes itself
        return self.sure if self.place.kind in _TREES else self.lost

    def judged(self, files: Files) -> Location:
        """Return the location without what the source is to blame for."""
        place = self.place
        if not self.lost.any():
            return replace(place, unlike=self._with_words(place.unlike))
        place = _covering(place, files, self.here[self.lost])
        right = self.right
        size = files.column("size")[self.here]
        wrong = right & (size > self.size) & (~self.late | (2.0 * self.size < size))
        rows = wrong.nonzero()[0][:MAX_ERRORS]
        names = files.paths(self.here[rows].tolist())
        sizes = zip(self.size[rows].tolist(), size[rows].tolist(), strict=True)
        texts = [
            f"{shown(path)} {text}"
            for path, both in zip(names, sizes, strict=True)
            for text in (other_size(*both), CAME_BACK)
        ]
        place = acquitted(place, texts, int(wrong.sum()))
        return replace(place, unlike=self._rest(place.unlike, files, right & ~wrong))

    def _rest(self, known: Unlike | None, files: Files, right: Mask) -> Unlike | None:
        """Return what still nobody can tell of."""
        if known is None:
            return None
        rows = set(self.here[right].tolist())

        def left(
            named: tuple[Other, ...], count: int, among: Mask
        ) -> tuple[tuple[Other, ...], int]:
            some = tuple(one for one in named if files.row(one.path) not in rows)
            beyond = count > len(named)  # the rest is only counted
            return some, max(len(some), count - int(among.sum())) if beyond else len(some)

        younger, younger_files = left(known.younger, known.younger_files, right & self.late)
        shorter, shorter_files = left(known.shorter, known.shorter_files, right & ~self.late)
        if not (younger_files or shorter_files):
            return None
        new = replace(
            known,
            younger=younger,
            younger_files=younger_files,
            shorter=shorter,
            shorter_files=shorter_files,
        )
        return self._with_words(new)

    def _with_words(self, known: Unlike | None) -> Unlike | None:
        return known and replace(known, told=self._told(known) if known.younger else "")

    def _told(self, known: Unlike) -> str:
        name = self.place.name
        paths = [one.path for one in known.younger]
        if all(path in self.returned for path in paths):
            when = max(self.returned[path] for path in paths)
            return (
                f"the source went back to an older version, for in the audit of "
                f"{when:%Y-%m-%d %H:%M} it had what {name} still has"
            )
        if all(path in self.edited for path in paths):
            when = max(self.edited[path] for path in paths)
            return f"changed in {name} since the audit of {when:%Y-%m-%d %H:%M}, not at the source"
        return ""


def _case(place: Location, files: Files, held: Seen) -> _Case | None:
    """Return what can be asked of earlier audits; None if nothing."""
    import numpy as np

    if held.files is None:
        return None
    here, there = files.pairs(held.files)
    size, mtime = held.files.column("size")[there], held.files.column("mtime")[there]
    late = mtime > files.column("mtime")[here] + MTIME_SLACK_NS
    odd = late | (abs(files.column("mtime")[here] - mtime) <= MTIME_SLACK_NS)
    if place.kind not in _TREES:
        odd |= mtime == 0  # a listing without times
    odd &= files.column("size")[here] != size
    younger = place.unlike.younger if place.unlike is not None else ()
    if not odd.any() and not younger:
        return None
    count = int(odd.sum())
    return _Case(
        place, held, here[odd], there[odd], size[odd], late[odd],
        np.zeros(count, np.bool_), np.zeros(count, np.bool_), np.zeros(count, np.int64), {}, {},
    )  # fmt: skip


def _covering(place: Location, files: Files, rows: Rows) -> Location:
    """Count files that the source has lost as held, for the copy holds what they were."""
    shares = place.shares
    if shares is None or place.coverage.value is None:
        return place
    import numpy as np

    newer, sizes = place.newer, files.column("size").astype(np.float64)
    count = len(files) - (newer.added if newer else 0)
    total = float(sizes.sum()) - (newer.added_bytes if newer else 0)
    held = shares.size_bytes + float(sizes[rows].sum()) / total if total > 0 else 1.0
    more = Shares(
        round(min(1.0, shares.files + len(rows) / max(count, 1)), 12), round(min(1.0, held), 12)
    )
    return replace(
        place,
        shares=more,
        coverage=replace(place.coverage, value=more.least),
        missing=place.missing if more.least < 1.0 else (),
    )


def _blamed(source: Location, files: Files, cases: list[_Case]) -> Location:
    """Add to the source's errors what it has lost."""
    import numpy as np

    rows = np.unique(np.concatenate([case.here[case.lost] for case in cases]))
    if not len(rows):
        return source
    lost: dict[int, tuple[int, int]] = {}
    right: dict[int, list[str]] = {}
    perhaps: dict[int, list[str]] = {}
    for case in cases:
        for at in np.flatnonzero(case.lost & np.isin(case.here, rows[:MAX_ERRORS])).tolist():
            row = int(case.here[at])
            lost.setdefault(row, (int(case.size[at]), int(case.when[at])))
            (right if case.right[at] else perhaps).setdefault(row, []).append(case.place.name)
    errors = list(source.errors)
    for row, path in zip(sorted(lost), files.paths(sorted(lost)), strict=True):
        size, when = lost[row]
        held = " and ".join(right.get(row, ())) or f"perhaps in {' and '.join(perhaps[row])}"
        errors.append(
            f"{shown(path)} has {files.fact(row).size} bytes, and had {size} under the same time "
            f"on {instant(when):%Y-%m-%d}; what it was is {'in ' if row in right else ''}{held}."
        )
    if len(rows) > len(lost):
        errors.append(more_errors(len(rows) - len(lost)))
    sure = dict.fromkeys(case.place.name for case in cases if case.right.any())
    places = sure or dict.fromkeys(case.place.name for case in cases if case.lost.any())
    return replace(source, errors=tuple(errors), good_in=(*source.good_in, *places))
