"""Repositories of restic in object storage, and that no secret is seen anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.verifier.remotes.servers import SECRET, contents
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.probes import collect_source, probe
from verifier.target import Target

PASSWORD = "restic-password-not-to-be-seen"
CRYPT = "crypt-password-not-to-be-seen"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed"),
]


@pytest.fixture
def repository(storage, photos, tmp_path):
    """A repository in a bucket: its name, its address, and the password's file."""
    bucket = storage.bucket({})
    address = storage.address(bucket, "repo")
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    for command in (["init"], ["backup", str(photos)]):
        argv = ["restic", "-q", "--no-cache", "-r", address, "-p", str(password), *command]
        subprocess.run(argv, check=True, capture_output=True)
    return bucket, address, password


def look(address, source, depth, **more):
    host = Host(timeout=10)
    manifest = collect_source(host, str(source))[1]
    return probe(host, Target("cloud", address, **more), manifest, depth)


@pytest.mark.parametrize("kind", [None, "restic"])
def test_a_repository_is_found_by_signature_and_opened_with_its_password(repository, photos, kind):
    _, address, password = repository
    closed = look(address, photos, Depth.BYTES, kind=kind)
    assert (closed.kind, closed.depth, closed.errors) == ("restic", Depth.BYTES, ())
    assert closed.coverage.value is None
    opened = look(address, photos, Depth.BYTES, kind=kind, password_file=str(password))
    assert (opened.kind, opened.depth) == ("restic", Depth.BYTES)
    assert opened.coverage.value == 1.0
    assert opened.files == 3
    assert opened.domains.account.value == "123456789012"
    assert opened.address == address


def test_a_flipped_byte_is_found_without_a_password(repository, storage, photos):
    bucket, address, _ = repository
    listed = storage.client.list_objects_v2(Bucket=bucket, Prefix="repo/data/")["Contents"]
    key = listed[0]["Key"]
    content = bytearray(storage.client.get_object(Bucket=bucket, Key=key)["Body"].read())
    content[len(content) // 2] ^= 1
    storage.client.put_object(Bucket=bucket, Key=key, Body=bytes(content))
    found = look(address, photos, Depth.BYTES)
    assert len(found.errors) == 1
    assert key.rpartition("/")[2] in found.errors[0]


def test_a_wrong_password_is_unknown_not_failed(repository, photos, tmp_path):
    _, address, _ = repository
    wrong = tmp_path / "wrong"
    wrong.write_text("something else")
    found = look(address, photos, Depth.STRUCTURE, password_file=str(wrong))
    assert found.state is State.READ
    assert found.coverage.value is None
    assert "wrong password" in found.reason


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed")
def test_no_secret_is_seen_in_arguments_output_or_recording(
    repository, storage, photos, tmp_path, monkeypatch
):
    _, address, password = repository
    plain = storage.bucket(contents(photos))
    base = tmp_path / "base"
    base.mkdir()
    obscured = subprocess.run(
        ["rclone", "obscure", CRYPT], capture_output=True, text=True, check=True
    ).stdout.strip()
    config = tmp_path / "rclone.conf"
    config.write_text(
        f"[safe]\ntype = crypt\nremote = {base}\npassword = {obscured}\n"
        f"[b2]\ntype = s3\nprovider = Other\naccess_key_id = AKIAEXAMPLEONE\n"
        f"secret_access_key = {SECRET}\nendpoint = {storage.url}\n"
        f"[deep]\ntype = crypt\nremote = b2:{plain}\npassword = {obscured}\n"
    )
    monkeypatch.setenv("RCLONE_CONFIG", str(config))
    subprocess.run(["rclone", "copy", str(photos), "safe:"], check=True)
    setup = tmp_path / "setup.toml"
    setup.write_text(
        f'[source]\npath = "{photos}"\n'
        f'[[locations]]\nname = "restic"\naddress = "{address}"\npassword_file = "{password}"\n'
        f'[[locations]]\nname = "plain"\naddress = "{storage.address(plain)}"\n'
        '[[locations]]\nname = "safe"\naddress = "safe:"\n'
        '[[locations]]\nname = "deep"\naddress = "deep:"\n'
    )
    trace = tmp_path / "trace"
    argv = ["strace", "-f", "-qq", "-s", "4096", "-v", "-e", "trace=execve,execveat"]
    argv += ["-o", str(trace), sys.executable, "-m", "verifier", "audit", str(setup), "--json"]
    ended = subprocess.run(argv, capture_output=True, text=True, env=os.environ.copy())
    assert ended.returncode in {1, 3}, ended.stderr
    assert '"restic"' in ended.stdout
    arguments = [line.partition("], [")[0] for line in trace.read_text().splitlines()]
    assert [line for line in arguments if "restic" in line]
    assert [line for line in arguments if "rclone" in line]
    secrets = (SECRET, PASSWORD, CRYPT, obscured)
    for seen in (ended.stdout, ended.stderr, *arguments):
        assert not [secret for secret in secrets if secret in seen]
    host = Host(timeout=10, record=True)
    for where in (address, storage.address(plain), "safe:", "deep:"):
        probe(host, Target("x", where, password_file=str(password)), None, Depth.LISTED)
    kept = repr(host.recording)
    assert not [secret for secret in secrets if secret in kept]
