"""What the commands share: how they read their words and print what they found.

Only typer and the standard library are imported before a command, as in `verifier.cli`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from verifier._completing import dataset_names

if TYPE_CHECKING:
    from verifier.audit import Audit
    from verifier.catalogue import Catalogue
    from verifier.setup import Setup

__all__ = [
    "AsJson",
    "OneDataset",
    "Seed",
    "SetupFile",
    "ThisDataset",
    "Years",
    "catalogue_at",
    "draw_audit",
    "print_json",
    "setups_of",
    "silent",
    "width",
]

OneDataset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="only this one of the datasets in the file; needed where it holds several",
        autocompletion=dataset_names,
    ),
]
ThisDataset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="only this one of the datasets in the file; else all",
        autocompletion=dataset_names,
    ),
]
Years = Annotated[
    str,
    typer.Option("--horizon", metavar="TIME", help="over which time, such as '5 years'"),
]
Seed = Annotated[int, typer.Option(help="a whole number; the same one gives the same result")]
SetupFile = Annotated[Path, typer.Argument(help="a set-up file", show_default=False)]
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


def draw_audit(audit: Audit, file: Path) -> None:
    """Write the picture of what the copies have in common, and say so."""
    from riskmodel._console import say
    from riskmodel.plot._canvas import saved
    from verifier.picture import failure_domains

    saved(failure_domains(audit), file, "--plot", dpi=160)
    say(f"verifier: wrote {file}")


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
