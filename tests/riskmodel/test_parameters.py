"""The catalogue: each row keeps its schema, and is found by name."""

from __future__ import annotations

import csv
import json
import re

import pytest
from pydantic import ValidationError

import riskmodel as rm
from riskmodel._data import data_folder
from riskmodel.catalogue import Parameter
from riskmodel.cli import app
from riskmodel.errors import InputError

GOOD = {
    "parameter": "disk/afr/HDD",
    "value": "1.3",
    "low": "1",
    "high": "2",
    "unit": "%/yr",
    "year": "2025",
    "source": "somebody",
    "address": "https://example.org/a ; http://example.org",
    "status": "verified",
    "grade": "A",
}


def _raw() -> list[dict[str, str]]:
    with (data_folder() / "parameters.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", _raw(), ids=lambda row: f"{row['parameter']} {row['year']}")
def test_a_row_keeps_the_schema(row: dict[str, str]) -> None:
    assert Parameter.model_validate(row).model_dump() == row


def test_the_catalogue_is_whole() -> None:
    rows = rm.parameters()
    assert len(rows) >= 137
    assert len({(row.parameter, row.year) for row in rows}) == len(rows)
    assert {row.parameter.split("/")[0] for row in rows} == {
        "disk", "media", "cloud", "site", "human", "adoption",
    }  # fmt: skip


def test_no_row_tells_how_this_folder_came_about() -> None:
    for row in rm.parameters():
        text = " ".join(row.model_dump().values())
        assert not re.search(
            r"public (table|copy)|data/\w+\.(csv|parquet)|\bhere\b(?!/)", text, re.IGNORECASE
        )


def test_judgements_are_graded_c_or_say_what_they_rest_on() -> None:
    for row in rm.parameters():
        if re.fullmatch("own judgement|from memory", row.source):
            assert row.grade == "C", row.parameter


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "%/year"}, "unknown unit"),
        ({"value": "3"}, "low <= value <= high"),
        ({"low": "2", "high": "1"}, "low <= value <= high"),
        ({"low": ""}, "go together"),
        ({"value": "much"}, "needs numbers"),
        ({"grade": "D"}, "'A', 'B' or 'C'"),
        ({"status": "true"}, "'verified'"),
        ({"address": "example.org"}, "web addresses"),
        ({"address": "https://example.org , https://b.org"}, "web addresses"),
        ({"year": "25"}, "pattern"),
        ({"parameter": "afr"}, "pattern"),
        ({"source": ""}, "at least 1"),
        ({"colour": "red"}, "not permitted"),
    ],
)
def test_the_schema_refuses(change: dict[str, str], said: str) -> None:
    Parameter.model_validate(GOOD)
    with pytest.raises(ValidationError, match=re.escape(said)):
        Parameter.model_validate(GOOD | change)


def test_a_part_of_a_name_finds_its_rows() -> None:
    known = rm.parameters()
    assert {row.year for row in known.named("disk/afr_fleet/HDD")} == {
        "2022",
        "2023",
        "2024",
        "2025",
    }
    assert len(known.named("disk/afr_fleet")) == 4
    assert len(known.named("afr_fleet")) == 4
    assert {row.parameter.split("/")[0] for row in known.named("human")} == {"human"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("disk/afr_flet", "disk/afr_fleet"), ("ransomwarehit", "ransomware_hit"),
     ("media/lifetime_median/M-DISK", "media/lifetime_median/M-DISC DVD")],
)  # fmt: skip
def test_a_slip_of_the_pen_gets_the_nearest_name(typed: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"did you mean '{meant}'"):
        rm.parameters().named(typed)


def test_a_table_holds_numbers_where_all_are_numbers() -> None:
    frame = rm.parameters().named("disk/afr_fleet").to_frame()
    assert list(frame.columns) == list(Parameter.model_fields)
    assert (frame["low"] <= frame["value"]).all()
    assert (frame["value"] <= frame["high"]).all()
    whole = rm.parameters().to_frame()
    assert len(whole) == len(rm.parameters())


def test_the_command_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    app(["parameters"], standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(rm.parameters())
    assert lines[0].startswith("disk/afr_fleet/HDD (2025)")
    app(["parameters", "human/encryption_key_loss"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "0.005 (0.001 to 0.02) per year" in shown
    assert "C, a judgement: uncertain" in shown
    app(["parameters", "disk/afr_fleet", "--json"], standalone_mode=False)
    assert [row["year"] for row in json.loads(capsys.readouterr().out)] == [
        "2025", "2024", "2023", "2022",
    ]  # fmt: skip
