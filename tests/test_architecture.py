"""One direction of imports, and quick commands."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# describe -> compile -> run -> estimate -> decide -> show
ROOMS = [
    {"_kernels"},  # know arrays only; description and compile fill their records
    {"errors", "units", "_described", "_data", "lifetimes", "media", "sites", "policies", "presets",
     "_ranges", "_media_from", "layout", "_write", "_toml", "examples", "catalogue",
     "bathtub", "shrinkage", "drive_models", "_scaling", "_spread", "_places",
     "geodesy", "_footprints", "perils"},
    {"_resolve", "_rest", "_bounds"},
    {"_threats", "_together"},
    {"_used"},
    {"_program"},
    {"_uncertain"},
    {"estimate", "unavailability", "exact", "_exact", "literature", "_run", "_executors",
     "_checkpoint", "_events", "_weighted", "_steering", "_threat_steering", "_excursion",
     "simulation", "_inner", "uncertainty"},
    {"comparison", "separation"},
    {"fitting"},
    {"_text", "_parameters_text", "_console", "_fit_command", "plot", "reporting", "cli",
     "__main__"},
]  # fmt: skip
BRIDGE_ONLY = {
    "layout",
    "simulation",
    "comparison",
    "estimate",
    "exact",
    "literature",
    "_program",
    "_resolve",
    "_rest",
    "_bounds",
    "_threats",
    "_threat_steering",
    "_kernels",
}


def _level(room: str) -> int:
    for level, rooms in enumerate(ROOMS):
        if room in rooms:
            return level
    pytest.fail(f"riskmodel/{room} belongs to no room of tests/test_architecture.py")


def _imports(path: Path) -> set[str]:
    """Modules imported at run time, inside functions too; type-checking blocks aside."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def _rooms_of(modules: set[str], package: str) -> set[str]:
    known = {path.stem for path in (ROOT / package).glob("*") if path.stem != "__pycache__"}
    parts = (name.split(".") for name in modules)
    return {p[1] for p in parts if p[0] == package and len(p) > 1 and p[1] in known}


def test_riskmodel_never_imports_verifier() -> None:
    for path in (ROOT / "riskmodel").rglob("*.py"):
        assert not any(name.split(".")[0] == "verifier" for name in _imports(path)), path


def test_riskmodel_imports_point_one_way() -> None:
    checked = 0
    for path in (ROOT / "riskmodel").rglob("*.py"):
        room = path.relative_to(ROOT / "riskmodel").parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for other in _rooms_of(_imports(path), "riskmodel"):
            checked += 1
            assert _level(other) <= _level(room), f"{path} imports riskmodel.{other}"
    assert checked > 20


def test_kernels_know_arrays_only() -> None:
    for path in (ROOT / "riskmodel" / "_kernels").glob("*.py"):
        assert _rooms_of(_imports(path), "riskmodel") <= {"_kernels"}, path
    compile_sees = {
        name
        for name in _imports(ROOT / "riskmodel" / "_program.py")
        if name.startswith("riskmodel._kernels.")
    }
    assert all(name.startswith("riskmodel._kernels.records") for name in compile_sees)


def test_verifier_meets_layouts_only_through_the_bridge() -> None:
    for path in (ROOT / "verifier").rglob("*.py"):
        if path.name == "demo.py" or path.parent.name == "bridge":
            continue
        touched = _rooms_of(_imports(path), "riskmodel") & BRIDGE_ONLY
        assert not touched, f"{path} imports {touched}"


@pytest.mark.parametrize("package", ["riskmodel", "verifier"])
def test_a_command_line_loads_nothing_heavy(package: str) -> None:
    code = f"import {package}.cli, sys; print(' '.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"numpy", "numba", "scipy", "pandas", "pydantic", "pint", "matplotlib"}
    assert not heavy & set(loaded)


def test_only_one_place_compiles() -> None:
    for path in (ROOT / "riskmodel").rglob("*.py"):
        if path.name != "_jit.py":
            assert "numba" not in _imports(path), path
