"""Borg 1: ``borg extract`` of the newest archive, from a private folder of links.

Borg never sees the location itself, as in its probe.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from verifier.drills._model import Back, Closed, Place, Point
from verifier.drills._scratch import landed
from verifier.manifest import prefix_in
from verifier.probes._borg_archives import environment_of, failure_reason, newest_archive
from verifier.probes.borg import shadow

__all__ = ["open_point"]

_AT_ONCE = 400
_ONLY = "pf:"  # a path alone, and not what lies below it too


def open_point(place: Place) -> Point:
    """Open the newest archive that holds the source."""
    if not place.host.local:
        raise Closed("the program borg reads local repositories only")
    links = shadow(place.host, place.path)
    try:
        archive, files = newest_archive(place.host, place.target, place.source, place.found, links)
    except ValueError as problem:
        raise Closed(str(problem)) from problem
    for name, wanted in links.items():
        (link := Path(place.work, name)).parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(wanted)
    secrets = environment_of(place.host, place.target, place.found)

    def restore(paths: Sequence[str], into: str) -> Back:
        trouble = ""
        for start in range(0, len(paths), _AT_ONCE):
            # borg extracts into the folder that it starts in
            argv = ["env", "-C", into, "borg", "extract", "--noacls", "--noxattrs"]
            argv.append(f"{place.work}/repository::{archive.name}")
            argv += [f"{_ONLY}{path}" for path in paths[start : start + _AT_ONCE]]
            ended = place.run(*argv, secrets=secrets)
            if ended.code != 0:
                trouble = trouble or failure_reason(ended)
        return Back(landed({path: f"{into}/{path}" for path in paths}), trouble=trouble)

    prefix = prefix_in(place.source, files)
    return Point(archive.time, files, prefix, restore, "borg extract", links=True)
