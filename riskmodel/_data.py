"""Finds the project's data, from a checkout and from an installed wheel alike."""

from __future__ import annotations

from functools import cache
from pathlib import Path

__all__ = ["data_folder"]


@cache
def data_folder() -> Path:
    """Return the folder of presets, kernels and candidate layouts.

    Raises
    ------
    FileNotFoundError
        If the installation lacks it.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "data", package.parent / "data"):
        if (folder / "presets.toml").is_file():
            return folder
    raise FileNotFoundError("the data folder of riskmodel is missing; install it again")
