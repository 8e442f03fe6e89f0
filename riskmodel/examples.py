"""Layouts that people really have, to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmodel._data import data_folder
from riskmodel.errors import InputError, did_you_mean
from riskmodel.layout import load_layout

if TYPE_CHECKING:
    from pathlib import Path

    from riskmodel.layout import Layout

__all__ = ["example", "example_files"]


def example_files() -> dict[str, Path]:
    """Return the example layouts' files by name."""
    return {path.stem: path for path in sorted((data_folder() / "layouts").glob("*.toml"))}


def example_file(name: str) -> Path:
    """Return the file of one example layout.

    Raises
    ------
    InputError
        If there is none of that name; the message names the nearest.
    """
    files = example_files()
    if name not in files:
        raise InputError(f"unknown layout '{name}'{did_you_mean(name, files)}")
    return files[name]


def example(name: str) -> Layout:
    """Return one of the example layouts.

    Parameters
    ----------
    name : str
        As ``riskmodel new --list`` shows it.

    Returns
    -------
    Layout

    Examples
    --------
    >>> example("one-external-disk").copies[0].name
    'laptop'
    """
    return load_layout(example_file(name))
