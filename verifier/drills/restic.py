"""Restic: ``restic restore`` of the newest snapshot, without locks and without a cache."""

from __future__ import annotations

import re
from collections.abc import Sequence

from verifier.drills._model import Back, Closed, Place, Point
from verifier.drills._scratch import landed
from verifier.manifest import prefix_in
from verifier.probes.restic import Unopened, failure_reason, newest_point, secrets_of

__all__ = ["open_point"]

_AT_ONCE = 400  # patterns on one command line
_SPECIAL = re.compile(r"([\\*?\[\]])")


def open_point(place: Place) -> Point:
    """Open the newest snapshot that holds the source."""
    address = place.address
    if address is None:
        raise Closed("the program restic cannot open it at this address")
    if place.target.password_file is None:
        raise Closed("no password file is given")
    try:
        snapshot, listed = newest_point(place.runner, place.target, place.source, address)
    except Unopened as problem:
        raise Closed(str(problem)) from problem

    def restore(paths: Sequence[str], into: str) -> Back:
        trouble = ""
        for start in range(0, len(paths), _AT_ONCE):
            argv = ["restic", "--no-lock", "--no-cache", "--quiet", "restore"]
            argv += [snapshot.id, "--target", into]
            for path in paths[start : start + _AT_ONCE]:
                argv += ["--include", "/" + _SPECIAL.sub(r"\\\1", path)]
            ended = place.run(*argv, secrets=secrets_of(place.target, address))
            if ended.code != 0:
                trouble = trouble or failure_reason(ended)
        return Back(landed({path: f"{into}/{path}" for path in paths}), trouble=trouble)

    prefix = prefix_in(place.source, listed.files)
    return Point(snapshot.time, listed.files, prefix, restore, "restic restore", links=True)
