"""Files that are written whole or not at all, whatever interrupts it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

__all__ = ["write_new", "write_whole"]


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file; what was there before stays until all is written.

    Parameters
    ----------
    path : Path
        Where to; the target of a link. A device or a pipe is written to, and not replaced.
    content : str or bytes
        Text is written as UTF-8.

    Raises
    ------
    OSError
        If it cannot be written; nothing half-written is left.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    path = path.resolve()
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_new(path: Path, text: str) -> None:
    """Write a file that must not be there yet.

    Raises
    ------
    FileExistsError
        If it is there.
    OSError
        If it cannot be written; nothing half-written is left.
    """
    with path.open("xb") as file:
        try:
            file.write(text.encode())
            file.flush()
        except BaseException:
            path.unlink(missing_ok=True)
            raise
