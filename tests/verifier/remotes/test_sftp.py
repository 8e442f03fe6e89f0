"""SFTP: a real sshd with its own host key, known or not, and one that stops answering."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from riskmodel.errors import InputError
from tests.verifier.probes.repositories import flip
from tests.verifier.remotes.servers import free_port
from verifier.domains import host_identity, place_of
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.probes import collect_source, probe
from verifier.remotes.sftp import parse_sftp
from verifier.target import Target

SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")

served = [
    pytest.mark.integration,
    pytest.mark.skipif(SSHD is None, reason="sshd is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="sshd needs root here"),
]


@dataclass
class Server:
    port: int
    key: Path
    host_key: Path
    process: subprocess.Popen[bytes]

    def address(self, path: Path | str) -> str:
        return f"sftp://root@127.0.0.1:{self.port}{path}"

    def known(self, home: Path) -> None:
        kind, key, *_ = Path(f"{self.host_key}.pub").read_text().split()
        (home / ".ssh" / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")


def make_key(path: Path, **options: str) -> Path:
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", options.get("phrase", ""), "-f", str(path)]
    subprocess.run(argv, check=True)
    return path


@pytest.fixture
def server(tmp_path: Path, logins: None) -> Iterator[Server]:
    folder = tmp_path / "sshd"
    folder.mkdir(mode=0o700)
    host_key, key = make_key(folder / "host.key"), make_key(folder / "user.key")
    (folder / "authorized").write_text(Path(f"{key}.pub").read_text())
    Path("/run/sshd").mkdir(exist_ok=True)
    port = free_port()
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host_key}\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n"
    )
    assert SSHD is not None
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL
    )
    for _ in range(100):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield Server(port, key, host_key, process)
    process.kill()
    process.wait()


def look(server, path, source, depth=Depth.STRUCTURE, timeout=10.0, **more):
    host = Host(timeout=timeout)
    manifest = collect_source(host, str(source))[1]
    given = {"identity_file": str(server.key), **more}
    return probe(host, Target("nas", server.address(path), **given), manifest, depth)


class TestServed:
    pytestmark = served

    def test_a_server_on_this_machine_is_this_machine_with_its_drives(
        self, server, photos, tmp_path
    ):
        server.known(tmp_path / "home")
        copy = shutil.copytree(photos, tmp_path / "copy")
        found = look(server, copy, photos, Depth.SOURCE)
        here = Host()
        assert (found.state, found.kind, found.files) == (State.READ, "sftp", 3)
        assert (found.coverage.value, found.depth, found.errors) == (1.0, Depth.SOURCE, ())
        assert found.domains.host.value == host_identity(here).value
        assert found.domains.drives.value == place_of(here, str(copy)).domains.drives.value
        assert found.identical is True

    def test_a_flipped_byte_is_found(self, server, photos, tmp_path):
        server.known(tmp_path / "home")
        copy = shutil.copytree(photos, tmp_path / "copy")
        before = (copy / "a.jpg").stat()
        (copy / "a.jpg").write_bytes(b"a" * 2999 + b"b")
        os.utime(copy / "a.jpg", ns=(before.st_atime_ns, before.st_mtime_ns))
        found = look(server, copy, photos, Depth.BYTES)
        assert found.errors == ("a.jpg differs from the source under the same size.",)

    def test_rot_in_the_newest_of_dated_copies_is_found_by_reading_both_sides(
        self, server, photos, tmp_path
    ):
        server.known(tmp_path / "home")
        for day in ("2026-11-01", "2026-11-08"):
            shutil.copytree(photos, tmp_path / "row" / day)
        whole = look(server, tmp_path / "row", photos, Depth.BYTES)
        assert (whole.kind, whole.points.count) == ("dated", 2)
        assert (whole.depth, whole.errors) == (Depth.SOURCE, ())
        rotten = tmp_path / "row" / "2026-11-08" / "a.jpg"
        before = rotten.stat()
        rotten.write_bytes(b"a" * 2999 + b"b")
        os.utime(rotten, ns=(before.st_atime_ns, before.st_mtime_ns))
        found = look(server, tmp_path / "row", photos, Depth.BYTES)
        assert found.errors == ("a.jpg differs from the source under the same size.",)

    def test_an_unknown_server_is_never_trusted(self, server, photos, tmp_path):
        found = look(server, photos, photos)
        assert found.state is State.UNREADABLE
        assert "known_hosts" in found.reason
        assert f"sftp -P {server.port} root@127.0.0.1" in found.reason
        assert not (tmp_path / "home" / ".ssh" / "known_hosts").exists()

    def test_a_server_with_another_key_than_known_is_not_read(self, server, photos, tmp_path):
        server.host_key = make_key(tmp_path / "other.key")
        server.known(tmp_path / "home")
        found = look(server, photos, photos)
        assert found.state is State.UNREADABLE
        assert "another host key" in found.reason

    def test_a_login_that_is_refused_is_unknown(self, server, photos, tmp_path):
        server.known(tmp_path / "home")
        stranger = make_key(tmp_path / "stranger")
        found = look(server, photos, photos, identity_file=str(stranger))
        assert found.state is State.UNREADABLE
        assert "refused the login" in found.reason

    def test_a_key_with_a_passphrase_is_not_asked_for(self, server, photos, tmp_path):
        server.known(tmp_path / "home")
        locked = make_key(tmp_path / "locked", phrase="a phrase")
        found = look(server, photos, photos, identity_file=str(locked))
        assert found.state is State.UNREADABLE
        assert "ssh-add" in found.reason

    def test_an_absent_path_is_missing(self, server, photos, tmp_path):
        server.known(tmp_path / "home")
        assert look(server, tmp_path / "nothing", photos).state is State.MISSING

    def test_a_server_that_stops_costs_the_timeout(self, server, photos, tmp_path):
        server.known(tmp_path / "home")
        os.kill(server.process.pid, signal.SIGSTOP)
        started = time.monotonic()
        try:
            found = look(server, photos, photos, timeout=1.0)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        assert found.state is State.TIMEOUT
        assert time.monotonic() - started < 15

    def test_the_names_of_ssh_config_are_understood(self, server, photos, tmp_path):
        server.known(tmp_path / "home")
        (tmp_path / "home" / ".ssh" / "config").write_text(
            f"Host box\n HostName 127.0.0.1\n Port {server.port}\n User root\n"
            f" IdentityFile {server.key}\n"
        )
        host = Host()
        found = probe(host, Target("nas", f"sftp://box{photos}"), None, Depth.LISTED)
        assert (found.state, found.files) == (State.READ, 3)

    @pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed")
    def test_a_repository_is_found_and_its_rot_too(self, server, photos, tmp_path):
        server.known(tmp_path / "home")
        password = tmp_path / "password"
        password.write_text("x")
        repository = tmp_path / "repository"
        for command in (["init"], ["backup", str(photos)]):
            subprocess.run(
                ["restic", "-q", "-r", str(repository), "-p", str(password), *command], check=True
            )
        pack = next(file for file in (repository / "data").rglob("*") if file.is_file())
        content = bytearray(pack.read_bytes())
        content[len(content) // 2] ^= 1
        pack.chmod(0o600)
        pack.write_bytes(content)
        found = look(server, repository, photos, Depth.BYTES)
        assert (found.kind, found.depth) == ("restic", Depth.BYTES)
        assert len(found.errors) == 1
        assert pack.name in found.errors[0]


@pytest.mark.parametrize("address", ["sftp://", "sftp:///path", "sftp://host:port/path"])
def test_an_address_without_a_server_is_a_mistake_of_the_user(address):
    with pytest.raises(InputError, match="expects sftp://USER@HOST"):
        parse_sftp(address)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(InputError) as caught:
        parse_sftp("sftp://ada:hush@nas/photos")
    assert "hush" not in str(caught.value)


def test_addresses_are_read():
    assert parse_sftp("sftp://ada@nas:2022/a%20b") == parse_sftp("sftp://ada@nas:2022/a b")
    assert parse_sftp("sftp://[::1]/x").host == "::1"
    assert parse_sftp("sftp://nas/~/photos").path == "photos"


@pytest.mark.integration
@pytest.mark.skipif(SSHD is None, reason="sshd is not installed")
@pytest.mark.skipif(os.geteuid() != 0, reason="sshd needs root here")
@pytest.mark.skipif(shutil.which("sshfs") is None, reason="sshfs is not installed")
@pytest.mark.skipif(not Path("/dev/fuse").exists(), reason="this kernel has no FUSE")
class TestSshfs:
    @pytest.fixture
    def mounted(self, server, photos, tmp_path) -> Iterator[tuple[Path, Server]]:
        server.known(tmp_path / "home")
        copy, point = shutil.copytree(photos, tmp_path / "copy"), tmp_path / "mnt"
        point.mkdir()
        options = f"port={server.port},IdentityFile={server.key},StrictHostKeyChecking=yes"
        known = f"UserKnownHostsFile={tmp_path}/home/.ssh/known_hosts"
        argv = ["sshfs", f"root@127.0.0.1:{copy}", str(point), "-o", f"{options},{known}"]
        if subprocess.run(argv, check=False).returncode != 0:
            pytest.skip("sshfs cannot mount here")
        yield point, server
        subprocess.run(["fusermount3", "-uz", str(point)], check=False)

    def test_a_mount_of_this_machine_is_no_other_host(self, mounted, photos):
        point, _ = mounted
        host = Host()
        source, manifest = collect_source(host, str(photos))
        found = probe(host, Target("far", str(point)), manifest, Depth.STRUCTURE)
        assert found.domains.host.value == source.domains.host.value
        assert found.domains.drives.value == source.domains.drives.value

    def test_a_mount_that_hangs_costs_the_timeout_and_is_unknown(self, mounted, photos):
        point, _ = mounted
        # ssh between sshfs and the server is what answers; stopped, it never does
        listed = subprocess.run(["pgrep", "-f", f"sshfs.*{point}"], capture_output=True, text=True)
        sshfs = int(listed.stdout.split()[0])
        os.kill(sshfs, signal.SIGSTOP)
        started = time.monotonic()
        code = (
            "import json, sys; from verifier.cli import main; "
            f"sys.argv = ['verifier', 'audit', '{photos}', '{point}', '--json']; main()"
        )
        try:
            ended = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
            )
        finally:
            os.kill(sshfs, signal.SIGCONT)
        assert time.monotonic() - started < 45
        result = json.loads(ended.stdout)
        mine = next(place for place in result["locations"] if place["name"] == "mnt")
        assert mine["status"] == "unknown"
        assert "no answer" in mine["reason"]
        assert mine["counted"] is False


@pytest.mark.parametrize("mark", [pytest.param("nfd", marks=served)])
def test_names_in_another_unicode_form_are_asked_for_as_the_server_has_them(server, tmp_path, mark):
    source, copy = tmp_path / "live", tmp_path / "copy"
    for root, form in ((source, "NFC"), (copy, "NFD")):
        place = root / unicodedata.normalize(form, "Åland/né.jpg")
        place.parent.mkdir(parents=True)
        place.write_bytes(b"x" * 1000)
        os.utime(place, (10**9, 10**9))
    server.known(tmp_path / "home")
    found = look(server, copy, source, Depth.SOURCE)
    assert (found.coverage.value, found.errors, found.depth) == (1.0, (), Depth.SOURCE)
    flip(place)
    (error,) = look(server, copy, source, Depth.SOURCE).errors
    assert error == "Åland/né.jpg differs from the source under the same size."
