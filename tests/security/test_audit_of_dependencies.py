"""What the audit of dependencies says of what pip-audit found."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

_FILE = Path(__file__).parents[2] / ".ci" / "audit.py"
_SPEC = importlib.util.spec_from_file_location("audit_of_dependencies", _FILE)
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)


def one(*flaws: dict[str, Any]) -> dict[str, Any]:
    return {"name": "jinja2", "version": "3.1.0", "vulns": list(flaws)}


@pytest.mark.parametrize(
    ("dependencies", "code", "says"),
    [
        ([one()], 0, "1 dependencies, and no"),
        ([one({"id": "CVE-1", "fix_versions": ["3.1.5"]})], 1, "CVE-1; mended in 3.1.5"),
        ([one({"id": "CVE-2", "fix_versions": []})], 0, "CVE-2; no version"),
        ([one(), {"name": "x", "skip_reason": "not found"}], 0, "unknown: 1 of 2"),
        ([], 0, "unknown: all"),
    ],
)
def test_what_is_known_and_mendable_fails(dependencies, code, says) -> None:
    lines, found = _MODULE.judge({"dependencies": dependencies})
    assert found == code
    assert says in "\n".join(lines)


def test_what_is_not_known_is_never_called_clean() -> None:
    for document in ({}, {"dependencies": [{"name": "x", "skip_reason": "not found"}]}):
        lines, _ = _MODULE.judge(document)
        assert not any("no vulnerability" in line for line in lines)
