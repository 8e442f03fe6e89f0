"""Draw the picture of README.md: ``python docs/picture.py``, or ``make picture``.

The layouts that people really have, side by side, by `riskmodel.plot.compare`. The file says which
seed; ``tests/test_docs.py`` computes the chances again and looks for them in the picture.
"""

from __future__ import annotations

import sys
from pathlib import Path

import riskmodel as rm

__all__ = ["FILE", "SEED"]

FILE = Path(__file__).parent / "pictures" / "layouts.svg"
SEED = 2026
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "threetwoone", "font.size": 10.0}


def draw(file: Path) -> None:
    """Write the picture: words as words, so that it stays small and can be searched."""
    import matplotlib as mpl

    found = []
    for name in rm.example_files():
        sys.stderr.write(f"{name}\n")
        found.append(rm.simulate(rm.example(name), seed=SEED, ranges=True))
    with mpl.rc_context(_STYLE):
        canvas = rm.plot.compare(found).get_figure(root=True)
        canvas.savefig(file, format="svg", facecolor="white", metadata={"Date": None})


if __name__ == "__main__":
    draw(FILE)
