"""Run the benchmarks: ``python -m benchmarks [TOPIC...]``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from benchmarks import (
    against_c,
    against_python,
    catalogue,
    drive_stats,
    fixity,
    inventory,
    memory,
    pareto,
    rare,
    startup,
    thousand,
)
from benchmarks.tables import Size, Table

TOPICS: dict[str, Callable[[Size], Table]] = {
    "r1": against_c.r1,
    "aging": against_c.aging,
    "loops": against_python.loops,
    "thousand": thousand.thousand,
    "rare": rare.rare,
    "memory": memory.memory,
    "drive-stats": drive_stats.drive_stats,
    "startup": startup.startup,
    "inventory": inventory.inventory,
    "catalogue": catalogue.catalogue,
    "fixity": fixity.fixity,
    "pareto": pareto.pareto,
}


def main() -> None:
    """Print a table for each topic."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"of {', '.join(TOPICS)}; all")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--tiny", action="store_true", help="only see that all of it works")
    size.add_argument("--full", action="store_true", help="also what takes minutes")
    options = parser.parse_args()
    unknown = [topic for topic in options.topics if topic not in TOPICS]
    if unknown:
        parser.error(f"unknown topic '{unknown[0]}'; known: {', '.join(TOPICS)}")
    chosen = Size.TINY if options.tiny else Size.FULL if options.full else Size.NORMAL
    for topic in options.topics or TOPICS:
        print(TOPICS[topic](chosen), flush=True)


if __name__ == "__main__":
    main()
