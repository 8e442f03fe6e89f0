"""The user's logins to remote places, for programs that open repositories there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from verifier.access import Completed
from verifier.host import Host

__all__ = ["with_environment"]

# what the programs behind a tool's own address log in with; never shown, never recorded
_LOGINS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "B2_ACCOUNT_ID",
    "B2_ACCOUNT_KEY",
    "AZURE_ACCOUNT_NAME",
    "AZURE_ACCOUNT_KEY",
    "GOOGLE_PROJECT_ID",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "RCLONE_CONFIG_PASS",
    "RESTIC_REST_USERNAME",
    "RESTIC_REST_PASSWORD",
    "SSH_AUTH_SOCK",
)


class _WithEnvironment(Host):
    """A machine whose programs with a secret also get the user's logins to remote places."""

    local = False

    def __init__(self, here: Host, secrets: Mapping[str, str]) -> None:
        super().__init__(timeout=here.timeout, program_timeout=here.program_timeout)
        self._here = here
        self._secrets = dict(secrets)

    def run(
        self,
        argv: Sequence[str],
        *,
        secrets: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a program; one without secrets is run as ever."""
        given = {**self._secrets, **secrets} if secrets else None
        return self._here.run(argv, secrets=given, links=links, timeout=timeout)


def with_environment(host: Host) -> Host:
    """Return a host whose programs can log in where the user can."""
    known = {name: os.environ[name] for name in _LOGINS if name in os.environ}
    return _WithEnvironment(host, known)
