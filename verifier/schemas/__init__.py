"""JSON Schemas: of what the commands print with ``--json``, and of set-up files.

Within one schema number keys and words are only added, never removed, renamed or given another
meaning; what breaks that gets the next number.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

__all__ = [
    "SCHEMAS",
    "advice_schema",
    "audit_schema",
    "diff_schema",
    "drill_schema",
    "risk_schema",
    "setup_schema",
]


def audit_schema() -> dict[str, Any]:
    """Return the schema of ``verifier audit --json``."""
    return _read("audit.json")


def risk_schema() -> dict[str, Any]:
    """Return the schema of ``verifier risk --json``."""
    return _read("risk.json")


def advice_schema() -> dict[str, Any]:
    """Return the schema of ``verifier advise --json``, which stands in that of risk too."""
    whole = risk_schema()
    parts = whole.pop("$defs")
    wanted = {name: parts[name] for name in ("proposal", "side")}
    return {
        "$schema": whole["$schema"],
        "$id": "urn:threetwoone:advice:1",
        "title": "What verifier advise --json prints",
        **parts["advice"],
        "$defs": wanted,
    }


def drill_schema() -> dict[str, Any]:
    """Return the schema of ``verifier drill --json``."""
    return _read("drill.json")


def diff_schema() -> dict[str, Any]:
    """Return the schema of ``verifier diff --json``."""
    return _read("diff.json")


def _read(name: str) -> dict[str, Any]:
    text = files("verifier.schemas").joinpath(name).read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def setup_schema() -> dict[str, Any]:
    """Return the schema of set-up files, for editors, and of ``verifier discover --json``."""
    from verifier.setup import Setup

    one = Setup.model_json_schema(by_alias=True)
    parts = one.pop("$defs")
    keys = one["properties"]
    place = {"anyOf": [{"type": "string"}, {"type": "object"}]}
    dataset = {
        "type": "object",
        "properties": {
            "name": keys["name"],
            "source": {"anyOf": [{"type": "string"}, keys["source"]]},
            "locations": {"type": "array", "items": place},
            "policy": keys["policy"],
            "accept": keys["accept"],
        },
        "required": ["name", "source"],
        "additionalProperties": False,
    }
    shared = ("name", "policy", "sites", "keys", "accept", "locations")
    several = {
        "type": "object",
        "properties": {
            **{key: keys[key] for key in shared},
            "datasets": {"type": "array", "minItems": 1, "items": dataset},
        },
        "required": ["datasets"],
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:threetwoone:setup:1",
        "title": "Set-up file of verifier",
        "anyOf": [one, several],
        "$defs": parts,
    }


SCHEMAS = {
    "audit": audit_schema,
    "risk": risk_schema,
    "advise": advice_schema,
    "drill": drill_schema,
    "diff": diff_schema,
    "setup": setup_schema,
}
