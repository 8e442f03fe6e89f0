"""Git-annex: the contents that are really there, copied out under the names of the branch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from verifier.drills._model import Back, Came, Closed, Place, Point
from verifier.drills._scratch import TooLarge, write_out
from verifier.host import AccessError
from verifier.manifest import prefix_in
from verifier.probes.git_annex import contents_by_name

__all__ = ["open_point"]


def open_point(place: Place) -> Point:
    """Open the branch; what git itself holds is asked of no drill."""
    try:
        held, time = contents_by_name(place.host, place.path)
    except ValueError as problem:
        raise Closed(str(problem)) from problem

    def restore(paths: Sequence[str], into: str) -> Back:
        back = Back()
        for number, path in enumerate(paths):
            to = f"{into}/{number}"
            where, size = held[path]
            try:
                write_out(to, place.host.chunks(where), size)
                back.came[path] = Came(to)  # git keeps no times
            except TooLarge as problem:
                back.flaws[path] = str(problem)
            except AccessError as problem:
                bad = back.flaws if problem.damage else back.unseen
                bad[path] = f"cannot be read: {problem.reason}"
            except OSError as problem:
                back.unseen[path] = f"the scratch folder cannot hold it: {problem.strerror}"
                Path(to).unlink(missing_ok=True)
        return back

    sizes = {name: size for name, (_, size) in held.items()}
    return Point(time, sizes, prefix_in(place.source, sizes), restore, "a plain copy")
