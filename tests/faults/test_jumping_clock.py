"""A clock that jumps by a year between audits and within one: no copy is fresh or rotten by it."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.faults.stopping import Room
from tests.needs import needs

pytestmark = [pytest.mark.slow, pytest.mark.integration, needs("gcc")]
DAY = 86_400
YEAR = 366 * DAY
FILES = 120  # of which a copy may lack one


class Watched:
    """Live data, a copy of it, and an old one that lacks what came since, under any clock."""

    def __init__(self, base: Path, shim: Path) -> None:
        self.room = Room(base, {"LD_PRELOAD": str(shim)})
        self.base, now = base, time.time()
        for side in ("live", "fresh", "old"):
            (base / side).mkdir()
            for number in range(FILES - (side == "old")):
                file = base / side / str(number)
                file.write_bytes(b"%d" % number * 50)
                then = now - (DAY if number == FILES - 1 else 330 * DAY)
                os.utime(file, (then, then))

    def audit(self, jump: int = 0, calls: int = 0) -> dict[str, Any]:
        """Audit with a clock that is wrong by some seconds, from its so-manieth question on."""
        self.room.env |= {"CLOCK_JUMP": str(jump), "CLOCK_CALLS": str(calls)}
        words = ("live", "fresh", "old", "--depth", "source", "--json")
        done = self.room.run("verifier", "audit", *words)
        assert done.returncode in (0, 1, 3), done.stderr
        assert "Traceback" not in done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def verdicts(found: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["status"] for one in found["locations"]}


def told(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["rule"], str(one["location"])) for one in found["findings"]}


TRUE = {"source": "pass", "fresh": "pass", "old": "fail"}


@pytest.mark.parametrize("calls", [0, 40])
@pytest.mark.parametrize("jump", [YEAR, -YEAR])
def test_a_clock_that_was_wrong_once_leaves_no_trace(tmp_path, shim, jump, calls) -> None:
    watched = Watched(tmp_path, shim)
    before = watched.audit()
    assert verdicts(before) == TRUE
    wrong = watched.audit(jump, calls)
    ahead = (datetime.fromisoformat(wrong["at"]) - datetime.now(UTC)).total_seconds()
    assert abs(ahead - (0 if calls else jump)) < DAY / 2
    assert wrong["gates"]["errors"]["status"] == "pass"
    seen = verdicts(wrong)
    assert (seen["source"], seen["fresh"]) == ("pass", "pass")
    assert seen["old"] in (("fail",) if jump > 0 or calls else ("fail", "unknown"))
    after = watched.audit()
    assert verdicts(after) == TRUE
    assert told(after) == told(before)
    # what was read under the wrong clock is no reason to look away today
    file = tmp_path / "fresh" / "7"
    then = file.stat()
    file.write_bytes(file.read_bytes().swapcase()[1:] + b"x")
    os.utime(file, ns=(then.st_atime_ns, then.st_mtime_ns))
    assert watched.audit()["gates"]["errors"]["status"] == "fail"
