"""What both command lines share: one message for a mistake, a clean stop, a progress bar."""

from __future__ import annotations

import errno
import logging
import math
import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn, cast

from riskmodel._signals import Stopped, stopped_by_signals
from riskmodel.errors import printable

if TYPE_CHECKING:
    import typer

    from riskmodel.simulation import Progress

_INTERRUPTED = 130
_LINE_EVERY = 2.0  # [s]
_SILENT = logging.NullHandler()

__all__ = ["bar", "run", "say", "show", "stop", "stopped", "wrapped"]


def say(text: str) -> None:
    """Print talk, as opposed to results, on stderr."""
    sys.stderr.write(printable(text) + "\n")


def show(text: str, *, end: str = "\n") -> None:
    """Print a result on stdout: names in it are those of whoever wrote the file that was read."""
    import typer

    typer.echo(printable(text) + end, nl=False)


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
    """Run a command line: exit 2 with one message for bad input, 130 for Ctrl-C, 143 for SIGTERM.

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
    # what libraries log is no message of ours: of a stopped connection it is a traceback
    logging.getLogger().addHandler(_SILENT)
    # typer carries its own click in some versions, so the class is found by its place in the tree
    usage_error = cast(type[Exception], typer.BadParameter.__mro__[2])
    with stopped_by_signals():
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
            _leave_output()  # the reader has seen enough
            sys.exit(141)
        except Exception as error:
            if Stopped.at > -math.inf:
                _stopped_within_a_library(name)
            if not (isinstance(error, OSError) and _is_of_output(error)):
                raise
            _leave_output()
            stop(name, f"the output cannot be written: {error.strerror}", 2)
        if code == _INTERRUPTED:  # some versions of typer turn Ctrl-C into it and say nothing
            stopped(name, "stopped before the end")
    sys.exit(code if isinstance(code, int) else 0)


def stopped(name: str, message: str) -> NoReturn:
    """End a command that a signal stopped, with the exit code that shells give to it."""
    stop(name, message, 128 + Stopped.number)


def _stopped_within_a_library(name: str) -> NoReturn:
    """End a command where a library made an error of its own of the signal.

    One that was being imported does so, and what is half imported may bring down the interpreter
    in its own end; all that is ours has been put in order on the way here.
    """
    say(f"{name}: stopped before the end")
    with suppress(OSError):  # nobody may be reading any more
        sys.stdout.flush()
    os._exit(128 + Stopped.number)


def _is_of_output(error: OSError) -> bool:
    """Tell whether it was the standard output that could not be written: it has no name."""
    if error.filename is not None:
        return False
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return True
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EBADF}


def _leave_output() -> None:
    """Keep the interpreter from complaining about the output at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        yield _lines(label)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns: list[Any] = [
        TextColumn("{task.description}", markup=False),  # a name may have brackets in it
        BarColumn(),
        TextColumn("{task.fields[seen]}", markup=False),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(printable(label), total=1.0, seen="")

        def report(done: Any) -> None:
            share = done.trials / done.max_trials
            seen = _seen(done)
            error, target = done.relative_error, done.target_relative_error
            if target is not None and 0.0 < error < math.inf:
                share = max(share, min((target / error) ** 2, 1.0))
            shown.update(task, completed=share, seen=seen)

        yield report


def _seen(done: Progress) -> str:
    seen = f"{done.trials:,} {done.unit}"
    if math.isfinite(done.relative_error):
        seen += f", error {done.relative_error:.1%}".replace("%", " %")
    return seen


def _lines(label: str) -> Callable[[Progress], None]:
    """Return what says a line now and then, for terminals that cannot draw a bar."""
    said = time.monotonic()

    def report(done: Progress) -> None:
        nonlocal said
        if time.monotonic() - said >= _LINE_EVERY:
            said = time.monotonic()
            say(f"{label}: {_seen(done)}")

    return report
