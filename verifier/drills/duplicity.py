"""Duplicity: ``duplicity restore``, one file a run, with its own state in the scratch folder."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.drills._model import Back, Closed, Place, Point, words_of
from verifier.drills._scratch import landed
from verifier.probes.duplicity import Unlisted, newest_files, password_of, prefix_of

__all__ = ["open_point"]

_SAMPLE = 8  # each file costs a run that looks at all volumes


def open_point(place: Place) -> Point:
    """Open the newest complete chain."""
    if not place.host.local:
        raise Closed("the program duplicity reads local folders only")
    try:
        held = newest_files(place.host, place.target, place.path)
        secrets = {"PASSPHRASE": password_of(place.host, place.target)}
    except Unlisted as problem:
        raise Closed(str(problem)) from problem

    def restore(paths: Sequence[str], into: str) -> Back:
        places, trouble = {}, ""
        for number, path in enumerate(paths):
            places[path] = f"{into}/{number}"
            argv = ["duplicity", "restore", "--no-encryption"] if not encrypted else [
                "duplicity", "restore",
            ]  # fmt: skip
            argv += ["--archive-dir", f"{place.work}/archive", "--tempdir", place.work]
            # in one word, for a name may begin like an option
            argv += [f"--file-to-restore={path}", f"file://{place.path}", places[path]]
            ended = place.run(*argv, secrets=secrets)
            if ended.code != 0:
                trouble = trouble or words_of(ended)
        return Back(landed(places), trouble=trouble)

    encrypted = place.found.encrypted.value is not False
    prefix = prefix_of(place.source, held)
    sizes = dict.fromkeys(held, -1)  # duplicity lists no sizes
    return Point(
        place.found.points.newest, sizes, prefix, restore, "duplicity restore",
        links=True, most=_SAMPLE,
    )  # fmt: skip
