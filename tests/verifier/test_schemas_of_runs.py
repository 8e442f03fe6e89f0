"""What drill, diff and discover print, by the real commands, against the shipped schemas."""

from __future__ import annotations

import json
import os

import pytest
from jsonschema import Draft202012Validator

from tests.commands import verifier_command
from tests.verifier.test_schemas import closed
from verifier import diff_text, drilling
from verifier.schemas import diff_schema, drill_schema, setup_schema

NUMBERS = {"drill": drilling.SCHEMA, "diff": diff_text.SCHEMA}
SCHEMAS = {"drill": drill_schema(), "diff": diff_schema()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two audits and a drill of a copy that rots in between."""
    root = tmp_path_factory.mktemp("runs")
    for name in ("photos", "usb"):
        (root / name).mkdir()
        for number in range(3):
            (root / name / f"{number}.jpg").write_bytes(bytes([number]) * 900)
            os.utime(root / name / f"{number}.jpg", (1e9, 1e9))
    audit = ("audit", "photos", "usb", "--depth", "source", "--catalogue", "c.db", "--json")
    verifier_command(*audit, cwd=root)
    (root / "usb" / "1.jpg").write_bytes(b"?" * 900)
    os.utime(root / "usb" / "1.jpg", (1e9, 1e9))
    (root / "photos" / "new.txt").write_text("new")
    verifier_command(*audit, cwd=root)
    return root


def printed(folder, *words):
    done = verifier_command(*words, "--json", cwd=folder)
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema_of_the_number_that_is_printed(name):
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    number = NUMBERS[name]
    assert schema["$id"] == f"urn:threetwoone:{name}:{number}"
    described = schema["$defs"]["diff"] if name == "diff" else schema
    assert described["properties"]["schema"]["const"] == number


@pytest.mark.slow
def test_a_drill_fits_and_names_nothing_else(folder):
    document = printed(folder, "drill", "photos", "usb", "--seed", "1")
    assert document["drills"][0]["restored"]["asked"] > 0
    closed(drill_schema()).validate(document)
    document["drills"][0]["status"] = "FAIL"
    assert not Draft202012Validator(drill_schema()).is_valid(document)


@pytest.mark.slow
def test_a_diff_fits_and_names_nothing_else(folder):
    document = printed(folder, "diff", "--catalogue", "c.db")
    changes = {place["name"]: place["changes"] for place in document["locations"]}
    assert changes["usb"]["suspects"]
    assert changes["source"]["new"] == 1
    strict = closed(diff_schema())
    strict.validate(document)
    strict.validate({"datasets": [document, document]})
    single = printed(folder, "diff", "--catalogue", "c.db", "--to", "1")
    assert single["from"] is None
    strict.validate(single)
    del document["to"]
    assert not Draft202012Validator(diff_schema()).is_valid(document)


@pytest.mark.slow
def test_what_discover_prints_is_a_set_up(folder):
    document = printed(folder, "discover", str(folder), "--source", str(folder / "photos"))
    Draft202012Validator(setup_schema()).validate(document)


@pytest.mark.slow
def test_the_command_prints_what_is_shipped(folder):
    for name, schema in SCHEMAS.items():
        assert json.loads(verifier_command("schema", name, cwd=folder).stdout) == schema
