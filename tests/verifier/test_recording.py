"""Recordings: the same audit elsewhere, several machines joined, nothing given away."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from riskmodel.errors import InputError
from tests.verifier.inventories import NOW, inventory, place, unread
from tests.verifier.inventories import source as live
from tests.verifier.machines import FOLDER
from verifier.audit import judge
from verifier.cli import app
from verifier.exports import parse_exports, parse_smb
from verifier.host import Host
from verifier.inventory import Domains, Evidence, Fact, State
from verifier.joining import joined_with
from verifier.recorded import recorded_audit
from verifier.recording import SCHEMA, Recording, document, read, record, write
from verifier.redaction import redacted
from verifier.setup import Setup

LAPTOP = {"source": {"path": "/home/ada/photos"}, "locations": [{"name": "nas", "path": "/mnt/n"}]}


def nas(**more) -> Recording:
    """A NAS with one pool of two drives, two exports and a share on it."""
    disks = [
        {"name": n, "kname": n, "type": "disk", "maj:min": f"8:{i}", "serial": f"SER-{n}",
         "model": "WDC WD80EFAX", "tran": "sata", "rota": True}
        for i, n in ((0, "sda"), (16, "sdb"))
    ]  # fmt: skip
    status = (
        "  pool: tank\n state: ONLINE\nconfig:\n\n\tNAME STATE\n\ttank ONLINE 0 0 0\n"
        "\t  mirror-0 ONLINE 0 0 0\n\t    /dev/sda ONLINE 0 0 0\n\t    /dev/sdb ONLINE 0 0 0\n"
        "\nerrors: No known data errors\n"
    )
    answers = {
        "read /etc/machine-id": "f" * 32,
        "hostname": "nas",
        "read /proc/self/mountinfo": (
            "20 1 0:30 / /mnt/tank/photos rw - zfs tank/photos rw\n"
            "21 1 0:31 / /mnt/tank/backup rw - zfs tank/backup rw\n"
        ),
        "read /proc/net/fib_trie": "  |-- 192.168.1.5\n     /32 host LOCAL\n",
        "read /etc/exports": "/mnt/tank/photos 192.168.1.0/24(rw)\n/mnt/tank/backup *(rw)\n",
        "read /etc/samba/smb.conf": "[global]\npath = /no\n[Pics]\n path = /mnt/tank/photos\n",
        "run lsblk --json -b -O": {"code": 0, "stdout": json.dumps({"blockdevices": disks})},
        "run zpool status -P -L tank": {"code": 0, "stdout": status},
    }
    for path in ("/mnt/tank/photos", "/mnt/tank/backup"):
        answers |= {f"resolve {path}": path, f"stat {path}": FOLDER}
    for node in ("sda", "sdb"):
        answers[f"resolve /dev/{node}"] = f"/dev/{node}"
    return record(Host.replay({**answers, **more}), now=NOW)


def share(name: str, server: str, path: str, kind: str = "nfs4"):
    """A copy on a network share, as the laptop sees it."""
    domains = Domains(
        drives=Fact(source="the server's drives cannot be seen"),
        pools=Fact((f"export:{server}/{path}",), Evidence.MEASURED, "mount table"),
        file_system=Fact(kind, Evidence.MEASURED, "mount table"),
        host=Fact(f"address:{server}", Evidence.MEASURED, "mount table"),
    )
    return place(name, None, media=None, domains=domains)


def copies(found) -> int:
    setup = Setup.from_dict({**LAPTOP, "locations": [
        {"name": one.name, "path": f"/{one.name}"} for one in found.locations
    ]})  # fmt: skip
    return judge(setup, found).independent_copies


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("nas", "mnt/tank/photos"), ("192.168.1.5", "mnt/tank/backup")),
        (("nas.local", "mnt/tank/photos/ada"), ("nas", "mnt/tank/backup")),
        (("nas", "pics/ada", "cifs"), ("nas.lan", "mnt/tank/backup")),
        (("nas", "mnt/tank/photos", "fuse.sshfs"), ("192.168.1.5", "Pics", "smb3")),
    ],
)
def test_two_shares_of_one_nas_turn_out_to_be_on_one_pool(first, second):
    alone = inventory(share("one", *first), share("two", *second))
    together = joined_with(alone, [nas()])
    for one in together.locations:
        assert {d.serial for d in one.domains.drives.value} == {"SER-sda", "SER-sdb"}
        assert one.domains.level.value == "raid1"
        assert one.media_type.value == "hdd"
        assert one.domains.host.value.startswith("machine:")
    assert copies(together) == 2
    if first[0] != second[0]:
        assert copies(alone) == 3  # under two names a machine looks like two


def test_the_drives_of_another_server_stay_unknown():
    alone = inventory(share("one", "otherbox", "mnt/tank/photos"))
    assert joined_with(alone, [nas()]) == alone


def test_two_machines_of_one_name_are_not_guessed_at():
    twin = nas(**{"read /etc/machine-id": "e" * 32})
    alone = inventory(share("one", "nas", "mnt/tank/photos"))
    assert joined_with(alone, [nas(), twin]) == alone


def test_a_server_without_visible_drives_is_still_one_machine():
    blind = nas(**{"run lsblk --json -b -O": {"error": "missing", "reason": "not installed"}})
    alone = inventory(share("one", "nas", "mnt/tank/a"), share("two", "192.168.1.5", "mnt/b"))
    assert copies(joined_with(alone, [blind])) == 2


def test_a_location_that_another_machine_read_is_taken_from_there():
    there = place("usb", "sdx", host="machine:server")
    server = replace(nas(), inventory=inventory(there))
    here = inventory(unread("usb", State.MISSING))
    (found,) = joined_with(here, [server]).locations
    assert found == there
    (other,) = joined_with(inventory(unread("cd", State.MISSING)), [server]).locations
    assert other.state is State.MISSING


def test_an_audit_is_the_same_from_its_recording(tmp_path):
    found = inventory(place("usb", "sdb"), place("raid", ("sdc", "sdd")), share("n", "nas", "x"))
    setup = Setup.from_dict(
        {
            "source": {"path": "/source", "site": "home"},
            "policy": {"max_age": "3 days"},
            "locations": [{"name": n, "path": f"/{n}"} for n in ("usb", "raid", "n")],
            "sites": {"home": {"location": [47.1234, 8.5678]}},
            "accept": [{"rule": "two-media", "reason": "soon", "until": date(2027, 1, 1)}],
        }
    )
    made = setup.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    write(record(Host.replay({}), now=NOW, setup=made, inventory=found), tmp_path / "r.json")
    again = recorded_audit(tmp_path / "r.json", now=datetime.now(UTC))
    assert again.inventory == found
    assert again.setup == setup
    assert again.findings == judge(setup, found).findings


def test_a_recording_of_this_set_up_answers_for_it(tmp_path):
    setup = Setup.from_dict(LAPTOP)
    far = inventory(share("nas", "nas", "mnt/tank/photos"), live=live(address="/home/ada/photos"))
    made = setup.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    write(record(Host.replay({}), now=NOW, setup=made, inventory=far), tmp_path / "laptop.json")
    write(nas(), tmp_path / "nas.json")
    found = recorded_audit(
        setup, now=NOW, recordings=[read(tmp_path / "laptop.json"), read(tmp_path / "nas.json")]
    )
    assert found.inventory.source == far.source
    assert found.inventory.locations[0].domains.drives.value[0].serial == "SER-sda"


class TestCommand:
    @pytest.fixture
    def trees(self, tmp_path):
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "letter-to-bob.txt").write_text("dear bob")
        shutil.copytree(tmp_path / "photos", tmp_path / "copy")
        return [str(tmp_path / "photos"), str(tmp_path / "copy")]

    def run(self, *words):
        return CliRunner().invoke(app, [*words], catch_exceptions=False)

    def test_audit_record_and_again(self, trees, tmp_path):
        file = str(tmp_path / "r.json")
        first = self.run("audit", *trees, "--json", "--record", file)
        again = self.run("audit", file, "--json")
        assert json.loads(again.stdout) == json.loads(first.stdout)
        assert again.exit_code == first.exit_code

    def test_redacted_it_gives_the_same_verdict_and_no_names(self, trees, tmp_path):
        shutil.rmtree(trees[1])
        (tmp_path / "copy" / "bobs-folder").mkdir(parents=True)
        file = tmp_path / "r.json"
        first = json.loads(
            self.run("audit", *trees, "--json", "--record", str(file), "--redact").stdout
        )
        shown = file.read_text()
        for name in ("photos", "letter-to-bob", "bobs-folder", tmp_path.name, Host().hostname()):
            assert name not in shown
        again = json.loads(self.run("audit", str(file), "--json").stdout)
        assert again["gates"].keys() == first["gates"].keys()
        for gate, verdict in first["gates"].items():
            assert again["gates"][gate]["status"] == verdict["status"]
        assert again["independent_copies"] == first["independent_copies"]

    def test_a_machine_can_be_recorded(self, tmp_path):
        assert self.run("record", str(tmp_path / "m.json")).exit_code == 0
        found = read(tmp_path / "m.json")
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        mounted = any(line.split()[4] == "/" for line in lines)  # in a chroot it may be not
        assert any(spot.path == "/" for spot in found.spots) is mounted
        with pytest.raises(InputError, match="records a machine, not an audit"):
            self.run("audit", str(tmp_path / "m.json"))

    def test_the_machine_id_is_not_in_it(self, tmp_path):
        machine = "0123456789abcdef0123456789abcdef"
        host = Host.replay({"read /etc/machine-id": machine})
        host.recording["read /etc/machine-id"] = machine
        write(record(host, now=NOW), tmp_path / "m.json")
        assert machine not in (tmp_path / "m.json").read_text()


def test_passwords_in_addresses_are_struck_out(tmp_path):
    found = inventory(place("r", "sdb", address="rest:https://ada:xyzzy@host.example/repo"))
    made = {"source": {"path": "/s"}, "locations": [{"address": "sftp://bob:plugh@h/x"}]}
    write(record(Host.replay({}), now=NOW, setup=made, inventory=found), tmp_path / "r.json")
    shown = (tmp_path / "r.json").read_text()
    assert "xyzzy" not in shown
    assert "plugh" not in shown
    assert "https://ada:***@host.example" in shown


def test_a_redacted_document_keeps_equality_and_words_of_the_format():
    # the folder, the user and the host have names that are words of the format too
    odd = place("read", "measured", host="address:state", real_path="/read/evidence/bob")
    clear = document(record(Host.replay({}), now=NOW, inventory=inventory(odd, odd)))
    shown = redacted(clear)
    one, other = shown["inventory"]["locations"]
    assert one == other
    assert one["state"] == "read"
    assert one["domains"]["drives"]["evidence"] == "measured"
    assert "bob" not in json.dumps(shown)


def test_places_are_redacted_to_a_tenth_of_a_degree():
    shown = redacted({"setup": {"sites": {"villa": {"location": [47.1234, 8.5678]}}}})
    ((name, site),) = shown["setup"]["sites"].items()
    assert name != "villa"
    assert site["location"] == [47.1, 8.6]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no JSON text"),
        ("[]", "not a recording"),
        ("[" * 100_000, "no JSON text"),
        ('{"schema": "threetwoone-recording/9"}', "version"),
        (json.dumps({"schema": SCHEMA}), "made"),
        (json.dumps({"schema": SCHEMA, "made": "2026-01-01T00:00:00"}), "offset"),
        (json.dumps({"schema": SCHEMA, "made": "9999-12-31T23:59:59Z"}), "out of range"),
        (json.dumps({"schema": SCHEMA, "made": "2026-01-01T00:00:00Z", "spots": 5}), "spots"),
    ],
)
def test_what_is_no_recording_gets_one_clear_message(tmp_path, text, says):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(InputError) as caught:
        read(tmp_path / "r.json")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_said_so(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for path, says in (
        (tmp_path, "no file"),
        (tmp_path / "nothing", "no such file"),
        (tmp_path / "bytes", "no JSON text"),
        (Path("/dev/zero"), "no file"),
    ):
        with pytest.raises(InputError, match=says):
            read(path)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_recording_is_refused_or_judged_but_never_breaks(tmp_path, data):
    setup = Setup.from_dict(LAPTOP)
    made = setup.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    found = inventory(place("nas", "sdb"), share("two", "nas", "x"))
    whole = document(record(Host.replay({}), now=NOW, setup=made, inventory=found))
    thing, key = whole, data.draw(st.sampled_from(sorted(whole)))
    while isinstance(thing[key], dict | list) and thing[key] and data.draw(st.booleans()):
        thing = thing[key]
        key = data.draw(
            st.sampled_from(sorted(thing) if isinstance(thing, dict) else range(len(thing)))
        )
    thing[key] = data.draw(VALUES)
    (tmp_path / "r.json").write_text(json.dumps(whole))
    try:
        again = recorded_audit(tmp_path / "r.json", now=NOW)
        joined_with(found, [read(tmp_path / "r.json")])
    except InputError:
        return
    assert again.exit_code in {0, 1, 3}


def test_exports_are_read():
    text = '/srv/a *(ro)\n# /srv/no *(ro)\n"/srv/with space" h(rw,\\\n sync)\n/v4 *(fsid=0)\n"bad\n'
    assert [(e.path, e.root) for e in parse_exports(text)] == [
        ("/srv/a", False),
        ("/srv/with space", False),
        ("/v4", True),
    ]


def test_shares_are_read():
    text = (
        "[global]\n path=/x\n[homes]\n path=/home\n; [old]\n[Pics]\n Path = /tank/p/\n[u]\npath=/%u"
    )
    assert [(e.name, e.path) for e in parse_smb(text)] == [("Pics", "/tank/p")]


@pytest.mark.parametrize("key", ["names", "addresses", "exports", "spots"])
def test_a_giant_recording_is_refused_at_once(tmp_path, key):
    path = tmp_path / "giant.json"
    raw = {"schema": SCHEMA, "made": "2026-11-01T00:00:00Z", key: ["x"] * 100_000}
    path.write_text(json.dumps(raw))
    with pytest.raises(InputError, match=f"{key}: more than"):
        read(path)
