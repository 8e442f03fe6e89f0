"""Commands that a signal stops at a random point, and what must be true afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@dataclass
class Room:
    """A folder with a temporary folder, a state and a home of its own, for one command."""

    base: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("tmp", "state", "home"):
            (self.base / name).mkdir(exist_ok=True)
        # the compiled engine is not what is tested here: it is borrowed
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("XDG_")},
            "TMPDIR": str(self.base / "tmp"),
            "XDG_STATE_HOME": str(self.base / "state"),
            "HOME": str(self.base / "home"),
            "XDG_CACHE_HOME": cache,
            "PYTHONPATH": str(REPOSITORY),
            **self.env,
        }

    def start(self, *words: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", *map(str, words)],
            env=self.env,
            cwd=self.base,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        with self.start(*words) as started:
            out, err = started.communicate(timeout=300)
        return subprocess.CompletedProcess(words, started.returncode, out, err)

    def left(self) -> list[str]:
        """Name what a command left behind: temporary files, and processes of this room."""
        files = [str(path) for path in (self.base / "tmp").iterdir()]
        files += [str(path) for path in self.base.rglob("*.part")]
        return files + processes(str(self.base))


def processes(mark: str) -> list[str]:
    """Return the commands of processes that have a text in their environment or arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            said = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark.encode() in said and folder.name != str(os.getpid()) and state != "Z":
            found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def is_listening(pid: int) -> bool:
    """Tell whether a process has taken over SIGTERM, as commands do once they are imported."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return False
    caught = next(line for line in lines if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def stopped(
    room: Room, number: signal.Signals, after: float, *words: object
) -> subprocess.CompletedProcess[str]:
    """Start a command, and send it a signal so many seconds after it is ready to hear it."""
    with room.start(*words) as started:
        until = time.monotonic() + 60
        while not is_listening(started.pid) and started.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.005)
        time.sleep(after)
        started.send_signal(number)
        out, err = started.communicate(timeout=120)
    return subprocess.CompletedProcess(words, started.returncode, out, err)


def usual(room: Room, *words: object) -> float:
    """Return how long a command takes from when it hears signals to its end."""
    with room.start(*words) as started:
        while not is_listening(started.pid) and started.poll() is None:
            time.sleep(0.005)
        began = time.monotonic()
        _, err = started.communicate(timeout=300)
    assert started.returncode in (0, 1, 3), err
    return time.monotonic() - began


def points(count: int, seconds: float, seed: int) -> list[tuple[signal.Signals, float]]:
    """Draw signals and times at which they are sent, spread over a run."""
    dice = random.Random(seed)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return [
        (numbers[k % 3], seconds * (k + dice.random()) / count) for k in range(count)
    ]  # fmt: skip


def wrong(
    done: subprocess.CompletedProcess[str], number: signal.Signals, finished: tuple[int, ...]
) -> str:
    """Say what is wrong with how a command ended; empty if nothing is."""
    if done.returncode in finished:
        return ""
    told = (
        f"{done.args} {number.name}: {done.returncode}\n{done.stdout[-500:]}{done.stderr[-3000:]}"
    )
    said = done.stderr.startswith("wrote ") if done.stderr else bool(done.stdout)
    if done.returncode == -number and said:
        return ""  # all was said, and only the interpreter's own end was cut short
    if done.returncode != STOPPED[number] or "Traceback" in done.stderr:
        return told
    if done.stdout:  # the answer was said, and a file that was asked for too is not written
        return "" if "the audit above is whole" in done.stderr else told
    return "" if "stopped" in done.stderr else told
