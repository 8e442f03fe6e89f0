"""Bup: ``bup restore`` of the newest save, from a private folder of links."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from verifier._texts import whole_number
from verifier.drills._model import Back, Closed, Place, Point, words_of
from verifier.drills._scratch import landed
from verifier.manifest import prefix_in
from verifier.probes._digests import small_text
from verifier.probes.bup import newest_branch

__all__ = ["open_point", "parse_tree"]

_ROW = re.compile(r"\d+ (blob|commit|tree) [0-9a-f]{40,64} +(\d+|-)\t(.*)", re.DOTALL)
_LINK = "120000 "
_SAMPLE = 8  # each file costs a run


def parse_tree(text: str) -> dict[str, int]:
    """Read ``git ls-tree -r -l -z`` of a save: paths of files to sizes in bytes.

    Bup stores a large file as a folder of pieces named ``NAME.bup``, a file whose own name ends so
    as ``NAME.bupl``, and metadata as ``.bupm``.
    """
    sizes: dict[str, int] = {}
    for row in text.split("\0"):
        found = _ROW.fullmatch(row)
        if found is None or row.startswith(_LINK):
            continue
        names = []
        for name in found[3].split("/"):
            names.append(name.removesuffix(".bupl") if name.endswith(".bupl") else name)
            if name.endswith(".bup"):
                names[-1] = name.removesuffix(".bup")
                break
        if names[-1] != ".bupm":
            path = "/".join(names)
            sizes[path] = sizes.get(path, 0) + (whole_number(found[2]) or 0)
    return sizes


def open_point(place: Place) -> Point:
    """Open the newest save of the branch that was written last."""
    if not place.host.local:
        raise Closed("the program bup reads local repositories only")
    try:
        branch, tree = newest_branch(place.host, place.path)
    except ValueError as problem:
        raise Closed(str(problem)) from problem
    repository = f"{place.work}/repository"
    _shadow(place, repository)
    sizes = parse_tree(tree)

    def restore(paths: Sequence[str], into: str) -> Back:
        places, trouble = {}, ""
        for number, path in enumerate(paths):  # bup drops the folders above
            Path(f"{into}/{number}").mkdir()
            places[path] = f"{into}/{number}/{path.rpartition('/')[2]}"
            argv = ["bup", "-d", repository, "restore", "-q", "-C", f"{into}/{number}"]
            ended = place.run(*argv, f"/{branch}/latest/{path}")
            if ended.code != 0:
                trouble = trouble or words_of(ended)
        return Back(landed(places), trouble=trouble)

    prefix = prefix_in(place.source, sizes)
    return Point(
        place.found.points.newest, sizes, prefix, restore, "bup restore", links=True, most=_SAMPLE
    )


def _shadow(place: Place, repository: str) -> None:
    """Link the objects, file by file, so that what bup writes stays in the scratch folder.

    Branches are copied, as git takes a link for another branch; its config is left out, which
    could name programs to run.
    """
    for top in ("objects", "refs", "packed-refs"):
        if top not in place.host.listdir(place.path):
            continue
        whole = f"{place.path}/{top}"
        names = [""]
        if place.host.stat(whole).is_dir:
            Path(repository, top).mkdir(parents=True, exist_ok=True)
            names = [e.path for e in place.host.walk(whole) if e.stat and e.stat.is_file]
        for name in names:
            mine, theirs = Path(repository, top, name), f"{whole}/{name}".rstrip("/")
            mine.parent.mkdir(parents=True, exist_ok=True)
            if top == "objects":
                mine.symlink_to(theirs)
            else:
                mine.write_text(small_text(place.host, theirs), encoding="utf-8")
    Path(repository, "HEAD").write_text("ref: refs/heads/none\n", encoding="utf-8")
