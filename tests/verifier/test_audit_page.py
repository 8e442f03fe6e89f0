"""An audit as a page: what it says, and how a browser shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from riskmodel.reporting import render, write
from tests.browser import PHONE, flaws
from tests.needs import needs
from tests.verifier.inventories import inventory, place
from verifier.audit import Audit, judge
from verifier.audit_page import audit_page
from verifier.inventory import Depth, Location, Sample, State
from verifier.setup import Setup, Source


def audited(*places: Location) -> Audit:
    return judge(Setup(name="photos", source=Source(path="/source")), inventory(*places))


def test_the_page_says_what_was_found_and_what_was_not_examined() -> None:
    audit = audited(
        place("usb", "sdb", errors=("a.jpg differs.",)),
        place("nas", "sdc", state=State.UNREADABLE, reason="no permission"),
        replace(place("cloud", "sdd"), sample=Sample(59, 4000, 0, 7), depth=Depth.SOURCE),
    )
    text = render(audit_page([audit], auditor="ada", digest="ab" * 32))
    for words in (
        "a.jpg differs", "nas was not looked at: no permission", "59 of 4,000 files",
        " by ada", "ab" * 32, "What would be left", "How the copies are kept",
    ):  # fmt: skip
        assert words in text


def test_of_several_datasets_each_has_its_row_and_sections() -> None:
    good, bad = audited(place("usb", "sdb")), audited(place("usb", "sda"))
    text = render(audit_page([bad, good]))
    assert "All datasets, the worst first" in text
    assert text.count("The 3-2-1-1-0 rule</h2>") == 2


@pytest.mark.integration
@needs("chromium", "python:playwright")
@pytest.mark.parametrize("width", [PHONE, 1000])
def test_a_browser_finds_no_flaw(tmp_path: Path, width: int) -> None:
    page = tmp_path / "audit.html"
    write(audit_page([audited(place("usb", "sdb"), place("nas", "sdc"))]), page)
    assert flaws(page, width) == []
