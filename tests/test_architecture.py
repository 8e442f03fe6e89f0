"""One direction of imports, and quick commands."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# describe -> compile -> run -> estimate -> decide -> show
ROOMS = [
    {"_kernels"},  # know arrays only; description and compile fill their records
    {"_files", "errors", "units", "_described", "_data", "lifetimes", "media", "sites", "policies",
     "preset_catalogue", "_ranges", "_media_from", "layout", "_write", "_toml", "examples",
     "catalogue", "bathtub", "shrinkage", "drive_models", "_scaling", "_spread", "_places",
     "geodesy", "_footprints", "perils", "_tables"},
    {"_resolve", "_rest", "_bounds", "_builder"},
    {"_job_chances"},
    {"_threats", "_together"},
    {"_used"},
    {"_program"},
    {"_uncertain"},
    {"_chances", "_estimate_dict", "estimate", "unavailability", "exact", "_exact",
     "literature", "_nets", "_run", "_executors", "_checkpoint", "_events", "_weighted",
     "_steering", "_threat_steering", "_excursion", "simulation", "_inner", "uncertainty"},
    {"gates", "costs", "separation"},
    {"_changes_of_copies", "changes", "_parts", "space"},
    {"_pairs", "_paired_runs", "_compared_runs", "_shared_inputs", "_sobol", "_varied"},
    {"comparison", "influence", "influence_map", "effects", "relocation", "_replay",
     "_history_words", "histories"},
    {"improvement", "_screening", "_refining", "frontier"},
    {"fitting"},
    {"_text", "_decide_text", "_parameters_text", "_console", "_fit_command", "plot", "reporting",
     "_signals", "_completing", "_options",
     "_decide_command", "_improve_text", "_improve_command", "_history_text",
     "_picture_commands", "cli", "__main__"},
]  # fmt: skip
# facts and values -> host -> domains -> places -> probes -> inventory -> rules -> audit -> show
VERIFIER_ROOMS = [
    {"access", "_waiting", "apart", "progress", "_spent", "_texts"},
    {"_forms", "compared", "facts",
     "inventory", "target", "files", "digests", "bounds", "effort", "depths", "sightings",
     "identity", "manifest", "mounts", "networks", "history", "excluding", "plugged",
     "blockdev", "zpool", "tapes", "stack", "exports", "redaction",
     "_own_words"},  # values: know no host
    {"drift"},
    {"_births", "_confining", "_leftovers", "_opening", "_reading", "_running", "walking",
     "_hasher", "_cutting", "_readers", "_lister", "_listing",
     "hashing", "host"},
    {"devices", "ssh_config", "neighbours", "resolver", "domains", "volumes", "unplugged"},
    {"configs", "schedules", "uncovered"},
    {"remotes"},
    {"probes"},
    {"drills"},
    {"recording", "joining", "catalogue"},
    {"rules"},
    {"score", "aftermath", "sharing"},
    {"setup", "datasets", "kinds", "effort_options"},
    {"blame", "sides", "noticing"},
    {"discover", "setup_text", "examine", "plan"},
    {"audit", "recorded", "diffing"},
    {"steps", "wear"},
    {"changes"},
    {"picture"},
    {"document", "audit_page", "drilling", "risk", "bridge", "diff_text", "advice_text",
     "monitoring", "schemas"},
    {"show"},
    {"_command_parts", "_completing"},
    {"_keeping_commands", "_comparing_commands", "_discovering_commands",
     "_explaining_commands"},
    {"cli", "demo"},
    {"__main__"},
]  # fmt: skip
# given values, return values or text: nothing here looks at the system
VERIFIER_PURE = {
    "compared",
    "facts",
    "inventory", "target", "files", "digests", "bounds", "effort", "depths", "sightings",
    "identity", "manifest", "mounts", "networks", "plugged", "blockdev", "zpool", "tapes",
    "stack", "exports", "redaction", "history", "excluding", "joining", "rules", "score",
    "aftermath", "sharing",
    "drift", "setup_text", "document", "picture", "audit_page", "diff_text", "risk", "show",
}  # fmt: skip
SYSTEM = {"os", "io", "pathlib.Path", "shutil", "socket", "subprocess", "tempfile", "time"}
BRIDGE_ONLY = {
    "layout",
    "simulation",
    "comparison",
    "estimate",
    "effects",
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


def _level(rooms: list[set[str]], room: str) -> int:
    for level, known in enumerate(rooms):
        if room in known:
            return level
    pytest.fail(f"{room} belongs to no room of tests/test_architecture.py")


@cache  # a dozen tests ask about the same files
def _imports(path: Path) -> frozenset[str]:
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
    return frozenset(found)


def _rooms_of(modules: Iterable[str], package: str) -> set[str]:
    known = {path.stem for path in (ROOT / package).glob("*") if path.stem != "__pycache__"}
    parts = (name.split(".") for name in modules)
    return {p[1] for p in parts if p[0] == package and len(p) > 1 and p[1] in known}


def _files(package: str) -> Iterator[tuple[Path, str]]:
    """Yield each file of a package with the room that it stands in."""
    for path in sorted((ROOT / package).rglob("*.py")):
        room = path.relative_to(ROOT / package).parts[0].removesuffix(".py")
        if room != "__init__":
            yield path, room


def test_riskmodel_never_imports_verifier() -> None:
    for path in (ROOT / "riskmodel").rglob("*.py"):
        assert not any(name.split(".")[0] == "verifier" for name in _imports(path)), path


@pytest.mark.parametrize(("package", "rooms"), [("riskmodel", ROOMS), ("verifier", VERIFIER_ROOMS)])
def test_imports_point_one_way(package: str, rooms: list[set[str]]) -> None:
    checked = 0
    for path, room in _files(package):
        for other in _rooms_of(_imports(path), package):
            checked += 1
            assert _level(rooms, other) <= _level(rooms, room), f"{path} imports {other}"
    assert checked > 100


def test_no_two_files_of_the_verifier_import_each_other() -> None:
    needs = {
        room: {
            other
            for path, name in _files("verifier")
            if name == room
            for other in _rooms_of(_imports(path), "verifier") - {room}
        }
        for room in {room for _, room in _files("verifier")}
    }
    tuple(TopologicalSorter(needs).static_order())  # raises CycleError, which names the circle


def test_values_rules_and_renderers_do_not_touch_the_system() -> None:
    for path, room in _files("verifier"):
        if room not in VERIFIER_PURE:
            continue
        found = _imports(path)
        assert not found & SYSTEM, f"{path} imports {found & SYSTEM}"
        touched = _rooms_of(found, "verifier") & {
            "host",
            "walking",
            "_reading",
            "_running",
            "probes",
        }
        assert not touched, f"{path} imports {touched}"


def test_only_the_host_starts_programs() -> None:
    for path, room in _files("verifier"):
        if room not in {"_running", "demo"}:
            assert "subprocess" not in _imports(path), path
        if room != "host":
            assert "verifier._running" not in _imports(path), path


def test_probes_and_rules_do_not_know_each_other() -> None:
    for path, room in _files("verifier"):
        if room in {"probes", "rules"}:
            other = ({"probes", "rules"} - {room}) | {"audit", "setup", "show", "document"}
            assert not _rooms_of(_imports(path), "verifier") & other, path


def test_a_kind_of_location_is_one_probe() -> None:
    """The registry is the only file that sees them all, and the look at a location the next."""
    for path in (ROOT / "verifier" / "probes").glob("*.py"):
        if path.name not in {"__init__.py", "_looking.py"}:
            found = {name for name in _imports(path) if name.startswith("verifier.probes._")}
            central = {"verifier.probes._registry", "verifier.probes._looking"}
            assert not found & central, path


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
    heavy = {"numpy", "numba", "scipy", "pandas", "pydantic", "matplotlib"}
    assert not heavy & set(loaded)


def test_only_one_place_compiles() -> None:
    for path in (ROOT / "riskmodel").rglob("*.py"):
        if path.name != "_jit.py":
            assert "numba" not in _imports(path), path


def test_no_module_of_riskmodel_hides_a_public_function() -> None:
    """`import riskmodel.x` puts the module x where the function x should be."""
    import riskmodel

    files = {path.stem for path in (ROOT / "riskmodel").glob("*.py")}
    packages = {path.parent.name for path in (ROOT / "riskmodel").glob("*/__init__.py")}
    known = {"literature", "plot"}  # are modules
    assert not (set(riskmodel.__all__) - known) & (files | packages)
