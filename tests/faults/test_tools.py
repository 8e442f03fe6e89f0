"""Programs that hang, flood their output, print garbage or leave others running: unknown."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.faults.stopping import processes
from verifier import _running
from verifier.access import TimedOut, Unreadable
from verifier.audit import audit
from verifier.host import Host
from verifier.inventory import Depth
from verifier.rules import Status
from verifier.setup import Setup

VERSION = 'case "$*" in *version*) echo "restic 0.14.0 compiled with go1.19"; exit 0;; esac\n'
LIES = {
    "hangs": "sleep 600",
    "hangs, and what it started too": "sleep 601 & sleep 602",
    "leaves something running": "sleep 603 & echo '[]'",
    "garbage": "head -c 100000 /dev/urandom",
    "half of an answer": 'printf \'[{"time":"2026-11-20T00:00:00Z","tree":"a\'',
    "a list of what is no snapshot": "echo '[1, null, {\"time\": 3}]'",
    "another shape": "echo '{\"snapshots\": true}'",
    "nothing": "true",
    "deep nesting": "head -c 200000 /dev/zero | tr '\\0' '['",
    "fails silently": "exit 1",
    "dies of a signal": "kill -SEGV $$",
    "fails and floods its complaints": "yes 'it is broken' | head -c 50000000 >&2; exit 1",
}


def tool(folder: Path, script: str) -> None:
    folder.mkdir(exist_ok=True)
    file = folder / "restic"
    file.write_text(f"#!/bin/sh\n{VERSION}{script}\n")
    file.chmod(0o755)


def repository(root: Path) -> Path:
    """Make the shape of a repository, whose files are named by their digests."""
    from hashlib import sha256

    for folder in ("keys", "snapshots", "index", "data/e3", "locks"):
        (root / folder).mkdir(parents=True)
    (root / "config").write_bytes(bytes(155))
    for folder in ("keys", "snapshots", "index"):
        content = folder.encode() * 40
        (root / folder / sha256(content).hexdigest()).write_bytes(content)
    content = b"data" * 500
    name = sha256(content).hexdigest()
    (root / "data" / name[:2]).mkdir(exist_ok=True)
    (root / "data" / name[:2] / name).write_bytes(content)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("lie", LIES)
def test_a_restic_that_cannot_be_believed_is_unknown(lie, tmp_path, monkeypatch):
    tool(tmp_path / "bin", LIES[lie])
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "photo").write_bytes(b"1" * 1000)
    (tmp_path / "password").write_text("secret")
    place = {"name": "copy", "path": str(repository(tmp_path / "repository"))}
    place["password_file"] = str(tmp_path / "password")
    raw = {"source": {"path": str(tmp_path / "live")}, "locations": [place]}
    began = time.monotonic()
    host = Host(program_timeout=2.0)
    judged = audit(Setup.from_dict(raw), host, now=datetime.now(UTC), depth=Depth.STRUCTURE)
    assert time.monotonic() - began < 30
    (seen,) = judged.inventory.locations
    assert seen.kind == "restic"
    if lie in ("leaves something running", "nothing"):
        assert judged.gates["copies"].status is not Status.PASS
    else:
        assert seen.coverage.value is None, seen
        assert seen.errors == ()
        assert "the contents cannot be listed" in seen.reason
        assert judged.verdicts[1].status is Status.UNKNOWN
    assert not [one for one in processes(str(tmp_path)) if "sleep" in one or "yes" in one]


def test_a_program_that_floods_its_output_is_stopped(monkeypatch):
    monkeypatch.setattr(_running, "MOST_SAID", 1 << 22)
    with pytest.raises(Unreadable, match="said more than 4 MiB, and was stopped"):
        Host().run(["yes"])


def test_what_a_program_started_ends_with_it():
    with pytest.raises(TimedOut):
        Host().run(["sh", "-c", "sleep 98765 & sleep 98765"], timeout=0.3)
    time.sleep(0.05)
    assert not processes("98765")
    assert Host().run(["sh", "-c", "sleep 98764 & echo done"]).stdout == "done\n"
    assert not processes("98764")


@pytest.mark.slow
def test_complaints_without_end_take_no_memory():
    code = (
        "from verifier.host import Host\n"
        "ended = Host().run(['sh', '-c', 'yes | head -c 3000000000 >&2'])\n"
        "assert len(ended.stderr) < 4 << 20\n"
        # ru_maxrss would begin with that of the process which started it
        "held = [one for one in open('/proc/self/status') if one.startswith('VmHWM')]\n"
        "assert int(held[0].split()[1]) < 300_000, held\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)
