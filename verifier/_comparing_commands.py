"""Commands that compare: what comes back with the source, and an audit with an earlier one.

Only typer and the standard library are imported before a command, as in `verifier.cli`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from verifier._command_parts import (
    AsJson,
    ThisDataset,
    catalogue_at,
    print_json,
    setups_of,
    silent,
    width,
)
from verifier._completing import location_names

__all__ = ["diff", "drill"]


def drill(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE | SOURCE PATH...",
            help="a set-up file, or the live data and the locations of its copies",
            show_default=False,
        ),
    ],
    as_json: AsJson = False,
    location: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="only this location; may be said again; else all",
            autocompletion=location_names,
        ),
    ] = None,
    dataset: ThisDataset = None,
    files: Annotated[
        int, typer.Option(min=1, help="draw so many; the largest and the oldest come on top")
    ] = 60,
    every: Annotated[bool, typer.Option("--all", help="restore everything")] = False,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="draw the same files as the drill that said it; else others each time"
        ),
    ] = None,
    scratch: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="where to make the private scratch folder; else where temporary files go",
        ),
    ] = None,
) -> None:
    """Restore files from every location into a scratch folder, and compare them with the source.

    Exit codes: 0 all came back right, 1 something did not, 3 some could not be tried.
    """
    from riskmodel._console import say
    from riskmodel.errors import printable
    from verifier import drilling
    from verifier.drills import Wish, fresh_seed

    setups = drilling.only(setups_of(what, dataset, "drill"), location)
    drawn = fresh_seed() if seed is None else seed
    wish = Wish(None if every else files, drawn, scratch)
    made = drilling.drill_all(setups, wish, talk=say if sys.stderr.isatty() else silent)
    if as_json:
        print_json(drilling.document(made))
    else:
        typer.echo(printable(drilling.text(made, width())))
    raise typer.Exit(drilling.exit_code(made))


def diff(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE | DATASET",
            help="a set-up file or the name of a dataset; all unless given",
            show_default=False,
        ),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN|DATE",
            help="the earlier run: its number, or a date such as 2026-03-01; else the one before",
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="RUN|DATE", help="the later run; else the last")
    ] = None,
    location: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="only this location; else all", autocompletion=location_names
        ),
    ] = None,
    as_json: AsJson = False,
    catalogue: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="where audits are kept; else $XDG_STATE_HOME/threetwoone/catalogue.db",
        ),
    ] = None,
) -> None:
    """Say what changed between two audits: rot, mass changes, copies that stopped.

    Exit codes: 0 nothing suspicious in what was compared, 1 suspected rot or a mass change, 2 bad
    input, 3 something could not be judged.
    """
    from riskmodel.errors import InputError, printable
    from verifier.catalogue import CatalogueError
    from verifier.diff_text import diff_document, texts
    from verifier.diffing import diffs, exit_code

    try:
        found = diffs(
            catalogue_at(catalogue),
            datasets=_named_datasets(what),
            since=from_,
            until=to,
            location=location,
        )
    except CatalogueError as problem:
        raise InputError(f"diff: {problem}") from None
    if as_json:
        told = [diff_document(one) for one in found]
        print_json(told[0] if len(told) == 1 else {"datasets": told})
    else:
        typer.echo(printable(texts(found)))
    raise typer.Exit(exit_code(found))


def _named_datasets(what: str | None) -> tuple[str, ...]:
    from verifier.datasets import load_setups

    if what is None:
        return ()
    if what.endswith(".toml") or Path(what).expanduser().is_file():
        return tuple(setup.name for setup in load_setups(Path(what).expanduser()))
    return (what,)
