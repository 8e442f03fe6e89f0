"""What is written never lies in a location: its copies are evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from riskmodel.errors import InputError

__all__ = ["holder_of", "keep_apart"]


def holder_of(folder: Path, kept: Iterable[str]) -> str | None:
    """Return the path that a folder lies in, also by way of a link or a bind mount; or None.

    Parameters
    ----------
    folder : Path
        One that is there.
    kept : iterable of str
        Paths that may be there.
    """
    here = folder.resolve()
    above = {(facts.st_dev, facts.st_ino) for facts in (p.stat() for p in (here, *here.parents))}
    for path in kept:
        with suppress(OSError, ValueError):
            facts = Path(path).stat()
            if (facts.st_dev, facts.st_ino) in above:
                return path
    return None


def keep_apart(outputs: Mapping[str, Path | None], locations: Iterable[str]) -> None:
    """Refuse to write into a location.

    Parameters
    ----------
    outputs : mapping of str to Path or None
        By the option that names each.
    locations : iterable of str
        Where the copies are.

    Raises
    ------
    InputError
        If one lies there.
    """
    places = tuple(locations)
    for option, path in outputs.items():
        if path is None:
            continue
        try:
            held = holder_of(path.expanduser().absolute().parent, places)
        except OSError:
            continue  # no such folder, which whoever writes there says
        if held is not None:
            message = f"{option}: {path} lies in {held}, which is audited and never written to"
            raise InputError(f"{message}; name another folder")
