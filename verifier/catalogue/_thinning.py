"""Which runs are forgotten, so that the catalogue does not grow for ever.

All runs of the last 90 days stay, and of each month before that the last one that finished (or,
if none did, the last). A run long after the one before forgets nothing: its clock may be wrong.
Whatever its age, the newest run of a dataset stays, the newest that read a
location (a disk that is away is judged by it), and the newest list of each tree (its digests).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from verifier.catalogue._tables import tables
from verifier.catalogue._trees import drop_trees, sweep

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from verifier.sightings import Run

__all__ = ["KEPT_WHOLE", "superfluous", "thin"]

KEPT_WHOLE = timedelta(days=90)
_AT_ONCE = 200


def superfluous(runs: Iterable[Run], now: datetime) -> set[int]:
    """Return the runs that age lets go; newest last goes in."""
    found: set[int] = set()
    kept: dict[tuple[str, str, str, int, int], Run] = {}
    newest: dict[tuple[str, str, str], int] = {}
    for run in runs:
        whose = (run.host, run.dataset, run.source)
        newest[whose] = run.number
        if now - run.at <= KEPT_WHOLE:
            continue
        month = (*whose, run.at.year, run.at.month)
        before = kept.get(month)
        if before is None or run.finished or not before.finished:
            kept[month] = run
            if before is not None:
                found.add(before.number)
        else:
            found.add(run.number)
    return found - set(newest.values())


def thin(connection: Connection, runs: Iterable[Run], now: datetime) -> int:
    """Forget runs, and all pieces that none refers to; nobody else may write meanwhile.

    Returns
    -------
    int
        How many runs were forgotten.
    """
    runs = tuple(runs)
    earlier = [run.at for run in runs[:-1]]
    if earlier and now - max(earlier) > KEPT_WHOLE:
        return 0  # a clock that jumped ahead must not age all at once; the next run tells
    gone = sorted(superfluous(runs, now) - _needed(connection))
    known = tables().tables
    for start in range(0, len(gone), _AT_ONCE):
        some = gone[start : start + _AT_ONCE]
        trees = known["trees"]
        asked = trees.select().where(trees.c.run.in_(some))
        drop_trees(connection, [row["id"] for row in connection.execute(asked).mappings()])
        for name in ("sightings", "gates", "findings"):
            table = known[name]
            connection.execute(table.delete().where(table.c.run.in_(some)))
        connection.execute(known["runs"].delete().where(known["runs"].c.id.in_(some)))
    sweep(connection)
    return len(gone)


def _needed(connection: Connection) -> set[int]:
    """Return the newest run that read each location, and that of the newest list of each tree."""
    from sqlalchemy import func, select

    runs, sightings, trees = (tables().tables[name] for name in ("runs", "sightings", "trees"))
    read = (
        select(func.max(runs.c.id))
        .join_from(sightings, runs, sightings.c.run == runs.c.id)
        .where(sightings.c.state == "read")
        .group_by(runs.c.host, runs.c.source, sightings.c.address)
    )
    listed = select(func.max(trees.c.id)).group_by(trees.c.host, trees.c.root, trees.c.volume)
    of_trees = select(trees.c.run).where(trees.c.id.in_(listed))
    found = {*connection.execute(read).scalars(), *connection.execute(of_trees).scalars()}
    return {int(number) for number in found if number is not None}
