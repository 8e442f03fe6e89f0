"""Images of optical discs: files copied out of the newest one."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.drills._model import Back, Came, Closed, Place, Point
from verifier.drills._scratch import TooLarge, write_out
from verifier.host import AccessError
from verifier.manifest import prefix_in
from verifier.probes.iso import newest_image
from verifier.probes.iso_image import DAMAGE, streams_of

__all__ = ["open_point"]


def open_point(place: Place) -> Point:
    """Open the newest image that can be read."""
    newest = newest_image(place.host, place.path)
    if newest is None:
        raise Closed("no image in it can be read")
    time, where, image = newest
    times = {each.path: each.mtime_ns for each in image.files}
    sizes = {each.path: each.size for each in image.files}

    def restore(paths: Sequence[str], into: str) -> Back:
        back = Back()
        try:
            with place.host.open(where) as file:
                for path, chunks in streams_of(file, frozenset(paths)):
                    to = f"{into}/{len(back.came)}"
                    write_out(to, chunks, sizes[path])
                    back.came[path] = Came(to, None, times[path])
        except AccessError as problem:
            _rest(paths, back, problem.reason, damage=problem.damage)
        except TooLarge as problem:
            _rest(paths, back, str(problem), damage=True)
        except OSError as problem:
            _rest(paths, back, f"the scratch folder: {problem.strerror}", damage=False)
        except DAMAGE as problem:
            _rest(paths, back, f"is in a damaged image: {str(problem)[:100]}", damage=True)
        return back

    return Point(time, sizes, prefix_in(place.source, sizes), restore, "a plain copy")


def _rest(paths: Sequence[str], back: Back, why: str, *, damage: bool) -> None:
    for path in paths:
        if path not in back.came:
            (back.flaws if damage else back.unseen)[path] = why
