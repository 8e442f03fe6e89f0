"""A PostgreSQL server of the test's own: no TCP, one socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.needs import missing


def _program(name: str) -> str | None:
    """Find a program where Debian puts it, which is in no PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of an empty database; initdb refuses root, who becomes somebody else."""
    initdb, postgres = _program("initdb"), _program("postgres")
    if initdb is None or postgres is None:
        pytest.skip("not installed: postgresql")
    lacking = missing("python:psycopg", "setpriv")
    if lacking:
        pytest.skip(lacking)
    root = os.geteuid() == 0
    somebody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if root else []
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short
    try:
        if root:
            shutil.chown(folder, "nobody", "nogroup")
        data = folder / "data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "cwd": folder}
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        make = [*somebody, str(initdb), "-D", data, "-U", "audit", "-A", "trust", "--no-sync"]
        subprocess.run(make, check=True, env=environment, **quiet)
        options = ["-c", "listen_addresses=", "-k", folder, "-c", "fsync=off"]
        running = subprocess.Popen(
            [*somebody, str(postgres), "-D", data, *options], env=environment, **quiet
        )
        try:
            ready = [_program("pg_isready") or "pg_isready", "-h", folder, "-q", "-t", "60"]
            while subprocess.run(ready, check=False).returncode:
                assert running.poll() is None, "postgres ended"
                time.sleep(0.05)
            yield f"postgresql://audit:not-asked-for@/postgres?host={folder}"
        finally:
            running.send_signal(signal.SIGINT)  # SIGTERM would wait for clients
            running.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
