"""Real output and real set-up files against the shipped schemas."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from tests.commands import verifier_command
from tests.verifier.rules.test_properties import SETS, SOURCES, judged
from verifier import show
from verifier.audit import SCHEMA
from verifier.schemas import audit_schema, setup_schema

AUDIT = Draft202012Validator(audit_schema())
SETUP = Draft202012Validator(setup_schema())


def test_both_are_schemas_and_say_their_version():
    for schema in (audit_schema(), setup_schema()):
        Draft202012Validator.check_schema(schema)
    assert audit_schema()["$id"] == f"urn:threetwoone:audit:{SCHEMA}"
    assert audit_schema()["$defs"]["audit"]["properties"]["schema"]["const"] == SCHEMA
    assert "only added" in audit_schema()["description"]


@given(SOURCES, SETS)
@settings(max_examples=40, deadline=None)
def test_any_audit_fits_and_names_no_key_that_the_schema_does_not(live, places):
    document = json.loads(json.dumps(show.documents([judged(live, places)])))
    AUDIT.validate(document)
    closed(audit_schema()).validate(document)


def closed(schema):
    """Return the schema with no room for other keys: what is printed is what is described."""
    whole = deepcopy(schema)
    for part in _objects(whole):
        part.setdefault("additionalProperties", False)
    return Draft202012Validator(whole)


def _objects(part):
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            yield part
        for child in part.values():
            yield from _objects(child)
    elif isinstance(part, list):
        for child in part:
            yield from _objects(child)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("printed")
    (folder / "a").mkdir()
    (folder / "a" / "x").write_text("x")
    return json.loads(
        verifier_command("audit", "a", "a", "--json", "--no-catalogue", cwd=folder).stdout
    )


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("gates"),
        lambda d: d["gates"].pop("errors"),
        lambda d: d["gates"]["copies"].update(status="perhaps"),
        lambda d: d["score"].update(value=101),
        lambda d: d.update(schema=2),
        lambda d: d["locations"][0]["points"].update(newest=5),
        lambda d: d.update(locations=[]),
    ],
)
def test_what_breaks_the_promise_is_refused(spoil, printed):
    document = deepcopy(printed)
    AUDIT.validate(document)
    spoil(document)
    assert not AUDIT.is_valid(document)


def test_several_datasets_fit_and_the_command_prints_what_is_shipped(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("x")
    datasets = '[[datasets]]\nname = "one"\nsource = "a"\nlocations = []\n'
    (tmp_path / "s.toml").write_text(datasets + datasets.replace("one", "two"))
    found = verifier_command("audit", "s.toml", "--json", "--no-catalogue", cwd=tmp_path)
    document = json.loads(found.stdout)
    assert len(document["datasets"]) == 2
    AUDIT.validate(document)
    printed = verifier_command("schema", "audit", cwd=tmp_path)
    assert json.loads(printed.stdout) == audit_schema()
    wrong = verifier_command("schema", "adit", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "audit" in wrong.stderr


GOOD = {
    "name": "photos",
    "policy": {"max_age": "8 days", "min_retention": "60 days", "require_encryption": "all"},
    "source": {"path": "/home/ada/photos", "site": "home"},
    "locations": [{"name": "usb", "path": "/mnt/usb", "offline": True}],
    "sites": {"home": {"location": [52.4, 4.9]}},
    "keys": {"k": {"kept": ["home", "ada"]}},
    "accept": [{"rule": "two-media", "reason": "spring", "until": "2027-03-01"}],
}


def test_set_up_files_fit_and_mistakes_do_not():
    SETUP.validate(GOOD)
    several = {key: GOOD[key] for key in ("policy", "sites", "locations")}
    several["datasets"] = [{"name": "a", "source": "/a", "locations": ["usb"]}]
    SETUP.validate(several)
    for wrong in (
        {**GOOD, "polcy": {}},
        {**GOOD, "policy": {"max_agee": "8 days"}},
        {**GOOD, "policy": {"require_encryption": "yes"}},
        {**several, "source": {"path": "/a"}},
        {},
    ):
        assert not SETUP.is_valid(wrong), wrong


def test_the_schema_is_in_the_package():
    import verifier.schemas

    assert (Path(verifier.schemas.__file__).parent / "audit.json").is_file()
