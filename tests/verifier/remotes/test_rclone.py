"""rclone remotes: fake ones that are folders of this machine, crypt, and object storage."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.verifier.remotes.servers import SECRET, contents
from verifier.domains import host_identity, place_of
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.probes import collect_source, probe
from verifier.remotes.rclone import fits
from verifier.remotes.rclone_config import account_of, parse_config, resolve, split
from verifier.remotes.rclone_host import parse_hashsum, parse_lsjson
from verifier.target import Target

CRYPT_PASSWORD = "crypt-pass-not-to-be-seen"
installed = pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed")


@pytest.fixture
def config(logins, monkeypatch, tmp_path):
    """Write the user's configuration, and keep it read-only."""
    file = tmp_path / "rclone.conf"
    monkeypatch.setenv("RCLONE_CONFIG", str(file))

    def write(**remotes):
        lines = []
        for name, options in remotes.items():
            lines.append(f"[{name}]")
            lines += [f"{key} = {value}" for key, value in options.items()]
        file.write_text("\n".join(lines) + "\n")
        file.chmod(0o400)
        return file

    return write


def look(address, source, depth=Depth.STRUCTURE, **more):
    host = Host(timeout=10)
    manifest = collect_source(host, str(source))[1]
    return probe(host, Target("far", address, **more), manifest, depth)


def test_remotes_that_show_a_folder_of_this_machine_are_that_folder(config, photos, tmp_path):
    copy = shutil.copytree(photos, tmp_path / "copy")
    config(
        far={"type": "alias", "remote": f"near:{tmp_path}"},
        near={"type": "local"},
        both={"type": "combine", "upstreams": f"x={copy} y=near:/"},
        quoted={"type": "combine", "upstreams": f'"x y={copy}"  "z=near:/"'},
    )
    here = Host()
    for address in ("far:copy", f"near:{copy}", f":local:{copy}", "both:x", "quoted:x y"):
        found = look(address, photos)
        assert (found.state, found.coverage.value) == (State.READ, 1.0), address
        place = place_of(here, str(copy))
        assert found.domains.host.value == host_identity(here).value
        assert found.domains.drives.value == place.domains.drives.value
        assert found.inode == place.inode


