"""The files in an ISO 9660 or UDF image, with the best names that it keeps for them."""

from __future__ import annotations

import functools
import hashlib
import io
import resource
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from verifier.host import CHUNK_BYTES, Unreadable

if TYPE_CHECKING:
    from pycdlib import PyCdlib

__all__ = [
    "DAMAGE",
    "Content",
    "Cut",
    "Image",
    "content_of",
    "is_image",
    "read_image",
    "streams_of",
]

SECTOR = 2048
DESCRIPTORS = 16 * SECTOR
HEAD_BYTES = DESCRIPTORS + 16 * SECTOR
MAX_TALK_BYTES = 1 << 30
MAX_FILES = 20_000_000
_MOST_GROWTH = 800 << 10  # KiB of memory that one image may take: the library keeps every record
_BETWEEN_LOOKS = 4 << 20
MAX_DEPTH = 128
DAMAGE = (struct.error, LookupError, ValueError, OverflowError, ArithmeticError, AttributeError,
          TypeError, RecursionError)  # fmt: skip


class Cut(ValueError):
    """The image says that it is longer than it is, or leads in circles."""


@dataclass(frozen=True, slots=True)
class Content:
    """One file: its path, size [bytes] and time [ns since 1970]."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Image:
    """What an image says of itself: `names` is where the names come from."""

    label: str
    made: datetime | None
    files: tuple[Content, ...]
    names: str
    declared_bytes: int


def is_image(start: bytes) -> bool:
    """Tell an optical image by the descriptors that begin at byte 32768."""
    marks = {start[at + 1 : at + 6] for at in range(DESCRIPTORS, len(start), SECTOR)}
    return b"CD001" in marks or bool(marks & {b"NSR02", b"NSR03"})


def read_image(file: BinaryIO) -> Image:
    """List an image.

    Parameters
    ----------
    file : binary file
        The image; it is only read.

    Returns
    -------
    Image

    Raises
    ------
    ValueError, or another of `DAMAGE`
        If the image breaks its format.
    """
    disc = _open(file)
    names = _names(disc)
    files: dict[str, Content] = {}
    for found in _walk(disc, names):
        earlier = files.get(found.path)  # a file of more than 4 GiB has several extents
        size = found.size + (earlier.size if earlier and names != "udf_path" else 0)
        files[found.path] = Content(found.path, size, found.mtime_ns)
        if len(files) > MAX_FILES:
            raise Cut(f"it has more than {MAX_FILES} files")
    head = disc.pvds[0] if disc.pvds else None
    return Image(
        label=head.volume_identifier.decode("ascii", "replace").strip() if head else "",
        made=_made(head.volume_creation_date) if head else None,
        files=tuple(files.values()),
        names={"rr_path": "Rock Ridge", "udf_path": "UDF", "joliet_path": "Joliet"}.get(
            names, "ISO 9660"
        ),
        declared_bytes=head.space_size * head.log_block_size if head else 0,
    )


def content_of(file: BinaryIO, wanted: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the SHA-256 of some of the files, by path.

    Parameters
    ----------
    file : binary file
        The image.
    wanted : frozenset of str
        Paths as `read_image` gives them.

    Yields
    ------
    tuple of str and bytes
    """
    for path, chunks in streams_of(file, wanted):
        running = hashlib.sha256()
        for chunk in chunks:
            running.update(chunk)
        yield path, running.hexdigest()


