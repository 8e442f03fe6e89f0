"""The README is for newcomers: short, a picture, two commands, and links to the rest."""

from __future__ import annotations

import re

from tests.documents import ROOT, blocks, commands

README = ROOT / "README.md"


def test_it_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) < 120


def test_it_begins_with_what_it_answers_a_picture_and_two_commands() -> None:
    text = README.read_text("utf-8")
    picture = re.search(r"!\[[^\]]{80,}\]\((docs/pictures/[\w.]+)\)", text)
    assert picture, "a picture, and words for those who do not see it"
    assert (ROOT / picture[1]).stat().st_size < 60_000
    assert picture.start() < text.index("```console") < text.index("## Read on")
    assert list(commands(README))[:2] == ["make demo", "make test"]


def test_it_leads_to_every_page() -> None:
    text = README.read_text("utf-8")
    made = {"index.md", "commands.md"}  # its own front page, and one that is made of the program
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name in made or f"(docs/{page.name})" in text, page.name
    assert "(SECURITY.md)" in text


def test_it_shows_both_programs_and_python() -> None:
    shown = " ".join(commands(README))
    assert "riskmodel simulate" in shown
    assert "verifier audit" in shown
    assert "rm.simulate" in blocks(README, "python")[0]
