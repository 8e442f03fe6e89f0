"""Commands that begin a set-up file: by looking for places that may hold copies.

Only typer and the standard library are imported before a command, as in `verifier.cli`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from verifier._command_parts import AsJson, print_json

__all__ = ["discover", "init"]

Seconds = Annotated[float, typer.Option(min=0.1, help="stop looking after so many seconds")]


def discover(
    roots: Annotated[
        list[str] | None,
        typer.Argument(help="where to look; usual places unless given", show_default=False),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="the live data; the home folder unless given")
    ] = None,
    levels: Annotated[
        int, typer.Option(min=0, max=8, help="how many folders deep to look below each")
    ] = 3,
    seconds: Seconds = 20.0,
    as_json: AsJson = False,
) -> None:
    """Look for places that may hold copies, and print a set-up file for audit.

    With --json the set-up is printed as JSON, with the same keys as in the file.
    """
    from riskmodel._console import show

    text = _discovered("discover", source, roots, levels, seconds)[0]
    if as_json:
        import tomllib

        print_json(tomllib.loads(text))
    else:
        show(text, end="")


def init(
    file: Annotated[Path, typer.Argument(help="the set-up file to write")] = Path("setup.toml"),
    source: Annotated[
        str | None, typer.Option(help="the live data; the home folder unless given")
    ] = None,
    seconds: Seconds = 20.0,
) -> None:
    """Write a set-up file of what is found on this machine; an existing file is left alone."""
    from riskmodel._console import show
    from riskmodel._files import write_new
    from riskmodel.errors import InputError

    if file.exists() or file.is_symlink():
        raise InputError(f"init: {file} exists already; name another file")
    text, count = _discovered("init", source, None, 3, seconds)
    try:
        write_new(file, text)
    except FileExistsError:
        raise InputError(f"init: {file} exists already; name another file") from None
    except OSError as problem:
        raise InputError(f"init: {file}: cannot be written: {problem.strerror}") from None
    places = "1 location" if count == 1 else f"{count} locations"
    show(f"wrote {file} with {places}; look through it, then: verifier audit {file}")


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
    if sys.stderr.isatty():
        say(f"verifier: looking for places that may hold copies, for {seconds:g} s at most")
    found = look(Host(), live, roots or None, levels=levels, seconds=seconds)
    if not found.finished:
        say(f"verifier: stopped after {seconds:g} s; not everything was looked at")
    return setup_text(live, found), len(found.candidates)
