"""Members of tar and zip archives, streamed: nothing is ever extracted to disk or held whole."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from verifier.host import CHUNK_BYTES, Host, Unreadable
from verifier.probes import compression
from verifier.probes.compression import Damaged, format_of, joined, unpacked

__all__ = ["BLOCK_BYTES", "DAMAGE", "Damaged", "Member", "Opened", "Watched", "members", "opened"]

MAX_HEADER_BYTES = 64 << 20
BLOCK_BYTES = 512
_LINK_BYTES = 4096
DAMAGE = (tarfile.TarError, zipfile.BadZipFile, *compression.DAMAGE)
_DUMPDIR = b"D"
# GNU's incremental archives keep the access time where ustar keeps a prefix, and tarfile joins it
_GNU_TIME = re.compile(r"^[0-7]{11}/")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive.

    Parameters
    ----------
    path : str
        Without a leading slash.
    size : int
        [bytes]
    mtime_ns : int
        Modification time. [ns]
    sha256 : str or None
        Of its content, if that was read.
    encrypted : bool
        Whether its content is.
    damage : str
        What is wrong with this file alone; others may be good.
    elsewhere : bool
        True for a file that an incremental archive only names: it did not change, so that an
        earlier archive holds it.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str | None = None
    encrypted: bool = False
    damage: str = ""
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """One member with its content, to be read before the next comes.

    Parameters
    ----------
    path : str
        Without a leading slash.
    size, mtime_ns : int
        [bytes], [ns]
    mode : int or None
        Permission bits, if the archive keeps them.
    chunks : iterator of bytes
        The content; empty for links.
    link, hard_link : str or None
        What a symbolic link says; the member that a hard link is another name of.
    encrypted : bool
        Whether the content is.
    alone : bool
        Whether damage in its content leaves the members after it readable.
    """

    path: str
    size: int
    mtime_ns: int
    mode: int | None
    chunks: Iterator[bytes]
    link: str | None = None
    hard_link: str | None = None
    encrypted: bool = False
    alone: bool = False


def opened(host: Host, paths: tuple[str, ...], wanted: frozenset[str]) -> Iterator[Opened]:
    """Yield some members of an archive in their order, with their content.

    Parameters
    ----------
    host : Host
        Access to the machine.
    paths : tuple of str
        The archive, or its parts.
    wanted : frozenset of str
        Paths as `members` gives them; symbolic links may be among them.

    Raises
    ------
    Damaged
        As `members`.
    """
    with joined(host, paths) as file:
        form = format_of(file.read(BLOCK_BYTES))
        file.seek(0)
        yield from _opened_zip(file, wanted) if form == "zip" else _opened_tar(file, form, wanted)


def _opened_tar(file: BinaryIO, form: str | None, wanted: frozenset[str]) -> Iterator[Opened]:
    with contextlib.ExitStack() as stack:
        packed = form not in (None, "tar")
        plain = stack.enter_context(unpacked(file, form)) if packed else file
        tar = stack.enter_context(tarfile.open(fileobj=Watched(plain), mode="r:"))  # type: ignore[call-overload]
        while (found := tar.next()) is not None:
            tar.members = []
            path = _plain_path(found.name)
            if path not in wanted:
                continue
            facts = (path, found.size, int(found.mtime * 1e9), found.mode & 0o7777)
            if found.islnk():
                yield Opened(*facts, iter(()), hard_link=_plain_path(found.linkname))
            elif found.issym():
                yield Opened(*facts, iter(()), link=found.linkname)
            elif found.isreg() and (content := tar.extractfile(found)) is not None:
                yield Opened(*facts, _whole(content, found.size))


def _opened_zip(file: BinaryIO, wanted: frozenset[str]) -> Iterator[Opened]:
    with _zip(file) as archive:
        for info in archive.infolist():
            path = info.filename.removeprefix("./").lstrip("/")
            if path not in wanted or not path or info.is_dir():
                continue
            mode, encrypted = info.external_attr >> 16, bool(info.flag_bits & 1)
            linked = stat.S_ISLNK(mode) and info.file_size <= _LINK_BYTES
            chunks = iter(()) if encrypted else _unzipped(archive, info)
            yield Opened(
                path,
                info.file_size,
                _zip_time_ns(info),
                stat.S_IMODE(mode) or None,
                chunks,
                link=b"".join(chunks).decode("utf-8", "surrogateescape") if linked else None,
                encrypted=encrypted,
                alone=True,
            )


def _zip(file: BinaryIO) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(cast("IO[bytes]", _Bounded(file)))
    if sum(info.compress_size for info in archive.infolist()) > file.seek(0, io.SEEK_END):
        raise Damaged("its members overlap, as those of a bomb do")
    return archive


class _Bounded:
    """Refuses a list of members, which zipfile reads at once, that takes more memory than is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_HEADER_BYTES:
            raise Unreadable("", f"its list of members has {size} bytes")
        return self._file.read(size)


