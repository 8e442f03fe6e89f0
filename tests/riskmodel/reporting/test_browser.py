"""The report in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import riskmodel as rm
from riskmodel.reporting import Answer, Page, Section, Table, write
from riskmodel.reporting.assessing import reported
from riskmodel.reporting.layouts import layouts_page
from tests.browser import PHONE, flaws, shown
from tests.needs import needs

pytestmark = [pytest.mark.integration, needs("chromium", "python:playwright")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    names = ("one-external-disk", "nas-and-cloud", "firm-on-saas")
    found = reported([rm.example(name) for name in names], target_relative_error=0.1)
    made = {"one": folder / "one.html", "several": folder / "several.html"}
    write(layouts_page(found[:1]), made["one"])
    write(layouts_page(found), made["several"])
    return made


@pytest.mark.parametrize("name", ["one", "several"])
@pytest.mark.parametrize("width", [PHONE, 1000])
def test_a_report_has_no_flaw(pages: dict[str, Path], name: str, width: int) -> None:
    assert flaws(pages[name], width) == []


@pytest.mark.parametrize("name", ["one", "several"])
def test_the_three_answers_come_first_and_say_how_sure_they_are(
    pages: dict[str, Path], name: str
) -> None:
    with shown(pages[name]) as found:
        cards = found.page.locator(".answer").all_inner_texts()
        top = found.page.locator(".answers").bounding_box()
    questions = [card.splitlines()[0] for card in cards]
    assert questions == [
        "Lose everything", "Lose something for good", "Time until everything is back",
    ]  # fmt: skip
    assert all(re.search(r"1 in \d|\d\s%|less than", card) for card in cards)
    assert "uncertainty of the inputs" in cards[0]
    assert top is not None
    assert top["y"] + top["height"] < 900  # on the first screen


def test_it_prints_on_a4_without_cutting_tables_off(pages: dict[str, Path]) -> None:
    with shown(pages["several"], 794 - 2 * 60) as found:  # A4 less its margins, at 96 dots an inch
        found.page.emulate_media(media="print")
        cut = found.page.evaluate(
            "() => [...document.querySelectorAll('.scroll')]"
            ".filter(e => e.scrollWidth > e.clientWidth + 1).length"
        )
        pdf = found.page.pdf(format="A4")
    assert cut == 0
    assert pdf.startswith(b"%PDF")


def test_a_flawed_page_is_found_out(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<html><body><h2>x</h2><h4></h4><table><tr><td>1</td></tr></table>"
        "<img src='http://127.0.0.1:9/x.png'><div style='width:5000px'>y</div>"
        "<script>console.error('no')</script></body></html>"
    )
    found = " ".join(flaws(page))
    for word in ("console", "request", "first level", "skips", "empty", "headless", "unnamed",
                 "wider", "language", "title"):  # fmt: skip
        assert word in found


def test_what_a_layout_calls_itself_is_never_markup(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    page = tmp_path / "evil.html"
    cell = (evil, evil)
    write(Page(evil, evil, (Answer(evil, evil, evil),), (Section(evil, (Table(cell, (cell,)),)),)),
          page)  # fmt: skip
    with shown(page) as found:
        assert found.page.locator("img").count() == 0
        assert found.console == []
        assert evil in found.page.inner_text("h1")
