"""A layout as the file that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from riskmodel._described import Described
from riskmodel.errors import printable
from riskmodel.units import Kind, written

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["layout_toml", "marks"]


def layout_toml(layout: Layout, comment: str = "") -> str:
    """Return the text of a layout file; `load_layout` reads it back.

    Parameters
    ----------
    layout : Layout
        What to write; ranges are written by their mode.
    comment : str
        Lines to stand first.

    Returns
    -------
    str
        TOML.
    """
    import tomli_w

    head = "".join(f"# {line}\n" for line in printable(comment).splitlines())
    return head + tomli_w.dumps(_table(layout))


def _table(item: Described) -> dict[str, Any]:
    return {key: value for key, value in _entries(item) if value not in ({}, [])}


def _entries(item: Described) -> Iterator[tuple[str, Any]]:
    fields = type(item).model_fields
    for name in fields:  # in the order of the format, not of assignment
        value = getattr(item, name)
        if (
            name not in item.model_fields_set
            or value is None
            or name in ("ranges", "sampled_defaults")
        ):
            continue
        kinds = [mark.name for mark in marks(fields[name]) if isinstance(mark, Kind)]
        yield fields[name].alias or name, _plain(value, kinds[0] if kinds else "")


def marks(field: Any) -> Iterator[Any]:
    """Yield the marks of a field, also where its type is optional or a container of quantities."""
    yield from field.metadata
    pending = [field.annotation]
    while pending:
        kind = pending.pop()
        yield from getattr(kind, "__metadata__", ())
        pending += getattr(kind, "__args__", ())


def _plain(value: Any, kind: str) -> Any:
    if isinstance(value, Described):
        return _table(value)
    if isinstance(value, Mapping):
        return {key: _plain(item, kind) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item, kind) for item in value]
    if isinstance(value, float) and kind:
        return written(value, kind)
    return value
