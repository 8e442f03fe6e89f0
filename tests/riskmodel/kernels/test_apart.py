"""Kernels compiled by a second process: its code is used, and where it fails nobody notices."""

from __future__ import annotations

import os
import signal
import time
from typing import Any, NamedTuple

import numpy as np
import pytest

from riskmodel._kernels import _helper, _jit
from riskmodel._kernels._helper import Failed, Helper
from riskmodel._kernels._jit import apart, by_reference, entry, jit
from riskmodel._kernels.rng import exponential

compiled = pytest.mark.skipif(
    not hasattr(exponential, "signatures"), reason="the compiler is switched off"
)


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr(_jit, "_cache_folder", lambda: None)


def _walk_of_its_own() -> tuple[Any, Any, Any]:
    """Return an entry that no process has compiled, what it calls apart, and its bundle."""

    class Bundle(NamedTuple):
        counts: np.ndarray
        factor: float

    @jit
    def count(bundle, i):
        bundle.counts[i] += 1
        return bundle.factor

    @apart(Bundle, int, returns=(float, int))
    def step(bundle, i):
        return 2.0 * count(bundle, i), i

    @entry
    def walk(bundle, steps):
        bundle = by_reference(bundle)
        total = count(bundle, 0)
        for i in range(steps):
            found, at = step(bundle, i)
            total += found * at
        return total

    return walk, step, Bundle(np.zeros(4, np.int64), 0.5)


def _check(walk: Any, bundle: Any) -> None:
    assert walk(bundle, 3) == 0.5 + 0.0 + 1.0 + 2.0
    assert bundle.counts.tolist() == [2, 1, 1, 0]


@compiled
def test_the_second_process_compiles_what_is_set_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    result = Helper.result
    monkeypatch.setattr(Helper, "result", lambda self: answers.append(result(self)) or answers[-1])
    walk, step, bundle = _walk_of_its_own()
    _check(walk, bundle)
    assert len(answers) == 1
    (made,) = step.overloads.values()
    assert made.type_annotation is None  # here it was neither typed nor lowered


@compiled
def test_where_the_second_process_is_killed_this_one_compiles_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = Helper.start

    def start_doomed(_: Any) -> Helper | None:
        return start(lambda: os.kill(os.getpid(), signal.SIGKILL) or b"")

    monkeypatch.setattr(Helper, "start", start_doomed)
    walk, step, bundle = _walk_of_its_own()
    _check(walk, bundle)
    (made,) = step.overloads.values()
    assert made.type_annotation is not None


@compiled
@pytest.mark.parametrize("lacking", ["cores", "memory"])
def test_without_a_second_process_one_compiles_all(
    lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_fork() -> int:
        assert lacking == "memory"
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", no_fork)
    if lacking == "cores":
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    _check(*_walk_of_its_own()[::2])


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_an_answer_longer_than_a_pipe_arrives_whole() -> None:
    helper = Helper.start(lambda: b"ab" * 500_000)
    assert helper is not None
    assert helper.result() == b"ab" * 500_000
    assert _is_gone(helper._process)


def _fail() -> bytes:
    raise ValueError


def _hang() -> bytes:
    time.sleep(600)
    return b"late"


@pytest.mark.parametrize("work", [_fail, _hang])
def test_a_second_process_that_fails_or_hangs_is_told_and_ended(
    work: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_helper, "_LEAST_PATIENCE", 0.1)
    helper = Helper.start(work)
    assert helper is not None
    with pytest.raises(Failed):
        helper.result()
    assert _is_gone(helper._process)
    assert capfd.readouterr() == ("", "")