def obscured(word):
    return subprocess.run(
        ["rclone", "obscure", word], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.integration
@installed
def test_a_crypt_over_a_folder_here_stands_on_the_drive_here(config, photos, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    file = config(safe={"type": "crypt", "remote": str(base), "password": obscured(CRYPT_PASSWORD)})
    subprocess.run(["rclone", "copy", str(photos), "safe:"], check=True)
    before = file.read_bytes(), {p: p.stat() for p in base.rglob("*")}
    found = look("safe:", photos, Depth.SOURCE)
    assert (found.state, found.kind, found.coverage.value) == (State.READ, "rclone", 1.0)
    assert (found.depth, found.errors) == (Depth.SOURCE, ())
    assert found.encrypted.value is True
    assert found.key_kept.value == (str(file),)
    assert found.domains.drives.value == place_of(Host(), str(base)).domains.drives.value
    assert before == (file.read_bytes(), {p: p.stat() for p in base.rglob("*")})
    assert not list(Path("/tmp").glob("verifier-rclone-*/rclone.conf.bak"))


@pytest.mark.integration
@installed
@pytest.mark.parametrize("inside", ["", "2026"])
def test_a_wrong_password_of_a_crypt_is_unknown_and_not_empty(config, photos, tmp_path, inside):
    (base := tmp_path / "base").mkdir()
    right, wrong = ({"type": "crypt", "remote": str(base), "password": obscured(word)}
                    for word in (CRYPT_PASSWORD, "another"))  # fmt: skip
    config(safe=right, other=wrong)
    assert look("other:", photos).files == 0  # nothing is there yet
    subprocess.run(["rclone", "copy", str(photos), f"safe:{inside}"], check=True)
    assert look(f"safe:{inside}", photos).coverage.value == 1.0
    found = look(f"other:{inside}", photos)
    assert (found.state, found.coverage.value) == (State.UNREADABLE, None)
    assert "password of rclone's remote other opens no name there" in found.reason


@pytest.mark.integration
@installed
def test_rot_below_a_crypt_is_found(config, photos, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    config(
        safe={
            "type": "crypt",
            "remote": str(base),
            "password": obscured(CRYPT_PASSWORD),
            "filename_encryption": "off",
        }
    )
    subprocess.run(["rclone", "copy", str(photos), "safe:"], check=True)
    file = base / "a.jpg.bin"
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    times = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    found = look("safe:", photos, Depth.SOURCE)
    assert found.errors or found.reason
    assert found.depth is not Depth.SOURCE or found.errors


@pytest.mark.slow
def test_a_remote_of_object_storage_is_read_as_that(config, storage, photos):
    bucket = storage.bucket(contents(photos))
    config(
        b2={
            "type": "s3",
            "provider": "Other",
            "access_key_id": "AKIAEXAMPLEONE",
            "secret_access_key": SECRET,
            "endpoint": storage.url,
        },
        cold={"type": "alias", "remote": f"b2:{bucket}"},
    )
    for address in (f"b2:{bucket}", "cold:"):
        found = look(address, photos)
        assert (found.state, found.kind, found.coverage.value) == (State.READ, "rclone", 1.0)
        assert found.domains.account.value == "123456789012"
        assert found.immutable.value is False


@pytest.mark.integration
@installed
def test_a_crypt_over_object_storage_is_in_that_account(config, storage, photos, monkeypatch):
    bucket = storage.bucket({})
    config(
        b2={
            "type": "s3",
            "provider": "Other",
            "access_key_id": "AKIAEXAMPLEONE",
            "secret_access_key": SECRET,
            "endpoint": storage.url,
        },
        safe={
            "type": "crypt",
            "remote": f"b2:{bucket}",
            "password": obscured(CRYPT_PASSWORD),
        },
    )
    subprocess.run(["rclone", "copy", str(photos), "safe:"], check=True)
    found = look("safe:", photos)
    assert (found.state, found.coverage.value) == (State.READ, 1.0)
    assert found.domains.account.value == "123456789012"
    # what it says of itself does not make a cloud of a port of this machine
    assert found.media_type.value is None
    assert "address of this machine" in found.domains.drives.source


def test_an_unknown_remote_is_named_with_those_that_exist(config, photos):
    config(near={"type": "local"})
    found = look("neer:/x", photos, kind="rclone")
    assert found.state is State.UNREADABLE
    assert "'neer'" in found.reason
    assert "known: near" in found.reason


def test_unions_of_unions_are_not_counted_out():
    remotes = {f"u{n}": {"type": "union", "upstreams": f"u{n + 1}: " * 10} for n in range(12)} | {
        "u12": {"type": "local"}
    }
    with pytest.raises(ValueError, match="joins more than 100 places"):
        resolve("u0:x", remotes)


def test_remotes_in_a_circle_are_unknown(config, photos):
    config(a={"type": "alias", "remote": "b:"}, b={"type": "alias", "remote": "a:"})
    found = look("a:", photos)
    assert found.state is State.UNREADABLE
    assert "circle" in found.reason


def test_an_encrypted_configuration_says_what_it_needs(config, photos):
    file = config(near={"type": "local"})
    file.chmod(0o600)
    file.write_text("# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nabcd\n")
    found = look("near:/x", photos)
    assert found.state is State.UNREADABLE
    assert "RCLONE_CONFIG_PASS" in found.reason


def test_a_broken_configuration_is_no_traceback(config, photos):
    file = config(near={"type": "local"})
    file.chmod(0o600)
    file.write_bytes(b"type = local\n\xff\xfe[[[\n")
    found = look("near:/x", photos)
    assert found.state is State.UNREADABLE
    assert "not rclone's configuration" in found.reason


def test_without_a_configuration_nobody_can_tell_where_a_remote_is(config, photos):
    found = look("near:/x", photos)
    assert found.state is State.UNREADABLE
    assert "RCLONE_CONFIG" in found.reason


def test_accounts_show_no_secret():
    told = account_of({"account": "0012ab", "key": "K002secret"})
    assert told is not None
    assert "0012ab" not in told
    assert account_of({"user": "ada", "pass": "x"}) == "ada"
    assert account_of({"token": "{}"}) is None


def test_what_lies_below_is_followed():
    remotes = parse_config(
        "[u]\ntype = union\nupstreams = a:x b:y:ro\n[a]\ntype = b2\naccount = 1\n"
        "[b]\ntype = chunker\nremote = c:z\n[c]\ntype = drive\n"
    )
    one, two = resolve("u:photos", remotes)
    assert (one.backend, one.path, one.changed) == ("b2", "x/photos", False)
    assert (two.backend, two.path, two.changed) == ("drive", "z/y/photos", True)


def test_other_tools_addresses_are_left_to_them(config):
    config(b2={"type": "b2"})
    assert fits(Target("x", "b2:bucket"))
    assert not fits(Target("x", "b2:bucket", kind="restic"))
    assert not fits(Target("x", "zfs:pool/data"))
    assert not fits(Target("x", "rest:https://x/"))
    assert not fits(Target("x", "/a:b"))
    assert split("./a:b") is None


def test_recorded_output_is_read():
    text = (
        '[{"Path":"f1.bin","Name":"f1.bin","Size":20000,"ModTime":'
        '"2026-11-23T00:24:53.869258926Z","IsDir":false},'
        '{"Path":"sub","Name":"sub","Size":-1,"ModTime":"","IsDir":true}]'
    )
    (name, facts), (_, folder) = parse_lsjson(text)
    assert (name, facts.size, facts.mtime_ns) == ("f1.bin", 20000, 1795393493869258000)
    assert folder.is_dir
    for bad in ("", "null", "[1]", '[{"Name": 1}]'):
        with pytest.raises(ValueError):
            parse_lsjson(bad)
    assert parse_hashsum(f"{'a' * 64}  x  y\nUNSUPPORTED  z\n\n") == {"x  y": "a" * 64}
