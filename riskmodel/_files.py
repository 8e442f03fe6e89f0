"""Files that are written whole or not at all, whatever interrupts it."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

__all__ = ["write_new", "write_whole"]


def write_whole(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Write a file; what was there before stays until all is written.

    Parameters
    ----------
    path : Path
        Where to. A link is replaced and not followed, for anybody may have put it there; a device
        or a pipe is written to as it is.
    content : str or bytes
        Text is written as UTF-8.
    mode : int
        Who may read it, less what the umask takes away, or what a file in its place takes away.

    Raises
    ------
    OSError
        If it cannot be written; nothing half-written is left.
    """
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    # a name that nobody can guess, made anew: else somebody may have put a link there
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.part")
    try:
        with open(part, "xb", opener=_creating(mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            with suppress(OSError):
                before = path.lstat().st_mode
                if stat.S_ISREG(before):
                    os.fchmod(file.fileno(), stat.S_IMODE(before) & mode)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _creating(mode: int) -> Callable[[str, int], int]:
    return lambda name, flags: os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode)


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
