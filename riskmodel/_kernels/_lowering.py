"""Lowering for kernels: numba's, without what is done for reference counts and debuggers.

What knows arrays is imported where something is compiled: what is ready to run does without it.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, errors, ir, types
from numba.core.lowering import Lower

__all__ = ["Lowering"]

_ERRORS: Any = errors  # some of it comes into being at run time


class Lowering(Lower):
    """Lowers a kernel."""

    def lower_block(self, block: Any) -> None:
        self.pre_block(block)
        with _ERRORS.new_error_context("lowering a block at {loc}", loc=block.loc):
            for instruction in block.body:
                self.loc = instruction.loc
                self.lower_inst(instruction)
        self.post_block(block)

    def lower_inst(self, inst: Any) -> Any:
        """Lower an instruction; numba would write each out in words beforehand."""
        if isinstance(inst, ir.Assign):
            name = inst.target.name
            self.storevar(self.lower_assign(self.typeof(name), inst), name)
        elif isinstance(inst, ir.Del):
            self.delvar(inst.value)
        else:
            return super().lower_inst(inst)
        return None

    def storevar(self, value: Any, name: str, argidx: int | None = None) -> None:
        if name in self._singly_assigned_vars:
            self._blk_local_varmap[name] = value
        else:
            self.builder.store(value, self.getvar(name))

    def delvar(self, name: str) -> None:
        """Forget a variable; numba would fill it with zeros, for what counts references."""
        if name not in self._blk_local_varmap:
            self._singly_assigned_vars.discard(name)

    def alloca_lltype(self, name: str, lltype: Any, datamodel: Any = None) -> Any:
        return cgutils.alloca_once(self.builder, lltype, name=name)

    def lower_getitem(self, resty: Any, expr: Any, value: Any, index: Any, signature: Any) -> Any:
        array, place = signature.args
        if not _is_plain(array, place):
            return super().lower_getitem(resty, expr, value, index, signature)
        from numba.np.arrayobj import load_item

        pointer = self._element(value, index, place)
        item = load_item(self.context, self.builder, array, pointer)
        return self.context.cast(self.builder, item, signature.return_type, resty)

    def lower_setitem(self, target_var: Any, index_var: Any, value_var: Any, signature: Any) -> Any:
        array, place, _ = signature.args
        if not _is_plain(array, place):
            return super().lower_setitem(target_var, index_var, value_var, signature)
        from numba.np.arrayobj import store_item

        value = self._cast_var(value_var, array.dtype)
        pointer = self._element(target_var, index_var, place)
        return store_item(self.context, self.builder, array, value, pointer)

    def _element(self, array: Any, index: Any, place: Any) -> Any:
        from numba.np.arrayobj import fix_integer_index

        fields = self.context.data_model_manager[self.typeof(array.name)]
        whole = self.loadvar(array.name)
        shape = fields.get(self.builder, whole, "shape")
        size = self.builder.extract_value(shape, 0)
        at = fix_integer_index(
            self.context, self.builder, place, self._cast_var(index, place), size
        )
        return self.builder.gep(fields.get(self.builder, whole, "data"), [at])


def _is_plain(array: Any, place: Any) -> bool:
    """Whether an item is meant of a row that lies in one piece."""
    row = isinstance(array, types.Array) and array.ndim == 1 and array.layout == "C"
    return row and isinstance(place, types.Integer)
