"""Drafts on disk, where two processes that compile the same engine find each other's.

A draft is kept as its code (LLVM bitcode), its types and the names of the kernels that it calls;
it lies in the folder of compiled kernels, which changes with every kernel source. Whatever cannot
be read is made anew: a shelf saves time, and nothing rests on it.
"""

from __future__ import annotations

import copy
import hashlib
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from numba.core import caching, codegen

__all__ = ["Shelf", "is_kernel"]

_PICKLES: Any = caching  # numba keeps its cache as pickles; the folder is one that only we write
_LLVM: Any = codegen
_HOME = __name__.rpartition(".")[0] + "."
# a file cut short, or of another version that somebody put there
_UNREADABLE = (
    AttributeError, EOFError, ImportError, IndexError, KeyError, OSError, RuntimeError, TypeError,
    ValueError, _PICKLES.pickle.UnpicklingError,
)  # fmt: skip


def is_kernel(function: Any) -> bool:
    """Tell whether a function can be known by its name: those of tests and closures cannot."""
    return function.__module__.startswith(_HOME) and "<locals>" not in function.__qualname__


class Shelf:
    """Drafts in a folder, by kernel and types of arguments."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) / "drafts"

    def find(self, kernel: Any, arguments: Any) -> tuple[bytes, Any, Any, Any] | None:
        """Return the code of a draft, its description, its signature and whom it calls."""
        try:
            found: tuple[bytes, Any, Any, Any] | None = self._file(kernel, arguments).load(
                arguments
            )
        except _UNREADABLE:
            return None
        return found

    def put(self, kernel: Any, arguments: Any, draft: Any, signature: Any, fndesc: Any) -> None:
        """Keep a draft; what it calls of numba's own, such as ``min``, goes with it."""
        if draft._reload_init or not _only_names_kernels(kernel, draft):
            return
        code = draft.alone().clone()
        callees: dict[Any, None] = {}
        for one in dict.fromkeys(draft._linking_libraries):
            if hasattr(one, "made_of"):
                callees[one.made_of] = None
            elif one.name != "nrt":  # numba's run time: linked into whatever it compiles
                code.link_in(one._get_module_for_linking(), preserve=True)
        fndesc = copy.copy(fndesc)
        fndesc.typemap = fndesc.calltypes = None  # large, and of use only while it was lowered
        data = code.as_bitcode(), fndesc, signature, tuple(callees)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._file(kernel, arguments).save(arguments, data)
        except _UNREADABLE:  # also a full disk
            return

    def put_task(self, arguments: Any) -> bool:
        """Keep the types that an entry is compiled for, for a helper; tell whether it worked."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._task().save("arguments", arguments)
        except _UNREADABLE:
            return False
        return True

    def task(self) -> Any:
        """Return what `put_task` kept."""
        try:
            return self._task().load("arguments")
        except _UNREADABLE:
            return None

    def _task(self) -> Any:
        return caching.IndexDataCacheFile(str(self._folder), "task", ())

    def _file(self, kernel: Any, arguments: Any) -> Any:
        function = kernel.py_func
        # the machine belongs to the name: a home may be shared by several
        machine = kernel.targetctx.codegen().magic_tuple()
        name = function.__module__, function.__qualname__, str(arguments), machine, sys.version
        digest = hashlib.sha256(repr(name).encode()).hexdigest()[:32]
        return caching.IndexDataCacheFile(str(self._folder), digest, ())


def _only_names_kernels(kernel: Any, draft: Any) -> bool:
    """Tell whether all addresses in a draft are those of kernels, which nothing reads.

    They are left by the look-up of a global name, and optimised away in the entry.
    """
    known = kernel.py_func.__globals__.values()
    kernels = {f"{id(one):x}" for one in known if hasattr(one, "py_func")}
    draft._ensure_finalized()
    prefix = "numba.dynamic.globals."
    return all(
        name.removeprefix(prefix).split(".")[0] in kernels for name in draft._dynamic_globals
    )


def library_of(codegen: Any, name: str, kind: Any, code: bytes, callees: list[Any]) -> Any:
    """Return a library that holds the code of a draft."""
    library = kind(codegen, name)
    library._final_module = _LLVM.ll.parse_bitcode(code)
    library._linking_libraries = callees
    library._finalized = True
    return library


def kernel_named(module: str, name: str) -> Any:
    """Return the kernel of a name."""
    return getattr(import_module(module), name)
