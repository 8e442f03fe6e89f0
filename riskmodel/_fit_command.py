"""What ``riskmodel fit`` does."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from riskmodel._files import write_new
from riskmodel.errors import InputError, printable
from riskmodel.fitting.media_file import media_toml
from riskmodel.fitting.result import fit_lifetimes, read_lifetimes
from riskmodel.fitting.text import fit_text
from riskmodel.plot._canvas import require_drawable, saved

__all__ = ["run_fit"]


def run_fit(
    files: Sequence[Path],
    *,
    columns: Sequence[str],
    only: Sequence[str],
    without: Sequence[str],
    lot_letters: int,
    min_failures: int,
    name: str,
    output: Path | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Read, fit, print, draw and write, as the options of the command say."""
    _refuse_early(output, plot)
    with _bar() as progress:
        seen = read_lifetimes(
            files, columns=_mapping(columns), lot_letters=lot_letters, progress=progress
        )
    if not len(seen):
        left_out = "; ".join(f"{count:,} {words}" for words, count in seen.skipped.items())
        left_out = left_out or "there are no rows"
        raise InputError(f"{files[0]}: no drive is left to fit: {left_out}")
    if only:
        seen = seen.of_models(only)
    if without:
        seen = seen.of_models(without, without=True)
    fit = fit_lifetimes(seen, min_failures=min_failures)
    written = []
    if plot is not None:
        from riskmodel.plot._fits import panels

        saved(panels(fit), plot, "--plot")
        written.append(plot)
    if output is not None:
        _write(output, media_toml(fit, name))
        written.append(output)
    if as_json:
        json.dump(fit.to_dict(), sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
        sys.stdout.write("\n")
    else:
        sys.stdout.write(printable(fit_text(fit)) + "\n")
    for path in written:
        sys.stderr.write(f"wrote {path}\n")


def _refuse_early(output: Path | None, plot: Path | None) -> None:
    """Raise before minutes of reading and fitting for what could not be written anyway."""
    if output is not None and output.exists():
        raise InputError(f"--output: {output} exists already; nothing was written")
    if plot is not None:
        require_drawable(plot, "--plot")
    if output is not None and not output.absolute().parent.is_dir():
        raise InputError(f"--output: {output}: cannot be written: no such folder")


def _mapping(columns: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in columns:
        ours, equals, theirs = text.partition("=")
        if not equals or not ours or not theirs:
            raise InputError(f"--column: expects NAME=THEIRS, got '{text}'")
        found[ours] = theirs
    return found


def _write(path: Path, text: str) -> None:
    try:
        write_new(path, text)
    except OSError as error:
        raise InputError(f"--output: {path}: cannot be written: {error.strerror}") from None


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """Show on stderr how many files are read, if somebody is looking."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("reading")
        yield lambda done, total: shown.update(task, completed=done, total=total)
