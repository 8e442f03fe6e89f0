"""The same algorithms in C, compiled on the spot."""

from __future__ import annotations

import atexit
import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from benchmarks.groups import Group
from benchmarks.racing import Contender

FLAGS = ("-O3", "-march=native")


@cache
def _library(source: str) -> ctypes.CDLL | None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    folder = tempfile.mkdtemp(prefix="benchmarks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = Path(folder) / f"{source}.so"
    path = Path(__file__).with_name(f"{source}.c")
    subprocess.run([compiler, *FLAGS, "-shared", "-fPIC", "-o", library, path, "-lm"], check=True)
    return ctypes.CDLL(str(library))


def yardstick(group: Group) -> Contender | None:
    """Return the group in C; None where there is no compiler."""
    plain = group.scrub is None
    library = _library("r1" if plain else "elerath_pecht")
    if library is None:
        return None
    laws = [group.life, group.rebuild]
    if plain:
        function = library.run_r1
        numbers = [ctypes.c_double(law.scale) for law in laws]
    else:
        assert group.scrub is not None
        function = library.run_elerath_pecht
        triples = [value for law in (*laws, group.scrub) for value in law.triple()]
        numbers = [(ctypes.c_double * 9)(*triples), ctypes.c_double(group.latent_mean)]
    function.restype = ctypes.c_int64

    def run(seed: int, trials: int) -> int:
        in_all = ctypes.c_int64()
        return int(
            function(
                ctypes.c_uint64(seed),
                ctypes.c_int64(0),
                ctypes.c_int64(trials),
                group.drives,
                group.tolerates,
                *numbers,
                ctypes.c_double(group.horizon),
                ctypes.byref(in_all),
            )
        )

    return run
