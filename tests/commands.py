"""The commands, called in this interpreter: most tests of them need no fresh one."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import riskmodel.cli
import verifier.cli

__all__ = ["riskmodel_command", "verifier_command"]


def riskmodel_command(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``riskmodel`` by its own entry point, a second sooner than as another process.

    What only a process shows (signals, pipes, what is printed at its end) needs a process.
    """
    return _called("riskmodel", riskmodel.cli.main, words, cwd)


def verifier_command(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``verifier`` in the same way."""
    return _called("verifier", verifier.cli.main, words, cwd)


def _called(
    name: str, main: Callable[[], object], words: tuple[str, ...], cwd: Path | None
) -> subprocess.CompletedProcess[str]:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    talk = logging.getLogger("riskmodel")
    handlers, level = list(talk.handlers), talk.level
    code: object = 0
    with (
        mock.patch.object(sys, "argv", [name, *words]),
        mock.patch.dict(os.environ),
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
        finally:
            talk.handlers[:] = handlers
            talk.setLevel(level)
    assert isinstance(code, int)
    return subprocess.CompletedProcess(words, code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode("utf-8")
