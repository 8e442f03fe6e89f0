"""Dar: ``dar -x`` of the newest archive, and of those that it refers to."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.drills._model import Back, Closed, Place, Point, words_of
from verifier.drills._scratch import landed
from verifier.manifest import prefix_in
from verifier.probes.dar import newest_chain

__all__ = ["open_point"]

_AT_ONCE = 400


def open_point(place: Place) -> Point:
    """Open the newest archive that can be restored."""
    if not place.host.local:
        raise Closed("the program dar reads local files only")
    try:
        folder, time, chain = newest_chain(place.host, place.path)
    except ValueError as problem:
        raise Closed(str(problem)) from problem

    def extract(base: str, paths: Sequence[str], into: str) -> str:
        trouble = ""
        for start in range(0, len(paths), _AT_ONCE):
            # -N: not the user's darrc; -O: owners and permissions beyond ours are no failure
            argv = ["dar", "-Q", "-N", "-x", f"{folder}/{base}", "-R", into, "-O", "-w"]
            for path in paths[start : start + _AT_ONCE]:
                argv += ["-g", path]
            ended = place.run(*argv, secrets={"DAR_DCF_PATH": ""})
            if ended.code != 0:
                trouble = trouble or words_of(ended)
        return trouble

    def restore(paths: Sequence[str], into: str) -> Back:
        trouble = ""
        for base in chain.row:  # a link is no file, and may be in any
            there = [p for p in paths if p not in chain.sizes or base == home_of(p)]
            trouble = trouble or extract(base, there, into)
        return Back(landed({path: f"{into}/{path}" for path in paths}), trouble=trouble)

    def home_of(path: str) -> str:
        return chain.homes.get(path, chain.name)

    prefix = prefix_in(place.source, chain.sizes)
    return Point(time, chain.sizes, prefix, restore, "dar -x", links=True)
