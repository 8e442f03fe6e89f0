"""The command ``riskmodel improve``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from riskmodel._console import say
from riskmodel._improve_text import improvement_text
from riskmodel._write import layout_toml
from riskmodel.errors import InputError
from riskmodel.improvement import improve

if TYPE_CHECKING:
    from riskmodel.improvement import Improvement
    from riskmodel.layout import Layout

__all__ = ["run_improve"]


def run_improve(
    layout: Layout,
    output: Path | None,
    take: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Print the ranked changes of a layout, and write one of the changed layouts."""
    if output is not None and output.exists():
        raise InputError(f"improve: {output} exists already; nothing was done")
    with _talk() as talk:
        found = improve(layout, talk=talk, **options)
    if as_json:
        json.dump(found.to_dict(), sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
        sys.stdout.write("\n")
    else:
        typer.echo(improvement_text(found))
    if output is not None:
        _write(found, output, take)


def _write(found: Improvement, output: Path, take: int) -> None:
    """Write the layout with the change of a number in the list, or of all changes of the path."""
    if found.path and take == 0:
        changed, name = found.path[-1].change.layout, "; ".join(p.change.name for p in found.path)
    elif not 1 <= max(take, 1) <= len(found.clear):
        raise InputError(f"--take: {len(found.clear)} changes are ranked, got {take}")
    else:
        one = found.clear[max(take, 1) - 1]
        changed, name = one.change.layout, one.change.name
    lost = " Ranges are written by their modes." if changed.ranges else ""
    comment = f"{found.layout.name}, with this changed: {name}.{lost}"
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(layout_toml(changed, comment))
    except FileExistsError:
        raise InputError(f"improve: {output} exists already; nothing was written") from None
    except OSError as error:
        raise InputError(f"improve: {output}: cannot be written: {error.strerror}") from None
    say(f"wrote {output}; next: riskmodel simulate {output}")


@contextmanager
def _talk() -> Iterator[Callable[[int, int, str], None]]:
    """Show on stderr what is being tried, if somebody is looking."""
    if not sys.stderr.isatty():
        yield lambda number, of, name: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("estimating the layout as it is") as status:
        yield lambda number, of, name: status.update(f"{number} of {of}: {escape(name)}")
