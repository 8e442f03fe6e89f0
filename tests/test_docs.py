"""The README and the pages: every command runs, every example loads, every link leads somewhere."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
import typer.main

import riskmodel as rm
from riskmodel._chances import one_in
from riskmodel.errors import InputError
from riskmodel.layout import Layout
from riskmodel.space import Space
from tests.browser import shown
from tests.documents import PAGES, ROOT, Place, blocks, commands
from tests.needs import needs
from tests.verifier.zoo import test_secrets, test_untouched
from verifier.datasets import load_setups
from verifier.rules import RULES

NAMES = [page.name for page in PAGES]
WITH_COMMANDS = [page for page in PAGES if list(commands(page))]
PROGRAMS = ("riskmodel", "verifier")
# what these cannot tell of copies that lie on one disk: an audit fails, a diff may not know
MAY_FAIL = re.compile(r"verifier (audit|drill|diff|layout|risk|advise) ")
# minutes of work that tests/verifier/test_advice.py sees to
SEEN_TO = ("verifier advise setup.toml",)
# make and pip are looked up, not run: they would take the machine with them
LOOKED_UP = re.compile(r"make (?P<target>[\w-]+)$|pip install 'threetwoone\[(?P<extra>\w+)\]'$")


def _page(name: str) -> Path:
    return next(page for page in PAGES if page.name == name)


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_every_command_exists_with_its_options(page: Path) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for command in commands(page):
        if looked_up := LOOKED_UP.match(command):
            assert (looked_up["target"] or "test") in targets, command
            assert (looked_up["extra"] or "dev") in project["optional-dependencies"], command
        else:
            _parse(command)


def _parse(command: str) -> None:
    """Let typer read the words of a command without running it."""
    program, name, *words = shlex.split(command.partition(" > ")[0])
    assert program in PROGRAMS, f"nothing here tests {command!r}"
    group = typer.main.get_command(importlib.import_module(f"{program}.cli").app)
    assert name in group.commands, command
    group.commands[name].make_context(name, words)  # raises for an option that is none


def test_a_command_that_does_not_exist_is_found() -> None:
    with pytest.raises(AssertionError):
        _parse("riskmodel simulat home.toml")
    with pytest.raises(Exception, match="--horizn"):
        _parse("riskmodel simulate home.toml --horizn 2")
    with pytest.raises(AssertionError, match="nothing here tests"):
        _parse("curl https://example.org")


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_runs(tmp_path: Path, program: str) -> None:
    """Those of all pages in one place, each once: some take a minute."""
    place = Place(tmp_path)
    _drives(tmp_path)
    every = dict.fromkeys(command for page in PAGES for command in commands(page))
    shown = [one for one in every if one.startswith(program) and one not in SEEN_TO]
    assert len(shown) > 10
    for command in shown:
        done = place.run(command)
        good = (0, 1, 3) if MAY_FAIL.match(command + " ") else (0,)
        if "--nagios" in command:
            good = (0, 1, 2, 3)
        assert done.returncode in good, (command, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, command
        assert done.stdout or re.search(r" > | -o | (record|init) ", command), command
    if program == "riskmodel":
        for code in [code for page in PAGES for code in blocks(page, "python")]:
            python = [sys.executable, "-c", code]
            ran = subprocess.run(python, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, ran.stderr
            assert re.search(r"0\.\d", ran.stdout)


def _drives(folder: Path) -> None:
    """Write drives to fit, a quarter of daily files and a table; half of them fail, at any age."""
    head = "date,serial_number,model,capacity_bytes,failure,smart_9_raw\n"
    dead = {number: 1 + number * 89 // 30 for number in range(0, 30, 2)}
    with zipfile.ZipFile(folder / "data_Q1_2024.zip", "w") as archive:
        for day in range(1, 91):
            date = f"2024-{1 + (day - 1) // 31:02}-{1 + (day - 1) % 31:02}"
            rows = "".join(
                f"{date},S{number},M{number % 2},8000000000000,{int(dead.get(number) == day)},"
                f"{5000 * number + 24 * day}\n"
                for number in range(30)
                if dead.get(number, 91) >= day
            )
            archive.writestr(f"data_Q1_2024/{date}.csv", head + rows)
    lines = (
        f"{(age := number % 7 * 30)},{age + 200 + number * 13},{number % 2},"
        f"M{number % 3},L{number % 4}"
        for number in range(60)
    )
    table = "start_age_days,end_age_days,failed,model,batch\n" + "\n".join(lines) + "\n"
    (folder / "lifetimes.csv").write_text(table)


@pytest.mark.parametrize("name", NAMES)
def test_every_example_of_a_file_loads(tmp_path: Path, name: str) -> None:
    for text in blocks(_page(name), "toml"):
        raw = tomllib.loads(text)
        if "space" in raw:
            Space.from_dict(raw["space"])
        elif "source" in raw or "datasets" in raw:
            (tmp_path / "setup.toml").write_text(text)
            assert all(setup.locations for setup in load_setups(tmp_path / "setup.toml"))
        else:
            (tmp_path / "fleet.toml").write_text("[media.fleet]\nafr = 0.01\n")
            assert Layout.from_dict(raw, folder=tmp_path).copies
    for text in blocks(_page(name), "json"):
        assert json.loads(text)


@pytest.mark.parametrize("name", NAMES)
def test_links_and_files_that_are_named_are_there(name: str) -> None:
    page = _page(name)
    text = page.read_text("utf-8")
    for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        assert not link.startswith("http"), f"{link}: the pages need no network"
        assert (page.parent / link).exists(), link
    rooms = r"`((?:riskmodel|verifier|data|tests|docs|benchmarks|\.ci)/[\w./-]+)`"
    for path in re.findall(rooms, text):
        if "NAME" not in path:
            assert (ROOT / path).exists(), path


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what makes parts of the pages."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    return importlib.import_module("reference")


def test_every_key_has_a_sentence(reference: Any) -> None:
    assert "Hot spares at hand." in reference.made("keys", "layout")
    assert "Unplugged is its normal state" in reference.made("keys", "setup")


@pytest.mark.parametrize("change", ["", 'spares = "x"\nspare_parts = "y"\n'])
def test_a_key_without_a_sentence_and_a_sentence_without_a_key_are_found(
    reference: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    text = reference.KEYS.read_text("utf-8")
    sentence = 'spares = "Hot spares at hand."\n'
    assert sentence in text
    (tmp_path / "keys.toml").write_text(text.replace(sentence, change))
    monkeypatch.setattr(reference, "KEYS", tmp_path / "keys.toml")
    with pytest.raises(Exception, match="spare"):
        reference.made("keys", "layout")


def test_the_score_of_the_pages_is_the_score_of_the_program() -> None:
    text = (ROOT / "docs" / "verdicts.md").read_text("utf-8")
    assert "```{made} score" in text
    assert not re.search(r"\b(85|70|50) of 100|cap \d", text)  # no number of it is typed by hand


def test_the_figures_of_the_threat_model_are_those_of_the_tests() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    audited = len(test_untouched.OURS) + len(test_untouched.THEIRS)
    assert f"| {audited} set-ups | unchanged |" in text
    assert f"| {len(test_secrets.MAKERS)} set-ups | none found |" in text
    kills = (ROOT / "tests/verifier/catalogue/test_killed.py").read_text("utf-8")
    assert "| 200 kills |" in text
    assert "pytest.param(200, 1, marks=pytest.mark.slow)" in kills


@pytest.mark.slow
def test_the_picture_shows_what_the_engine_says() -> None:
    drawn = (ROOT / "docs" / "pictures" / "layouts.svg").read_text("utf-8")
    words = set(re.findall(r">([^<]+)</text>", drawn))
    for name in rm.example_files():
        layout = rm.example(name)
        assert layout.name in words
    code = (ROOT / "docs" / "picture.py").read_text("utf-8")
    seed = int(re.findall(r"^SEED = (\d+)$", code, re.MULTILINE)[0])
    for name in ("one-external-disk", "nas-and-cloud"):
        assert one_in(rm.simulate(rm.example(name), seed=seed).probability) in words


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the pages as ``make docs`` does, away from what a developer built."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(
        ROOT / "docs", folder / "source", ignore=shutil.ignore_patterns("made", "__pycache__")
    )
    command = [sys.executable, "-m", "sphinx", "-E", "-W", "--keep-going", "-q", "-j", "2"]
    done = subprocess.run(
        [*command, folder / "source", folder / "html"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.slow
@needs("chromium")
def test_the_site_opens_without_a_network(site: Path) -> None:
    pages = sorted(site.glob("*.html"))
    assert len(pages) >= len(PAGES)
    for page in [*pages, site / "api" / "made" / "riskmodel.simulate.html"]:
        for link in re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", page.read_text("utf-8")):
            assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", link), (page.name, link)
    for name in ("index.html", "verdicts.html", "commands.html", "layout-file.html"):
        for width in (1280, 400):
            with shown(site / name, width) as found:
                assert not [url for url in found.requests if not url.startswith("file:")]
                assert not [line for line in found.console if "rror" in line]
                wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                assert found.page.evaluate(wide) <= 0, (name, width)
    style = "".join(file.read_text("utf-8") for file in site.glob("_static/**/*.css"))
    assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)]*", style)


@pytest.mark.slow
def test_the_site_says_what_the_program_says(site: Path) -> None:
    text = (site / "commands.html").read_text("utf-8")
    for program in PROGRAMS:
        group = typer.main.get_command(importlib.import_module(f"{program}.cli").app)
        for name, command in group.commands.items():
            assert f">{program} {name}<" in text
            assert all(option in text for one in command.params for option in one.opts)
    verdicts = (site / "verdicts.html").read_text("utf-8")
    assert all(f">{rule.id}<" in verdicts for rule in RULES)
    for name in set(rm.__all__) - {"literature", "plot"}:
        assert (site / "api" / "made" / f"riskmodel.{name}.html").exists(), name
    for name in rm.literature.__all__:
        assert (site / "api" / "made" / f"riskmodel.literature.{name}.html").exists(), name


def test_a_layout_with_a_mistake_is_refused() -> None:
    """The examples above would pass a loader that takes everything."""
    with pytest.raises(InputError, match="did you mean"):
        Layout.from_dict({"copies": [{"name": "a", "stor": {}}]})
