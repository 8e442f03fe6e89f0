"""Canaries in every place where the product takes a secret, and where they must not turn up.

What is kept in object storage and behind rclone has such a test beside the tests of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import verifier_command
from tests.keyring import keyring
from tests.needs import needs

RESTIC, BORG, DUPLICITY, LOGIN, DATABASE, AGENT = (
    f"canary-{name}-not-to-be-seen"
    for name in ("restic", "borg", "duplicity", "login", "database", "agent")
)
ALL = (RESTIC, BORG, DUPLICITY, LOGIN, DATABASE, AGENT)


def leaks(text: str) -> list[str]:
    return [canary for canary in ALL if canary in text]


@pytest.fixture
def places(tmp_path) -> dict[str, Path]:
    """The live data, three encrypted copies of it, and the files with their passwords."""
    live = tmp_path / "live"
    live.mkdir()
    (live / "a.jpg").write_bytes(os.urandom(2000))
    for name, secret in (("restic", RESTIC), ("borg", BORG), ("duplicity", DUPLICITY)):
        (tmp_path / f"{name}.password").write_text(f"{secret}\n")
        (tmp_path / f"{name}.password").chmod(0o600)
    (tmp_path / "home").mkdir()
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "GNUPGHOME": keyring(),
        "RESTIC_PASSWORD": RESTIC, "BORG_PASSPHRASE": BORG, "PASSPHRASE": DUPLICITY,
    }  # fmt: skip

    def run(*words: object) -> None:
        argv = [str(word) for word in words]
        subprocess.run(argv, env=environment, check=True, capture_output=True)

    run("restic", "--no-cache", "-r", tmp_path / "restic", "init")
    run("restic", "--no-cache", "-r", tmp_path / "restic", "backup", live)
    run("borg", "init", "-e", "repokey", tmp_path / "borg")
    run("borg", "create", f"{tmp_path / 'borg'}::one", live)
    run("duplicity", "full", live, f"file://{tmp_path / 'duplicity'}")
    return {name: tmp_path / name for name in ("live", "restic", "borg", "duplicity")}


@pytest.fixture
def setup(places, tmp_path) -> Path:
    text = f'[source]\npath = "{places["live"]}"\n'
    for name in ("restic", "borg", "duplicity"):
        text += f'[[locations]]\nname = "{name}"\npath = "{places[name]}"\n'
        text += f'password_file = "{tmp_path}/{name}.password"\n'
    text += f'[[locations]]\nname = "server"\naddress = "rest:http://ada:{LOGIN}@127.0.0.1:9/"\n'
    text += f'password_file = "{tmp_path}/restic.password"\n'
    (tmp_path / "setup.toml").write_text(text)
    return tmp_path / "setup.toml"


@needs("restic", "borg", "duplicity", "gpg", "strace")
@pytest.mark.integration
@pytest.mark.slow
def test_no_secret_is_in_what_is_run_said_or_kept(setup, tmp_path) -> None:
    out, trace = tmp_path / "out", tmp_path / "trace"
    out.mkdir()
    environment = {**os.environ, "XDG_STATE_HOME": str(out / "state"), "SOME_TOKEN": AGENT}
    argv = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=execve,execveat", "-o", str(trace),
            sys.executable, "-m", "verifier", "audit", str(setup), "--depth", "restore",
            "--record", str(out / "seen.json"), "--html", str(out / "page.html"),
            "--prometheus", str(out / "metrics.prom")]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, env=environment)
    assert done.returncode in {1, 3}, done.stderr
    said = done.stdout + done.stderr
    again = ["--json", "--redact", "--record", str(out / "redacted.json")]
    for more in (again, ["--nagios"], ["--plan"]):
        done = verifier_command("audit", str(setup), "--depth", "listed", *more)
        said += done.stdout + done.stderr
    assert leaks(said) == []
    arguments = [line.partition("], ")[0] for line in trace.read_text().splitlines()]
    for tool in ("restic", "borg", "duplicity", "gpg"):
        assert [line for line in arguments if f'/{tool}"' in line], tool
    assert leaks("\n".join(arguments)) == []
    written = [path for path in out.rglob("*") if path.is_file()]
    assert len(written) >= 5  # the page, the metrics, two recordings, the catalogue
    for path in written:
        assert leaks(path.read_bytes().decode("latin-1")) == [], path
    # and they were used: all three were opened
    opened = (out / "page.html").read_text("utf-8")
    assert "wrong password" not in opened


def test_a_login_in_an_address_is_not_shown(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "a").write_text("x")
    setup = tmp_path / "setup.toml"
    for address in (f"sftp://ada:{LOGIN}@127.0.0.1:9/x", f"s3:https://ada:{LOGIN}@127.0.0.1:9/x",
                    f":webdav,url=x,pass={LOGIN}:x"):  # fmt: skip
        setup.write_text(
            f'[source]\npath = "{tmp_path}/live"\n[[locations]]\nname = "a"\n'
            f'address = "{address}"\n'
        )
        done = verifier_command("audit", str(setup))
        assert done.returncode == 2, address
        assert leaks(done.stdout + done.stderr) == []


def test_a_password_of_the_database_is_not_shown(tmp_path) -> None:
    (tmp_path / "live").mkdir()
    (tmp_path / "copy").mkdir()
    url = f"postgresql://ada:{DATABASE}@127.0.0.1:9/x?connect_timeout=1"
    words = ("audit", str(tmp_path / "live"), str(tmp_path / "copy"), "--catalogue", url)
    done = verifier_command(*words)
    assert "cannot be used" in done.stderr
    assert leaks(done.stdout + done.stderr) == []
