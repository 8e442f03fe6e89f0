"""The one place that compiles.

numba's own disk cache serves stale code when a callee in another file changes, so the cache folder
is named by a digest of all kernel sources. Where no folder can be written, nothing is cached.

Five habits keep the first compile short. Only an entry becomes machine code (``_drafts``). Only an
entry can be called from Python, since unboxing two dozen arrays costs more than most kernels.
Constants are typed like variables, or each would compile its callee once more. Bundles of arrays
travel by reference: by value, every call passes some two hundred words. Garbage is not collected
meanwhile: what numba makes is mostly kept, and walking it took a fifth of the time.
"""

from __future__ import annotations

import gc
import hashlib
import os
import stat
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numba
from numba.core import cgutils, types
from numba.core.caching import FunctionCache
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    models,
    register_model,
)

from riskmodel._kernels._drafts import Drafting, Emitting, compile_draft

__all__ = ["by_reference", "entry", "is_cold", "jit", "kernel_digest"]

_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_CONFIG: Any = numba.config  # its settings come into being at run time


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
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours = all(_only_we_write(one) for one in (folder, *folder.resolve().parents))
    except (OSError, RuntimeError):
        return None
    return str(folder) if ours and os.access(folder, os.W_OK) else None


def _only_we_write(folder: Path) -> bool:
    """Tell whether nobody else can put a file there, or another folder in its place.

    What lies in the cache is machine code and pickles: who writes there runs as whoever reads it.
    """
    facts, top = folder.stat(), Path("/").stat()  # in a container root may have another number
    shared = stat.S_IWOTH if facts.st_gid in {0, top.st_gid, os.getegid()} else _OTHERS
    fixed = facts.st_mode & stat.S_ISVTX  # as /tmp: names in it stay their owners'
    ours = facts.st_uid in {0, top.st_uid, os.geteuid()}
    return ours and (bool(fixed) or not facts.st_mode & shared)


def is_cold() -> bool:
    """Tell whether the first call will have to compile, which takes some ten seconds."""
    folder = _cache_folder()
    return folder is None or next(Path(folder).rglob("*.run_*.nbi"), None) is None


_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
    "no_cfunc_wrapper": True,
    "pipeline_class": Emitting,
}


def entry(function: Callable[..., Any]) -> Any:
    """Compile a kernel that Python may call: no GIL, cached on disk where that is safe."""
    return _uncollected(_with_plain_types(_kept_on_disk(function)))


def _kept_on_disk(function: Callable[..., Any]) -> Any:
    kernel, folder = numba.njit(**_OPTIONS)(function), _cache_folder()
    if folder is None or _CONFIG.DISABLE_JIT:
        return kernel
    before = _CONFIG.CACHE_DIR
    _CONFIG.CACHE_DIR = folder
    try:
        kernel._cache = _Cache(function)
    except RuntimeError:  # numba found the folder unusable after all
        return kernel
    finally:
        _CONFIG.CACHE_DIR = before
    return kernel


class _Cache(FunctionCache):
    """numba's, but what is ready to run is loaded without all that compiling needs."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


def jit(function: Callable[..., Any]) -> Any:
    """Compile a kernel that only other kernels call; it is optimised and cached within entries."""
    options = {**_OPTIONS, "no_cpython_wrapper": True, "pipeline_class": Drafting}
    return _closed_to_python(_with_plain_types(numba.njit(**options)(function)))


def _with_plain_types(kernel: Any) -> Any:
    """Type constants like variables; numba would compile a callee once for each of them."""
    if _CONFIG.DISABLE_JIT:
        return kernel
    template = kernel.get_call_template

    def get_call_template(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        plain = tuple(types.unliteral(one) for one in args)
        return template(plain, {name: types.unliteral(one) for name, one in kws.items()})

    kernel.get_call_template = get_call_template
    return kernel


def _uncollected(kernel: Any) -> Any:
    """Let a kernel be compiled while garbage is not collected."""
    if _CONFIG.DISABLE_JIT:
        return kernel
    compile_for = kernel.compile

    def compile_paused(signature: Any) -> Any:
        # of threads that overlap, the one that found the collector on turns it on again
        collecting = gc.isenabled()
        gc.disable()
        try:
            return compile_for(signature)
        finally:
            if collecting:
                gc.enable()

    kernel.compile = compile_paused
    return kernel


def _closed_to_python(kernel: Any) -> Any:
    if _CONFIG.DISABLE_JIT:
        return kernel

    def refuse(*_: Any, **__: Any) -> None:
        raise TypeError(f"{kernel.py_func.__name__}: only kernels call it; Python calls an entry")

    kernel.compile = partial(compile_draft, kernel)
    kernel._compile_for_args = refuse
    return kernel


class _Reference(types.Type):
    """A pointer to a named tuple; its fields read like the tuple's own."""

    def __init__(self, bundle: Any) -> None:
        self.bundle = bundle
        # the name ends up in every symbol: that of the tuple spells out all fields of all records
        digest = hashlib.sha256(str(bundle).encode()).hexdigest()[:16]
        super().__init__(name=f"reference({bundle.instance_class.__name__}-{digest})")


@register_model(_Reference)
class _ReferenceModel(models.PrimitiveModel):
    def __init__(self, manager: Any, reference: _Reference) -> None:
        pointee = manager.lookup(reference.bundle).get_value_type()
        super().__init__(manager, reference, pointee.as_pointer())


@infer_getattr
class _ReferenceAttributes(AttributeTemplate):
    key = _Reference

    def generic_resolve(self, reference: Any, name: str) -> Any:  # type: ignore[override]
        if name not in reference.bundle.fields:
            return None
        return reference.bundle[reference.bundle.fields.index(name)]


@lower_getattr_generic(_Reference)
def _read_field(context: Any, builder: Any, reference: _Reference, pointer: Any, name: str) -> Any:
    place = cgutils.gep_inbounds(builder, pointer, 0, reference.bundle.fields.index(name))
    return builder.load(place)


@intrinsic
def _reference(_: Any, bundle: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return cgutils.alloca_once_value(builder, args[0])

    return _Reference(bundle)(bundle), build


def _same(bundle: Any) -> Any:
    return bundle


by_reference: Any = _same if _CONFIG.DISABLE_JIT else _reference
