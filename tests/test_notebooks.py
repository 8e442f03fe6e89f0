"""The notebooks as they are kept: without outputs, with a question and a decision.

`make notebooks` runs them, and with them the asserts that hold the prose to the numbers.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# folders of one machine, addresses of an index, logins
_OF_A_MACHINE = re.compile(r"/(home|root|work|tmp|Users|mnt|var)/|C:\\\\|https?://\d|@[\w.]+:")


def _cells(path: Path, kind: str) -> list:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def test_there_are_seven_in_order() -> None:
    assert [path.name.split("-")[0] for path in NOTEBOOKS] == [str(k) for k in range(1, 8)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
class TestEach:
    def test_it_is_valid_and_holds_nothing_of_a_run(self, path: Path) -> None:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        assert set(notebook.metadata) == {"kernelspec", "language_info"}
        for cell in _cells(path, "code"):
            assert cell.outputs == []
            assert cell.execution_count is None
            assert not cell.metadata

    def test_it_names_nothing_of_a_machine(self, path: Path) -> None:
        assert not _OF_A_MACHINE.search(path.read_text("utf-8"))

    def test_it_begins_with_a_question_and_ends_with_a_decision(self, path: Path) -> None:
        first, *_, last = nbformat.read(path, as_version=4).cells
        assert first.source.startswith("# ")
        assert "**The question.**" in first.source
        assert last.cell_type == "code"
        decision = last.source.partition("**Decision.**")[2]
        assert "{" in decision, "the decision states what was computed"

    def test_its_prose_is_held_to_its_numbers(self, path: Path) -> None:
        code = "\n".join(cell.source for cell in _cells(path, "code"))
        assert code.count("assert ") >= 4

    def test_its_cells_are_short(self, path: Path) -> None:
        for cell in _cells(path, "code"):
            assert len(cell.source.splitlines()) <= 45, cell.source
