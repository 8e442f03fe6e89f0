"""A file that is cut or damaged anywhere gives the same bits as a run that never stopped."""

from __future__ import annotations

import fcntl
import math
import os
import resource
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import riskmodel as rm
from riskmodel._checkpoint import Checkpoint
from riskmodel._executors import Threads
from riskmodel._run import Plan, Sums, go
from tests.conftest import LAYOUTS
from tests.riskmodel.test_run import Here, Toy

IDENTITY = {"layout": "a", "horizon_hours": (8766.0).hex(), "method": "toy", "seed": 1}
_AHEAD = 2  # chunks under way when a look says stop
PLAN = Plan(seed=1, max_trials=95)  # nine whole chunks and one that is cut


def _run(path: Path, plan: Plan = PLAN, engine: Toy | None = None, **identity: Any) -> Sums:
    engine = engine or Toy()
    with Checkpoint(path, {**IDENTITY, **identity}, engine.chunk_trials) as kept:
        return go(engine, plan, Here, kept=kept)


def _same(one: Sums, other: Sums) -> bool:
    """Tell whether two sums have the same bits."""
    return one.counts.tobytes() == other.counts.tobytes() and (
        one.weights.tobytes() == other.weights.tobytes()
    )


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process writes, the next one reads; only a power cut needs the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Sums]:
    """The file of a whole run, and its result."""
    path = tmp_path_factory.mktemp("whole") / "run"
    found = _run(path)
    return path.read_bytes(), found


def test_a_run_with_a_checkpoint_is_the_run_without(whole: tuple[bytes, Sums]) -> None:
    assert _same(whole[1], go(Toy(), PLAN, partial(Threads, 3)))


def test_a_finished_run_is_read_not_run_again(tmp_path: Path, whole: tuple[bytes, Sums]) -> None:
    path = tmp_path / "run"
    path.write_bytes(whole[0])
    engine = Toy()
    assert _same(_run(path, engine=engine), whole[1])
    assert engine.ran == [(90, 5)]  # the chunk that the end of the trials cuts is never kept
    assert path.read_bytes() == whole[0]


def test_a_file_that_is_cut_at_any_byte_goes_on(tmp_path: Path, whole: tuple[bytes, Sums]) -> None:
    content, expected = whole
    lines = content.count(b"\n", 0)
    assert lines == 10
    path = tmp_path / "run"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        engine = Toy()
        assert _same(_run(path, engine=engine), expected), length
        intact = max(content[:length].count(b"\n") - 1, 0)
        assert engine.ran[0] == ((intact * 10, 10) if intact < 9 else (90, 5)), length
        assert path.read_bytes() == content, length


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_costs_time_and_no_bits(
    tmp_path: Path, whole: tuple[bytes, Sums], data: st.DataObject
) -> None:
    """Any bytes written over any place behind the first line, or added at the end."""
    content, expected = whole
    first = content.index(b"\n") + 1
    place = data.draw(st.integers(first, len(content)))
    junk = data.draw(st.binary(min_size=1, max_size=40))
    path = tmp_path / "run"
    path.write_bytes(content[:place] + junk + content[place + len(junk) :])
    assert _same(_run(path), expected)
    assert path.read_bytes()[: len(content)] == content


def test_every_single_bit_is_checked(tmp_path: Path, whole: tuple[bytes, Sums]) -> None:
    content, expected = whole
    path = tmp_path / "run"
    start = content.index(b"\n") + 1
    stop = content.index(b"\n", start) + 1
    for place in range(start, stop):
        for bit in range(8):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            assert _same(_run(path), expected), (place, bit)
            assert path.read_bytes() == content, (place, bit)


def test_lines_of_another_run_or_place_are_not_taken(
    tmp_path: Path, whole: tuple[bytes, Sums]
) -> None:
    content, expected = whole
    path = tmp_path / "run"
    _run(path, seed=2)
    theirs = path.read_bytes().splitlines(keepends=True)
    mine = content.splitlines(keepends=True)
    for lines in (mine[:1] + theirs[1:], mine[:3] + mine[4:], mine[:1] + mine[2:3] * 9):
        path.write_bytes(b"".join(lines))
        assert _same(_run(path), expected)
        assert path.read_bytes() == content


def test_more_trials_and_a_lower_target_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run"
    for plan, most in [
        (Plan(1, 95), 10),
        (Plan(1, 300), 30 - 9),
        (Plan(1, 10_000, target=1 / math.sqrt(600)), 64 - 30 + _AHEAD),
        (Plan(1, 10_000, target=1 / math.sqrt(100)), 0),  # an earlier look is good enough for this
        (Plan(1, 42), 1),
    ]:
        engine = Toy()
        assert _same(_run(path, plan, engine), go(Toy(), plan, Here))
        assert len(engine.ran) <= most


def test_a_spent_budget_counts_what_is_kept(tmp_path: Path, whole: tuple[bytes, Sums]) -> None:
    path = tmp_path / "run"
    path.write_bytes(whole[0])
    found = _run(path, Plan(1, 10_000, budget_seconds=0.0))
    assert found.counts.tolist() == [100]


