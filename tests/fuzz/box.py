"""A box for hostile input: limits on time, memory, writes, threads and descriptors.

One process tries one parser. `run` is what it does; `watched` starts it and sees that it answers.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.parsers import named
from tests.needs import missing

__all__ = ["Outcome", "Trial", "watched"]

HANG_SECONDS = 5.0
MEMORY_BYTES = 1 << 30
# without an answer, of processor time; of the clock only while it does not even want a processor,
# because others use the machine too
BUSY_SECONDS, IDLE_SECONDS = 60.0, 120.0
MOST_SECONDS = 900.0  # of the clock, for what comes before and after the time that is given
LOOK_EVERY = 8  # inputs
MOST_KEPT = 8  # threads or descriptors more than after the first look
ENDING_SECONDS = 1.0  # for threads that were told to end
ROOT = Path(__file__).parents[2]
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset(
    {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link",
     "os.symlink", "os.truncate", "os.utime", "shutil.rmtree", "shutil.move"}
)  # fmt: skip
_PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"})


class Hang(BaseException):
    """It took longer than anybody waits."""


class Trespass(BaseException):
    """It wrote outside of its scratch folder, or started a program."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one parser: how many inputs, and what broke it, one of each kind."""

    parser: str
    inputs: int
    seconds: float
    findings: dict[str, bytes] = field(default_factory=dict)
    skipped: str = ""


