"""Reads that fail below a real audit: damage or unknown, never a pass, and the others go on."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.faults.stopping import Room
from tests.needs import missing, needs
from tests.verifier.damage.animals import ANIMALS
from tests.verifier.zoo.yard import Yard

pytestmark = [pytest.mark.slow, pytest.mark.integration, needs("gcc")]
ONE_DISK = Path(__file__).parents[2] / "data" / "layouts" / "one-external-disk.toml"
KINDS = [animal for animal in ANIMALS if not missing(*animal.needs)]
Seen = dict[str, dict[str, Any]]


@dataclass
class Ward:
    """Live data, a copy of it of each kind in a folder that faults are meant for, and a sound one.

    Parameters
    ----------
    room : Room
        Where commands run.
    setup : Path
        The set-up file of them all.
    """

    room: Room
    setup: Path
    healthy: Seen = field(default_factory=dict)

    def audit(self, **fault: object) -> tuple[int, Seen, dict[str, Any]]:
        """Audit under a fault; return the code, the locations by their name, and the gates."""
        self.room.env |= {name: str(value) for name, value in fault.items()}
        try:
            done = self.room.run("verifier", "audit", self.setup, "--json", "--no-catalogue")
        finally:
            for name in fault:
                del self.room.env[name]
        assert done.returncode in (0, 1, 3), done.stderr
        assert "Traceback" not in done.stderr
        assert "broke off" not in done.stdout
        found = json.loads(done.stdout)
        return done.returncode, {one["name"]: one for one in found["locations"]}, found["gates"]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory, shim: Path) -> Iterator[Ward]:
    base = tmp_path_factory.mktemp("ward")
    with ExitStack() as stack:
        (base / "yard").mkdir()
        yard = Yard(base / "yard", stack)
        live = yard.source(base / "live" / "photos")
        yard.copy(live, base / "healthy" / "photos")
        (base / "sick").mkdir()
        places = {"healthy": base / "healthy" / "photos"}
        for animal in KINDS:
            places[animal.name] = base / "sick" / animal.name
            animal.make(yard, live, places[animal.name])
        lines = [f'[policy]\ndepth = "source"\n[source]\npath = "{live}"']
        lines += [f'[[locations]]\nname = "{name}"\npath = "{p}"' for name, p in places.items()]
        setup = base / "setup.toml"
        setup.write_text("\n".join(lines))
        ward = Ward(Room(base, {"LD_PRELOAD": str(shim)}), setup)
        ward.healthy = ward.audit()[1]
        yield ward


BEYOND_HEADS = 40_000  # bytes that can be read before: detection and lists go well


def words(place: dict[str, Any]) -> str:
    return f"{place['reason']} {place['errors']}"


def assert_others_go_on(ward: Ward, seen: Seen) -> None:
    for name in ("source", "healthy"):
        assert seen[name] == ward.healthy[name]


def test_no_fault_is_no_failure(ward: Ward) -> None:
    assert {animal.name for animal in KINDS} < set(ward.healthy)
    assert all(one["errors"] == [] for one in ward.healthy.values())
    assert all(one["depth"] != "listed" for name, one in ward.healthy.items() if name != "source")


@pytest.mark.parametrize("after", [0, 700, BEYOND_HEADS])
def test_what_a_device_fails_to_give_is_damage_in_every_kind(ward: Ward, after: int) -> None:
    fault = {"FAULT_ERROR": errno.EIO, "FAULT_AFTER": after}
    code, seen, gates = ward.audit(FAULT_FILES="/sick/", **fault)
    assert_others_go_on(ward, seen)
    assert code == 1
    assert gates["errors"]["status"] == "fail"
    met = {name for name, one in seen.items() if one["errors"]}
    if after < BEYOND_HEADS:  # some have no file that is larger
        assert met == {animal.name for animal in KINDS}
    else:
        assert met >= {"photos.tar", "photos.tar.gz", "photos.zip", "photos.iso"}
    for name in met:
        assert seen[name]["status"] == "fail", seen[name]
        assert "Input/output error" in words(seen[name])
        assert name in gates["errors"]["reason"]
    for name in set(seen) - met:
        assert seen[name] == ward.healthy[name]


@pytest.mark.parametrize("number", [errno.EACCES, errno.ESTALE])
def test_what_the_system_denies_is_no_damage_and_not_examined(ward: Ward, number: int) -> None:
    _, seen, gates = ward.audit(FAULT_FILES="/sick/", FAULT_ERROR=number, FAULT_AFTER=700)
    assert_others_go_on(ward, seen)
    assert gates["errors"]["status"] == "unknown"
    for animal in KINDS:
        found = seen[animal.name]
        assert found["errors"] == []
        assert found["status"] in ("pass", "unknown")
        assert found["depth"] in (None, "listed", "structure"), found


@pytest.mark.parametrize(
    ("of", "number"), [("l", errno.EIO), ("s", errno.EIO), ("o", errno.EMFILE), ("o", errno.ELOOP)]
)
def test_what_cannot_be_looked_at_is_unknown_and_not_missing(ward, of: str, number: int) -> None:
    _, seen, gates = ward.audit(FAULT_FILES="/sick/", FAULT_OF=of, FAULT_ERROR=number)
    assert_others_go_on(ward, seen)
    assert gates["errors"]["status"] == "unknown"
    for animal in KINDS:
        found = seen[animal.name]
        if of == "l" and found == ward.healthy[animal.name]:
            assert "photos." in animal.name  # one file: there is nothing to list
            continue
        assert (found["status"], found["errors"]) == ("unknown", []), found
        assert found["depth"] in (None, "listed"), found
        assert os.strerror(number) in found["reason"]


def test_short_reads_change_nothing(ward: Ward) -> None:
    assert ward.audit(FAULT_FILES="/sick/", FAULT_SHORT=100)[1] == ward.healthy


def test_a_file_that_ends_before_its_size_is_no_pass(ward: Ward) -> None:
    _, seen, gates = ward.audit(FAULT_FILES="/sick/", FAULT_AFTER=700)
    assert_others_go_on(ward, seen)
    assert gates["errors"]["status"] != "pass"
    for animal in KINDS:
        found = seen[animal.name]
        assert found["status"] != "pass" or found["depth"] in (None, "listed", "structure"), found


@pytest.mark.parametrize("error", [errno.EIO, 0])
def test_an_audit_under_a_fault_spoils_no_digest_that_is_kept(tmp_path, shim, error) -> None:
    """What a bad day wrote in the catalogue makes neither damage nor rot of a good one."""
    room = Room(tmp_path, {"LD_PRELOAD": str(shim)})
    for side in ("live", "usb"):
        for number in range(20):
            file = tmp_path / side / str(number)
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(b"%d" % number * 5000)
            os.utime(file, (1.7e9, 1.7e9))
    words = ("verifier", "audit", "live", "usb", "--depth", "source", "--json")
    room.env |= {"FAULT_FILES": "/1", "FAULT_ERROR": str(error), "FAULT_AFTER": "3000"}
    gates = json.loads(room.run(*words).stdout)["gates"]
    assert gates["errors"]["status"] == ("fail" if error else "unknown"), gates["errors"]
    del room.env["FAULT_FILES"]
    found = json.loads(room.run(*words).stdout)
    assert found["gates"]["errors"]["status"] == "pass"
    assert not [one for one in found["findings"] if one["rule"] in ("damaged", "suspected-rot")]


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_a_checkpoint_that_cannot_be_read_is_said_and_kept(tmp_path, shim, number) -> None:
    room, kept = Room(tmp_path, {"LD_PRELOAD": str(shim)}), tmp_path / "kept.run"
    trials = ("--trials", "40000", "--seed", "1", "--json")
    words = ("riskmodel", "simulate", ONE_DISK, "--method", "events", *trials)
    whole = room.run(*words, "--checkpoint", kept)
    assert whole.returncode == 0, whole.stderr
    content = kept.read_bytes()
    for after in (0, 300, len(content) // 2):
        room.env |= {"FAULT_FILES": "kept.run", "FAULT_ERROR": str(number)}
        room.env["FAULT_AFTER"] = str(after)
        done = room.run(*words, "--checkpoint", kept)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert f"kept.run: cannot be read: {os.strerror(number)}" in done.stderr
        assert kept.read_bytes() == content
        del room.env["FAULT_FILES"]
    again = json.loads(room.run(*words, "--checkpoint", kept).stdout)
    assert again["probability"] == json.loads(whole.stdout)["probability"]
