"""``python -m tests.fuzz``: hostile input for every parser, within a budget of seconds.

FUZZ_SECONDS (60 unless set) is shared by all parsers. With FUZZ_MOST no parser gets more inputs, so
that a faster machine tries the same ones as a slow one. FUZZ_ATHERIS=1 follows the branches of the
code where Atheris is installed. FUZZ_KEEP is a folder: inputs that reach new code are kept there,
and findings in its folder ``findings``. Names of parsers, or parts of them, choose some.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.fuzz.box import Outcome, watched
from tests.fuzz.findings import shown_as
from tests.fuzz.parsers import PARSERS


def main() -> int:
    """Try the parsers; return 1 if one breaks."""
    words = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    words.add_argument("names", nargs="*", help="parts of names of parsers; all unless given")
    words.add_argument("--seconds", type=float, default=float(os.environ.get("FUZZ_SECONDS", "60")))
    words.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    words.add_argument("--seed", type=int, default=int(os.environ.get("FUZZ_SEED", "0")))
    words.add_argument("--list", action="store_true", help="only name the parsers")
    asked = words.parse_args()
    chosen = [p.name for p in PARSERS if not asked.names or any(n in p.name for n in asked.names)]
    if asked.list:
        print("\n".join(chosen))
        return 0
    if not chosen:
        print(f"no parser is named like {', '.join(asked.names)}", file=sys.stderr)
        return 2
    each = max(asked.seconds * asked.jobs / len(chosen), 0.1)
    atheris = bool(os.environ.get("FUZZ_ATHERIS"))
    keep = Path(os.environ["FUZZ_KEEP"]).absolute() if os.environ.get("FUZZ_KEEP") else None

    broken = total = skipped = 0
    for outcome in watched(
        chosen, each, jobs=asked.jobs, seed=asked.seed, atheris=atheris, keep=keep
    ):
        _tell(outcome, keep)
        total += outcome.inputs
        broken += bool(outcome.findings)
        skipped += bool(outcome.skipped)
    print(f"{total:,} inputs for {len(chosen) - skipped} parsers; {broken} of them broke", end="")
    print(f"; {skipped} not tried" if skipped else "")
    return 1 if broken else 0


def _tell(outcome: Outcome, keep: Path | None) -> None:
    if outcome.skipped:
        print(f"{outcome.parser:<60} not tried: {outcome.skipped}")
        return
    print(f"{outcome.parser:<60} {outcome.inputs:>9,} inputs  {len(outcome.findings)} findings",
          flush=True)  # fmt: skip
    for number, (problem, data) in enumerate(outcome.findings.items()):
        print(f"    {problem}\n    {data[:160]!r}", flush=True)
        if keep is not None:
            file = keep / "findings" / f"{outcome.parser.replace(' ', '-')}--{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(shown_as(data), "ascii")


if __name__ == "__main__":
    sys.exit(main())