class Trial:
    """One parser in this process, under limits.

    Parameters
    ----------
    name : str
        The parser.
    scratch : Path
        The only folder that it may write to.
    """

    def __init__(self, name: str, scratch: Path) -> None:
        self.parser = named(name)
        self.scratch = scratch
        self.findings: dict[str, bytes] = {}
        self.inputs = 0
        self.samples = self.parser.samples(scratch)
        self._call = self.parser.prepare(scratch)
        self._guarded = False
        self._at_first: tuple[int, int] | None = None

    def limited(self) -> None:
        """Put this process under the limits; they cannot be taken off again."""
        most = _data_bytes() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.addaudithook(self._audited)

    def one(self, data: bytes) -> str:
        """Try one input; return what broke, in a line, or nothing."""
        self.inputs += 1
        problem = self.broken_by(data)
        if not problem and self.inputs % LOOK_EVERY == 0:
            problem = self._hoarded()
        if problem and problem not in self.findings:
            self.findings[problem] = data
        return problem

    def broken_by(self, data: bytes) -> str:
        """Return what an input breaks; empty if it gets an answer or one of the allowed errors."""
        self._guarded = True
        signal.signal(signal.SIGPROF, _hangs)  # else the timer ends the process without a word
        signal.setitimer(signal.ITIMER_PROF, HANG_SECONDS)
        try:
            self._call(data)
        except self.parser.allowed:
            return ""
        except (Exception, Hang, Trespass) as error:  # noqa: BLE001 - whatever it is, is told
            return _signature(error)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self._guarded = False
        return ""

    def _hoarded(self) -> str:
        """Say whether threads or open descriptors have become more with the inputs."""
        if self._at_first is None:
            self._at_first = _held()
        most = tuple(count + MOST_KEPT for count in self._at_first)
        until = time.monotonic() + ENDING_SECONDS
        while any(now > limit for now, limit in zip(_held(), most, strict=True)):
            if time.monotonic() > until:
                return "Hoard of threads or of descriptors, which become more with the inputs"
            gc.collect()
            time.sleep(0.01)
        return ""

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._guarded:
            return
        if (
            event == "open" and isinstance(args[2], int) and args[2] & _WRITES
        ) or event in _CHANGES:
            self._inside(event, args[0])
        elif event in _PROGRAMS:
            raise Trespass(f"{event} {args[0]!r}")

    def _inside(self, event: str, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        place = Path(os.fsdecode(path)).absolute()
        if place != Path("/dev/null") and self.scratch not in (place, *place.parents):
            raise Trespass(f"{event} {place}")


def _data_bytes() -> int:
    """Return what this process has already, its libraries among it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmData")).split()[1])


def _held() -> tuple[int, int]:
    """Count the threads and the open descriptors of this process."""
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


def _hangs(number: int, frame: object) -> None:
    raise Hang(f"more than {HANG_SECONDS:g} s of processor time")


def _signature(error: BaseException) -> str:
    """Say what broke and where in the product, so that one fault is one finding."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "/verifier/" in f.filename or "/riskmodel/" in f.filename]
    own = [f for f in own if "/tests/" not in f.filename] or list(frames)
    place = own[-1]
    try:
        where = Path(place.filename).relative_to(ROOT)
    except ValueError:
        where = Path(place.filename)
    told = f": {error}"[:120] if type(error).__name__ in ("BrokeOff", "Trespass") else ""
    return f"{type(error).__name__} in {where}:{place.lineno} {place.name}{told}"


def watched(
    names: Sequence[str],
    seconds: float,
    *,
    jobs: int = 1,
    seed: int = 0,
    atheris: bool = False,
    keep: Path | None = None,
) -> Iterator[Outcome]:
    """Try parsers, each in a process of its own, for some time.

    Parameters
    ----------
    names : sequence of str
        The parsers.
    seconds : float
        How long each. [s]
    jobs : int
        How many at once.
    seed : int
        Of the mutations.
    atheris : bool
        Follow the branches of the code.
    keep : Path, optional
        Where inputs that reach new code are kept for the next time; Atheris only.

    Yields
    ------
    Outcome
        As they end. A process that dies or gives no answer is a finding, with the input it had.
    """
    waiting = list(names)
    running: list[_Watch] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            name = waiting.pop(0)
            if reason := missing(*named(name).needs):
                yield Outcome(name, 0, 0.0, skipped=reason)
                continue
            running.append(_Watch(name, seconds, seed, keep if atheris else None, atheris=atheris))
        time.sleep(0.02)
        for watch in [one for one in running if one.ended()]:
            running.remove(watch)
            yield watch.outcome()


class _Watch:
    """A process that tries one parser, and whether it still answers."""

    def __init__(
        self, name: str, seconds: float, seed: int, keep: Path | None, *, atheris: bool
    ) -> None:
        self._name = name
        self._began = time.monotonic()
        self._until = self._began + MOST_SECONDS + seconds
        self._lost = False
        self._beat = (0.0, 0.0, 0.0)
        base = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self._scratch = tempfile.TemporaryDirectory(prefix="fuzz-", dir=base)
        self._folder = Path(self._scratch.name).resolve()
        words = (name, str(seconds), str(seed), str(self._folder), str(keep or ""))
        if atheris:  # it must see the imports
            command = [sys.executable, "-m", "tests.fuzz.child", *words, "atheris"]
            with (self._folder / "log").open("wb") as log:
                self._child: Any = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
            self._code: Callable[[], int | None] = self._child.poll
        else:  # a copy of this process, which has imported everything
            fork = multiprocessing.get_context("fork")
            self._child = fork.Process(target=_forked, args=(*words, "own"))
            self._child.start()
            self._code = lambda: self._child.exitcode

    def ended(self) -> bool:
        if self._code() is not None:
            return True
        if self._stale() or time.monotonic() > self._until:
            self._child.kill()
            self._lost = True
        return False

    def _stale(self) -> bool:
        """Tell whether it has been busy with one input, or idle, for longer than anybody waits."""
        if not (self._folder / "count").exists():
            return False
        tried = (self._folder / "input").stat().st_mtime
        used, wants = _processor(self._child.pid)
        now = time.monotonic()
        if tried != self._beat[0]:
            self._beat = (tried, used, now)
        if wants:
            self._beat = (tried, self._beat[1], now)
        return used - self._beat[1] > BUSY_SECONDS or now - self._beat[2] > IDLE_SECONDS

    def outcome(self) -> Outcome:
        findings, folder = {}, self._folder
        for file in sorted(folder.glob("finding-*")):
            problem, _, data = file.read_bytes().partition(b"\n")
            findings[problem.decode("utf-8", "replace")] = data
        count = folder / "count"
        if self._lost or self._code() != 0:
            why = "no answer" if self._lost else f"the process ended with code {self._code()}"
            log = folder / "log"
            told = log.read_text("utf-8", "replace")[-1500:] if log.exists() else ""
            last = folder / "input"
            findings[f"{why}: {told}"] = last.read_bytes() if last.exists() else b""
        made = int(count.read_text() or 0) if count.exists() else 0
        self._scratch.cleanup()
        return Outcome(self._name, made, time.monotonic() - self._began, findings)


def _processor(pid: int) -> tuple[float, bool]:
    """Return the processor time that a process has used, and whether it wants more just now."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0, False
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK"), fields[0] == "R"


def _forked(*words: str) -> None:
    from tests.fuzz.child import tried

    with Path(words[3], "log").open("wb") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    tried(*words)
