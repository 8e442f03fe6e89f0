"""A page as a browser without a screen shows it: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["PHONE", "Shown", "flaws", "shown"]

PHONE = 390  # pixels, of a common telephone
_HEADINGS = "els => els.map(e => [Number(e.tagName[1]), e.textContent.trim()])"
_FACTS = """() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    headless: [...document.querySelectorAll('table')].filter(
        t => !t.querySelector('thead th[scope=col]') || !t.querySelector('tbody th[scope=row]')
    ).length,
    unnamed: [...document.querySelectorAll('img, figure, [role=img]')].filter(
        e => !(e.getAttribute('alt') || e.getAttribute('aria-label') || '').trim()).length,
    twins: [...document.querySelectorAll('[id]')].map(e => e.id).filter(
        (id, at, all) => all.indexOf(id) !== at).length,
    language: document.documentElement.lang,
    title: document.title.trim(),
})"""


@dataclass
class Shown:
    """A page that is open, and what went wrong while it was opened."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def shown(file: Path, width: int = 1000) -> Iterator[Shown]:
    """Open a file in a browser that can reach no network."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            page = browser.new_page(viewport={"width": width, "height": 900})
            found = Shown(page)
            page.on("console", lambda message: found.console.append(message.text))
            page.on("pageerror", lambda error: found.console.append(str(error)))
            page.on("request", lambda request: found.requests.append(request.url))
            page.goto(file.absolute().as_uri())
            yield found
        finally:
            browser.close()


def flaws(file: Path, width: int = 1000) -> list[str]:
    """Return what is wrong with a page for a reader, a screen reader, or one without a network."""
    with shown(file, width) as found:
        headings = found.page.eval_on_selector_all("h1, h2, h3, h4", _HEADINGS)
        facts = found.page.evaluate(_FACTS)
    levels = [level for level, _ in headings]
    wrong = [f"console: {text}" for text in found.console]
    wrong += [f"request: {url}" for url in found.requests if url != file.absolute().as_uri()]
    if levels[:1] != [1] or levels.count(1) != 1:
        wrong.append(f"not one heading of the first level, at the top: {levels}")
    wrong += [
        f"heading {text!r} skips a level"
        for before, (level, text) in zip(levels, headings[1:], strict=False)
        if level > before + 1
    ]
    wrong += [f"empty heading of level {level}" for level, text in headings if not text]
    wrong += [f"{name}: {facts[name]}" for name in ("headless", "unnamed", "twins") if facts[name]]
    if facts["wide"] > 0:
        wrong.append(f"{facts['wide']} pixels wider than a screen of {width}")
    wrong += [f"no {name}" for name in ("language", "title") if not facts[name]]
    if file.stat().st_size > 3_000_000:
        wrong.append(f"{file.stat().st_size:,} bytes")
    return wrong
