"""The command ``verifier``. Only typer and the standard library are imported before a command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from verifier._command_parts import (
    AsJson,
    OneDataset,
    Seed,
    SetupFile,
    ThisDataset,
    Years,
    catalogue_at,
    draw_audit,
    print_json,
    setups_of,
    silent,
    width,
)
from verifier._comparing_commands import diff, drill
from verifier._completing import depth_words
from verifier._discovering_commands import discover, init
from verifier._explaining_commands import explain, rules
from verifier._keeping_commands import advise, nagios_hears, schedule, schema

if TYPE_CHECKING:
    from datetime import datetime

    from verifier.audit import Audit
    from verifier.catalogue import Catalogue
    from verifier.effort import Effort
    from verifier.inventory import Depth
    from verifier.recording import Recording
    from verifier.setup import Setup

__all__ = ["app", "main"]

app = typer.Typer(
    name="verifier",
    help="Which of these copies are independent, whole and sound? Audits real backup locations.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> NoReturn:
    """Run the command line.

    Exit codes: 0 all gates pass and nothing alarms, 1 one fails, 2 bad input or usage, 3 something
    is unknown.
    """
    from riskmodel._console import run

    run(app, "verifier")


@app.command()
@nagios_hears
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
        typer.Option(
            metavar="listed|structure|bytes|source|restore",
            help="how deep to look; else as deep as the policy asks, which is bytes unless it says",
            autocompletion=depth_words,
        ),
    ] = None,
    dataset: ThisDataset = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="say what would be done, and read nothing")
    ] = False,
    catalogue: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="where earlier audits are kept; else $XDG_STATE_HOME/threetwoone/catalogue.db",
        ),
    ] = None,
    no_catalogue: Annotated[
        bool, typer.Option("--no-catalogue", help="neither ask nor write the catalogue")
    ] = False,
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
    max_bad: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="read a random sample, so large that with 95 % at most this share is bad: '1%'",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="draw the same sample as the audit of this seed; else another each time"
        ),
    ] = None,
    reread: Annotated[
        bool, typer.Option("--reread", help="read everything, whatever earlier audits have read")
    ] = False,
    nagios: Annotated[
        bool, typer.Option("--nagios", help="one line; exit 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN")
    ] = False,
    prometheus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="also write a text file for node_exporter")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="also write a page for whoever decides")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="also draw what the copies have in common: .svg, .png or .pdf; of several "
            "datasets the worst",
        ),
    ] = None,
) -> None:
    """Look at every location, and say which copies are independent, whole and sound.

    Exit codes: 0 all gates pass and nothing alarms, 1 one fails, 3 one is unknown, 2 bad input;
    --nagios has its own.
    """
    from riskmodel.errors import InputError, printable
    from verifier.effort_options import asked_effort, with_max_bad

    deep = _depth(depth)
    if nagios and (as_json or plan):
        raise InputError("--nagios: prints one line, and goes with neither --json nor --plan")
    if redact and record is None:
        raise InputError("--redact: replaces names in a recording; say --record FILE too")
    recorded = len(what) == 1 and what[0].endswith(".json")
    setups = () if recorded else with_max_bad(setups_of(what, dataset), max_bad)
    if record is not None and len(setups) > 1:
        raise InputError("--record: keeps one dataset; say --dataset NAME too")
    if plan:
        if recorded:
            raise InputError(f"--plan: {what[0]} is a recording; nothing is looked at for it")
        _plan(setups, deep, as_json=as_json)
        return
    from riskmodel.reporting import require_writable
    from verifier import show
    from verifier.apart import keep_apart
    from verifier.datasets import exit_code, worst_first
    from verifier.monitoring import Spent, prometheus_file
    from verifier.monitoring import nagios as nagios_line
    from verifier.recording import read

    spent = Spent.now()
    outputs = {"--record": record, "--prometheus": prometheus, "--html": html, "--plot": plot}
    kept = Path(catalogue) if catalogue is not None and "://" not in catalogue else None
    places = (place.path for one in setups for place in one.locations if place.path)
    keep_apart(outputs | {"--catalogue": kept}, places)
    if html is not None:
        require_writable(html)
    if plot is not None:
        from riskmodel.plot._canvas import require_drawable

        require_drawable(plot, "--plot")
    if prometheus is not None:
        prometheus_file(prometheus)  # tells now what could not be written later
    book = None if no_catalogue else catalogue_at(catalogue)
    others = tuple(read(path.expanduser()) for path in from_ or ())
    looked: tuple[Setup | Path, ...] = (Path(what[0]).expanduser(),) if recorded else setups
    asked = partial(asked_effort, seed=seed, reread=reread)
    try:
        audits = worst_first(
            [_audited(one, deep, book, others, record, redact, asked) for one in looked]
        )
    except KeyboardInterrupt:
        _stopped(book)
    if as_json:
        print_json(show.documents(audits))
    elif not nagios:
        typer.echo(printable(show.texts(audits, width())))
    # only now: where a file cannot be written the audit was still not in vain
    try:
        if prometheus is not None:
            prometheus_file(prometheus, audits, spent)
        if html is not None:
            _html(html, audits, Path(what[0]) if recorded else record, redact=redact)
        if plot is not None:
            draw_audit(audits[0], plot)
    except KeyboardInterrupt:
        _stopped_writing(said=not nagios)
    if nagios:
        line, code = nagios_line(audits)
        typer.echo(line)
        raise typer.Exit(code)
    raise typer.Exit(exit_code(audits))


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
def layout(
    file: SetupFile,
    as_json: AsJson = False,
    dataset: OneDataset = None,
) -> None:
    """Turn an audit into a layout file for riskmodel."""
    from verifier import bridge

    raise typer.Exit(bridge.layout_command(file, as_json=as_json, dataset=dataset))


@app.command()
def risk(
    file: SetupFile,
    as_json: AsJson = False,
    dataset: OneDataset = None,
    horizon: Years = "10 years",
    seed: Seed = 1,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="also write a page for whoever decides")
    ] = None,
) -> None:
    """Audit, and estimate the probability that the data is lost."""
    from verifier import bridge

    code = bridge.risk_command(
        file, as_json=as_json, horizon=horizon, seed=seed, html=html, dataset=dataset
    )
    raise typer.Exit(code)


for _command in (init, discover, drill, diff, advise, rules, explain, schema, schedule):
    app.command()(_command)


def _html(file: Path, audits: Sequence[Audit], recording: Path | None, *, redact: bool) -> None:
    from getpass import getuser
    from hashlib import sha256

    from riskmodel._console import say
    from riskmodel.reporting import write
    from verifier.audit_page import audit_page

    kept = b"" if recording is None else recording.expanduser().read_bytes()
    try:
        who = "" if redact else getuser()
    except (KeyError, OSError):  # a user without a name
        who = ""
    digest = sha256(kept).hexdigest() if kept else ""
    write(audit_page(audits, auditor=who, digest=digest), file)
    say(f"verifier: wrote {file}")


def _audited(
    what: Setup | Path,
    depth: Depth | None,
    book: Catalogue | None,
    others: tuple[Recording, ...],
    keep: Path | None,
    redact: bool,
    effort: Callable[[Setup, datetime], Effort],
) -> Audit:
    from datetime import UTC, datetime

    from riskmodel._console import say
    from verifier.recorded import recorded_audit

    now = datetime.now(UTC)
    return recorded_audit(
        what,
        now=now,
        depth=depth,
        catalogue=book,
        talk=say if sys.stderr.isatty() else silent,
        complain=_complain,
        recordings=others,
        keep=keep,
        redact=redact,
        effort=None if isinstance(what, Path) else effort(what, now),
    )


def _stopped(book: Catalogue | None) -> NoReturn:
    from riskmodel._console import stopped

    kept = "nothing was kept"
    if book is not None and book.keeps:
        kept = "the catalogue keeps what was read, and the same audit goes on from there"
    stopped("verifier", f"stopped before the end; {kept}")


def _stopped_writing(*, said: bool) -> NoReturn:
    from riskmodel._console import stopped

    before = "; the audit above is whole" if said else ""
    stopped("verifier", f"stopped before all files were written{before}")


def _plan(setups: tuple[Setup, ...], depth: Depth | None, *, as_json: bool) -> None:
    from riskmodel.errors import printable
    from verifier.plan import plan, plan_document, plan_text

    steps = {setup.name: plan(setup, depth) for setup in setups}
    if as_json:
        found = [plan_document(name, one) for name, one in steps.items()]
        print_json(found[0] if len(found) == 1 else {"datasets": found})
        return
    shown = "\n\n".join(plan_text(name, one) for name, one in steps.items())
    typer.echo(printable(shown))


def _complain(text: str) -> None:
    from riskmodel._console import say

    say(f"verifier: {text}")


def _depth(word: str | None) -> Depth | None:
    from riskmodel.errors import InputError, did_you_mean
    from verifier.inventory import Depth

    if word is None:
        return None
    known = {depth.word: depth for depth in Depth}
    if word.lower() not in known:
        raise InputError(f"--depth: unknown depth '{word}'{did_you_mean(word, known)}")
    return known[word.lower()]
