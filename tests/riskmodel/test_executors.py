"""Whoever runs the trials: the same bits, and one message when they are gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

import riskmodel as rm
from riskmodel import _executors
from riskmodel._executors import Lent, Processes, Threads, pool_of
from riskmodel._run import Plan, Progress, Sums, Task, go
from riskmodel.errors import WorkersLost
from tests.conftest import LAYOUTS
from tests.riskmodel.test_run import Here, Toy

PLAN = Plan(seed=1, max_trials=1205)


class Slow(Toy):
    """Chunks that end in any order."""

    def run(self, seed: int, first: int, count: int) -> Sums:
        time.sleep(0.003 * (first // 10 * 7 % 5))
        return super().run(seed, first, count)


class Fatal(Toy):
    """A chunk that takes its process with it."""

    def run(self, seed: int, first: int, count: int) -> Sums:
        if first == 300:
            os._exit(1)
        return super().run(seed, first, count)


@pytest.fixture(scope="module")
def busy() -> rm.Layout:
    return rm.load_layout(LAYOUTS / "multicopy" / "nas-usb-cloud.toml")


def _bits(sums: Sums) -> bytes:
    return sums.counts.tobytes() + sums.weights.tobytes()


@pytest.fixture(scope="module")
def expected() -> bytes:
    return _bits(go(Toy(), PLAN, Here))


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_the_order_in_which_chunks_end_does_not_matter(expected: bytes, threads: int) -> None:
    assert _bits(go(Slow(), PLAN, partial(Threads, threads))) == expected


def test_processes_give_the_same_bits(expected: bytes) -> None:
    assert _bits(go(Slow(), PLAN, partial(Processes, 2))) == expected


def test_how_many_chunks_a_task_holds_does_not_matter(expected: bytes) -> None:
    class Batches(Here):
        task_seconds = 1e-4
        sizes: list[int]

        def submit(self, task: Task) -> tuple[float, list[Sums]]:
            self.sizes.append(len(task.counts))
            return super().submit(task)

    pool = Batches()
    pool.sizes = []
    assert _bits(go(Toy(), PLAN, lambda: pool)) == expected
    assert max(pool.sizes) > 1
    assert sum(pool.sizes) == 121


def test_a_layout_gives_the_same_bits_in_processes(busy: rm.Layout) -> None:
    options: dict[str, Any] = {"method": "events", "trials": 10_007, "seed": 5}
    one, other = (rm.simulate(busy, **options, **{how: 2}) for how in ("threads", "processes"))
    assert one.to_dict() | {"elapsed_seconds": 0} == other.to_dict() | {"elapsed_seconds": 0}


def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(rm.WorkersLost, match="the workers ended before the run did"):
        go(Fatal(), PLAN, partial(Processes, 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    "asks",
    ["rm.pareto(one, {'copies.a': [one.copies[0].model_dump(mode='json')]}, processes=1)",
     "rm.simulate(one, method='events', trials=5000, processes=2)"],
)  # fmt: skip
def test_a_script_without_a_guard_is_told_so_once(tmp_path: Path, asks: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import riskmodel as rm\n"
        "one = rm.Layout.from_dict({'horizon': '1 year', 'media': {'m': {'afr': 0.1}}, 'copies': "
        "[{'name': 'a', 'store': {'media': 'm'}, 'price': {'per_year': 5}}]})\n"
        f"try:\n    {asks}\nexcept rm.WorkersLost as error:\n    print(error)\n"
    )
    root = str(LAYOUTS.parent.parent)
    done = subprocess.run(
        [sys.executable, script], capture_output=True, env=os.environ | {"PYTHONPATH": root},
        text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.count("under 'if __name__ == \"__main__\":'") == 1
    assert done.returncode == 0


def test_processes_end_with_their_parent() -> None:
    code = (
        "import os, sys, time\n"
        "from riskmodel._executors import Processes\n"
        "from riskmodel._run import Task\n"
        "from tests.riskmodel.test_executors import Slow\n"
        "if __name__ == '__main__':\n"
        "    with Processes(1) as pool:\n"
        "        pool.result(pool.submit(Task(Slow(), 1, 0, (10,))))\n"
        "        print(next(iter(pool._executor._processes)), flush=True)\n"
        "        os.kill(os.getpid(), 9)\n"
    )
    root = str(LAYOUTS.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    worker = int(done.stdout)
    for _ in range(100):
        if not _alive(worker):
            return
        time.sleep(0.1)
    pytest.fail("the worker outlived its parent")


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_anything_with_submit_can_run_trials(expected: bytes) -> None:
    class Serial:
        def submit(self, function: Any, *words: Any) -> Future[Any]:
            done: Future[Any] = Future()
            done.set_result(function(*words))
            return done

    assert _bits(go(Toy(), PLAN, partial(Lent, Serial()))) == expected


def test_a_lent_executor_is_left_open_and_its_queue_taken_back(busy: rm.Layout) -> None:
    class Recorder(ThreadPoolExecutor):
        def submit(self, /, *call: Any) -> Future[Any]:
            futures.append(super().submit(*call))
            return futures[-1]

    futures: list[Future[Any]] = []
    options: dict[str, Any] = {"method": "events", "target_relative_error": 0.2}
    with Recorder(1) as mine:
        for _ in range(20):  # the queue may be worked off before it could be taken back
            loss = rm.simulate(busy, executor=mine, **options)
            if any(future.cancelled() for future in futures):
                break
        assert any(future.cancelled() for future in futures)
        assert mine.submit(int, "7").result() == 7
    assert loss.bins == rm.simulate(busy, **options).bins


def test_a_worker_with_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    here = _executors.software()
    with ThreadPoolExecutor(1) as mine:
        pool = Lent(mine)
        monkeypatch.setattr(_executors, "software", lambda: here | {"numba": "0.1"})
        with pytest.raises(rm.InputError, match=r"a worker has numba 0\.1, this process"):
            go(Toy(), PLAN, lambda: pool)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"threads": 2, "processes": 2}, "threads and processes: only one of them"),
        ({"dask": "tcp://here:1", "executor": 1}, "dask and executor: only one of them"),
        ({"processes": 0}, "processes: must be at least 1"),
        ({"executor": 7}, r"executor: needs a method submit\(\), got 7"),
    ],
)
def test_workers_that_cannot_be_had_are_named(options: dict[str, Any], words: str) -> None:
    asked = {"threads": None, "processes": None, "dask": None, "executor": None, **options}
    with pytest.raises(rm.InputError, match=words):
        pool_of(**asked)


def test_dask_is_an_extra(busy: rm.Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(rm.InputError, match=r"pip install 'threetwoone\[dask\]'"):
        rm.simulate(busy, method="events", dask="tcp://127.0.0.1:1")


@contextmanager
def _cluster(workers: int) -> Iterator[Any]:
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.mark.integration
def test_a_dask_cluster_that_loses_a_worker_gives_the_same_bits(busy: rm.Layout) -> None:
    options: dict[str, Any] = {"method": "events", "seed": 5}
    with _cluster(2) as client:
        first = 10_007
        by_address = rm.simulate(
            busy, trials=first, dask=client.scheduler.address, **options
        ).to_dict()
        by_threads = rm.simulate(busy, trials=first, threads=2, **options).to_dict()
        assert by_address | {"elapsed_seconds": 0} == by_threads | {"elapsed_seconds": 0}

        many = 600_000
        before = set(client.run(os.getpid).values())
        killed: list[int] = []

        def kill(done: Progress) -> None:
            if not killed and done.trials < many // 4:
                killed.append(min(before))
                os.kill(killed[0], signal.SIGKILL)

        survived = rm.simulate(busy, trials=many, executor=client, progress=kill, **options)
        assert killed
        assert killed[0] not in set(client.run(os.getpid).values())
    undisturbed = rm.simulate(busy, trials=many, threads=2, **options)
    assert survived.to_dict() | {"elapsed_seconds": 0} == (
        undisturbed.to_dict() | {"elapsed_seconds": 0}
    )


@pytest.mark.integration
def test_a_scheduler_that_does_not_answer_is_told(busy: rm.Layout) -> None:
    import dask

    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with (
            dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
            pytest.raises(rm.InputError, match="dask: no scheduler answers at"),
        ):
            rm.simulate(busy, method="events", dask=address)


@pytest.mark.parametrize("name", ["nthreads", "submit"])
def test_a_scheduler_that_is_gone_between_tasks_is_told(name: str) -> None:
    class Gone:
        def nthreads(self) -> dict[str, int]:
            return self._answer("nthreads", {"a": 1})

        def submit(self, *_: Any, **__: Any) -> Any:
            return self._answer("submit", None)

        def _answer(self, asked: str, found: Any) -> Any:
            if asked == name:
                raise OSError("no scheduler")
            return found

    cluster = _executors.Dask(Gone())
    calls = {"nthreads": cluster.slots, "submit": partial(cluster.submit, cast("Task", None))}
    with pytest.raises(WorkersLost, match="ended before the run did: no scheduler"):
        calls[name]()


@pytest.mark.integration
def test_a_scheduler_that_dies_is_told_and_the_checkpoint_kept(tmp_path: Path) -> None:
    dask = [sys.executable, "-m", "distributed.cli.dask_"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    found = tmp_path / "scheduler"
    path = tmp_path / "run"
    where = ["--scheduler-file", str(found)]
    words = [str(LAYOUTS / "multicopy" / "nas-usb-cloud.toml"), "--method", "events"]
    with (
        subprocess.Popen(
            [*dask[:2], dask[2] + "scheduler", "--port", "0", "--no-dashboard", *where], **quiet
        ) as scheduler,
        subprocess.Popen(
            [*dask[:2], dask[2] + "worker", "--nthreads", "1", "--no-dashboard", *where], **quiet
        ) as worker,
    ):
        try:
            _wait_for(lambda: found.exists() and found.read_text().endswith("}"))
            address = json.loads(found.read_text())["address"]
            run = subprocess.Popen(
                [
                    *[sys.executable, "-m", "riskmodel", "simulate", *words, "--dask", address],
                    *["--trials", "2000000000", "--checkpoint", str(path)],
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            with run:
                _wait_for(lambda: path.exists() and path.read_bytes().count(b"\n") > 3)
                scheduler.kill()
                output, talk = run.communicate(timeout=120)
        finally:
            worker.kill()
            scheduler.kill()
    assert (run.returncode, output) == (2, "")
    assert talk.startswith("riskmodel: the workers ended before the run did")
    assert "trials; the same command goes on from there" in talk
    assert talk.count("\n") == 1
    header, *chunks = path.read_bytes().splitlines()
    kept = json.loads(header)["chunk_trials"] * len(chunks)
    options: dict[str, Any] = {"method": "events", "trials": kept}
    layout = rm.load_layout(words[0])
    resumed, fresh = (rm.simulate(layout, checkpoint=c, **options) for c in (path, None))
    assert resumed.to_dict() | {"elapsed_seconds": 0} == fresh.to_dict() | {"elapsed_seconds": 0}


def _wait_for(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.05)
