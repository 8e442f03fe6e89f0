"""Media that a layout brings in from other files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from riskmodel._toml import read_toml
from riskmodel.errors import LayoutError, did_you_mean

__all__ = ["MEDIA_FROM", "MEDIA_FROM_SCHEMA", "with_media_from"]

MEDIA_FROM = "media_from"
MEDIA_FROM_SCHEMA = {
    "type": "array",
    "items": {"type": "string"},
    "description": "files with tables of media, such as 'riskmodel fit -o' writes; paths from here",
}
_MOST_FILES = 100


def with_media_from(raw: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a layout's tables with the media of the files that it names, and without their names.

    Parameters
    ----------
    raw : mapping
        The tables of a layout file; ``media_from`` lists files.
    folder : Path
        Where their paths begin.

    Returns
    -------
    dict

    Raises
    ------
    LayoutError
        If a file cannot be read, holds something else than media, or a medium that is there twice.
    """
    names, own = raw[MEDIA_FROM], raw.get("media", {})
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise LayoutError(f"{MEDIA_FROM}: expects a list of files, got {names!r}")
    if len(names) > _MOST_FILES:
        raise LayoutError(f"{MEDIA_FROM}: at most {_MOST_FILES} files, got {len(names)}")
    if not isinstance(own, Mapping):
        raise LayoutError("media: expects tables")
    media = dict(own)
    for name in names:
        file = folder / name
        tables = read_toml(
            file, "media file", empty="'riskmodel fit -o' writes one", error=LayoutError
        )
        for key in tables:
            if key != "media":
                raise LayoutError(f"{file}: unknown key '{key}'{did_you_mean(key, ['media'])}")
        if not isinstance(tables["media"], Mapping):
            raise LayoutError(f"{file}: media: expects tables")
        for medium, table in tables["media"].items():
            if medium in media:
                raise LayoutError(f"{file}: media.{medium}: is defined elsewhere too; rename one")
            media[medium] = table
    return {key: value for key, value in raw.items() if key != MEDIA_FROM} | {"media": media}
