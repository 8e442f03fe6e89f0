"""The catalogue of parameters: what presets and layouts cite is there and says the same."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskmodel._data import data_folder
from riskmodel.preset_catalogue import Source, presets

_NUMBER = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?(?:e-?\d+)?)\s*(%?)")
_CITED = re.compile(r"\b((?:disk|media|cloud|site|human)/[a-z]\w+)")
_GRADES = "ABC"
LAYOUTS = sorted((data_folder() / "layouts").glob("*.toml"))


def _catalogue() -> list[dict[str, str]]:
    with (data_folder() / "parameters.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = {(row["parameter"], row["year"]): row for row in _catalogue()}


def _sources() -> Iterator[tuple[str, Source]]:
    found = presets()
    for kind in (found.media, found.sites, found.shocks):
        for name, preset in kind.items():
            for source in preset.sources:
                yield f"{name}.{source.key}", source
    for source in found.defaults.sources:
        yield f"defaults.{source.key}", source


SOURCES = dict(_sources())
CITING = {name: source for name, source in SOURCES.items() if source.parameter != "none"}


def _figure(text: str, percent: bool = False) -> float | None:
    """Return the first number of a text, percents as shares."""
    match = _NUMBER.search(text)
    if match is None:
        return None
    return float(match[1]) * (0.01 if match[2] or percent else 1.0)


def _figures(row: dict[str, str]) -> list[float]:
    percent = row["unit"].startswith(("%", "claims per 100"))
    texts = (row["value"], row["low"], row["high"])
    found = (_figure(text, percent) for text in texts if re.fullmatch(r"[\d.e-]+", text))
    return [number for number in found if number is not None]


def test_a_parameter_and_its_year_name_one_row() -> None:
    assert len(_catalogue()) == len(ROWS) > 50


@pytest.mark.parametrize("name", CITING)
def test_a_preset_cites_a_row_and_its_figure(name: str) -> None:
    source = CITING[name]
    row = ROWS[source.parameter, source.year]
    assert _GRADES.index(source.grade) >= _GRADES.index(row["grade"]), "better than its source"
    if source.address:
        assert source.address in row["address"].split(" ; ")
    if row["status"] == "from memory":
        assert re.search("memory|judgement", source.source)
    figures, shown = _figures(row), _figure(source.value)
    if figures and shown is not None:
        assert any(shown == pytest.approx(figure, rel=1e-9) for figure in figures)


def test_what_has_no_row_is_called_a_judgement() -> None:
    for name in SOURCES.keys() - CITING.keys():
        assert SOURCES[name].grade == "C", name
        assert SOURCES[name].source.startswith("judgement"), name


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.stem)
def test_a_layout_cites_rows(path: Path) -> None:
    known = {"/".join(parameter.split("/")[:2]) for parameter, _ in ROWS}
    cited = set(_CITED.findall(path.read_text(encoding="utf-8")))
    assert cited
    assert cited <= known
