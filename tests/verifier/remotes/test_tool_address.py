"""What restic's own addresses tell, before anybody logs in."""

from __future__ import annotations

import pytest

from tests.needs import needs
from verifier.domains import host_identity, place_of
from verifier.host import Host
from verifier.inventory import Domains, Evidence, Fact, Location, State
from verifier.probes import probe
from verifier.remotes.tool_address import known, server_and_path
from verifier.target import Target


def told(address, **domains):
    target = Target("x", address)
    found = Location("x", "restic", address, State.READ, domains=Domains(**domains))
    return known(Host(), target, found)


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("sftp:ada@nas:/srv/repo", ("nas", "/srv/repo")),
        ("sftp:nas:repo", ("nas", "repo")),
        ("sftp://ada@nas:2222//srv/repo", ("nas", "/srv/repo")),
        ("sftp://ada@[::1]:22//srv", ("::1", "/srv")),
        ("rest:https://ada:hush@Backup.example.org:8000/repo/", ("backup.example.org", "")),
        ("b2:bucket:path", None),
    ],
)
def test_servers_are_read(address, wanted):
    assert server_and_path(address) == wanted


def test_a_server_that_is_this_machine_has_its_drives(tmp_path):
    found = told(f"sftp:root@localhost:{tmp_path}")
    assert found.domains.host.value == host_identity(Host()).value
    assert found.domains.drives.value == place_of(Host(), str(tmp_path)).domains.drives.value


@needs("ssh")
def test_a_name_of_the_ssh_configuration_may_mean_this_machine(monkeypatch, tmp_path):
    (tmp_path / ".ssh").mkdir()
    config = tmp_path / ".ssh" / "config"
    config.write_text("Host nas\n HostName 127.0.0.1\nHost box\n HostName 10.0.0.9\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    here = host_identity(Host()).value
    assert told("sftp:ada@nas:repo").domains.host.value == here
    assert told("sftp:ada@box:repo").domains.host.value == "address:10.0.0.9"
    # behind another server 127.0.0.1 is that server
    config.write_text("Host nas\n HostName 127.0.0.1\n ProxyJump gate\n")
    assert told("sftp:ada@nas:repo").domains.host.value == "address:nas"


def test_another_server_is_another_host():
    assert told("sftp:ada@nas:/srv/repo").domains.host.value == "address:nas"


def test_a_company_is_known_by_its_word_unless_declared():
    assert told("b2:bucket:x").domains.provider.value == "backblaze"
    mine = Fact("mine", Evidence.DECLARED, "set-up file")
    assert told("b2:bucket:x", provider=mine).domains.provider.value == "mine"


def test_restic_by_rclone_to_a_folder_here_is_that_folder(monkeypatch, tmp_path):
    config = tmp_path / "rclone.conf"
    repository = tmp_path / "repo"
    for name in ("data", "index", "keys", "snapshots"):
        (repository / name).mkdir(parents=True)
    (repository / "config").write_bytes(b"x")
    config.write_text(f"[far]\ntype = alias\nremote = {tmp_path}\n")
    monkeypatch.setenv("RCLONE_CONFIG", str(config))
    found = probe(Host(), Target("far", "rclone:far:repo", kind="restic"), None)
    assert found.kind == "restic"
    assert found.inode == place_of(Host(), str(repository)).inode
