"""Pages made of names that somebody hostile gave: nothing runs, nothing is injected."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

import riskmodel
from riskmodel.plot._canvas import literal
from riskmodel.reporting import Answer, Items, Page, Prose, Section, Table, render
from riskmodel.reporting.figures import as_figure
from tests.browser import shown
from tests.commands import riskmodel_command, verifier_command
from tests.needs import needs
from tests.security.hostile import MARK, NAME, hostile_layout
from tests.verifier.inventories import inventory, measured, place
from verifier.audit import judge
from verifier.audit_page import audit_page
from verifier.inventory import State
from verifier.setup import Setup, Source

ROOT = Path(riskmodel.__file__).parents[1]
_FOREIGN = """() => [...document.querySelectorAll('*')].filter(e =>
    ['SCRIPT', 'IMG', 'IFRAME', 'OBJECT', 'EMBED', 'LINK', 'FORM', 'BASE', 'FOREIGNOBJECT'
        ].includes(e.tagName.toUpperCase()) || [...e.attributes].some(a => a.name.startsWith('on'))
    ).map(e => e.outerHTML.slice(0, 200))"""
_chromium = needs("chromium", "python:playwright")


def injected(file: Path) -> list[str]:
    """Return what a page has that no page of ours has, and what it did when it was opened."""
    with shown(file) as found:
        foreign = found.page.evaluate(_FOREIGN)
        if found.page.title() == MARK:
            foreign.append("a script ran")
        assert (
            found.page.locator("style").evaluate_all(
                "all => all.filter(e => !e.closest('svg')).length"
            )
            == 1
        )
        assert found.page.locator("footer, header").count() == 2
    return foreign + [url for url in found.requests if url != file.absolute().as_uri()]


def hostile_page() -> Page:
    """A page with a hostile name in every field that there is."""
    parts = (
        Prose((NAME,)), Items((NAME,)), Table((NAME,) * 3, ((NAME, "pass", NAME),)),
        as_figure(_hostile_picture, NAME),
    )  # fmt: skip
    return Page(NAME, NAME, (Answer(NAME, NAME, NAME),), (Section(NAME, parts),), NAME)


def _hostile_picture():
    from matplotlib.figure import Figure as Picture

    ax = Picture(figsize=(6, 3), layout="constrained").subplots()
    name = literal(NAME)
    ax.plot([1, 2], [1, 2], label=name)
    ax.set_title(name)
    ax.set_xlabel(name)
    ax.set_yticks([1, 2], [name, name])
    ax.annotate(name, (1, 1))
    ax.legend()
    return ax


def test_a_name_is_no_formula_in_a_picture() -> None:
    figure = as_figure(_hostile_picture, "x")
    assert r"$\frac{$" in figure.svg
    assert "<script" not in figure.svg


def test_nothing_but_our_own_pictures_goes_into_a_page_unescaped() -> None:
    template = (ROOT / "riskmodel" / "reporting" / "page.html.j2").read_text("utf-8")
    assert re.findall(r"(\S+)\s*\|\s*safe", template) == ["part.svg"]
    assert "autoescape" not in template
    makers = set()
    for package in ("riskmodel", "verifier"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text("utf-8")
            assert "Markup(" not in text, path
            if "reporting import" not in text and "reporting" not in path.parts:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Figure":
                    makers.add(path.name)
    # as_figure, whose text matplotlib has escaped, and what puts its own box around that
    assert makers == {"figures.py", "picture.py"}


def test_a_page_forbids_what_it_does_not_need() -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', render(hostile_page()))
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "script-src" not in policy[1]


@_chromium
@pytest.mark.integration
def test_what_looks_for_injections_finds_them(tmp_path: Path) -> None:
    """Else the tests below show nothing."""
    page = hostile_page()
    text = render(replace(page, title="TITLE")).replace("TITLE", f"</title>{NAME}")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    (tmp_path / "bad.html").write_text(text, "utf-8")
    found = injected(tmp_path / "bad.html")
    assert "a script ran" in found
    assert any(one.startswith("<img") for one in found)


@_chromium
@pytest.mark.integration
def test_no_field_of_a_page_injects_anything(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(render(hostile_page()), "utf-8")
    assert injected(tmp_path / "page.html") == []


@_chromium
@pytest.mark.integration
def test_an_audit_of_hostile_names(tmp_path: Path) -> None:
    """As they stand in the set-up, in the tree, and in what tools said."""
    sly = f"<img src=x onerror=\"document.title='{MARK}'\">$x"  # what a file can be called
    (tmp_path / "live").mkdir()
    (tmp_path / f"copy {sly}").mkdir()
    for number in range(3):
        (tmp_path / "live" / f"{number}{sly}").write_text("x")
    (tmp_path / f"copy {sly}" / f"0{sly}").write_text("damaged")
    setup = tmp_path / "setup.toml"
    setup.write_text(_setup(tmp_path, sly), "utf-8")
    page = tmp_path / "audit.html"
    words = ("audit", str(setup), "--depth", "source", "--no-catalogue", "--html", str(page))
    done = verifier_command(*words)
    assert done.returncode in {1, 3}, done.stderr
    assert injected(page) == []
    assert "&lt;img src=x" in page.read_text("utf-8")


def _setup(base: Path, sly: str) -> str:
    import tomli_w

    return tomli_w.dumps({
        "name": NAME,
        "source": {"path": str(base / "live"), "site": NAME},
        "sites": {NAME: {}},
        "locations": [
            {"name": NAME, "path": str(base / f"copy {sly}"), "site": NAME, "credentials": NAME,
             "account": NAME, "provider": NAME},
            {"name": f"2{NAME}", "path": f"/absent {sly}"},
        ],
    })  # fmt: skip


@_chromium
@pytest.mark.integration
def test_findings_of_hostile_tools(tmp_path: Path) -> None:
    good = place("usb", "sdb")
    bad = replace(
        good, name=NAME, address=NAME, kind=NAME, tool=NAME, errors=(NAME,), missing=(NAME,),
        reason=NAME, retention=measured(NAME),
        domains=replace(good.domains, site=measured(NAME), host=measured(NAME),
                        account=measured(NAME), provider=measured(NAME)),
    )  # fmt: skip
    unseen = replace(bad, state=State.UNREADABLE, name=f"2{NAME}")
    audit = judge(Setup(name=NAME, source=Source(path="/source")), inventory(bad, unseen))
    page = tmp_path / "page.html"
    page.write_text(render(audit_page([audit, audit], auditor=NAME, digest=NAME)), "utf-8")
    assert injected(page) == []


@_chromium
@pytest.mark.slow
@pytest.mark.integration
def test_a_report_about_a_hostile_layout(tmp_path: Path) -> None:
    hostile_layout(ROOT / "data" / "layouts" / "nas-and-cloud.toml", tmp_path / "evil.toml")
    page = tmp_path / "report.html"
    words = ("--target-relative-error", "0.5", "--no-ranges", "-o", str(page))
    done = riskmodel_command("report", str(tmp_path / "evil.toml"), *words)
    assert done.returncode == 0, done.stderr
    assert injected(page) == []
    assert r"$\frac{$" in page.read_text("utf-8")


def test_a_notebook_shows_hostile_names_as_text(disk_layout: dict) -> None:
    layout = riskmodel.Layout.model_validate(disk_layout | {"name": NAME})
    other = layout.replace("name", f"2 {NAME}")
    loss = riskmodel.simulate(layout, method="exact")
    both = riskmodel.compare([layout, other], method="exact")
    for shown_as in (loss._repr_html_(), both._repr_html_()):
        assert "<script" not in shown_as
        assert "<img" not in shown_as
        assert "&lt;script" in shown_as
