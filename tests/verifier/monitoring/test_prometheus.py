"""The text file, read back by the parser of Prometheus' own client library."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from prometheus_client.parser import text_string_to_metric_families

from riskmodel.errors import InputError
from tests.needs import NOT_HERE
from tests.verifier.inventories import NOW, measured, place, source, unread
from tests.verifier.rules.test_properties import SETS, SOURCES, judged
from verifier.audit import judge
from verifier.inventory import Changes, Inventory, Points, State
from verifier.monitoring import Spent, prometheus, prometheus_file
from verifier.setup import Setup


def audited(*places, name="photos"):
    setup = Setup.from_dict({"name": name, "source": {"path": "/source"}})
    return judge(setup, Inventory(name, NOW, measured("machine:here"), source(), places))


def read(text):
    """Return samples by name and labels; the parser refuses what is not in the format."""
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation and family.type == "gauge" for family in families)
    samples = [sample for family in families for sample in family.samples]
    found = {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples}
    assert len(found) == len(samples)  # no series comes twice
    return found


def value(found, name, **labels):
    return found.get((f"threetwoone_{name}", tuple(sorted(labels.items()))))


def test_numbers_are_those_of_the_audit():
    usb = place("usb", "sdb", errors=("a differs.",))
    audit = audited(usb, unread("cloud", State.TIMEOUT))
    found = read(prometheus([audit], duration=2.5, read_bytes=1000))
    assert value(found, "audit_duration_seconds") == 2.5
    assert value(found, "audit_read_bytes") == 1000
    assert value(found, "audit_timestamp_seconds", dataset="photos") == NOW.timestamp()
    assert value(found, "independent_copies", dataset="photos") == 2
    assert value(found, "score", dataset="photos") == audit.score.value
    where = {"dataset": "photos", "location": "usb"}
    newest = usb.points.newest.timestamp()
    assert value(found, "location_newest_point_timestamp_seconds", **where) == newest
    assert value(found, "location_errors", **where) == 1
    assert value(found, "location_status", **where, status="fail") == 1


def test_the_unknown_has_no_sample_and_never_a_zero():
    audit = audited(place("usb", "sdb", points=Points()), unread("cloud", State.TIMEOUT))
    found = read(prometheus([audit], duration=0.0, read_bytes=None))
    assert value(found, "audit_read_bytes") is None
    for name in ("errors", "files", "newest_point_timestamp_seconds", "coverage_ratio"):
        assert value(found, f"location_{name}", dataset="photos", location="cloud") is None
    gates = {"dataset": "photos", "gate": "offsite", "kind": "rule"}
    states = {s: value(found, "gate_status", **gates, status=s) for s in ("pass", "fail")}
    assert sum(states.values()) + value(found, "gate_status", **gates, status="unknown") == 1


def test_findings_are_counted_by_rule_and_those_of_other_rules_are_zero():
    changes = Changes(NOW - timedelta(days=1), NOW, files=200, gone=200)
    audit = audited(place("usb", "sdb", changes=changes), place("nas", "sdc", changes=changes))
    found = read(prometheus([audit], duration=0.0, read_bytes=None))

    def count(rule, status):
        return value(found, "findings", dataset="photos", rule=rule, status=status)

    assert (count("mass-change", "fail"), count("mass-change", "unknown")) == (2, 0)
    assert count("suspected-rot", "fail") == 0
    assert value(found, "audit_exit_code", dataset="photos") == 1


def test_no_label_steers_the_terminal_of_who_looks_at_the_file():
    text = prometheus([audited(place("a\x1b[31m", "sdb"))], duration=0.0, read_bytes=None)
    assert text.replace("\n", "").isprintable()


def test_labels_tell_datasets_apart_and_are_escaped():
    hostile = 'a "b" \\ c\nd'
    audits = [audited(place(hostile, "sdb")), audited(name="m\\")]
    audits[0] = replace(audits[0], setup=audits[0].setup.model_copy(update={"name": hostile}))
    found = read(prometheus(audits, duration=0.0, read_bytes=None))
    assert value(found, "score", dataset=hostile) == audits[0].score.value
    assert value(found, "score", dataset="m\\") == audits[1].score.value
    assert value(found, "location_counted", dataset=hostile, location=hostile) == 1
    odd = audited(place("\udcff", "sdb"))
    prometheus([odd], duration=0.0, read_bytes=None).encode("utf-8")


@given(SOURCES, SETS)
@settings(max_examples=25, deadline=None)
def test_any_audit_can_be_read(live, places):
    audit = judged(live, places)
    found = read(prometheus([audit], duration=1.0, read_bytes=None))
    known = [key for key in found if key[0] == "threetwoone_gate_status" and found[key] == 1]
    assert len(known) == len(audit.gates) + len(audit.practice)


def test_the_file_is_whole_or_as_it_was(tmp_path):
    file = tmp_path / "backup.prom"
    file.write_text("old\n")
    prometheus_file(file)
    assert file.read_text() == "old\n"
    prometheus_file(file, [audited()], Spent.now())
    assert value(read(file.read_text()), "claimed_copies", dataset="photos") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["backup.prom"]
    with pytest.raises(InputError, match="there is no folder"):
        prometheus_file(tmp_path / "gone" / "backup.prom")


@pytest.mark.skipif(shutil.which("promtool") is None, reason=f"{NOT_HERE}promtool")
def test_promtool_has_no_complaint():
    text = prometheus([audited(place("usb", "sdb"))], duration=1.0, read_bytes=10)
    run = subprocess.run(
        ["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
