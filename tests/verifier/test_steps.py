"""A step that is followed to the letter does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.needs import needs
from tests.verifier.inventories import declared, measured, place
from tests.verifier.probes.repositories import make_source
from verifier import steps
from verifier.audit import judge
from verifier.bridge import to_layouts
from verifier.examine import examine
from verifier.host import Host
from verifier.inventory import Evidence
from verifier.rules import Status
from verifier.setup import Setup

NOW = datetime.now(UTC)


@pytest.fixture
def base(tmp_path):
    """A source, and a flat copy of it, under names that a shell would take apart."""
    base = tmp_path / "ada's disk"
    make_source(base / "live photos")
    (base / "usb").mkdir()
    subprocess.run(["cp", "-a", base / "live photos", base / "usb" / "photos"], check=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "date").write_text('#!/bin/sh\necho "$TODAY"\n')
    (tmp_path / "bin" / "date").chmod(0o755)
    return base


def _audited(base, path):
    tables = {"name": "t", "source": {"path": str(base / "live photos")}}
    tables["locations"] = [{"name": "usb", "path": str(path)}]
    setup = Setup.from_dict(tables)
    found = examine(setup, Host(), now=NOW)
    usb = replace(
        found.locations[0], domains=place("usb", "sdb").domains
    )  # as if a disk of its own
    return judge(setup, replace(found, locations=(usb,)))


def _follow(base, step, days):
    command = step.partition(": ")[2].partition("; after the first run")[0]
    path = f"{base.parent}/bin:{os.environ['PATH']}"
    for day in days:
        environment = {**os.environ, "PATH": path, "TODAY": f"{NOW - timedelta(days=day):%Y-%m-%d}"}
        subprocess.run(["sh", "-euc", command], check=True, env=environment)
    return tomllib.loads(re.search(r"path = \"[^\"]*\"", step)[0])["path"]


@needs("rsync")
@pytest.mark.parametrize(("days", "status"), [((2, 1, 1, 0), "unknown"), ((40, 20, 0), "pass")])
def test_dated_folders_in_place_of_a_flat_copy_keep_versions(base, days, status):
    flat = _audited(base, base / "usb" / "photos")
    assert flat.practice["retention"].status is Status.FAIL
    step = steps.retain(flat.setup, flat.inventory.locations[0])
    row = _follow(base, step, days)
    subprocess.run(["rm", "-r", base / "usb" / "photos"], check=True)
    found = _audited(base, row)
    usb = found.inventory.locations[0]
    assert (usb.kind, usb.points.count, usb.coverage.value) == ("dated", len(set(days)), 1.0)
    assert usb.errors == ()
    files = [file for file in (base / "usb").rglob("*") if file.is_file()]
    assert {file.stat().st_nlink for file in files} == {len(set(days))}  # linked, not copied
    assert found.practice["retention"].status == status
    # the model is told no more than the audit knows
    told = [one for one in to_layouts("t", found.view).assumptions if "keeps versions" in one.text]
    assert [one.evidence for one in told] == [
        Evidence.MEASURED if status == "pass" else Evidence.INFERRED
    ]
    again = steps.retain(found.setup, usb)
    assert again == (
        "retention passes once the oldest is 30 days old: let nothing delete a dated folder of usb "
        "before that"
    )


def test_beside_a_mount_point_is_another_disk():
    setup = Setup.from_dict({"name": "t", "source": {"path": "/live"}, "locations": []})
    usb = place("usb", "sdb")
    assert "DIR=/usb-dated;" in steps.retain(setup, usb)
    mounted = place("usb", "sdb", domains=replace(usb.domains, mounted=measured("/usb")))
    assert "DIR=/usb/dated;" in steps.retain(setup, mounted)
    tar = place("usb", "sdb", kind="tar", retention=declared("none"))
    assert "link-dest" not in steps.retain(setup, tar)
