"""Layouts of a search share what they have in common, and are what they are by themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import riskmodel as rm
from riskmodel._parts import Parts
from riskmodel._write import layout_toml
from riskmodel.space import Space
from tests.random_layouts import random_tables

DISK: dict[str, Any] = {"name": "disk", "store": {"media": "m"}, "recovery": {"fixed": "9 days"}}
HOME: dict[str, Any] = {
    "name": "home",
    "horizon": "5 years",
    "size": "2 TB",
    "media": {"m": {"afr": 0.05}},
    "sites": {"here": {"kind": "home"}},
    "copies": [DISK, {**DISK, "name": "nas", "site": "here"}],
}


def said(value: Any) -> Any:
    """Return all that a description holds, and which keys it was given."""
    if hasattr(value, "model_fields_set"):
        held = {name: said(getattr(value, name)) for name in type(value).model_fields}
        return type(value), sorted(value.model_fields_set), held
    if isinstance(value, dict):
        return [(name, said(item)) for name, item in value.items()]
    return [said(item) for item in value] if isinstance(value, tuple) else value


def test_layouts_of_parts_are_those_of_whole_files() -> None:
    parts = Parts()
    rng = np.random.default_rng(3)
    for _ in range(15):
        raw = random_tables(rng)
        for _ in range(2):
            made = parts.layout(raw)
            whole = rm.Layout.from_dict(raw)
            assert said(made) == said(whole)
            assert layout_toml(made) == layout_toml(whole)


def test_equal_parts_are_read_once() -> None:
    parts = Parts()
    one, other = parts.layout(HOME), parts.layout({**HOME, "size": "3 TB"})
    assert one.size != other.size
    assert one.copies[0] is other.copies[0]
    assert one.sites["here"] is other.sites["here"]
    changed = parts.layout({**HOME, "copies": [DISK, {**DISK, "name": "nas", "offline": True}]})
    assert changed.copies[0] is one.copies[0]
    assert changed.copies[1].offline


@pytest.mark.parametrize(
    "change",
    [
        {"copies": [{**DISK, "store": {"media": "x"}}]},
        {"copies": [{**DISK, "vulnerability": 7}]},
        {"copies": [{**DISK, "colour": "red"}]},
        {"copies": [DISK, DISK]},
        {"copies": {"name": "disk"}},
        {"copies": []},
        {"copies": "disk"},
        {"copies": [3]},
        {"media": {"m": {"afr": 5}}},
        {"media": {"low": {"afr": 0.1}}},
        {"sites": {"here": {"perils": {"fire": {"rate": "much"}}}}},
        {"horizon": 5},
        {"horizon": -1.0},
        {"horizont": "5 years"},
        {"ranges": []},
        {"sampled_defaults": None},
        {"threats": {"mistake": {"rate": "x"}}},
        {"shocks": [{"name": "s", "rate": "1/year", "hits": ["nobody"]}]},
        {"size": {"low": "1 TB", "high": "2 TB"}},
        {"media_from": "nowhere.csv"},
        {"keys": {"k": {"kept": [object()]}}},
    ],
)
def test_mistakes_read_as_they_do_in_whole_files(change: dict[str, Any]) -> None:
    raw = HOME | change
    with pytest.raises(rm.LayoutError) as whole:
        rm.Layout.from_dict(raw)
    with pytest.raises(rm.LayoutError) as made:
        Parts().layout(raw)
    assert str(made.value) == str(whole.value)


def test_ranges_are_kept() -> None:
    ranged = {"low": 0.02, "mode": 0.05, "high": 0.1}
    for raw in (
        HOME | {"media": {"m": {"afr": ranged}}},
        HOME | {"size": {"low": "1 TB", "mode": "2 TB", "high": "3 TB"}},
    ):
        made = Parts().layout(raw)
        assert made.ranges
        assert said(made) == said(rm.Layout.from_dict(raw))


def test_a_space_reads_what_its_tables_say() -> None:
    axes = {
        "copies.nas": [True, False],
        "media.m.afr": [0.02, 2.0],
        "big": [{"size": "1 TB"}, {"size": "2 TB"}],
    }
    found = [made for _, made in Space.from_dict(axes).candidates(rm.Layout.from_dict(HOME))]
    assert [isinstance(made, str) for made in found] == [False, False, True, True] * 2
    assert "media.m.afr" in str(found[2])
