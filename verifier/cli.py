"""The command ``verifier``. Only typer and the standard library are imported before a command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

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
        typer.Option(help="listed, structure, bytes, source or restore; else what the policy asks"),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="only this one of the datasets in the file")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="say what would be done, and read nothing")
    ] = False,
    catalogue: Annotated[
        str | None,
        typer.Option(metavar="FILE|URL", help="where earlier audits are kept"),
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
        int | None, typer.Option(min=0, help="draw the same sample as the audit of this seed")
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
) -> None:
    """Look at every location, and say which copies are independent, whole and sound.

    Exit codes: 0 all gates pass, 1 one fails, 3 one is unknown, 2 bad input; --nagios has its own.
    """
    from riskmodel._console import printable
    from riskmodel.errors import InputError
    from verifier.effort_options import asked_effort, with_max_bad

    deep = _depth(depth)
    if nagios and (as_json or plan):
        raise InputError("--nagios: prints one line, and goes with neither --json nor --plan")
    if redact and record is None:
        raise InputError("--redact: replaces names in a recording; say --record FILE too")
    recorded = len(what) == 1 and what[0].endswith(".json")
    setups = () if recorded else with_max_bad(_setups(what, dataset), max_bad)
    if record is not None and len(setups) > 1:
        raise InputError("--record: keeps one dataset; say --dataset NAME too")
    if plan:
        if recorded:
            raise InputError(f"--plan: {what[0]} is a recording; nothing is looked at for it")
        _plan(setups, deep, as_json=as_json)
        return
    from riskmodel.reporting import require_writable
    from verifier import show
    from verifier.datasets import exit_code, worst_first
    from verifier.monitoring import Spent, prometheus_file
    from verifier.monitoring import nagios as nagios_line
    from verifier.recording import read

    spent = Spent.now()
    if html is not None:
        require_writable(html)
    if prometheus is not None:
        prometheus_file(prometheus)  # tells now what could not be written later
    book = None if no_catalogue else _catalogue(catalogue)
    others = tuple(read(path.expanduser()) for path in from_ or ())
    looked: tuple[Setup | Path, ...] = (Path(what[0]).expanduser(),) if recorded else setups
    asked = partial(asked_effort, seed=seed, reread=reread)
    audits = worst_first(
        [_audited(one, deep, book, others, record, redact, asked) for one in looked]
    )
    if prometheus is not None:
        prometheus_file(prometheus, audits, spent)
    if html is not None:
        _html(html, audits, Path(what[0]) if recorded else record, redact=redact)
    if nagios:
        line, code = nagios_line(audits)
        typer.echo(line)
        raise typer.Exit(code)
    if as_json:
        _print_json(show.documents(audits))
    else:
        typer.echo(printable(show.texts(audits, _width())))
    raise typer.Exit(exit_code(audits))


@app.command()
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
        list[str] | None, typer.Option(help="only this location; may be said again")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="only this one of the datasets in the file")
    ] = None,
    files: Annotated[
        int, typer.Option(min=1, help="draw so many; the largest and the oldest come on top")
    ] = 60,
    every: Annotated[bool, typer.Option("--all", help="restore everything")] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="draw the same files as the drill that said it")
    ] = None,
    scratch: Annotated[
        str | None, typer.Option(metavar="DIR", help="where to make the private scratch folder")
    ] = None,
) -> None:
    """Restore files from every location into a scratch folder, and compare them with the source.

    Exit codes: 0 all came back right, 1 something did not, 3 some could not be tried.
    """
    from riskmodel._console import printable, say
    from verifier import drilling
    from verifier.drills import Wish, fresh_seed

    setups = drilling.only(_setups(what, dataset, "drill"), location)
    drawn = fresh_seed() if seed is None else seed
    wish = Wish(None if every else files, drawn, scratch)
    made = drilling.drill_all(setups, wish, talk=say if sys.stderr.isatty() else _silent)
    if as_json:
        _print_json(drilling.document(made))
    else:
        typer.echo(printable(drilling.text(made, _width())))
    raise typer.Exit(drilling.exit_code(made))


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
    from riskmodel._console import show

    show(_discovered("discover", source, roots, levels, seconds)[0], end="")


@app.command()
def init(
    file: Annotated[Path, typer.Argument(help="the set-up file to write")] = Path("setup.toml"),
    source: Annotated[
        str | None, typer.Option(help="the live data; the home folder unless given")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="stop looking after this time")] = 20.0,
) -> None:
    """Write a set-up file of what is found on this machine; an existing file is left alone."""
    from riskmodel._console import show
    from riskmodel.errors import InputError

    if file.exists() or file.is_symlink():
        raise InputError(f"init: {file} exists already; name another file")
    text, count = _discovered("init", source, None, 3, seconds)
    try:
        with file.open("x", encoding="utf-8") as written:
            written.write(text)
    except FileExistsError:
        raise InputError(f"init: {file} exists already; name another file") from None
    except OSError as problem:
        raise InputError(f"init: {file}: cannot be written: {problem.strerror}") from None
    places = "1 location" if count == 1 else f"{count} locations"
    show(f"wrote {file} with {places}; look through it, then: verifier audit {file}")


@app.command()
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
        str | None, typer.Option("--from", metavar="RUN|DATE", help="the earlier run")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="RUN|DATE", help="the later run; else the last")
    ] = None,
    location: Annotated[str | None, typer.Option(help="only this location")] = None,
    as_json: AsJson = False,
    catalogue: Annotated[
        str | None, typer.Option(metavar="FILE|URL", help="where audits are kept")
    ] = None,
) -> None:
    """Say what changed between two audits: rot, mass changes, copies that stopped.

    Exit codes: 0 nothing suspicious in what was compared, 1 suspected rot or a mass change, 2 bad
    input, 3 something could not be judged.
    """
    from riskmodel._console import printable
    from riskmodel.errors import InputError
    from verifier.catalogue import CatalogueError
    from verifier.diff_text import diff_document, texts
    from verifier.diffing import diffs, exit_code

    try:
        found = diffs(
            _catalogue(catalogue),
            datasets=_named_datasets(what),
            since=from_,
            until=to,
            location=location,
        )
    except CatalogueError as problem:
        raise InputError(f"diff: {problem}") from None
    if as_json:
        told = [diff_document(one) for one in found]
        _print_json(told[0] if len(told) == 1 else {"datasets": told})
    else:
        typer.echo(printable(texts(found)))
    raise typer.Exit(exit_code(found))


@app.command()
def layout(
    file: Annotated[Path, typer.Argument(help="a set-up file", show_default=False)],
    as_json: AsJson = False,
    dataset: Annotated[str | None, typer.Option(help="which of the datasets in the file")] = None,
) -> None:
    """Turn an audit into a layout file for riskmodel."""
    from verifier import bridge

    raise typer.Exit(bridge.layout_command(file, as_json=as_json, dataset=dataset))


@app.command()
def risk(
    file: Annotated[Path, typer.Argument(help="a set-up file", show_default=False)],
    as_json: AsJson = False,
    dataset: Annotated[str | None, typer.Option(help="which of the datasets in the file")] = None,
    horizon: Annotated[str | None, typer.Option(help="such as '10 years'")] = None,
    seed: Annotated[int, typer.Option(help="the same seed gives the same result")] = 1,
    html: Annotated[Path | None, typer.Option(help="write a report to this file")] = None,
) -> None:
    """Audit, and estimate the probability that the data is lost."""
    from verifier import bridge

    code = bridge.risk_command(
        file, as_json=as_json, horizon=horizon, seed=seed, html=html, dataset=dataset
    )
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
    name: Annotated[
        str,
        typer.Argument(metavar="RULE", help="a rule, a gate, a kind, or score", show_default=False),
    ],
    as_json: AsJson = False,
) -> None:
    """Say what a rule, a gate or a kind of location is about, why, and what to do."""
    from riskmodel.errors import InputError, did_you_mean
    from verifier.kinds import kind_documents
    from verifier.rules import GATE_RULES, PRACTICE_RULES, RULES, rule_named
    from verifier.score import explained

    if name.strip().lower() == "score":
        told = explained()
        _print_json({"score": told}) if as_json else typer.echo(told)
        return
    wanted = name.strip().lower().replace("-", "_")
    gates = {gate.gate: gate.rule for gate in (*GATE_RULES, *PRACTICE_RULES)}
    kinds = kind_documents()
    rule = gates.get(wanted) or rule_named(name)
    if rule is None and name.strip().lower() in kinds:
        kind = kinds[name.strip().lower()]
        if as_json:
            _print_json(kind)
        else:
            typer.echo(f"{kind['kind']}: {kind['text']}")
        return
    if rule is None:
        known = [*(one.id for one in RULES), *gates, *kinds, "score"]
        known = list({one.replace("_", "-"): one for one in known})
        hint = did_you_mean(name, known, shown=len(known))
        raise InputError(f"explain: unknown rule, gate or kind '{name}'{hint}")
    if as_json:
        _print_json(_rule_document(rule))
        return
    typer.echo(f"{rule.id}: {rule.title}.\n\n  why   {rule.risk}\n  do    {rule.remediation}")


app.command()(advise)
app.command()(schema)
app.command()(schedule)


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


def _named_datasets(what: str | None) -> tuple[str, ...]:
    from verifier.datasets import load_setups

    if what is None:
        return ()
    if what.endswith(".toml") or Path(what).expanduser().is_file():
        return tuple(setup.name for setup in load_setups(Path(what).expanduser()))
    return (what,)


def _setups(what: list[str], dataset: str | None, command: str = "audit") -> tuple[Setup, ...]:
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


def _discovered(
    command: str, source: str | None, roots: list[str] | None, levels: int, seconds: float
) -> tuple[str, int]:
    from riskmodel._console import say
    from riskmodel.errors import InputError
    from verifier.discover import discover as look
    from verifier.host import Host
    from verifier.setup_text import setup_text

    live = str(Path(source or "~").expanduser().absolute())
    for place in (live, *(roots or ())):
        if not Path(place).exists():
            raise InputError(f"{command}: {place}: no such folder")
    found = look(Host(), live, roots or None, levels=levels, seconds=seconds)
    if not found.finished:
        say(f"verifier: stopped after {seconds:g} s; not everything was looked at")
    return setup_text(live, found), len(found.candidates)


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
        talk=say if sys.stderr.isatty() else _silent,
        complain=_complain,
        recordings=others,
        keep=keep,
        redact=redact,
        effort=None if isinstance(what, Path) else effort(what, now),
    )


def _catalogue(where: str | None) -> Catalogue:
    from verifier.catalogue import Catalogue, default_path

    return Catalogue(where if where is not None else default_path())


def _plan(setups: tuple[Setup, ...], depth: Depth | None, *, as_json: bool) -> None:
    from riskmodel._console import printable
    from verifier.plan import plan, plan_document, plan_text

    steps = {setup.name: plan(setup, depth) for setup in setups}
    if as_json:
        found = [plan_document(name, one) for name, one in steps.items()]
        _print_json(found[0] if len(found) == 1 else {"datasets": found})
        return
    shown = "\n\n".join(plan_text(name, one) for name, one in steps.items())
    typer.echo(printable(shown))


def _width() -> int | None:
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


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
