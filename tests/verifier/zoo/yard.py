"""The place where one set-up of the zoo is built of real parts, audited, and taken down again."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from tests.keyring import keyring
from tests.needs import ADMIN

REPOSITORY = Path(__file__).parents[3]
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"], ADMIN))
DAY = 86400.0

SITES = {
    "home": {"kind": "home", "location": [52.37, 4.90]},
    "garage": {"kind": "home", "location": [52.40, 4.95]},
    "frankfurt": {"kind": "cloud-region", "location": [50.11, 8.68]},
    "paris": {"kind": "cloud-region", "location": [48.86, 2.35]},
}


@dataclass
class Yard:
    """A folder of its own, a home of its own, and a list of what must be taken down."""

    base: Path
    stack: ExitStack
    env: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    networks: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir()
        self.env = {
            "PATH": PATH,
            "HOME": str(self.home),
            "GNUPGHOME": keyring(),
            "XDG_STATE_HOME": str(self.home / "state"),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONPATH": str(REPOSITORY),
            **self.env,
        }

    @property
    def home(self) -> Path:
        """The private home of all programs."""
        return self.base / "home"

    def source(self, at: Path | None = None) -> Path:
        """Make the live data: 13 files in 4 folders, 3 to 300 days old."""
        root = at or self.base / "photos"
        dice = random.Random(321)
        names = [f"2025/{month:02}/{n}.jpg" for month in (3, 7, 11) for n in range(4)]
        for number, name in enumerate([*names, "albums.txt"]):
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(dice.randbytes(3000 + 2500 * number))
            then = time.time() - DAY * (300 - 24 * number if number < 12 else 3)
            os.utime(file, (then, then))
        return root

    def copy(self, source: Path, to: str | Path) -> Path:
        """Copy a tree with its times, as people do."""
        target = self.base / to
        target.parent.mkdir(parents=True, exist_ok=True)
        self.run("cp", "-a", source, target)
        return target

    def run(self, *command: Any, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a program that must succeed."""
        done = subprocess.run(
            [str(word) for word in command],
            env={**self.env, **env},
            cwd=self.base,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done

    def start(self, *command: Any, until: Callable[[], bool], **env: str) -> subprocess.Popen[str]:
        """Start a server, wait until it answers, and stop it in the end."""
        log = (self.base / f"{Path(str(command[0])).name}-{time.monotonic_ns()}.log").open("w+")
        self.stack.callback(log.close)
        server = subprocess.Popen(
            [str(word) for word in command],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            text=True,
        )
        self.stack.callback(stop, server)
        ends = time.monotonic() + 90
        while not until():
            log.seek(0)
            assert server.poll() is None, f"{command} ended: {log.read()}"
            assert time.monotonic() < ends, f"{command} gave no answer: {log.read()}"
            time.sleep(0.1)
        return server

    def mounted(self, *command: Any, at: Path) -> Path:
        """Mount something with a command, and unmount it in the end."""
        at.mkdir(parents=True, exist_ok=True)
        self.run(*command, at)
        self.stack.callback(unmount, at)
        return at

    def loop_file(self, name: str, megabytes: int = 40) -> Path:
        """Make a sparse file to stand for a disk."""
        file = self.base / name
        with file.open("wb") as made:
            made.truncate(megabytes << 20)
        return file

    def loop(self, file: Path, *options: str) -> str:
        """Attach a file to a loop device."""
        device = self.run("losetup", "-f", "--show", *options, file).stdout.strip()
        self.stack.callback(subprocess.run, ["losetup", "-d", device], capture_output=True)
        return device

    def setup(self, source: Path, *locations: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Return the tables of a set-up file."""
        return {
            "name": "zoo",
            "source": {"path": str(source), "site": "home"},
            "sites": SITES,
            "locations": [dict(location) for location in locations],
            **more,
        }

    def audit(self, tables: Mapping[str, Any], *options: str) -> subprocess.CompletedProcess[str]:
        """Write the set-up file as a user would, and run the real command."""
        file = self.base / "set-up.toml"
        file.write_text(tomli_w.dumps(tables), encoding="utf-8")
        command = [sys.executable, "-m", "verifier", "audit", str(file)]
        return subprocess.run(
            [*self.prefix, *command, *self.options, *options],
            env=self.env,
            cwd=self.base,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def answer(self, tables: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """Audit, and return the JSON and the exit code."""
        done = self.audit(tables, "--json")
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode in {0, 1, 3}, done.stderr
        return json.loads(done.stdout), done.returncode


def place(name: str, path: object, **more: Any) -> dict[str, Any]:
    """Return the table of one location that is a path."""
    return {"name": name, "path": str(path), **more}


def elsewhere(name: str, address: str, **more: Any) -> dict[str, Any]:
    """Return the table of one location that is an address."""
    return {"name": name, "address": address, **more}


def flip(file: Path, at: int | None = None) -> None:
    """Change one byte and leave the size and the times as they were."""
    times, mode = file.stat(), file.stat().st_mode
    content = bytearray(file.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 0x20
    file.chmod(0o600)
    file.write_bytes(content)
    file.chmod(mode & 0o7777)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def largest(folder: Path, pattern: str = "**/*") -> Path:
    """Return the largest file below a folder."""
    return max((f for f in folder.glob(pattern) if f.is_file()), key=lambda f: f.stat().st_size)


def aged(folder: Path, days: float) -> None:
    """Give all files below a folder one age."""
    then = time.time() - days * DAY
    for file in folder.rglob("*"):
        os.utime(file, (then, then), follow_symlinks=False)


def changed(source: Path) -> None:
    """Change one file of the live data now, and leave its size as it was."""
    file = source / "albums.txt"
    file.write_bytes(bytes(file.stat().st_size))


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def listens(port: int, host: str = "127.0.0.1") -> Callable[[], bool]:
    """Return a question whether somebody answers there."""

    def ask() -> bool:
        with socket.socket() as caller:
            caller.settimeout(1.0)
            return caller.connect_ex((host, port)) == 0

    return ask


def stop(server: subprocess.Popen[str]) -> None:
    """End a server, and wait for it."""
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait(10)


def unmount(at: Path) -> None:
    """Unmount, at the worst lazily."""
    for command in (["umount", str(at)], ["umount", "-l", str(at)]):
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return


def drive_is_virtual(path: Path) -> bool:
    """Tell whether the disk below a path hides its medium, as those of hypervisors do."""
    listed = subprocess.run(  # in a chroot nothing may be mounted there
        ["findmnt", "-no", "SOURCE", "-T", str(path)], capture_output=True, text=True, check=False
    )
    return Path(listed.stdout.strip()).name.startswith(("vd", "xvd"))


def remove(path: Path) -> None:
    """Remove a tree."""
    shutil.rmtree(path)
