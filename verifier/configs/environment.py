"""Environment files: ``RESTIC_REPOSITORY=…`` and ``BORG_REPO=…`` as services and scripts use."""

from __future__ import annotations

import re
from collections.abc import Mapping

from verifier.configs._model import Configured, assignments, without_password

__all__ = ["PLACES", "of_variables", "parse"]

PLACES = (
    "/etc/restic*",
    "/etc/restic/*",
    "/etc/default/restic*",
    "/etc/default/borg*",
    "/etc/borg*.env",
    "~/.restic*",
    "~/.config/restic/*",
    "~/.config/restic*.env",
    "~/.config/borg*.env",
)
_SCHEME = re.compile(r"(s3|sftp|rest|rclone|b2|azure|gs|swift|local):")


def parse(text: str, where: str) -> tuple[Configured, ...]:
    """Read an environment file; of passwords it keeps where they are, not what they are.

    Parameters
    ----------
    text : str
        The file, or a shell script that sets the variables.
    where : str
        Its path.

    Returns
    -------
    tuple of Configured
    """
    return of_variables(assignments(text), where)


def of_variables(variables: Mapping[str, str], where: str) -> tuple[Configured, ...]:
    """Return the repositories that variables name.

    Parameters
    ----------
    variables : mapping of str to str
        The environment.
    where : str
        Where it is set.

    Returns
    -------
    tuple of Configured
    """
    found = []
    repository = variables.get("RESTIC_REPOSITORY", "").removeprefix("local:")
    # a value that is made of another variable names nothing
    if repository and "$" not in repository:
        note = f"the password is in {where}" if variables.get("RESTIC_PASSWORD") else ""
        if not note and variables.get("RESTIC_PASSWORD_COMMAND"):
            note = f"the password comes from a command in {where}"
        kind = "restic"
        address = without_password(repository)
        password_file = variables.get("RESTIC_PASSWORD_FILE") or None
        found.append(
            Configured("restic", address, where, kind, password_file=password_file, note=note)
        )
    borg = variables.get("BORG_REPO", "")
    if borg and "$" not in borg:
        note = f"the passphrase is in {where}" if variables.get("BORG_PASSPHRASE") else ""
        found.append(Configured("borg", without_password(borg), where, "borg", note=note))
    return tuple(found)
