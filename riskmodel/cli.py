"""The command ``riskmodel``. Only typer and the standard library are imported before a command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskmodel._completing import layout_names, parameter_names
from riskmodel._console import say, show
from riskmodel._options import AsJson, Files, Horizon, Kept, Method, Seed, share, takes_run_options

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["app", "main"]

app = typer.Typer(
    name="riskmodel",
    help="How likely is it that these copies lose the data? Simulates backup layouts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run the command line."""
    from riskmodel._console import run

    run(app, "riskmodel")


@app.command()
@takes_run_options
def simulate(
    files: Files, checkpoint: Kept = None, as_json: AsJson = False, **options: Any
) -> None:
    """Estimate the probability that a layout loses all its data."""
    from riskmodel._console import bar, stopped
    from riskmodel._text import estimate_text
    from riskmodel.errors import InputError, Interrupted
    from riskmodel.simulation import simulate as estimate

    if checkpoint is not None and len(files) > 1:
        raise InputError(f"--checkpoint: keeps the run of one layout, got {len(files)} files")
    found = []
    for layout in _load_to_run(files, options["horizon"]):
        with bar(layout.name) as progress:
            try:
                loss = estimate(layout, checkpoint=checkpoint, progress=progress, **options)
            except Interrupted as error:
                stopped("riskmodel", str(error))
        found.append(loss)
    if as_json:
        documents = [loss.to_dict() for loss in found]
        _print_json(documents[0] if len(documents) == 1 else documents)
        return
    show("\n\n".join(estimate_text(loss) for loss in found))


@app.command()
@takes_run_options
def compare(files: Files, as_json: AsJson = False, **options: Any) -> None:
    """Put several layouts side by side, the safest first.

    All run on the same random numbers, and run on until neighbours are told apart or their ratio is
    known to 2.5 %. Example: riskmodel compare home.toml other.toml --horizon "10 years"
    """
    from riskmodel._console import bar
    from riskmodel._decide_text import comparison_text
    from riskmodel.comparison import compare as estimate

    layouts = _load_to_run(files, options["horizon"])
    with bar("comparing") as progress:
        found = estimate(layouts, progress=progress, **options)
    if as_json:
        _print_json(found.to_dict())
    else:
        show(comparison_text(found))


@app.command()
def report(
    files: Files,
    output: Annotated[Path, typer.Option("--output", "-o", help="the page to write")] = Path(
        "report.html"
    ),
    horizon: Horizon = None,
    target_relative_error: Annotated[
        float,
        typer.Option(metavar="SHARE", parser=share, help="of the chance to lose everything"),
    ] = 0.05,
    ranges: Annotated[
        bool, typer.Option("--ranges/--no-ranges", help="also vary what nobody knows exactly")
    ] = True,
    seed: Seed = 1,
) -> None:
    """Write one HTML page about layouts, for somebody who decides."""
    from riskmodel._console import bar
    from riskmodel.reporting.assessing import report as write

    write(
        _load_to_run(files, horizon), output, horizon=horizon, seed=seed, ranges=ranges, watch=bar,
        target_relative_error=target_relative_error,
    )  # fmt: skip
    say(f"wrote {output}")


