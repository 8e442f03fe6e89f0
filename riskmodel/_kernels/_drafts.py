"""A short way through numba.

numba would optimise and emit every kernel with all that it calls, so that the innermost are done
once for each level above them. Here a kernel that only kernels call is left a draft: typed and
lowered, with its callees noted. An entry takes in each draft below it once, then optimises and
emits the whole.

Four more habits keep the first compile short. What a call, an attribute or an operator means is
looked up once (``_memory``). Lowering leaves out what serves reference counts and debuggers
(``_lowering``). Passes for what kernels lack (closures, branches on types, literal unrolling, array
expressions, generators) are left out, and so is what passes bring up to date for the lacking.
Drafts are made without numba's clocks, each of which hears of all that happens below it.
"""

from __future__ import annotations

from typing import Any

from numba.core import sigutils
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.ir_utils import build_definitions
from numba.core.ssa import reconstruct_ssa
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
    ReconstructSSA,
    TranslateByteCode,
)

from riskmodel._kernels._lowering import Lowering
from riskmodel._kernels._memory import Target, remembering

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

    def add_llvm_module(self, ll_module: Any) -> None:
        self._optimize_functions(ll_module)
        self._final_module = ll_module  # numba would link it into an empty one

    def alone(self) -> Any:
        """Return the code of this kernel without that of its callees, as callers link it."""
        self._ensure_finalized()
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage.name == "external":
                function.linkage = "linkonce_odr"
        return self._final_module

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
    lowering_class = Lowering

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
    lowering_class = Lowering

    def run_pass(self, state: Any) -> bool:
        state.library = _Whole(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return bool(super().run_pass(state))


@register_pass(mutates_CFG=False, analysis_only=False)
class _ReconstructSSA(ReconstructSSA):
    _name = "kernel_reconstruct_ssa"

    def run_pass(self, state: Any) -> bool:
        # numba would then work out lifetimes anew, for generators
        state.func_ir = reconstruct_ssa(state.func_ir)
        self._patch_locals(state)
        state.func_ir._definitions = build_definitions(state.func_ir.blocks)
        return True


@register_pass(mutates_CFG=False, analysis_only=False)
class _StripPhis(PreLowerStripPhis):
    _name = "kernel_strip_phis"

    def run_pass(self, state: Any) -> bool:
        state.func_ir = self._strip_phi_nodes(state.func_ir)
        state.func_ir._definitions = build_definitions(state.func_ir.blocks)
        return True


class _Short(CompilerBase):
    lowering: Any

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.state.typingctx = remembering(self.state.typingctx)
        self.state.targetctx = Target.of(self.state.targetctx, self.state.typingctx)

    def define_pipelines(self) -> list[Any]:
        passes = PassManager(self.lowering._name)
        for one in (
            TranslateByteCode,
            FixupArgs,
            GenericRewrites,
            _ReconstructSSA,
            NopythonTypeInference,
            _StripPhis,
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
