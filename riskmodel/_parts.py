"""Many layouts of few parts: what they share is read once."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from riskmodel._described import Described
from riskmodel._media_from import MEDIA_FROM
from riskmodel._ranges import is_range, split_ranges
from riskmodel.errors import LayoutError
from riskmodel.layout import Copy, Layout
from riskmodel.media import Medium
from riskmodel.policies import Key, Threats
from riskmodel.sites import Shock, Site

__all__ = ["Parts"]

_ONE: dict[str, type[Described]] = {"threats": Threats}
_NAMED: dict[str, type[Described]] = {"sites": Site, "media": Medium, "keys": Key}
_LISTED: dict[str, type[Described]] = {"copies": Copy, "shocks": Shock}
_MOST = 4096  # parts that are kept


class _ByItselfError(Exception):
    """A layout that has to be read as a whole: it has ranges, or mistakes, which say where."""


class Parts:
    """Reads layouts, and each part of them that was there before not once more.

    Descriptions are frozen, so that layouts can share them.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[type[Described], str], Described] = {}

    def layout(self, raw: dict[str, Any]) -> Layout:
        """Return what `Layout.from_dict` returns for the tables of a layout file.

        Raises
        ------
        LayoutError
            As there.
        """
        if MEDIA_FROM not in raw and raw.keys() <= {*Layout.keys()}:
            try:
                made = {key: self._section(key, value) for key, value in raw.items()}
                return Layout.model_validate(made, context={"from_file": True})
            except (_ByItselfError, LayoutError, ValidationError, TypeError):
                pass  # read as a whole it is a layout, or says what is wrong
        return Layout.from_dict(raw)

    def _section(self, key: str, value: Any) -> Any:
        if isinstance(value, dict) and is_range(value):
            raise _ByItselfError
        if key in _ONE and isinstance(value, dict):
            return self._part(_ONE[key], value)
        if key in _NAMED and isinstance(value, dict):
            return {name: self._part(_NAMED[key], item) for name, item in value.items()}
        if key in _LISTED and isinstance(value, list):
            return [self._part(_LISTED[key], item) for item in value]
        return _plain(value)

    def _part(self, kind: type[Described], item: Any) -> Described:
        said = kind, json.dumps(item)
        known = self._known.get(said)
        if known is None:
            known = kind.model_validate(_plain(item), context={"from_file": True})
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[said] = known
        return known


def _plain(value: Any) -> Any:
    plain, ranges = split_ranges({"": value})
    if ranges:
        raise _ByItselfError
    return plain[""]
