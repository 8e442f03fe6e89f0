"""The command ``riskmodel``. Only typer and the standard library are imported before a command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from riskmodel.layout import Layout

__all__ = ["app", "main"]

app = typer.Typer(
    name="riskmodel",
    help="How likely is it that these copies lose the data? Simulates backup layouts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Files = Annotated[list[Path], typer.Argument(help="layout files", show_default=False)]
Horizon = Annotated[
    str | None, typer.Option(help="mission time, such as '10 years'; else the layout's own")
]
Method = Annotated[str, typer.Option(help="auto, exact or events")]
Target = Annotated[
    float | None,
    typer.Option(help="stop at this relative error; 0.05 unless --trials is given"),
]
Trials = Annotated[int | None, typer.Option(help="run this many trials")]
Budget = Annotated[str | None, typer.Option(help="stop after this time, such as '20 s'")]
Seed = Annotated[int, typer.Option(help="the same seed gives the same result")]
Threads = Annotated[int | None, typer.Option(help="worker threads; all cores by default")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON on stdout")]


def main() -> None:
    """Run the command line."""
    from riskmodel._console import run

    run(app, "riskmodel")


@app.command()
def simulate(
    files: Files,
    horizon: Horizon = None,
    method: Method = "auto",
    target_relative_error: Target = None,
    trials: Trials = None,
    time_budget: Budget = None,
    seed: Seed = 1,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Estimate the probability that a layout loses all its data."""
    from riskmodel._console import bar
    from riskmodel._text import estimate_text
    from riskmodel.simulation import simulate as estimate

    found = []
    for layout in _load(files):
        with bar(layout.name) as progress:
            found.append(
                estimate(
                    layout,
                    horizon=horizon,
                    method=method,
                    target_relative_error=target_relative_error,
                    trials=trials,
                    time_budget=time_budget,
                    seed=seed,
                    threads=threads,
                    progress=progress,
                )
            )
    if as_json:
        documents = [loss.to_dict() for loss in found]
        _print_json(documents[0] if len(documents) == 1 else documents)
        return
    typer.echo("\n\n".join(estimate_text(loss) for loss in found))


@app.command()
def compare(
    files: Files,
    horizon: Horizon = None,
    method: Method = "auto",
    target_relative_error: Target = None,
    trials: Trials = None,
    time_budget: Budget = None,
    seed: Seed = 1,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Put several layouts side by side, the safest first."""
    from riskmodel._console import bar
    from riskmodel._text import comparison_text
    from riskmodel.comparison import compare as estimate

    layouts = _load(files)
    with bar("comparing") as progress:
        found = estimate(
            layouts,
            horizon=horizon,
            method=method,
            target_relative_error=target_relative_error,
            trials=trials,
            time_budget=time_budget,
            seed=seed,
            threads=threads,
            progress=progress,
        )
    if as_json:
        _print_json(found.to_dict())
    else:
        typer.echo(comparison_text(found))


@app.command()
def check(files: Files) -> None:
    """Read layout files and say what they mean, without simulating."""
    from riskmodel._text import layout_text

    typer.echo("\n\n".join(layout_text(layout) for layout in _load(files)))


@app.command()
def schema() -> None:
    """Print the JSON Schema of layout files, for editors."""
    from riskmodel.layout import Layout

    _print_json(Layout.model_json_schema(by_alias=True))


@app.command()
def new(
    name: Annotated[str | None, typer.Argument(help="which one; see --list")] = None,
    names: Annotated[bool, typer.Option("--list", help="list the layouts to start from")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write to this new file")
    ] = None,
) -> None:
    """Print a layout that people really have, to start from."""
    from riskmodel.errors import InputError
    from riskmodel.examples import example_file, example_files

    if names or name is None:
        for stem, path in example_files().items():
            about = path.read_text("utf-8").splitlines()[0].lstrip("# ")
            typer.echo(f"{stem:<28} {about}")
        if not names:
            raise InputError("new: name one of these layouts")
        return
    text = example_file(name).read_text("utf-8")
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"new: {output} exists already; nothing was written") from None
    except OSError as error:
        raise InputError(f"new: {output}: cannot be written: {error.strerror}") from None
    typer.echo(f"wrote {output}; next: riskmodel simulate {output}", err=True)


def _load(files: list[Path]) -> list[Layout]:
    from riskmodel.layout import load_layout

    return [load_layout(file) for file in files]


def _print_json(document: Any) -> None:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")
