"""What the commands share: how they read their words and print what they found.

Only typer and the standard library are imported before a command, as in `verifier.cli`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from verifier.catalogue import Catalogue
    from verifier.setup import Setup

__all__ = ["AsJson", "catalogue_at", "print_json", "setups_of", "silent", "width"]

AsJson = Annotated[bool, typer.Option("--json", help="print JSON on stdout")]


def setups_of(what: list[str], dataset: str | None, command: str = "audit") -> tuple[Setup, ...]:
    """Return what the words of a command name: a set-up file, or the live data and its copies."""
    from riskmodel.errors import InputError
    from verifier.datasets import chosen, load_setups
    from verifier.setup import bare_setup

    first = Path(what[0]).expanduser()
    if len(what) == 1:
        if first.is_dir():
            raise InputError(
                f"{command}: name the locations of the copies too: {command} SOURCE PATH..."
            )
        return chosen(load_setups(first), dataset)
    if first.suffix == ".toml" and first.is_file():
        raise InputError(f"{command}: {what[0]} is a set-up file; it stands alone")
    return chosen((bare_setup(what[0], what[1:]),), dataset)


def catalogue_at(where: str | None) -> Catalogue:
    """Return the catalogue at this place, else the usual one."""
    from verifier.catalogue import Catalogue, default_path

    return Catalogue(where if where is not None else default_path())


def width() -> int | None:
    """Return the columns of the terminal; None if stdout is none."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def print_json(document: Any) -> None:
    """Print a document on stdout."""
    # ASCII only: file names on disk need not be valid Unicode
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))


def silent(text: str) -> None:
    """Say nothing, where nobody looks."""
    del text
