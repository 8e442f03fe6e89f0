"""What a shell offers after a tab: methods, layouts to start from, parameters.

Only the standard library is imported before it is asked.
"""

from __future__ import annotations

__all__ = ["METHODS", "layout_names", "method_names", "parameter_names"]

METHODS = ("auto", "exact", "conditional", "excursion", "events")  # those of `simulate`


def method_names(incomplete: str) -> list[str]:
    """Return the ways to estimate."""
    return [word for word in METHODS if word.startswith(incomplete)]


def layout_names(incomplete: str) -> list[str]:
    """Return the layouts that `new` knows."""
    from riskmodel._data import data_folder

    names = sorted(path.stem for path in (data_folder() / "layouts").glob("*.toml"))
    return [name for name in names if name.startswith(incomplete)]


def parameter_names(incomplete: str) -> list[str]:
    """Return the sourced parameters."""
    from riskmodel.catalogue import parameters

    names = dict.fromkeys(one.parameter for one in parameters())  # a row a year has one name
    return [name for name in names if name.startswith(incomplete)]
