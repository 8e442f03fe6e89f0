"""A secret is in no argument, no output, no recording, no catalogue and no file left behind."""

from __future__ import annotations

import pytest

from tests.needs import needs
from tests.verifier.zoo import remote, repositories
from tests.verifier.zoo.repositories import SECRET
from tests.verifier.zoo.servers import KEY

pytestmark = [pytest.mark.integration, pytest.mark.slow]

MAKERS = (
    pytest.param(repositories.restic_open, (SECRET,), marks=needs("restic")),
    pytest.param(repositories.borg_open, (SECRET,), marks=needs("borg")),
    pytest.param(remote.restic_in_a_bucket, (SECRET, KEY), marks=needs("restic", "python:moto")),
    pytest.param(remote.bucket, (KEY,), marks=needs("python:moto")),
    pytest.param(remote.rclone_to_a_bucket, (KEY,), marks=needs("rclone", "python:moto")),
    pytest.param(remote.sftp_of_this_host, ("PRIVATE KEY",), marks=needs("root", "sshd")),
)


@needs("strace")
@pytest.mark.parametrize(("maker", "secrets"), MAKERS)
def test_secrets_stay_where_they_are(maker, secrets, yard, request):
    wanted = maker.__code__.co_varnames[: maker.__code__.co_argcount]
    clouds = {n: request.getfixturevalue(n) for n in ("first", "second") if n in wanted}
    tables = maker(yard, **clouds)
    scratch, trace = yard.base / "scratch", yard.base / "trace"
    scratch.mkdir()
    yard.env["TMPDIR"] = str(scratch)
    yard.prefix = ("strace", "-f", "-qq", "-e", "trace=execve", "-s", "99999", "-o", str(trace))
    recording = yard.base / "recording.json"
    text = yard.audit(tables, "--record", str(recording))
    document = yard.audit(tables, "--json")
    assert {text.returncode, document.returncode} <= {0, 1, 3}, text.stderr
    seen = {
        "arguments": trace.read_text(errors="replace"),
        "text": text.stdout + text.stderr,
        "JSON": document.stdout + document.stderr,
        "recording": recording.read_text(),
    }
    for file in [*scratch.rglob("*"), *(yard.home / "state").rglob("*")]:
        if file.is_file():
            seen[str(file)] = file.read_bytes().decode(errors="replace")
    leaks = [
        (place, secret) for place, held in seen.items() for secret in secrets if secret in held
    ]
    assert not leaks
    assert "execve(" in seen["arguments"]
