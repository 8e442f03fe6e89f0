"""Members of tar and zip archives, streamed: nothing is ever extracted to disk or held whole."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import lzma
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

from verifier.host import CHUNK_BYTES, Host

__all__ = ["DAMAGE", "Damaged", "Member", "format_of", "members"]

MAX_HEADER_BYTES = 64 << 20
BLOCK_BYTES = 512

# everything that the standard library raises on a damaged or hostile archive
DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
)


class Damaged(ValueError):
    """The archive breaks its own format."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: ``size`` in bytes, ``sha256`` if its content was read."""

    path: str
    size: int
    mtime_ns: int
    sha256: bytes | None = None
    encrypted: bool = False


def format_of(head: bytes) -> str | None:
    """Name the container or compression by the first 512 bytes of a file; None if not known."""
    for magic, name in (
        (b"PK\x03\x04", "zip"),
        (b"PK\x05\x06", "zip"),
        (b"\x1f\x8b", "gz"),
        (b"BZh", "bz2"),
        (b"\xfd7zXZ\x00", "xz"),
    ):
        if head.startswith(magic):
            return name
    return "tar" if head[257:262] == b"ustar" else None


def members(host: Host, path: str, *, read: bool) -> Iterator[Member]:
    """Yield the regular files of an archive in their order.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        The archive.
    read : bool
        Also read all contents, which checks the CRC of zip and gzip and gives digests.

    Yields
    ------
    Member
        Hard links count as files of the size of what they link to.

    Raises
    ------
    Damaged
        If the archive ends early or holds something else than its format.
    """
    with host.open(path) as file:
        form = format_of(file.read(BLOCK_BYTES))
        file.seek(0)
        if form == "zip":
            yield from _zip_members(file, read=read)
        else:
            yield from _tar_members(file, form, read=read)


def _tar_members(file: BinaryIO, form: str | None, *, read: bool) -> Iterator[Member]:
    openers: dict[str, Callable[[BinaryIO], Any]] = {
        "gz": lambda raw: gzip.GzipFile(fileobj=raw),
        "bz2": bz2.BZ2File,
        "xz": lzma.LZMAFile,
    }
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(openers[form](file)) if form in openers else file
        watched = _Watched(plain)
        tar = stack.enter_context(tarfile.open(fileobj=watched, mode="r:"))  # type: ignore[call-overload]
        sizes: dict[str, int] = {}
        while (found := tar.next()) is not None:
            tar.members = []  # or it keeps every header in memory
            path = found.name.removeprefix("./").lstrip("/")
            if found.islnk():
                linked = found.linkname.removeprefix("./").lstrip("/")
                yield Member(path, sizes.get(linked, 0), int(found.mtime * 1e9))
            elif found.isreg():
                sizes[path] = found.size
                content = tar.extractfile(found) if read else None
                yield Member(
                    path,
                    found.size,
                    int(found.mtime * 1e9),
                    None if content is None else _digest(content, found.size),
                )
        watched.check_end(drain=read or form in openers)


class _Watched:
    """Remembers the last block, because tarfile takes a broken header for the end in silence."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        if size > MAX_HEADER_BYTES:
            raise Damaged(f"a header claims {size} bytes")
        self._last = self._file.read(size)
        return self._last

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def check_end(self, *, drain: bool) -> None:
        """Require the mark of zeros that ends an archive, and nothing but zeros after it."""
        if len(self._last) < BLOCK_BYTES:
            raise Damaged("it ends without the end-of-archive mark")
        if self._last.strip(b"\0"):
            raise Damaged("a member's header is damaged")
        while drain and (rest := self._file.read(CHUNK_BYTES)):
            if rest.strip(b"\0"):
                raise Damaged("there is data after the end-of-archive mark")


def _zip_members(file: BinaryIO, *, read: bool) -> Iterator[Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            encrypted = bool(info.flag_bits & 1)
            sha256 = None
            if read and not encrypted:
                with archive.open(info) as content:
                    sha256 = _digest(content, info.file_size)
            yield Member(
                info.filename.removeprefix("./").lstrip("/"),
                info.file_size,
                int(time.mktime((*info.date_time, 0, 0, -1)) * 1e9),  # zip keeps local time
                sha256,
                encrypted,
            )


def _digest(content: IO[Any], size: int) -> bytes:
    running, count = hashlib.sha256(), 0
    while chunk := content.read(CHUNK_BYTES):
        running.update(chunk)
        count += len(chunk)
    if count != size:
        raise Damaged(f"a member has {count} of {size} bytes")
    return running.digest()
