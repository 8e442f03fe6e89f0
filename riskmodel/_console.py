"""What both command lines share: one message for a mistake, a clean stop, a progress bar."""

from __future__ import annotations

import logging
import math
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    import typer

    from riskmodel.simulation import Progress

_INTERRUPTED = 130

__all__ = ["bar", "printable", "run", "say", "show", "stop", "wrapped"]


def say(text: str) -> None:
    """Print talk, as opposed to results, on stderr."""
    sys.stderr.write(printable(text) + "\n")


def show(text: str, *, end: str = "\n") -> None:
    """Print a result on stdout: names in it are those of whoever wrote the file that was read."""
    import typer

    typer.echo(printable(text) + end, nl=False)


def printable(text: str) -> str:
    """Return text without what could steer a terminal: names of files may hold anything."""
    kept = (c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)
    return "".join(kept).encode("utf-8", "replace").decode("utf-8")


def wrapped(lines: Iterator[str], width: int | None) -> Iterator[str]:
    """Break long lines; what follows stands under the last column, or under the first word."""
    for line in lines:
        if width is None or len(line) <= width:
            yield line
            continue
        start = len(line) - len(line.lstrip(" -"))
        column = line.rfind("  ", start, width // 2 + 10) + 2
        indent = " " * (column if column > start + 1 else start)
        yield from textwrap.wrap(
            line,
            max(width, 40),
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


def run(app: typer.Typer, name: str) -> NoReturn:
    """Run a command line: exit 2 with one message for bad input, 130 for Ctrl-C.

    Parameters
    ----------
    app : typer.Typer
        The commands; what one returns or gives to ``typer.Exit`` is the exit code.
    name : str
        How messages begin.
    """
    import typer

    from riskmodel.errors import ThreeTwoOneError

    # the exact method's matrices are small: threads of OpenBLAS wait for each other, and on a busy
    # machine that takes up to eight times as long; read when numpy is loaded, which is later
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"{name}: %(message)s"))
    talk = logging.getLogger("riskmodel")
    talk.addHandler(handler)
    talk.setLevel(logging.INFO)
    # typer carries its own click in some versions, so the class is found by its place in the tree
    usage_error = cast(type[Exception], typer.BadParameter.__mro__[2])
    try:
        code = app(args=sys.argv[1:] or ["--help"], prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except ThreeTwoOneError as error:
        stop(name, str(error), 2)
    except usage_error as error:
        stop(name, str(getattr(error, "format_message", error.__str__)()), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except BrokenPipeError:
        # the reader has seen enough; keep the interpreter from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    if code == _INTERRUPTED:  # some versions of typer turn Ctrl-C into this code and say nothing
        stop(name, "stopped; nothing was written", _INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def stop(name: str, message: str, code: int) -> NoReturn:
    """End a command with one message on stderr."""
    say(f"{name}: " + " ".join(message.split()))
    sys.exit(code)


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
            seen = f"{done.trials:,} {done.unit}"
            if math.isfinite(done.relative_error):
                seen += f", error {done.relative_error:.1%}".replace("%", " %")
                if done.target_relative_error is not None and done.relative_error > 0.0:
                    reached = (done.target_relative_error / done.relative_error) ** 2
                    share = max(share, min(reached, 1.0))
            shown.update(task, completed=share, seen=seen)

        yield report
