"""Tables for notebooks: no cell is cut, as pandas would at 50 letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["table_html"]


def table_html(frame: pd.DataFrame, unknown: str = "") -> str:
    """Return a table as HTML, with whole sentences and without the numbers of its rows.

    Parameters
    ----------
    frame : DataFrame
        Its rows and columns.
    unknown : str
        What stands where there is nothing.
    """
    import pandas as pd

    with pd.option_context("display.max_colwidth", None):
        return str(frame.to_html(index=False, na_rep=unknown))
