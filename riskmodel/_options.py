"""Options that several commands of ``riskmodel`` have, with the words that explain them.

Only typer and the standard library are imported before a command, as in `riskmodel.cli`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from riskmodel._completing import METHODS, method_names

__all__ = ["AsJson", "Files", "Horizon", "Kept", "Method", "Seed", "share", "takes_run_options"]


def _whole_number(text: object) -> int:
    """Read what a count is written as; 1e5 is 100,000."""
    try:
        value = float(str(text))
        if value.is_integer():
            return int(str(text)) if str(text).lstrip("+-").isdigit() else int(value)
    except ValueError:
        pass
    raise typer.BadParameter(f"expects a whole number such as 100000 or 1e5, got {str(text)!r}")


def share(text: object) -> float:
    """Read a share as a layout file writes it, or as a plain number."""
    try:
        return float(str(text))
    except ValueError:
        pass
    from riskmodel.errors import InputError
    from riskmodel.units import parse

    try:
        return parse(str(text), "share")
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


Method = Annotated[
    str,
    typer.Option(
        metavar="|".join(METHODS),
        help="auto takes the one that fits the layout; exact has no sampling error, events plays "
        "whole histories, conditional and excursion are for rare losses",
        autocompletion=method_names,
    ),
]
Seed = Annotated[int, typer.Option(help="a whole number; the same one gives the same result")]
Horizon = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="mission time, such as '10 years'; needed only where the layout says none",
        show_default=False,
    ),
]
Files = Annotated[list[Path], typer.Argument(help="layout files", show_default=False)]
Kept = Annotated[
    Path | None,
    typer.Option(help="keep what was run in this file; the same command goes on from it"),
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON on stdout")]

# of every command that runs trials: type and default, by the name of simulate's argument
_RUN_OPTIONS: dict[str, tuple[Any, Any]] = {
    "horizon": (Horizon, None),
    "method": (Method, "auto"),
    "target_relative_error": (
        Annotated[
            float | None,
            typer.Option(
                metavar="SHARE",
                parser=share,
                help="stop at this relative standard error, such as 0.01 or '1 %'; 0.05 unless "
                "--trials is given",
                show_default=False,
            ),
        ],
        None,
    ),
    "trials": (
        Annotated[
            int | None,
            typer.Option(
                metavar="INTEGER",
                parser=_whole_number,
                help="simulate this many histories, such as 100000 or 1e5; else as many as it "
                "takes",
                show_default=False,
            ),
        ],
        None,
    ),
    "time_budget": (
        Annotated[
            str | None,
            typer.Option(
                metavar="TIME", help="stop after this time, such as '20 s'", show_default=False
            ),
        ],
        None,
    ),
    "seed": (Seed, 1),
    "threads": (
        Annotated[int | None, typer.Option(help="worker threads; all cores unless given")],
        None,
    ),
    "ranges": (
        Annotated[
            bool | None,
            typer.Option(
                "--ranges/--no-ranges",
                help="also vary what nobody knows exactly: the range of the answer over its "
                "inputs; by default where a layout has ranges",
                show_default=False,
            ),
        ],
        None,
    ),
    "processes": (
        Annotated[int | None, typer.Option(help="worker processes instead of threads")],
        None,
    ),
    "dask": (
        Annotated[
            str | None,
            typer.Option(
                help="run the trials on a Dask cluster: its scheduler's address, such as "
                "tcp://10.0.0.1:8786"
            ),
        ],
        None,
    ),
}


def takes_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Show typer the options of a run where a command has ``**options``."""
    own = inspect.signature(command, eval_str=True)
    kinds = {
        name: inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
        )
        for name, (kind, default) in _RUN_OPTIONS.items()
    }
    first, *rest, _ = own.parameters.values()
    shown = [first, *kinds.values(), *(p.replace(kind=p.KEYWORD_ONLY) for p in rest)]
    command.__signature__ = own.replace(parameters=shown)  # type: ignore[attr-defined]
    command.__annotations__ |= {name: kind for name, (kind, _) in _RUN_OPTIONS.items()}
    del command.__annotations__["options"]
    return command
