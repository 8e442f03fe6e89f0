"""The command ``verifier``. Only typer and the standard library are imported before a command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from verifier.inventory import Depth
    from verifier.setup import Setup

__all__ = ["app", "main"]

app = typer.Typer(
    name="verifier",
    help="Which of these copies are independent, whole and sound? Audits real backup locations.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="print JSON on stdout")]


def main() -> NoReturn:
    """Run the command line.

    Exit codes: 0 all gates pass, 1 a gate fails, 2 bad input or usage, 3 something is unknown.
    """
    from riskmodel._console import run

    run(app, "verifier")


@app.command()
def audit(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE | SOURCE PATH...",
            help="a set-up file, the live data and the locations of its copies, or a recording",
            show_default=False,
        ),
    ],
    as_json: AsJson = False,
    depth: Annotated[
        str | None,
        typer.Option(help="listed, structure, bytes, source or restore; else what the policy asks"),
    ] = None,
    from_: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="RECORDING", help="join what another host recorded"),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="write a recording that reproduces this audit"),
    ] = None,
    redact: Annotated[
        bool, typer.Option(help="in the recording, replace names and serial numbers")
    ] = False,
) -> None:
    """Look at every location, and say which copies are independent, whole and sound."""
    from datetime import UTC, datetime

    from riskmodel._console import printable, say
    from verifier import show
    from verifier.recorded import recorded_audit

    found = recorded_audit(
        what,
        _setup,
        now=datetime.now(UTC),
        depth=_depth(depth),
        talk=say if sys.stderr.isatty() else _silent,
        recordings=from_ or (),
        keep=record,
        redact=redact,
    )
    if as_json:
        _print_json(show.document(found))
    else:
        typer.echo(printable(show.text(found)))
    raise typer.Exit(found.exit_code)


@app.command(name="record")
def record_machine(
    file: Annotated[Path, typer.Argument(help="the recording to write", show_default=False)],
    redact: Annotated[bool, typer.Option(help="replace names and serial numbers")] = False,
) -> None:
    """Record what this host mounts, shares and stands on, for an audit made elsewhere."""
    from datetime import UTC, datetime

    from riskmodel._console import say
    from verifier.host import Host
    from verifier.recording import record, write

    found = record(Host(record=True), now=datetime.now(UTC))
    write(found, file.expanduser(), redact=redact)
    say(f"verifier: {len(found.spots)} folders and {len(found.exports)} shares are in {file}")


@app.command()
def discover(
    roots: Annotated[
        list[str] | None,
        typer.Argument(help="where to look; usual places unless given", show_default=False),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="the live data; the home folder unless given")
    ] = None,
    levels: Annotated[int, typer.Option(min=0, max=8, help="how deep to look below each")] = 3,
    seconds: Annotated[float, typer.Option(min=0.1, help="stop looking after this time")] = 20.0,
) -> None:
    """Look for places that may hold copies, and print a set-up file for audit."""
    from riskmodel._console import say
    from riskmodel.errors import InputError
    from verifier.discover import discover as look
    from verifier.discover import setup_text
    from verifier.host import Host

    live = str(Path(source or "~").expanduser().absolute())
    for place in (live, *(roots or ())):
        if not Path(place).exists():
            raise InputError(f"discover: {place}: no such folder")
    found = look(Host(), live, roots or None, levels=levels, seconds=seconds)
    if not found.finished:
        say(f"verifier: stopped after {seconds:g} s; not everything was looked at")
    typer.echo(setup_text(live, found.candidates), nl=False)


@app.command()
def layout(
    file: Annotated[Path, typer.Argument(help="a set-up file", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Turn an audit into a layout file for riskmodel."""
    from verifier import bridge

    raise typer.Exit(bridge.layout_command(file, as_json=as_json))


@app.command()
def risk(
    file: Annotated[Path, typer.Argument(help="a set-up file", show_default=False)],
    as_json: AsJson = False,
    horizon: Annotated[str | None, typer.Option(help="such as '10 years'")] = None,
    seed: Annotated[int, typer.Option(help="the same seed gives the same result")] = 1,
    html: Annotated[Path | None, typer.Option(help="write a report to this file")] = None,
) -> None:
    """Audit, and estimate the probability that the data is lost."""
    from verifier import bridge

    code = bridge.risk_command(file, as_json=as_json, horizon=horizon, seed=seed, html=html)
    raise typer.Exit(code)


@app.command()
def rules(as_json: AsJson = False) -> None:
    """List what is looked for."""
    from verifier.rules import RULES

    if as_json:
        _print_json([_rule_document(rule) for rule in RULES])
        return
    width = max(len(rule.id) for rule in RULES)
    for rule in RULES:
        typer.echo(f"{rule.id:<{width}}  {rule.title}")


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="RULE", help="see rules", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Say what a rule looks for, why, and what to do."""
    from riskmodel.errors import InputError, did_you_mean
    from verifier.rules import RULES, rule_named

    rule = rule_named(name)
    if rule is None:
        hint = did_you_mean(name, (known.id for known in RULES), shown=len(RULES))
        raise InputError(f"explain: unknown rule '{name}'{hint}")
    if as_json:
        _print_json(_rule_document(rule))
        return
    typer.echo(f"{rule.id}: {rule.title}.\n\n  why   {rule.risk}\n  do    {rule.remediation}")


def _setup(what: list[str]) -> Setup:
    from riskmodel.errors import InputError
    from verifier.setup import bare_setup, load_setup

    first = Path(what[0]).expanduser()
    if len(what) == 1:
        if first.is_dir():
            raise InputError("audit: name the locations of the copies too: audit SOURCE PATH...")
        return load_setup(first)
    if first.suffix == ".toml" and first.is_file():
        raise InputError(f"audit: {what[0]} is a set-up file; it stands alone")
    return bare_setup(what[0], what[1:])


def _depth(word: str | None) -> Depth | None:
    from riskmodel.errors import InputError, did_you_mean
    from verifier.inventory import Depth

    if word is None:
        return None
    known = {depth.word: depth for depth in Depth}
    if word.lower() not in known:
        raise InputError(f"--depth: unknown depth '{word}'{did_you_mean(word, known)}")
    return known[word.lower()]


def _rule_document(rule: Any) -> dict[str, str]:
    return {
        "id": rule.id,
        "title": rule.title,
        "risk": rule.risk,
        "remediation": rule.remediation,
    }


def _print_json(document: Any) -> None:
    # ASCII only: file names on disk need not be valid Unicode
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))


def _silent(text: str) -> None:
    del text
