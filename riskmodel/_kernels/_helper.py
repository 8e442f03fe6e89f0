"""A second process for the first compile: it begins at the other end, both take what is there.

Most of that compile is Python that types and lowers one kernel after the other, on one core. While
an entry is compiled, this process makes drafts of what the entry comes to last, then the entry
that a run may ask for next. Drafts meet on the shelf; nobody waits for the other, and where the
helper fails the compile only takes longer. It ends with the process that started it.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

from numba.core import types

__all__ = ["start_helper"]

_ALONE = "THREETWOONE_COMPILE_ALONE"
_ROOT = Path(__file__).parents[2]
# the last parts of `run_excursions` first; P, S, Q: the program, the state, the plan
_PARTS = (
    ("steering.foresee", "PSQf"),
    ("steering.weigh", "PSQf"),
    ("steering.steer", "PSQf"),
    ("excursion._happen", "PSQiff"),
    ("excursion._depart", "PSQff"),
    ("excursion.wander", "PSQf"),
    ("events.recover_next", "PSif"),
    ("events.strike", "PSif"),
    ("events.next_blow", "PSf"),
)
_BUNDLES = {"Program": "P", "State": "S", "Plan": "Q"}


def start_helper(shelf: Any, arguments: tuple[Any, ...]) -> None:
    """Start the helper of an entry that is being compiled for arguments, where it has a core."""
    if os.environ.get(_ALONE) or not sys.executable or len(os.sched_getaffinity(0)) < 2:
        return
    if not shelf.put_task(arguments):
        return
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {_ALONE: "1", "PYTHONPATH": path},
        )
    except OSError:
        return
    atexit.register(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _help() -> None:
    from riskmodel._kernels import _jit, events

    shelf = _jit.shelf()
    arguments = shelf.task() if shelf else None
    if arguments is None:
        return
    letters: dict[str, Any] = {"i": types.int64, "f": types.float64}
    bundles = {}
    for one in arguments:
        if isinstance(one, types.NamedTuple):
            letter = _BUNDLES[one.instance_class.__name__]
            bundles[letter] = one
            letters[letter] = _jit.reference_to(one)
    for name, signature in _PARTS:
        if all(letter in letters for letter in signature):
            module, kernel = name.split(".")
            home = import_module(f"riskmodel._kernels.{module}")
            getattr(home, kernel).compile(tuple(letters[letter] for letter in signature))
    if "Q" in bundles:  # what is likely may be played as it comes, after a look
        numbers, counts = [types.int64] * 3, [types.Array(types.int64, 1, "C")] * 3
        events.run_trials.compile((bundles["P"], bundles["S"], *numbers, *counts))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _help()
