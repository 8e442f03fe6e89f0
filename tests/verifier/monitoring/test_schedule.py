"""Units that systemd accepts, and a line that cron's shell runs as it is meant."""

from __future__ import annotations

import subprocess

import pytest

from riskmodel.errors import InputError
from tests.needs import needs
from verifier.monitoring import cron_line, own_command, systemd_units

NASTY = ("/bin/echo", "audit", '/home/a b/it\'s 100 % $HOME;\\"x".toml')


def test_the_own_command_starts():
    run = subprocess.run([*own_command(), "--help"], capture_output=True, check=False)
    assert run.returncode == 0


@pytest.mark.integration
@needs("systemd-analyze")
def test_systemd_accepts_service_and_timer(tmp_path):
    files = []
    for name, text in systemd_units(NASTY).items():
        (tmp_path / name).write_text(text)
        files.append(str(tmp_path / name))
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    told = [line for line in run.stderr.splitlines() if "threetwoone" in line]
    assert told == []
    calendar = next(
        line.partition("=")[2] for line in text.splitlines() if line.startswith("OnCalendar")
    )
    run = subprocess.run(["systemd-analyze", "calendar", calendar], check=False)
    assert run.returncode == 0


def test_systemd_words_are_quoted_by_its_rules():
    service = systemd_units(NASTY)["threetwoone-audit.service"]
    (line,) = [line for line in service.splitlines() if line.startswith("ExecStart=")]
    quoted = '"/home/a b/it\'s 100 %% $$HOME;\\\\\\"x\\".toml"'
    assert line == f"ExecStart=/bin/echo audit {quoted}"


def test_the_line_of_cron_speaks_only_when_something_is_wrong(tmp_path):
    for code, words in ((0, ""), (2, "BACKUP CRITICAL audit")):
        program = tmp_path / f"verifier {code}%"
        program.write_text(f'#!/bin/sh\necho BACKUP CRITICAL "$1"\nexit {code}\n')
        program.chmod(0o755)
        line = cron_line([str(program), "audit"])
        fields = line.split(" ", 5)
        assert fields[:5] == ["17", "4", "*", "*", "*"]
        command = fields[5].replace("\\%", "%")  # as cron does before it calls the shell
        assert "%" not in fields[5].replace("\\%", "")
        run = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
        assert run.stdout.strip() == words


def test_what_no_line_can_hold_is_refused():
    for make in (systemd_units, cron_line):
        with pytest.raises(InputError, match="schedule: "):
            make(["/bin/verifier", "a\nb"])
