"""The user's ssh configuration: read for names, and never a reason to run something."""

from __future__ import annotations

import pytest

from tests.needs import needs
from verifier.host import Host
from verifier.ssh_config import looked_up


@pytest.fixture
def written(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    return (tmp_path / ".ssh" / "config").write_bytes


@needs("ssh")
def test_a_name_leads_to_an_address(written):
    written(b"Host nas\n HostName 10.0.0.9\n Port 2222\n")
    found = looked_up(Host(), "nas")
    assert (found["hostname"], found["port"]) == ("10.0.0.9", "2222")


@needs("ssh")
def test_no_command_is_run_and_its_block_does_not_match(written, tmp_path):
    mark = tmp_path / "ran"
    written(f'Match exec "touch {mark}"\n HostName evil\nHost nas\n HostName 10.0.0.9\n'.encode())
    assert looked_up(Host(), "nas")["hostname"] == "10.0.0.9"
    assert not mark.exists()


@pytest.mark.parametrize(
    "text", [b"\xff\xfe\x00", b"Host\n", b"Match\n", b"Match foo bar\n", b'x "']
)
def test_a_broken_configuration_is_as_good_as_none(written, text):
    written(text)
    assert looked_up(Host(), "nas").get("hostname", "nas") == "nas"


def test_no_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert looked_up(Host(), "nas") == {}