def streams_of(file: BinaryIO, wanted: frozenset[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield path and content, in pieces, of some files; each is read before the next comes."""
    disc = _open(file, limit=None)
    names = _names(disc)
    for path, place in _places(disc, names):
        if path in wanted:
            with disc.open_file_from_iso(**{names: place}) as content:
                yield path, iter(functools.partial(content.read, CHUNK_BYTES), b"")


class _Limited(io.RawIOBase):
    """Stops a reader that is led in circles by a hostile image."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._left = limit
        self._next_look = limit - _BETWEEN_LOOKS
        self._before = _memory()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= max(len(data), 1)
        if self._left < 0:
            raise Cut("its folders lead in circles")
        if self._left < self._next_look:
            self._next_look = self._left - _BETWEEN_LOOKS
            if _memory() - self._before > _MOST_GROWTH:
                raise Unreadable("", "it has more files than fit into 800 MB of memory")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _memory() -> int:
    """Return the most memory that this process has taken so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _open(file: BinaryIO, limit: int | None = MAX_TALK_BYTES) -> PyCdlib:
    from pycdlib import PyCdlib
    from pycdlib.pycdlibexception import PyCdlibException

    disc = PyCdlib()
    try:
        disc.open_fp(file if limit is None else cast("BinaryIO", _Limited(file, limit)))
    except PyCdlibException as problem:
        raise Cut(str(problem)) from problem
    return disc


def _names(disc: PyCdlib) -> str:
    """Choose the keyword of the tree with the best names."""
    if disc.has_rock_ridge():
        return "rr_path"
    if disc.has_udf():
        return "udf_path"
    return "joliet_path" if disc.has_joliet() else "iso_path"


def _walk(disc: PyCdlib, names: str) -> Iterator[Content]:
    for path, record in _records(disc, names):
        yield Content(path, record.get_data_length(), _time_ns(record))


def _places(disc: PyCdlib, names: str) -> Iterator[tuple[str, str]]:
    """Yield each file once, as its path here and its path for the library."""
    for path, record in _records(disc, names):
        name = path if names != "iso_path" else _raw(record, path)
        yield path, f"/{name}"


def _raw(record: Any, path: str) -> str:
    folder, slash, _ = path.rpartition("/")
    return f"{folder}{slash}{record.file_identifier().decode('utf-8', 'replace')}"


def _records(disc: PyCdlib, names: str) -> Iterator[tuple[str, Any]]:
    waiting = [("/", 0)]
    while waiting:
        folder, deep = waiting.pop()
        if deep > MAX_DEPTH:
            raise Cut("its folders lead in circles")
        for record in disc.list_children(**{names: folder}):
            if record is None or record.is_dot() or record.is_dotdot():
                continue
            name = _name(record, names)
            place = f"{folder.rstrip('/')}/{name}"
            if record.is_dir():
                waiting.append((place, deep + 1))
            elif _is_regular(record, names):
                yield place.lstrip("/"), record


def _name(record: Any, names: str) -> str:
    if names == "rr_path":
        return str(record.rock_ridge.name().decode("utf-8", "surrogateescape"))
    raw = record.file_identifier()
    if names == "joliet_path":
        return str(raw.decode("utf-16-be", "replace")).removesuffix(";1")
    if names == "udf_path":
        return str(raw.decode(record.encoding if hasattr(record, "encoding") else "latin-1"))
    text = str(raw.decode("ascii", "replace"))
    return text if record.is_dir() else text.partition(";")[0].rstrip(".")


def _is_regular(record: Any, names: str) -> bool:
    if names == "rr_path":
        return not record.rock_ridge.is_symlink()
    return bool(record.is_file())


def _time_ns(record: Any) -> int:
    date: Any = getattr(record, "date", None)
    try:
        local = datetime(
            1900 + date.years_since_1900, date.month, date.day_of_month,
            date.hour, date.minute, date.second, tzinfo=UTC,
        )  # fmt: skip
        return int((local - timedelta(minutes=15 * date.gmtoffset)).timestamp()) * 1_000_000_000
    except (AttributeError, ValueError, OverflowError):
        return 0


def _made(date: Any) -> datetime | None:
    try:
        local = datetime(
            date.year, date.month, date.dayofmonth, date.hour, date.minute, date.second, tzinfo=UTC
        )
        return local - timedelta(minutes=15 * date.gmtoffset)
    except (AttributeError, ValueError, OverflowError):
        return None
