"""The command ``riskmodel improve``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel._console import say, show
from riskmodel._files import write_new
from riskmodel._improve_text import frontier_text, improvement_text
from riskmodel._write import layout_toml
from riskmodel.errors import InputError, UnitError
from riskmodel.frontier import Frontier, pareto
from riskmodel.improvement import improve
from riskmodel.space import read_space
from riskmodel.units import parse

if TYPE_CHECKING:
    from riskmodel.improvement import Improvement
    from riskmodel.layout import Layout

__all__ = ["run_improve"]

_WORTH_PROCESSES = 500  # candidates: each process takes some seconds to start


def run_improve(
    layout: Layout,
    output: Path | None,
    take: int,
    as_json: bool,
    space: Path | None,
    plot: Path | None,
    target: str | None,
    **options: Any,
) -> None:
    """Print the ranked changes of a layout, or a search's front, and write a changed layout."""
    options["target"] = None if target is None else _chance(target)
    if output is not None and output.exists():
        raise InputError(f"improve: {output} exists already; nothing was done")
    if plot is not None:
        from riskmodel.plot._canvas import require_drawable

        if space is None:
            raise InputError(
                "--plot: draws what --space finds, and there is none; nothing was done"
            )
        require_drawable(plot, "--plot")
    found: Improvement | Frontier
    if space is not None:
        stated = read_space(space)
        with _talk() as talk:
            many = stated.count >= _WORTH_PROCESSES and (os.cpu_count() or 1) > 1
            found = pareto(
                layout, stated, talk=talk, processes=os.cpu_count() if many else None, **options
            )
        text = frontier_text(found)
    else:
        with _talk() as talk:
            found = improve(layout, talk=talk, **options)
        text = improvement_text(found)
    if as_json:
        json.dump(found.to_dict(), sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
        sys.stdout.write("\n")
    else:
        show(text)
    if plot is not None and isinstance(found, Frontier):
        from riskmodel.plot import pareto as draw
        from riskmodel.plot._canvas import saved

        saved(draw(found), plot, "--plot")
        say(f"wrote {plot}")
    if output is not None:
        changed, name = _taken(found, take)
        _write(layout.name, changed, name, output)


def _chance(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return parse(text, "share")
    except UnitError as error:
        raise UnitError(f"--target: {error}") from None


def _taken(found: Improvement | Frontier, take: int) -> tuple[Layout, str]:
    """Return the layout of a number in the list; by default what meets the target."""
    if isinstance(found, Frontier):
        rows = [(one.layout, one.name) for one in found.front]
        if take == 0 and found.cheapest is not None:
            return found.cheapest.layout, found.cheapest.name
    else:
        rows = [(one.change.layout, one.change.name) for one in found.clear]
        if take == 0 and found.path:
            return found.path[-1].change.layout, "; ".join(p.change.name for p in found.path)
    if not 1 <= max(take, 1) <= len(rows):
        raise InputError(f"--take: {len(rows)} are listed, got {take}")
    return rows[max(take, 1) - 1]


def _write(before: str, changed: Layout, name: str, output: Path) -> None:
    """Write a changed layout to a new file."""
    lost = " Ranges are written by their modes." if changed.ranges else ""
    comment = f"{before}, with this changed: {name}.{lost}"
    try:
        write_new(output, layout_toml(changed, comment))
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
