"""A systemd timer and a line of cron that keep audits running; printed, never installed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from riskmodel.errors import InputError

__all__ = ["cron_line", "own_command", "systemd_units"]

NAME = "threetwoone-audit"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:+,@")


def own_command() -> tuple[str, ...]:
    """Return the words that start this verifier from anywhere."""
    beside = Path(sys.executable).parent / "verifier"
    return (str(beside),) if beside.is_file() else (sys.executable, "-m", "verifier")


def systemd_units(command: Sequence[str]) -> dict[str, str]:
    """Return a service and its timer, by the names of their files.

    A gate or an alarm that fails or is unknown fails the service, so that ``systemctl --failed``
    and ``OnFailure=`` see it.

    Parameters
    ----------
    command : sequence of str
        The program by its absolute path, and its words.
    """
    _one_line(*command)
    service = f"""[Unit]
Description=Are the backups independent, whole and sound?
Wants=network-online.target
After=network-online.target
# OnFailure=YOUR-MAIL@%n.service

[Service]
Type=oneshot
ExecStart={" ".join(_systemd_word(word) for word in command)}
Nice=10
IOSchedulingClass=idle
NoNewPrivileges=yes
ProtectSystem=full
"""
    timer = """[Unit]
Description=Audit the backups every night

[Timer]
OnCalendar=*-*-* 04:17
RandomizedDelaySec=30min
Persistent=true

[Install]
WantedBy=timers.target
"""
    return {f"{NAME}.service": service, f"{NAME}.timer": timer}


def cron_line(command: Sequence[str]) -> str:
    """Return a line for ``crontab -e``: mail comes only on days on which not all is well.

    Parameters
    ----------
    command : sequence of str
        The program and its words; with ``--nagios``, so that its one line is what is mailed.
    """
    _one_line(*command)
    words = " ".join(shlex.quote(word) for word in command)
    line = f'said=$({words} 2>&1) || echo "$said"'
    # cron takes a bare percent sign for a line break
    return "17 4 * * * " + line.replace("%", "\\%")


def _one_line(*words: str) -> None:
    for word in words:
        if not word.isprintable():
            raise InputError(f"schedule: {word!r} has a character that no unit or crontab can hold")


def _systemd_word(word: str) -> str:
    if word and set(word) <= _PLAIN:
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    escaped = escaped.replace("%", "%%")
    return f'"{escaped}"'
