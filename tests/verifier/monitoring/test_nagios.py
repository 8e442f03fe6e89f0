"""The plugin's line and code, as the guidelines of the monitoring plugins have them."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.verifier.inventories import NOW, declared, measured, place, source, unread
from verifier.audit import judge
from verifier.inventory import Changes, Inventory, Points, Schedule, State
from verifier.monitoring import nagios, nagios_failure
from verifier.setup import Setup

# 'label'=value[unit];[warn];[crit];[min];[max], from section "Performance data"
NUMBER = r"-?\d+(?:\.\d+)?"
DATUM = re.compile(
    rf"'(?:[^'=|\n]|'')+'={NUMBER}(?:s|%|B|c)?(?:;(?:{NUMBER}:?(?:{NUMBER})?)?){{0,4}};?"
)

KEPT = {
    "points": Points.at(NOW - (NOW - NOW.replace(month=4)) * n / 40 for n in range(40)),
    "schedule": declared(Schedule("cron", "crontab", 168.0)),
    "encrypted": measured(False),
}
GOOD = (
    place("usb", "sdb", offline=True, **KEPT),
    place("nas", "sdc", site="office", media="tape", host="machine:there", **KEPT),
)


def audited(*places, name="photos", **policy):
    setup = Setup.from_dict({"name": name, "source": {"path": "/source"}, "policy": policy})
    return judge(setup, Inventory(name, NOW, measured("machine:here"), source(), places))


FINE = audited(*GOOD, require_encryption="none")
WARNED = audited(*GOOD)  # the copy elsewhere is not encrypted
FAILING = audited(GOOD[0])
UNSURE = audited(*GOOD[:1], unread("cloud", State.TIMEOUT, site="office"))


@pytest.mark.parametrize(
    ("audit", "word", "code", "own"),
    [
        (FINE, "OK", 0, 0),
        (WARNED, "WARNING", 1, 0),
        (FAILING, "CRITICAL", 2, 1),
        (UNSURE, "UNKNOWN", 3, 3),
    ],
)
def test_codes_are_the_plugins_and_not_the_commands(audit, word, code, own):
    line, found = nagios([audit])
    assert (found, audit.exit_code) == (code, own)
    assert line.startswith(f"BACKUP {word} - photos: ")


def test_an_alarm_is_named_first_though_all_gates_pass():
    day = NOW - timedelta(days=1)
    gone, odd = Changes(day, NOW, files=200, gone=200), Changes(day, NOW, files=200, changed=200)
    hit = [replace(one, changes=gone) for one in GOOD]
    line, code = nagios([audited(*hit, require_encryption="none")])
    assert code == 2
    assert (
        "independent copies, fail: mass-change in usb and nas (In usb, since 2026-05-31 12:00: "
        in line
    )
    line, code = nagios([audited(replace(GOOD[0], changes=odd), GOOD[1])])
    assert code == 3
    assert "independent copies, unknown: mass-change in usb (" in line


def test_that_nothing_was_compared_is_said_and_is_not_well():
    setup = Setup.from_dict({"name": "photos", "source": {"path": "/source"}})
    found = Inventory("photos", NOW, measured("machine:here"), source(), GOOD)
    line, code = nagios([judge(setup, replace(found, uncompared="the catalogue is damaged"))])
    assert code == 3
    assert "unknown: uncompared (Rot, mass changes and copies that stopped would not show" in line


def test_of_several_the_worst_counts_and_comes_first():
    other = audited(GOOD[0], name="mail")
    line, code = nagios([FINE, UNSURE, other])
    assert code == 2
    assert line.startswith("BACKUP CRITICAL - mail: ")
    assert nagios([FINE, WARNED, UNSURE])[1] == 3
    assert nagios([FINE, WARNED])[1] == 1


@pytest.mark.parametrize("name", ["photos", "it's|a=trap\n|x", "x" * 190, "\udcff\x1b[31m"])
def test_performance_data_can_be_read_whatever_the_names(name):
    audit = audited(*(replace(one, name=f"{name}{one.name}") for one in GOOD[:1]), name="photos")
    audit = replace(audit, setup=audit.setup.model_copy(update={"name": name}))
    for several in ([audit], [audit, FINE]):
        line, _ = nagios(several)
        assert "\n" not in line
        assert line.isprintable()
        told, bar, data = line.partition(" | ")
        assert bar
        assert "|" not in told + data
        left = DATUM.sub("", data)
        assert not left.strip(), left
        assert len(DATUM.findall(data)) == 4 * len(several)


def test_the_age_of_the_newest_point_is_of_copies_apart_from_the_source():
    twin = place("twin", "sda", points=Points.at([NOW]))
    line, _ = nagios([audited(twin)])
    assert "newest" not in line
    line, _ = nagios([audited(twin, place("usb", "sdb"))])
    assert "'newest'=86400s" in line


def test_what_cannot_run_is_unknown(tmp_path):
    assert nagios_failure("no | such\nfile") == ("BACKUP UNKNOWN - no / such file", 3)
    words = [sys.executable, "-m", "verifier", "audit", "gone.toml", "--nagios"]
    run = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 3
    assert run.stdout.startswith("BACKUP UNKNOWN - gone.toml")
    assert run.stdout.count("\n") == 1
    assert run.stderr == ""
