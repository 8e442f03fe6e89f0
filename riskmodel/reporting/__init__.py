"""Reports: one self-contained HTML page out of headed sections; no network, prints well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "Answer",
    "Figure",
    "Items",
    "Page",
    "Part",
    "Prose",
    "Section",
    "Table",
    "render",
    "require_writable",
    "sentences",
    "write",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the headline answers: a question, a short answer, a sentence around it."""

    question: str
    answer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs."""

    paragraphs: tuple[str, ...]
    kind: str = "prose"


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]
    kind: str = "items"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headed columns; a cell that is pass, fail or unknown shows as such."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Figure:
    """An inline SVG picture, and what it shows in words."""

    svg: str
    caption: str
    kind: str = "figure"


Part = Prose | Items | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report."""

    title: str
    subtitle: str
    answers: tuple[Answer, ...]
    sections: tuple[Section, ...]
    footer: str = ""


def render(page: Page) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    page : Page
        What to show; every text is escaped.

    Returns
    -------
    str
        A document that needs no other file and no network.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_unbroken,
    )
    return environment.get_template("page.html.j2").render(page=page)


def _unbroken(value: Any) -> Any:
    """Keep a percent sign on the line of its number."""
    return value.replace(" %", "\N{NO-BREAK SPACE}%") if isinstance(value, str) else value


def write(page: Page, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    write_text(render(page), path)


def write_text(text: str, path: Path, *, mode: int = 0o666) -> None:
    """Write a text file, whole or not at all; see `riskmodel._files.write_whole`.

    Parameters
    ----------
    text : str
        What to write.
    path : Path
        Where to.
    mode : int
        Who may read it, less what the umask takes away.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    from riskmodel._files import write_whole
    from riskmodel.errors import InputError

    try:
        write_whole(path, text, mode=mode)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None


def require_writable(path: Path) -> None:
    """Raise now, before long work, if a report cannot be written there later.

    Raises
    ------
    InputError
        If the folder does not exist or takes no file, or the path is a folder itself.
    """
    from tempfile import TemporaryFile

    from riskmodel.errors import InputError

    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file for the report")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")
    if not path.exists():  # what a folder takes is best asked by trying
        try:
            with TemporaryFile(dir=path.parent):
                pass
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from None


def sentences(texts: Sequence[str]) -> Items:
    """Return texts as a list of sentences, each with a capital and a full stop."""
    return Items(tuple(text[:1].upper() + text[1:].rstrip(".") + "." for text in texts if text))
