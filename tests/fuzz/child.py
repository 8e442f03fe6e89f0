"""The process in the box: ``python -m tests.fuzz.child NAME SECONDS SEED FOLDER KEEP HOW``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.box import Trial

_BETWEEN_SECONDS = 0.5


class _Notebook:
    """Writes down what is tried, so that whoever watches knows it if this process dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._input = os.open(folder / "input", os.O_RDWR | os.O_CREAT)
        self._counted = 0.0

    def trying(self, data: bytes) -> None:
        os.ftruncate(self._input, len(data))
        os.pwrite(self._input, data, 0)
        os.utime(self._input)

    def tried(self, trial: Trial, problem: str) -> None:
        if problem:
            number = list(trial.findings).index(problem)
            kept = problem.encode("utf-8", "backslashreplace").replace(b"\n", b" ")
            file = self._folder / f"finding-{number:03}"
            if not file.exists():
                file.write_bytes(kept + b"\n" + trial.findings[problem])
        if time.monotonic() > self._counted + _BETWEEN_SECONDS:
            self.count(trial)

    def count(self, trial: Trial) -> None:
        (self._folder / "count").write_text(str(trial.inputs))
        self._counted = time.monotonic()


def _own(trial: Trial, book: _Notebook, seconds: float, seed: int) -> None:
    from tests.fuzz.mutation import Mutator

    for sample in trial.samples:  # each as it is, whatever the time
        book.trying(sample)
        book.tried(trial, trial.one(sample))
    mutator = Mutator(trial.samples, trial.parser.words, seed)
    until = time.monotonic() + seconds
    left = int(os.environ.get("FUZZ_MOST") or sys.maxsize)
    while left and time.monotonic() < until:
        left -= 1
        data = mutator.next()
        book.trying(data)
        book.tried(trial, trial.one(data))
    book.count(trial)


def _atheris(trial: Trial, book: _Notebook, seconds: float, seed: int, keep: str) -> None:
    import atheris

    from tests.fuzz.mutation import WORDS, Mutator

    folder = (
        Path(keep, "corpus", trial.parser.name.replace(" ", "-"))
        if keep
        else trial.scratch / "corpus"
    )
    folder.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(trial.samples):
        (folder / f"sample-{number}").write_bytes(sample)
    mutator = Mutator(trial.samples, trial.parser.words, seed)
    words = trial.scratch / "dictionary"
    lines = {w[:60] for w in (*WORDS, *trial.parser.words) if w}
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in sorted(lines)))
    turn = 0

    def try_one(data: bytes) -> None:
        nonlocal turn
        turn += 1
        book.trying(data)
        book.tried(trial, trial.one(data))
        if turn % 8 == 0:  # structured variants too, which flips of bytes hardly find
            other = mutator.next()
            book.trying(other)
            book.tried(trial, trial.one(other))

    options = [f"-max_total_time={int(seconds)}", f"-seed={seed + 1}", "-timeout=60",
               "-rss_limit_mb=0", "-max_len=65536", f"-dict={words}", str(folder)]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], try_one)
    import atexit

    atexit.register(book.count, trial)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def tried(name: str, seconds: str, seed: str, folder: str, keep: str, how: str) -> None:
    """Try one parser until the time is over."""
    scratch = Path(folder)
    os.environ["XDG_STATE_HOME"] = str(scratch / "state")
    os.environ["MPLCONFIGDIR"] = str(scratch / "matplotlib")  # where its list of fonts is kept
    if how == "atheris":
        import atheris

        kernels = Path(__file__).parents[2] / "riskmodel" / "_kernels"
        compiled = [f"riskmodel._kernels.{file.stem}" for file in kernels.glob("*.py")]  # by numba
        with atheris.instrument_imports(include=["verifier", "riskmodel"], exclude=compiled):
            from tests.fuzz.box import Trial

            trial = Trial(name, scratch)
    else:
        from tests.fuzz.box import Trial

        trial = Trial(name, scratch)
    book = _Notebook(scratch)
    trial.limited()
    if how == "atheris":
        _atheris(trial, book, float(seconds), int(seed), keep)
    else:
        _own(trial, book, float(seconds), int(seed))


if __name__ == "__main__":
    tried(*sys.argv[1:])