def _unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(info) as content:
            yield from _whole(content, info.file_size)
    except NotImplementedError as problem:
        raise Unreadable(info.filename, f"not supported: {problem}") from problem


def _whole(content: IO[bytes], size: int) -> Iterator[bytes]:
    count = 0
    while chunk := content.read(CHUNK_BYTES):
        count += len(chunk)
        yield chunk
    if count != size:
        raise Damaged(f"a member has {count} of {size} bytes")


def _plain_path(name: str) -> str:
    return _GNU_TIME.sub("", name).removeprefix("./").lstrip("/")


def _zip_time_ns(info: zipfile.ZipInfo) -> int:
    return int(time.mktime((*info.date_time, 0, 0, -1)) * 1e9)  # zip keeps local time


def members(host: Host, paths: tuple[str, ...], *, read: bool) -> Iterator[Member]:
    """Yield the regular files of an archive in their order.

    Parameters
    ----------
    host : Host
        Access to the machine.
    paths : tuple of str
        The archive, or its parts.
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
    with joined(host, paths) as file:
        form = format_of(file.read(BLOCK_BYTES))
        file.seek(0)
        if form == "zip":
            yield from _zip_members(file, read=read)
        else:
            yield from _tar_members(file, form, read=read)


def _tar_members(file: BinaryIO, form: str | None, *, read: bool) -> Iterator[Member]:
    with contextlib.ExitStack() as stack:
        packed = form not in (None, "tar")
        plain = stack.enter_context(unpacked(file, form)) if packed else file
        watched = Watched(plain)
        tar = stack.enter_context(tarfile.open(fileobj=watched, mode="r:"))  # type: ignore[call-overload]
        sizes: dict[str, int] = {}
        while (found := tar.next()) is not None:
            tar.members = []  # or it keeps every header in memory
            path = _plain_path(found.name)
            mtime_ns = int(found.mtime * 1e9)
            if found.islnk():
                linked = _plain_path(found.linkname)
                yield Member(path, sizes.get(linked, 0), mtime_ns)
            elif found.isreg():
                sizes[path] = found.size
                content = tar.extractfile(found) if read else None
                yield Member(
                    path,
                    found.size,
                    mtime_ns,
                    None if content is None else _digest(content, found.size),
                )
            else:
                yield from _unchanged(tar, found, path, mtime_ns)
        watched.check_end(drain=read or packed)


def _unchanged(tar: Any, found: tarfile.TarInfo, folder: str, mtime_ns: int) -> Iterator[Member]:
    """Read what ``tar --listed-incremental`` says of a folder: N before a name is "not changed"."""
    dump = found.pax_headers.get("GNU.dumpdir", "")
    if found.type == _DUMPDIR:
        if found.size > MAX_HEADER_BYTES:
            raise Damaged(f"a list of a folder claims {found.size} bytes")
        dump = tar.extractfile(found).read().decode("utf-8", "surrogateescape")
    prefix = f"{folder.rstrip('/')}/" if folder.rstrip("/.") else ""
    for entry in dump.split("\0"):
        if entry.startswith("N"):
            yield Member(prefix + entry[1:], 0, mtime_ns, elsewhere=True)


class Watched:
    """A stream for tarfile that refuses headers of gigabytes.

    It remembers the last block, because tarfile takes a broken header for the end in silence.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._last = b""

    def read(self, size: int = -1) -> bytes:
        """Read as any file does, but no header of gigabytes."""
        if size > MAX_HEADER_BYTES:
            raise Damaged(f"a header claims {size} bytes")
        self._last = self._file.read(size)
        return self._last

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place as any file does."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Say where it is."""
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
    with _zip(file) as archive:
        for info in archive.infolist():
            if not info.filename or info.is_dir():
                continue
            encrypted = bool(info.flag_bits & 1)
            sha256, damage = None, ""
            if read and not encrypted:
                try:
                    with archive.open(info) as content:
                        sha256 = _digest(content, info.file_size)
                except NotImplementedError as problem:
                    raise Unreadable(info.filename, f"not supported: {problem}") from problem
                except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as problem:
                    damage = str(problem)
            yield Member(
                info.filename.removeprefix("./").lstrip("/"),
                info.file_size,
                _zip_time_ns(info),
                sha256,
                encrypted,
                damage,
            )


def _digest(content: IO[Any], size: int) -> str:
    running, count = hashlib.sha256(), 0
    while chunk := content.read(CHUNK_BYTES):
        running.update(chunk)
        count += len(chunk)
    if count != size:
        raise Damaged(f"a member has {count} of {size} bytes")
    return running.hexdigest()
