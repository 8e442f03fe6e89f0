"""A space of layouts: alternatives for some keys of one layout, as a user states it."""

from __future__ import annotations

import copy
import json
import math
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel._parts import Parts
from riskmodel._toml import read_toml
from riskmodel._write import layout_toml
from riskmodel.errors import InputError, LayoutError, did_you_mean

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["Space", "read_space"]

_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Space:
    """Axes, and for each the alternatives: what they are called, and the keys that they set.

    Examples
    --------
    >>> space = Space.from_dict({"copies.usb": [True, False], "size": ["1 TB", "2 TB"]})
    >>> space.count
    4
    """

    axes: tuple[tuple[str, tuple[tuple[str, Mapping[str, Any]], ...]], ...]

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], origin: str = "") -> Space:
        """Make a space of its table: a path and its values, or a name and tables of paths.

        A copy as a path takes true and false: it is there, or it is not.

        Raises
        ------
        InputError
            If an axis is no list of alternatives, or there are too many candidates.
        """
        place = f"{origin}: space" if origin else "space"
        if not raw:
            raise InputError(f"{place}: states no alternatives")
        axes = []
        for name, values in raw.items():
            if not isinstance(values, list | tuple) or not values:
                raise InputError(f"{place}.{name}: expects a list of alternatives, got {values!r}")
            axes.append((name, tuple(_alternative(place, name, value) for value in values)))
        space = cls(tuple(axes))
        if space.count > _MOST:
            raise InputError(f"{place}: {space.count:,} candidates; at most {_MOST:,} are searched")
        return space

    @property
    def count(self) -> int:
        """Number of candidates."""
        return math.prod(len(values) for _, values in self.axes)

    def candidates(self, layout: Layout) -> Iterator[tuple[str, Layout | str]]:
        """Yield the name of each candidate, and its layout, or why there is none."""
        return map(self.reader(layout), range(self.count))

    def reader(self, layout: Layout) -> Callable[[int], tuple[str, Layout | str]]:
        """Return what gives a candidate by its number, the last axis turning fastest.

        Raises
        ------
        InputError
            If a path names nothing: that is a mistake, not a candidate.
        """
        base = tomllib.loads(layout_toml(layout))
        trial = copy.deepcopy(base)
        for name, values in self.axes:
            for _, keys in values:
                for path in keys:
                    _parent(trial, path, f"space.{name}")
        frozen = json.dumps(base)  # several times as quick to copy from
        parts = Parts()

        def read(number: int) -> tuple[str, Layout | str]:
            chosen = self._chosen(number)
            words = ", ".join(words for words, _ in chosen)
            raw = _put(json.loads(frozen), [keys for _, keys in chosen])
            raw["name"] = words[:200]
            try:
                return words, parts.layout(raw)
            except LayoutError as error:
                return words, str(error)

        return read

    def _chosen(self, number: int) -> list[tuple[str, Mapping[str, Any]]]:
        chosen = []
        for _, values in reversed(self.axes):
            number, place = divmod(number, len(values))
            chosen.append(values[place])
        return chosen[::-1]


def _put(raw: dict[str, Any], choices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a layout's tables with the keys of some alternatives set."""
    dropped = set()
    names = {item["name"] for item in raw["copies"]}
    for keys in choices:
        for path, value in keys.items():
            name = path.removeprefix("copies.")
            if isinstance(value, bool) and name != path and name in names:
                dropped |= set() if value else {name}
            else:
                here, last = _parent(raw, path, "space")
                here[last] = value
    raw["copies"] = [item for item in raw["copies"] if item["name"] not in dropped]
    return raw


def _alternative(place: str, name: str, value: Any) -> tuple[str, Mapping[str, Any]]:
    if "." in name:
        if isinstance(value, bool) and name.count(".") == 1 and name.startswith("copies."):
            copy_name = name.partition(".")[2]
            return (f"with {copy_name}" if value else f"without {copy_name}"), {name: value}
        return f"{name} = {_words(value)}", {name: value}
    if not isinstance(value, Mapping):
        raise InputError(
            f"{place}.{name}: a name without dots takes tables of paths, such as "
            f"{{ 'copies.nas.store.level' = 'raid6' }}; got {value!r}"
        )
    words = value.get("name", " and ".join(f"{k} = {_words(v)}" for k, v in value.items()))
    return str(words), {path: item for path, item in value.items() if path != "name"}


def _words(value: Any) -> str:
    """Write a value for people: a law as ``exponential mean 3 days``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return " and ".join(map(_words, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parent(raw: dict[str, Any], path: str, place: str) -> tuple[dict[str, Any], str]:
    """Return the table that holds the last key of a path."""
    here: Any = raw
    rest = path
    while isinstance(here, list | dict):
        part, rest = _next(here, rest)
        if isinstance(here, list):
            named = {item.get("name"): item for item in here}
            if part not in named:
                raise InputError(f"{place}: {path}: nothing is named '{part}'"
                                 f"{did_you_mean(part, named)}")  # fmt: skip
            if not rest:
                return {}, part
            here = named[part]
        elif not rest:
            return here, part
        else:
            here = here.setdefault(part, {})
    part = f"'{rest.partition('.')[0]}' " if "." in rest else ""
    raise InputError(f"{place}: {path}: {part}is inside of what is no table")


def _next(here: list[Any] | dict[str, Any], path: str) -> tuple[str, str]:
    """Split a path after its first name; one that is there may have dots in it."""
    known = [item.get("name") for item in here] if isinstance(here, list) else here
    fitting = [name for name in known if name and f"{path}.".startswith(f"{name}.")]
    name = max(fitting, key=len, default=path.partition(".")[0])
    return name, path[len(name) + 1 :]


def read_space(path: str | Path) -> Space:
    """Read the table ``[space]`` of a TOML file.

    Raises
    ------
    InputError
        If the file cannot be read, has no such table, or it is none.
    """
    raw = read_toml(Path(path), "space file", empty="it needs a table [space]", error=InputError)
    table = raw.get("space")
    if not isinstance(table, dict) or len(raw) > 1:
        others = ", ".join(key for key in raw if key != "space")
        raise InputError(f"{path}: expects one table [space]" + (f", got {others}" * bool(others)))
    return Space.from_dict(table, str(path))
