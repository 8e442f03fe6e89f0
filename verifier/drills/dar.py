"""Dar: ``dar -x`` of the newest archive."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.drills._model import Back, Closed, Place, Point, words_of
from verifier.drills._scratch import landed
from verifier.manifest import prefix_in
from verifier.probes.dar import newest_listing

__all__ = ["open_point"]

_AT_ONCE = 400


def open_point(place: Place) -> Point:
    """Open the newest archive without a flaw."""
    if not place.host.local:
        raise Closed("the program dar reads local files only")
    try:
        base, time, listing = newest_listing(place.host, place.path)
    except ValueError as problem:
        raise Closed(str(problem)) from problem

    def restore(paths: Sequence[str], into: str) -> Back:
        trouble = ""
        for start in range(0, len(paths), _AT_ONCE):
            # -N: not the user's darrc; -O: owners and permissions beyond ours are no failure
            argv = ["dar", "-Q", "-N", "-x", base, "-R", into, "-O", "-w"]
            for path in paths[start : start + _AT_ONCE]:
                argv += ["-g", path]
            ended = place.run(*argv, secrets={"DAR_DCF_PATH": ""})
            if ended.code != 0:
                trouble = trouble or words_of(ended)
        return Back(landed({path: f"{into}/{path}" for path in paths}), trouble=trouble)

    prefix = prefix_in(place.source, listing.sizes)
    return Point(time, listing.sizes, prefix, restore, "dar -x", links=True)
