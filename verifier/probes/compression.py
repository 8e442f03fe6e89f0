"""Containers, compressions and ciphers by their first bytes, and streams out of compressions."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zlib
from typing import IO, Any, BinaryIO, Self, cast

from verifier.host import CHUNK_BYTES, Host, Unreadable

__all__ = ["DAMAGE", "Damaged", "cipher_of", "format_of", "has_digest", "joined", "unpacked"]

_MAGICS = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"]\x00\x00", "lzma"),
    (b"(\xb5/\xfd", "zst"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"LZIP\x01", "lz"),
    (b"\x1f\x9d", "Z"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
)
_CIPHERS = (
    (b"age-encryption.org/v1", "age"),
    (b"-----BEGIN AGE ENCRYPTED", "age"),
    (b"-----BEGIN PGP MESSAGE", "OpenPGP"),
    (b"Salted__", "openssl"),
)
# session keys come first in an OpenPGP message: packets 1 and 3, in the old and the new form
_PGP_STARTS = frozenset({0x84, 0x85, 0x86, 0x8C, 0x8D, 0xC1, 0xC3})
_LZIP_HEADER, _LZIP_TRAILER = 6, struct.Struct("<IQQ")
MAX_LZIP_DICTIONARY = 512 << 20
ZSTD_WINDOW_LOG = 29
# zeros in gzip, the most that honest data does, are 1,030 to one
_HARMLESS_BYTES, _MOST_RATIO, _STEP = 1 << 30, 2000, 64 << 20


class Damaged(ValueError):
    """The archive breaks its own format."""


def format_of(head: bytes) -> str | None:
    """Name the container or compression by the first 512 bytes of a file; None if not known."""
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    return "tar" if head[257:262] == b"ustar" else None


def cipher_of(head: bytes, name: str) -> str | None:
    """Name what a file is encrypted with; OpenPGP's short signature needs a name that agrees.

    Parameters
    ----------
    head : bytes
        The first bytes.
    name : str
        The file's name.

    Returns
    -------
    str or None
    """
    for magic, cipher in _CIPHERS:
        if head.startswith(magic):
            return cipher
    named = name.lower().endswith((".gpg", ".pgp", ".asc"))
    return "OpenPGP" if named and head[:1] and head[0] in _PGP_STARTS else None


def has_digest(head: bytes) -> bool:
    """Tell whether a format carries digests of its content, by the first bytes of a file."""
    form = format_of(head)
    if form == "zst":
        return len(head) > 4 and bool(head[4] & 4)
    if form == "lz4":
        return len(head) > 4 and bool(head[4] & 0x14)
    if form == "xz":
        return len(head) > 7 and bool(head[7] & 15)
    return form in {"zip", "gz", "bz2", "lz"}


def unpacked(file: BinaryIO, form: str | None) -> IO[bytes]:
    """Return the stream behind a compression; the file itself if there is none."""
    stream = _stream(file, form)
    return file if stream is None else cast("IO[bytes]", _Measured(stream, file))


def _stream(file: BinaryIO, form: str | None) -> Any:
    if form == "gz":
        return gzip.GzipFile(fileobj=file)
    if form == "bz2":
        return bz2.BZ2File(file)
    if form in ("xz", "lzma"):
        return lzma.LZMAFile(file)
    if form == "zst":
        return _zstandard(file)
    if form == "lz4":
        import lz4.frame

        return lz4.frame.LZ4FrameFile(file)
    if form == "lz":
        return io.BufferedReader(_Lzip(file), CHUNK_BYTES)
    return None


class _Measured:
    """Gives up on what unpacks to far more than it is: nobody's data, and hours of work."""

    def __init__(self, stream: Any, packed: BinaryIO) -> None:
        self._stream = stream
        self._packed = packed

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self._stream.read(size)
        except MemoryError:
            raise Unreadable("", "its compression asks for more memory than there is") from None
        self._check()
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        # a long way is gone step by step, or the bomb would go off on the way
        if whence == io.SEEK_SET:
            while offset - self._stream.tell() > _STEP:
                self._stream.seek(self._stream.tell() + _STEP)
                self._check()
                if not self._stream.read(1):
                    break
        found: int = self._stream.seek(offset, whence)
        self._check()
        return found

    def tell(self) -> int:
        return int(self._stream.tell())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def _check(self) -> None:
        at = self._stream.tell()
        if at > _HARMLESS_BYTES and at > _MOST_RATIO * self._packed.tell():
            raise Unreadable("", f"it unpacks to more than {_MOST_RATIO:,} times its size")


