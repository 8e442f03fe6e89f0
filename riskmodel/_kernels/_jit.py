"""The one place that compiles.

numba's own disk cache serves stale code when a callee in another file changes, so the cache folder
is named by a digest of all kernel sources. Where no folder can be written, nothing is cached.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

__all__ = ["is_cold", "jit", "kernel_digest"]


@cache
def kernel_digest() -> str:
    """Return a hash of all kernel sources and of the compiler's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


@cache
def _cache_folder() -> str | None:
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    try:
        root = Path(base) if base else Path.home() / ".cache"
        folder = root / "threetwoone" / f"kernels-{kernel_digest()[:16]}"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return str(folder) if os.access(folder, os.W_OK) else None


def is_cold() -> bool:
    """Tell whether the first call will have to compile, which takes tens of seconds."""
    folder = _cache_folder()
    return folder is None or next(Path(folder).rglob("*.nbi"), None) is None


def jit(function: Callable[..., Any]) -> Any:
    """Compile a kernel: no Python objects, no GIL, cached on disk where that is safe."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
    folder = _cache_folder()
    if folder is None:
        return numba.njit(**options)(function)
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = folder
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba found the folder unusable after all
        return numba.njit(**options)(function)
    finally:
        config.CACHE_DIR = before
