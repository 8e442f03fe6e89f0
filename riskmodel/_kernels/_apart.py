"""Kernels that are compiled apart, at the same time as what calls them.

The engines share one large piece: what happens at an instant, with all that follows from it. It is
reached through a few kernels whose types can be written down. When an entry has to be compiled, a
second process types, lowers and optimises that piece while this one does the same with the entry
and all else that it calls; then the entry takes the piece in. Where there is no second process,
these kernels are drafts as all others are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from numba.core import types
from numba.core.compiler import compile_result
from numba.core.funcdesc import FunctionDescriptor

from riskmodel._kernels._drafts import Elsewhere, Together
from riskmodel._kernels._helper import Failed, Helper
from riskmodel._kernels._memory import remembering

__all__ = ["call_for_help", "helped", "note_kernel", "set_apart"]

_PLAIN = {int: types.int64, float: types.float64, bool: types.boolean, None: types.none}
_KERNELS: list[Any] = []  # all that are no entries
_ROOTS: list[tuple[Any, tuple[Any, ...], Any]] = []  # callees before callers


class _Root(NamedTuple):
    kernel: Any
    arguments: tuple[Any, ...]
    returns: Any

    @property
    def name(self) -> str:
        return f"{self.kernel.py_func.__module__}.{self.kernel.py_func.__qualname__}"


def note_kernel(kernel: Any) -> None:
    """Remember a kernel that may have to be forgotten as far as it is compiled."""
    _KERNELS.append(kernel)


def set_apart(kernel: Any, parameters: tuple[Any, ...], returns: Any) -> None:
    """Let a kernel be compiled apart for parameters: classes of bundles, int, float, bool."""
    _ROOTS.append((kernel, parameters, returns))


def _type_of(one: Any, bundles: dict[Any, Any]) -> Any:
    if isinstance(one, tuple):
        return types.BaseTuple.from_types([_type_of(part, bundles) for part in one])
    return bundles.get(one) or _PLAIN.get(one)


def _roots_for(bundles: dict[Any, Any]) -> list[_Root]:
    """List what is to be compiled apart for an entry with these bundles, and has not been."""
    found = []
    for kernel, parameters, returns in _ROOTS:
        arguments = tuple(_type_of(one, bundles) for one in parameters)
        if None not in arguments and arguments not in kernel.overloads:
            found.append(_Root(kernel, arguments, _type_of(returns, bundles)))
    return found


def call_for_help(bundles: dict[Any, Any]) -> None:
    """Have a second process compile what can be compiled apart, for references to bundles."""
    roots = _roots_for(bundles)
    helper = Helper.start(partial(_compile, roots)) if roots else None
    if helper is None:
        return
    codegen = roots[0].kernel.targetctx.codegen()
    library = Elsewhere(codegen, [one.name for one in roots], helper.result)
    for root in roots:
        root.kernel.overloads[root.arguments] = _stand_in(root, library)


def _compile(roots: list[_Root]) -> bytes:
    """Compile kernels with all that they call; return the optimised code."""
    names = {}
    together = Together(roots[0].kernel.targetctx.codegen(), "together")
    for root in roots:
        root.kernel.compile(root.arguments)
        made = root.kernel.overloads[root.arguments]
        if made.signature.return_type != root.returns:
            raise TypeError(f"{root.name}: returns {made.signature.return_type}")
        names[made.fndesc.mangled_name] = root.name
        together.add_linking_library(made.library)
    return together.optimised(names)


def _stand_in(root: _Root, library: Elsewhere) -> Any:
    """Make what callers need to know of a kernel whose code comes from elsewhere."""
    function, context = root.kernel.py_func, root.kernel.targetctx
    fndesc = FunctionDescriptor(
        native=True,
        modname=function.__module__,
        qualname=function.__qualname__,
        unique_name=root.name,
        doc="",
        typemap=None,
        restype=root.returns,
        calltypes=None,
        args=function.__code__.co_varnames[: len(root.arguments)],
        kws=(),
        mangler=lambda *_, **__: root.name,
        argtypes=root.arguments,
    )
    key = object()
    context.insert_user_function(key, fndesc, [library])
    return compile_result(
        typing_context=root.kernel.typingctx,
        target_context=context,
        entry_point=key,
        signature=root.returns(*root.arguments),
        fndesc=fndesc,
        library=library,
        objectmode=False,
    )


def helped(compile_whole: Callable[[], Any], bundles: dict[Any, Any]) -> Any:
    """Compile an entry with the help of a second process; if that fails, all over without."""
    call_for_help(bundles)
    try:
        return compile_whole()
    except Failed:
        for kernel in _KERNELS:
            kernel.overloads.clear()
        remembering.cache_clear()
        return compile_whole()