def joined(host: Host, paths: tuple[str, ...]) -> BinaryIO:
    """Open a file, or the parts of a split one as one file."""
    if len(paths) == 1:
        return host.open(paths[0])
    return io.BufferedReader(_Parts(host, paths), CHUNK_BYTES)


class _Parts(io.RawIOBase):
    """The parts of a split file as one file, opened one after the other."""

    def __init__(self, host: Host, paths: tuple[str, ...]) -> None:
        self._host = host
        self._paths = paths
        self._sizes = [host.stat(path).size for path in paths]
        self._at = 0
        self._open: tuple[int, BinaryIO] | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: sum(self._sizes)}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        start = 0
        for number, size in enumerate(self._sizes):
            if self._at < start + size:
                data = self._part(number, self._at - start).read(len(buffer))
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)
            start += size
        return 0

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
        super().close()

    def _part(self, number: int, at: int) -> BinaryIO:
        if self._open is None or self._open[0] != number:
            if self._open is not None:
                self._open[1].close()
            self._open = number, self._host.open(self._paths[number])
        self._open[1].seek(at)
        return self._open[1]


class _Lzip(io.RawIOBase):
    """Decompresses lzip: members of a header, an LZMA stream and a CRC32 with two sizes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = b""
        self._ready = b""
        self._stream: lzma.LZMADecompressor | None = None
        self._crc = self._size = self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        target = offset + (self._at if whence == io.SEEK_CUR else 0)
        if whence == io.SEEK_END or target < self._at:
            raise io.UnsupportedOperation("an lzip stream is read forwards only")
        skipped = bytearray(CHUNK_BYTES)
        while self._at < target:
            if not self.readinto(memoryview(skipped)[: target - self._at]):
                break
        return self._at

    def readinto(self, buffer: Any) -> int:
        while not self._ready and self._advance(len(buffer)):
            pass
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        self._at += count
        return count

    def _advance(self, wanted: int) -> bool:
        if self._stream is None:
            return self._start()
        feed = self._left if self._stream.needs_input else b""
        if self._stream.needs_input:
            feed, self._left = feed or self._file.read(CHUNK_BYTES), b""
            if not feed:
                raise Damaged("it ends within a member")
        self._ready = self._stream.decompress(feed, max_length=wanted)
        self._crc = zlib.crc32(self._ready, self._crc)
        self._size += len(self._ready)
        if self._stream.eof:
            self._left, self._stream = self._stream.unused_data, None
            crc, size, _ = _LZIP_TRAILER.unpack(self._take(_LZIP_TRAILER.size))
            if (crc, size) != (self._crc, self._size):
                raise Damaged("a member does not match its CRC32")
        return True

    def _start(self) -> bool:
        if not self._left:
            self._left = self._file.read(CHUNK_BYTES)
            if not self._left:
                return False
        header = self._take(_LZIP_HEADER)
        coded = header[5]
        size = (1 << (coded & 31)) - ((1 << (coded & 31)) // 16) * (coded >> 5)
        if header[:5] != b"LZIP\x01" or size > MAX_LZIP_DICTIONARY:
            raise Damaged("there is no lzip header where a member should begin")
        filters = [{"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": 3, "lp": 0, "pb": 2}]
        self._stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
        self._crc = self._size = 0
        return True

    def _take(self, count: int) -> bytes:
        while len(self._left) < count:
            more = self._file.read(CHUNK_BYTES)
            if not more:
                raise Damaged("it ends within a member")
            self._left += more
        taken, self._left = self._left[:count], self._left[count:]
        return taken


def _zstandard(file: BinaryIO) -> IO[bytes]:
    from backports import zstd

    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
    return cast("IO[bytes]", _Zstandard(zstd.ZstdFile(file, options=options), zstd.ZstdError))


class _Zstandard:
    """Gives the library's own errors the form of the others."""

    def __init__(self, stream: io.BufferedIOBase, error: type[Exception]) -> None:
        self._stream = stream
        self._error = error

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except self._error as problem:
            raise self._meaning(problem) from problem

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            return self._stream.seek(offset, whence)
        except self._error as problem:
            raise self._meaning(problem) from problem

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def _meaning(self, problem: Exception) -> Exception:
        if "memory" in str(problem):
            return Unreadable("", "it was compressed with a window of more than 512 MiB")
        return Damaged(str(problem))


# everything that the libraries raise on a damaged or hostile archive
DAMAGE = (zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, OverflowError, RuntimeError)
