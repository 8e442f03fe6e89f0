"""What keeps the first compile short: closed kernels, plain types, bundles by reference."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from numba.core import types
from numba.core.codegen import JITCodeLibrary

from riskmodel._kernels import _jit
from riskmodel._kernels._jit import by_reference, entry, jit
from riskmodel._kernels.rng import exponential

compiled = pytest.mark.skipif(
    not hasattr(exponential, "signatures"), reason="the compiler is switched off"
)


class Bundle(NamedTuple):
    """As the kernels' own: arrays and numbers."""

    counts: np.ndarray
    places: np.ndarray
    factor: float


@jit
def _count(bundle, i, marked):
    bundle.counts[i] += 1 if marked else 10
    return bundle.factor * bundle.places[i]


@jit
def _doubled(bundle, i):
    return 2.0 * _count(bundle, i, True)


@entry
def _walk(bundle, steps):
    bundle = by_reference(bundle)
    total = _count(bundle, -1, True)
    total += _count(bundle, 0, False)
    for i in range(steps):
        total += _count(bundle, i, i > 1)
    return total


def _walked(walk: Any = _walk) -> tuple[float, list[int]]:
    bundle = Bundle(np.zeros(4, np.int64), np.array([1.0, 2.0, 4.0, 8.0]), 0.5)
    return walk(bundle, 3), bundle.counts.tolist()


def test_a_bundle_by_reference_reads_and_writes_its_own_arrays() -> None:
    total, counts = _walked()
    assert total == 0.5 * (8.0 + 1.0 + 1.0 + 2.0 + 4.0)
    assert counts == [20, 10, 1, 1]


@compiled
def test_constants_do_not_compile_a_kernel_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_jit, "_cache_folder", lambda: None)
    _walked(entry(_walk.py_func))
    assert len(_count.signatures) == 1


@compiled
def test_python_cannot_call_a_kernel_that_is_no_entry() -> None:
    _walked()
    with pytest.raises(TypeError, match="exponential: only kernels call it"):
        exponential(np.zeros(4, np.uint64))
    with pytest.raises(TypeError, match="_count: only kernels call it"):
        _count(Bundle(np.zeros(1, np.int64), np.zeros(1), 1.0), 0, True)


@compiled
def test_a_caller_of_another_make_gets_all_that_a_kernel_calls() -> None:
    def through(bundle):
        return _doubled(bundle, 1)

    bundle = Bundle(np.zeros(4, np.int64), np.array([1.0, 2.0, 4.0, 8.0]), 0.5)
    assert numba.njit(through)(bundle) == 2.0
    assert bundle.counts.tolist() == [0, 1, 0, 0]


@compiled
def test_only_entries_are_optimised_and_emitted(monkeypatch: pytest.MonkeyPatch) -> None:
    emitted = []
    emit = JITCodeLibrary._finalize_specific

    def noting(library: Any) -> None:
        emitted.append(library.name)
        emit(library)

    monkeypatch.setattr(_jit, "_cache_folder", lambda: None)
    monkeypatch.setitem(globals(), "_count", jit(_count.py_func))  # not compiled yet
    monkeypatch.setattr(JITCodeLibrary, "_finalize_specific", noting)
    assert _walked(entry(_walk.py_func))[1] == [20, 10, 1, 1]
    assert emitted.count("_walk") == 1
    assert "_count" not in emitted


def _items(row, table, small, whole):
    row[-1] = 7
    row[small] += table[1, -1]
    row[whole] = row[small] - row[-3]
    table[0] = row[small]
    return row[-2] / table[-1, 0]


@compiled
def test_items_are_found_and_set_as_python_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_jit, "_cache_folder", lambda: None)
    found = []
    for walk in (_items, entry(_items)):
        row, table = np.array([1.5, 2.5, 4.5]), np.arange(1, 5).reshape(2, 2)
        found.append([walk(row, table, np.int8(-2), np.uint64(0)), row.tolist(), table.tolist()])
    assert found[0] == found[1]


def _sums(n):
    a = n + 1
    b = a + n
    for i in range(n):
        a = a + b + i
        b = b + a
    return a + b


@compiled
def test_what_a_call_means_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    look_up = types.Function.get_call_type

    def noting(function: Any, context: Any, args: Any, kws: Any) -> Any:
        if type(function) is types.Function:
            asked.append((function.typing_key, tuple(args)))
        return look_up(function, context, args, kws)

    monkeypatch.setattr(_jit, "_cache_folder", lambda: None)
    monkeypatch.setattr(types.Function, "get_call_type", noting)
    assert entry(_sums)(np.int64(3)) == _sums(3)
    own = [one for one in asked if one[0] is operator.add]
    assert len(own) == len(set(own))
