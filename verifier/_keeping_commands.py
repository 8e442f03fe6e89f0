"""Commands that keep a set-up well: what to change, schemas, timers; and Nagios' manners.

Only typer and the standard library are imported before a command, as in `verifier.cli`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from verifier._command_parts import AsJson, OneDataset, Seed, SetupFile, Years
from verifier._completing import schema_names

__all__ = ["advise", "nagios_hears", "schedule", "schema"]


def nagios_hears(command: Callable[..., None]) -> Callable[..., None]:
    """Tell Nagios of an audit that cannot run as UNKNOWN, on stdout, and not by exit code 2."""

    @functools.wraps(command)
    def heard(**words: Any) -> None:
        from riskmodel.errors import ThreeTwoOneError

        try:
            command(**words)
        except ThreeTwoOneError as problem:
            if not words["nagios"]:
                raise
            from verifier.monitoring import nagios_failure

            line, code = nagios_failure(str(problem))
            typer.echo(line)
            raise typer.Exit(code) from None

    return heard


def advise(
    file: SetupFile,
    as_json: AsJson = False,
    dataset: OneDataset = None,
    horizon: Years = "10 years",
    seed: Seed = 1,
) -> None:
    """Say what to change first, by the loss probability that each change removes."""
    from verifier import bridge

    code = bridge.advise_command(file, as_json=as_json, horizon=horizon, seed=seed, dataset=dataset)
    raise typer.Exit(code)


def schema(
    what: Annotated[
        str,
        typer.Argument(
            metavar="audit|risk|advise|drill|diff|setup",
            help="of what that command prints with --json; discover prints a set-up",
            autocompletion=schema_names,
        ),
    ],
) -> None:
    """Print a JSON Schema: of what a command prints with --json, or of set-up files."""
    from riskmodel.errors import InputError, did_you_mean
    from verifier.schemas import SCHEMAS

    if what not in SCHEMAS:
        raise InputError(f"schema: unknown schema '{what}'{did_you_mean(what, SCHEMAS)}")
    typer.echo(json.dumps(SCHEMAS[what](), indent=2, ensure_ascii=True))


def schedule(
    file: SetupFile,
    systemd: Annotated[bool, typer.Option("--systemd", help="a service and its timer")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="a line for crontab -e")] = False,
    prometheus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="let it write this text file")
    ] = None,
) -> None:
    """Print what keeps audits of a set-up file running; nothing is installed."""
    from riskmodel.errors import InputError
    from verifier.datasets import load_setups
    from verifier.monitoring import cron_line, own_command, systemd_units

    if systemd == cron:
        raise InputError("schedule: say either --systemd or --cron")
    load_setups(file.expanduser())
    words = [*own_command(), "audit", str(file.expanduser().absolute())]
    if prometheus is not None:
        words += ["--prometheus", str(prometheus.expanduser().absolute())]
    if cron:
        typer.echo(cron_line([*words, "--nagios"]))
        return
    for name, text in systemd_units(words).items():
        typer.echo(f"# /etc/systemd/system/{name}\n{text}")