def test_memory_stays_flat_over_a_long_file(tmp_path: Path) -> None:
    """The replay is a stream: the second chunk is read when the first has been used."""
    path = tmp_path / "run"
    _run(path, Plan(1, 1000))
    with Checkpoint(path, IDENTITY, 10) as kept:
        replay = kept.replay()
        assert isinstance(replay, Generator)
        next(replay)
        assert kept.chunks == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layout": "b"}, "belongs to another layout"),
        ({"seed": 2}, "belongs to a run with seed 1, this one has 2"),
        ({"method": "other"}, "belongs to a run with method toy, this one has other"),
        ({"horizon_hours": (87660.0).hex()}, "with horizon 1 year, this one has 10 years"),
        ({"numba": "9.9"}, "with numba None, this one has 9.9"),
    ],
)
def test_the_file_of_another_run_is_refused_and_untouched(
    tmp_path: Path, whole: tuple[bytes, Sums], change: dict, words: str
) -> None:
    path = tmp_path / "run"
    content = whole[0][:-7]
    path.write_bytes(content)
    with pytest.raises(rm.InputError, match=words):
        _run(path, **change)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"name = 'x'\n", b"{}\n", b"\0" * 500, b'{"file":"riskmodel"'])
def test_what_is_no_checkpoint_is_refused_and_untouched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "layout.toml"
    path.write_bytes(content)
    with pytest.raises(rm.InputError, match="is no checkpoint"):
        _run(path)
    assert path.read_bytes() == content


def test_a_damaged_first_line_is_refused_and_untouched(
    tmp_path: Path, whole: tuple[bytes, Sums]
) -> None:
    path = tmp_path / "run"
    for place in range(whole[0].index(b"\n")):
        damaged = bytearray(whole[0])
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(rm.InputError, match="first line is damaged"):
            _run(path)
        assert path.read_bytes() == damaged


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path) -> None:
    for path, words in [
        (tmp_path, "Is a directory"),
        (tmp_path / "no" / "run", "No such file"),
        (Path("/dev/null"), "no regular file"),
    ]:
        with pytest.raises(rm.InputError, match=words):
            _run(path)


def test_a_full_disk_is_told_and_costs_nothing_that_was_kept(
    tmp_path: Path, whole: tuple[bytes, Sums]
) -> None:
    path = tmp_path / "run"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole[0]) // 2, hard))
    try:
        with pytest.raises(rm.InputError, match="cannot be written: File too large"):
            _run(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(path.read_bytes()) == len(whole[0]) // 2
    assert _same(_run(path), whole[1])


def test_two_runs_do_not_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "run"
    _run(path)
    before = path.read_bytes()
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(rm.InputError, match="another run is using it"):
            _run(path)
    assert path.read_bytes() == before
    _run(path)


def test_ctrl_c_says_what_is_kept(tmp_path: Path) -> None:
    class Stopped(Here):
        waits = 0

        def result(self, future: tuple[float, list[Sums]]) -> tuple[float, list[Sums]]:
            self.waits += 1
            if self.waits == 4:
                raise KeyboardInterrupt
            return future

    path = tmp_path / "run"
    with (
        pytest.raises(rm.Interrupted, match="keeps 30 trials; the same command goes on"),
        Checkpoint(path, IDENTITY, 10) as kept,
    ):
        go(Toy(), PLAN, Stopped, kept=kept)
    assert _same(_run(path), go(Toy(), PLAN, Here))


def test_a_layout_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    layout = rm.load_layout(LAYOUTS / "multicopy" / "fire-safe.toml")
    path = tmp_path / "run"
    options: dict[str, Any] = {"method": "events", "seed": 3, "trials": 40_000}
    plain = rm.simulate(layout, **options).to_dict()
    for cut in (None, 2_000, 900, 10):
        if cut is not None:
            path.write_bytes(path.read_bytes()[:cut])
        found = rm.simulate(layout, checkpoint=path, **options).to_dict()
        assert found | {"elapsed_seconds": plain["elapsed_seconds"]} == plain
    before = path.read_bytes()
    for change, words in [
        ({"seed": 4}, "with seed 3, this one has 4"),
        ({"horizon": "1 year"}, "this one has 1 year"),
    ]:
        with pytest.raises(rm.InputError, match=words):
            rm.simulate(layout, checkpoint=path, **{**options, **change})
    other = layout.replace("copies.safe.recovery", {"fixed": "99 days"})
    with pytest.raises(rm.InputError, match="another layout"):
        rm.simulate(other, checkpoint=path, **options)
    assert path.read_bytes() == before


def test_an_exact_answer_leaves_no_file(tmp_path: Path, disk_layout: dict) -> None:
    path = tmp_path / "run"
    assert rm.simulate(rm.Layout.from_dict(disk_layout), checkpoint=path).method == "exact"
    assert not path.exists()
