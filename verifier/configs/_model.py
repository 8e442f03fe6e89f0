"""What a backup tool's own configuration says: where copies go, and what of."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Configured", "assignments", "unquoted", "without_password"]

_USER_PASSWORD = re.compile(r"(?<=//)([^/@:\s]*):[^/@\s]*@")
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)")


@dataclass(frozen=True, slots=True)
class Configured:
    """One destination that a configuration or a command names.

    Parameters
    ----------
    tool : str
        The program: ``"restic"``, ``"rsync"``, …
    address : str
        A path or the tool's own address, without passwords.
    where : str
        The file that says so.
    kind : str or None
        The kind of location, where the tool leaves no doubt.
    sources : tuple of str
        What is copied there.
    password_file : str or None
        The file with the password, where there is one.
    mirrors : str
        Why deletions are repeated there; empty if they are not, or nobody can tell.
    retention : str
        What is kept, in the words of the tool.
    interval_hours : float or None
        What the configuration itself promises, where it does. [h]
    note : str
        What else somebody should know.
    """

    tool: str
    address: str
    where: str
    kind: str | None = None
    sources: tuple[str, ...] = ()
    password_file: str | None = None
    mirrors: str = ""
    retention: str = ""
    interval_hours: float | None = None
    note: str = ""


def without_password(address: str) -> str:
    """Take the password out of ``scheme://user:password@host``."""
    return _USER_PASSWORD.sub(r"\1@", address)


def unquoted(text: str) -> str:
    """Return the value of a shell assignment without quotes and without a comment behind it."""
    text = text.strip()
    if text[:1] in {"'", '"'}:
        end = text.find(text[0], 1)
        return text[1:end] if end > 0 else text[1:]
    return re.split(r"(?<!\s)\s+#|;", text)[0].strip()


def assignments(text: str) -> dict[str, str]:
    """Read the lines ``NAME=value`` of an environment file or a shell script."""
    found = (_ASSIGNMENT.fullmatch(line) for line in text.splitlines())
    return {one[1]: unquoted(one[2]) for one in found if one}
