"""What both command lines share: one message for a mistake, a clean stop, a progress bar."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import typer

    from riskmodel.simulation import Progress

__all__ = ["bar", "run", "say"]


def say(text: str) -> None:
    """Print talk, as opposed to results, on stderr."""
    sys.stderr.write(text + "\n")


def run(app: typer.Typer, name: str) -> NoReturn:
    """Run a command line: exit 2 with one message for bad input, 130 for Ctrl-C.

    Parameters
    ----------
    app : typer.Typer
        The commands.
    name : str
        How messages begin.
    """
    from riskmodel.errors import ThreeTwoOneError

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"{name}: %(message)s"))
    talk = logging.getLogger("riskmodel")
    talk.addHandler(handler)
    talk.setLevel(logging.INFO)
    try:
        app(prog_name=name)
    except ThreeTwoOneError as error:
        say(f"{name}: {error}")
        sys.exit(2)
    except KeyboardInterrupt:
        say(f"{name}: stopped; nothing was written")
        sys.exit(130)
    except BrokenPipeError:
        # the reader has seen enough; keep the interpreter from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    sys.exit(0)


@contextmanager
def bar(label: str) -> Iterator[Callable[[Progress], None] | None]:
    """Show progress of a run on stderr if somebody is looking.

    Parameters
    ----------
    label : str
        What is being run.

    Yields
    ------
    callable or None
        What `simulate` takes as ``progress``.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns: list[Any] = [
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[seen]}"),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(label, total=1.0, seen="")

        def report(done: Any) -> None:
            share = done.trials / done.max_trials
            if done.target_relative_error is not None and done.losses:
                share = max(share, min(done.losses * done.target_relative_error**2, 1.0))
            seen = f"{done.trials:,} trials, {done.losses:,} losses"
            shown.update(task, completed=share, seen=seen)

        yield report
