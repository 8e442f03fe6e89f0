"""numba's contexts with a memory: what was looked up once is not looked up again.

numba finds what a call, an attribute or an operator means by trying its templates, some ten for a
plain sum, each time that it meets one, and then again when it lowers it. Kernels say the same few
things thousands of times.
"""

from __future__ import annotations

from functools import cache
from types import BuiltinFunctionType
from typing import Any

from numba.core import errors, types
from numba.core.cpu import CPUContext
from numba.extending import models, register_model

__all__ = ["Target", "remembering"]


class _Typing:
    """numba's typing context, with a memory."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._signatures: dict[Any, Any] = {}
        self._calls: dict[Any, Any] = {}
        self._attributes: dict[Any, Any] = {}
        self._operators: dict[Any, Any] = {}

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

    def resolve_getattr(self, owner: Any, name: str) -> Any:
        key = owner, name
        if key not in self._attributes:
            self._attributes[key] = self._context.resolve_getattr(owner, name)
        return self._attributes[key]

    def resolve_setitem(self, target: Any, index: Any, value: Any) -> Any:
        return type(self._context).resolve_setitem(self, target, index, value)

    def resolve_value_type(self, value: Any) -> Any:
        if not isinstance(value, BuiltinFunctionType):
            return self._context.resolve_value_type(value)
        if value not in self._operators:
            found = self._context.resolve_value_type(value)
            self._operators[value] = _Operator(found) if type(found) is types.Function else found
        return self._operators[value]

    def call_of(self, function: Any, args: tuple[Any, ...]) -> Any:
        """Return the signature of a call, or raise as numba did when it was asked first."""
        key = function, args
        if key not in self._calls:
            try:
                self._calls[key] = function.get_call_type(self._context, args, {})
            except errors.TypingError as error:
                self._calls[key] = error
        found = self._calls[key]
        if isinstance(found, Exception):
            raise found
        return found


remembering = cache(_Typing)


class _Operator(types.Function):
    """A function of numba's own, such as an operator, with a memory for its calls."""

    def __init__(self, function: Any) -> None:
        super().__init__(function.templates)
        self._function = function
        self._impl_keys = function._impl_keys  # whichever was asked, both know the answer

    def get_call_type(self, context: Any, args: Any, kws: Any) -> Any:
        if kws or not isinstance(context, _Typing):
            return self._function.get_call_type(context, args, kws)
        return context.call_of(self._function, tuple(args))


register_model(_Operator)(models.OpaqueModel)


class Target(CPUContext):
    """numba's lowering context, that asks a typing context with a memory."""

    @classmethod
    def of(cls, context: Any, typing: Any) -> Any:
        """Return one that shares all that a context holds."""
        found = cls.__new__(cls)
        found.__dict__.update(context.__dict__, typing_context=typing)
        return found

    def get_function(self, fn: Any, sig: Any, _firstcall: bool = True) -> Any:
        """Return numba's answer; what is no array is no reason to read all registries again."""
        return super().get_function(fn, sig, _firstcall and fn != "__array__")