@app.command()
def sensitivity(
    file: Annotated[Path, typer.Argument(help="layout file", show_default=False)],
    horizon: Horizon = None,
    method: Method = "auto",
    points: Annotated[
        int, typer.Option(help="base points of the Sobol indices, a power of two; 0: none")
    ] = 64,
    across: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="give twice, for a map of two inputs instead: a name that this command prints, or "
            "a path and its values, such as 'copies.usb.check.every=7 days,30 days'",
        ),
    ] = None,
    seed: Seed = 1,
    threads: Annotated[
        int | None, typer.Option(help="worker threads; all cores by default")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what matters most: which uncertain inputs move the chance of loss, and how far.

    Varies the ranges of the file and of the sources behind presets, first one at a time, then all
    together. Example: riskmodel sensitivity home.toml --horizon "10 years"
    """
    from riskmodel._decide_command import run_sensitivity

    run_sensitivity(
        _load_to_run([file], horizon)[0], across or [], points, as_json,
        horizon=horizon, method=method, seed=seed, threads=threads,
    )  # fmt: skip


@app.command()
def improve(
    file: Annotated[Path, typer.Argument(help="layout file", show_default=False)],
    target: Annotated[
        str | None,
        typer.Option(
            metavar="CHANCE",
            help="chance of loss to get under, such as 1e-3 or '0.1 %': changes are added up to it",
            show_default=False,
        ),
    ] = None,
    horizon: Horizon = None,
    target_relative_error: Annotated[
        float, typer.Option(metavar="SHARE", parser=share, help="of each estimate")
    ] = 0.03,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write the changed layout to a new file")
    ] = None,
    take: Annotated[
        int,
        typer.Option(
            help="which change of the list to write, 1 for the first; without it the changes that "
            "meet the target, or else the first"
        ),
    ] = 0,
    space: Annotated[
        Path | None,
        typer.Option(
            help="search the alternatives of this file instead: a TOML table [space] with a list "
            'of values for each path, such as "copies.usb.check.every" = ["7 days", "30 days"]'
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="with --space: draw cost against the chance of loss (.svg, .png, .pdf)"),
    ] = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Tell what to change first: single changes, ranked by the share of the loss they remove.

    Example: riskmodel improve home.toml --target 1e-3 -o better.toml
    """
    from riskmodel._improve_command import run_improve

    # of a space the file itself need not be a layout that runs
    (layout,) = _load_to_run([file], horizon) if space is None else _load([file])
    run_improve(
        layout, output, take, as_json, space, plot, target=target, horizon=horizon,
        seed=seed, target_relative_error=target_relative_error,
    )  # fmt: skip


@app.command()
def check(files: Files, as_json: AsJson = False) -> None:
    """Read layout files and say what they mean, without simulating.

    With --json each is printed as it was understood, quantities in hours, bytes and bytes a second.
    """
    from riskmodel._program import require_compiled
    from riskmodel._text import layout_text

    layouts = _load(files)
    if as_json:
        found = [one.model_dump(mode="json", exclude_unset=True, by_alias=True) for one in layouts]
        _print_json(found[0] if len(found) == 1 else found)
        return
    for file, layout in zip(files, layouts, strict=True):
        require_compiled(layout, layout.horizon or 1.0, str(file))
    show("\n\n".join(layout_text(layout) for layout in layouts))


@app.command()
def parameters(
    name: Annotated[
        str | None,
        typer.Argument(
            help="a parameter or the start of its name, such as disk/afr_fleet; else a list",
            autocompletion=parameter_names,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the sourced parameters behind all defaults, or show what is known about some."""
    from riskmodel._parameters_text import catalogue_text, parameters_text
    from riskmodel.catalogue import parameters as catalogue

    found = catalogue() if name is None else catalogue().named(name)
    if as_json:
        _print_json(found.to_dicts())
    elif name is None:
        show(catalogue_text(found))
    else:
        show(parameters_text(found))


@app.command()
def schema() -> None:
    """Print the JSON Schema of layout files, for editors."""
    from riskmodel.layout import Layout

    _print_json(Layout.model_json_schema(by_alias=True))


@app.command()
def new(
    name: Annotated[
        str | None, typer.Argument(help="which one; see --list", autocompletion=layout_names)
    ] = None,
    names: Annotated[bool, typer.Option("--list", help="list the layouts to start from")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write to this new file")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the list as JSON")] = False,
) -> None:
    """Print a layout that people really have, to start from.

    Example: riskmodel new one-external-disk -o home.toml
    """
    from riskmodel._files import write_new
    from riskmodel.errors import InputError
    from riskmodel.examples import example_file, example_files

    if as_json and not names:
        raise InputError("new: --json prints the list; say --list too")
    if names or name is None:
        known = {
            stem: path.read_text("utf-8").splitlines()[0].lstrip("# ")
            for stem, path in example_files().items()
        }
        if as_json:
            _print_json([{"name": stem, "about": about} for stem, about in known.items()])
            return
        for stem, about in known.items():
            show(f"{stem:<28} {about}")
        if not names:
            raise InputError("new: name one of these layouts")
        return
    text = example_file(name).read_text("utf-8")
    if output is None:
        show(text, end="")
        return
    try:
        write_new(output, text)
    except FileExistsError:
        raise InputError(f"new: {output} exists already; nothing was written") from None
    except OSError as error:
        raise InputError(f"new: {output}: cannot be written: {error.strerror}") from None
    say(f"wrote {output}; next: riskmodel simulate {output}")


@app.command()
def fit(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="daily files of Backblaze Drive Stats (CSV, gzipped, or zips of them), or tables "
            "of lifetimes (CSV, Parquet) with start_age_days, end_age_days (or _hours, _years), "
            "failed and, if known, model and batch",
            show_default=False,
        ),
    ],
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", help="what a table calls a column, such as failed=dead"),
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="fit this model; may be repeated")] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="leave this model out; may be repeated")
    ] = None,
    lot_letters: Annotated[
        int, typer.Option(help="Drive Stats: first letters of a serial number that name its lot")
    ] = 4,
    min_failures: Annotated[
        int, typer.Option(help="fewest failures of a model that gets its own law")
    ] = 10,
    name: Annotated[str, typer.Option(help="how the media file calls its medium")] = "fitted",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="write a media file for layouts' media_from"),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="draw the fit against Kaplan-Meier: .png, .svg or .pdf")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit lifetimes and frailties to drives that were observed; write media for layouts."""
    from riskmodel._fit_command import run_fit

    run_fit(
        files, columns=columns or (), only=only or (), without=without or (),
        lot_letters=lot_letters, min_failures=min_failures, name=name, output=output, plot=plot,
        as_json=as_json,
    )  # fmt: skip


@app.command(context_settings={"ignore_unknown_options": True})  # a latitude may begin with "-"
def distance(
    one: Annotated[str, typer.Argument(help="latitude and longitude, such as '52.37,4.90'")],
    other: Annotated[str, typer.Argument(help="the second place")],
    countries: Annotated[
        str | None, typer.Option(help="of both places, such as NL,DE; adds national catastrophes")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(help="draw the chance by distance to this file (.svg, .png, .pdf)"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell how likely one disaster is to hit two places, and from where on it is not."""
    from riskmodel._picture_commands import run_distance

    run_distance(one, other, countries, plot, as_json)


@app.command()
def history(
    file: Annotated[Path, typer.Argument(help="layout file", show_default=False)],
    horizon: Horizon = None,
    trial: Annotated[
        int | None,
        typer.Option(help="this one, whatever comes of it; by default the first that loses all"),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="draw it, a lane for each copy (.svg, .png, .pdf)")
    ] = None,
    last: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="draw only so much before the end, such as '90 days'",
            show_default=False,
        ),
    ] = None,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Tell one simulated history, event by event: how everything was lost.

    It is one way of many. Example: riskmodel history home.toml --plot history.svg
    """
    from riskmodel._picture_commands import run_history

    run_history(
        _load_to_run([file], horizon)[0],
        plot,
        last,
        as_json,
        trial=trial,
        horizon=horizon,
        seed=seed,
    )


def _load(files: list[Path]) -> list[Layout]:
    from riskmodel.layout import load_layout

    return [load_layout(file) for file in files]


def _load_to_run(files: list[Path], horizon: str | None) -> list[Layout]:
    from riskmodel._program import require_compiled

    layouts = _load(files)
    for file, layout in zip(files, layouts, strict=True):
        require_compiled(layout, horizon, str(file))
    return layouts


def _print_json(document: Any) -> None:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")
