"""A short way through numba.

numba would optimise and emit every kernel with all that it calls, so that the innermost are done
once for each level above them. Here a kernel that only kernels call is left a draft: typed and
lowered, with its callees noted. An entry takes in each draft below it once, then optimises and
emits the whole.

Three more habits keep the first compile short. A signature is looked up once for each function and
types of arguments, not at each call: numba tries some ten templates for a plain sum. Passes for
what kernels lack (closures, branches on types, literal unrolling, array expressions) are left out.
Drafts are made without numba's clocks, each of which hears of all that happens below it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from numba.core import sigutils, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import (
    AnnotateTypes,
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.untyped_passes import (
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    TranslateByteCode,
)

__all__ = ["Drafting", "Emitting", "compile_draft"]


def compile_draft(kernel: Any, signature: Any) -> Any:
    """Compile a kernel for the types of its arguments, unless that has been done."""
    arguments, result = sigutils.normalize_signature(signature)
    with global_compiler_lock:
        if arguments not in kernel.overloads:
            kernel.overloads[arguments] = kernel._compiler.compile(arguments, result)
    return kernel.overloads[arguments].entry_point


class _Draft(JITCodeLibrary):
    """The code of a kernel as it was lowered."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def finalize(self) -> None:
        self._raise_if_finalized()
        self._finalize_dynamic_globals()
        self._finalized = True

    def alone(self) -> Any:
        """Return the code of this kernel without that of its callees."""
        return super()._get_module_for_linking()

    def _get_module_for_linking(self) -> Any:
        # who links as numba does takes what it is given to be complete
        module = self.alone().clone()
        for library in _below(self):
            module.link_in(_alone(library), preserve=True)
        return module


class _Whole(JITCodeLibrary):
    """The code of an entry and of all drafts below it."""

    def finalize(self) -> None:
        below = _below(self)
        for library in below:
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(_alone(library), preserve=True)
        self._linking_libraries = []
        super().finalize()

    def _optimize_final_module(self) -> None:
        # numba's first and cheaper round is for reference counts, which kernels do not have
        manager, builder = self._codegen._module_pass_manager()
        manager.run(self._final_module, builder)


def _below(library: Any) -> list[Any]:
    """List what a library calls: each once, and all that is called by drafts among it."""
    found: dict[Any, None] = {}
    waiting = list(reversed(library._linking_libraries))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = None
            waiting += reversed(one._linking_libraries if isinstance(one, _Draft) else [])
    return list(found)


def _alone(library: Any) -> Any:
    return library.alone() if isinstance(library, _Draft) else library._get_module_for_linking()


@register_pass(mutates_CFG=True, analysis_only=False)
class _DraftLowering(NativeLowering):
    _name = "draft_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _Draft(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        state.library.finalize()
        key = object()  # stands for the function pointer that callers look the code up by
        state.targetctx.insert_user_function(key, state["cr"].fndesc, [state.library])
        state["cr"] = state["cr"]._replace(cfunc=key)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class _WholeLowering(NativeLowering):
    _name = "whole_lowering"

    def run_pass(self, state: Any) -> bool:
        state.library = _Whole(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return bool(super().run_pass(state))


class _Remembering:
    """numba's typing context, with a memory for the signatures of its own functions."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._signatures: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, function: Any, args: Any, kws: Any) -> Any:
        own = not isinstance(function, types.Type) or isinstance(function, types.Function)
        if kws or not own:
            return self._context.resolve_function_type(function, args, kws)
        key = function, tuple(args)
        if key not in self._signatures:
            self._signatures[key] = self._context.resolve_function_type(function, args, kws)
        return self._signatures[key]


_remembering = cache(_Remembering)


@register_pass(mutates_CFG=True, analysis_only=False)
class _TypeInference(NopythonTypeInference):
    _name = "kernel_type_inference"

    def run_pass(self, state: Any) -> bool:
        context = state.typingctx
        state.typingctx = _remembering(context)
        try:
            return bool(super().run_pass(state))
        finally:
            state.typingctx = context


class _Short(CompilerBase):
    lowering: Any

    def define_pipelines(self) -> list[Any]:
        passes = PassManager(self.lowering._name)
        for one in (
            TranslateByteCode,
            FixupArgs,
            IRProcessing,
            GenericRewrites,
            ReconstructSSA,
            _TypeInference,
            PreLowerStripPhis,
            IRLegalization,
            AnnotateTypes,
            self.lowering,
            NoPythonBackend,
        ):
            passes.add_pass(one)
        passes.finalize()
        return [passes]


class Drafting(_Short):
    """The way to a draft."""

    lowering = _DraftLowering


class Emitting(_Short):
    """The way to code that Python can call."""

    lowering = _WholeLowering
