"""Checkpoint: chunks of a run kept in a file, so that a run that was stopped can go on.

A text file to which lines are only ever added. The first line says which run it is; then follows
a line for each chunk, in order: its sums, floats in hexadecimal. Each line is a JSON object whose
last member is the CRC-32 of the rest, started from that of the first line. Whatever a crash leaves
behind the last intact line is cut off before the next one is written.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
import zlib
from collections.abc import Generator, Mapping
from contextlib import nullcontext, suppress
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from riskmodel._run import Sums
from riskmodel.errors import InputError
from riskmodel.units import format_hours

__all__ = ["Checkpoint"]

_FORMAT = "riskmodel checkpoint 1"
_LONGEST_LINE = 2**26  # bytes
_SYNC_SECONDS = 5.0
_CRC = b',"crc":"%08x"}\n'
_CRC_LENGTH = len(_CRC % 0)


class Checkpoint:
    """The file of one run; a context that holds the file's lock.

    Parameters
    ----------
    path : Path
        The file; made if there is none.
    identity : mapping
        All that the bits of a chunk depend on, as JSON values. A file of another run is refused
        and left as it is.
    chunk_trials : int
        Trials in a chunk.

    Raises
    ------
    InputError
        If the file cannot be used, belongs to another run, or another process uses it.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], chunk_trials: int) -> None:
        self.path = path
        self.chunks = 0
        self._identity = {"file": _FORMAT, **identity, "chunk_trials": chunk_trials}
        self._header = _line(self._identity)
        self._seed = zlib.crc32(self._header)
        self._end = 0  # of the last intact line
        self._synced = time.monotonic()

    def __enter__(self) -> Self:
        self._fd = self._open()
        try:
            self._read_header()
        except BaseException:
            os.close(self._fd)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            with suppress(InputError) if kind else nullcontext():  # the first mishap is told
                self._sync()
        finally:
            os.close(self._fd)

    def replay(self) -> Generator[Sums]:
        """Read the chunks that the file keeps, in order, up to the first damage."""
        with BufferedReader(FileIO(self._fd, closefd=False)) as file:
            file.seek(self._end)
            while True:
                sums = self._chunk_in(self._line_of(file))
                if sums is None:
                    return
                yield sums

    def append(self, sums: Sums) -> None:
        """Keep one more chunk; all that the file keeps must have been replayed."""
        weights = [value.hex() if value else "0" for value in sums.weights.tolist()]
        body = {"chunk": self.chunks, "counts": sums.counts.tolist(), "weights": weights}
        self._write(_line(body, self._seed))
        self.chunks += 1
        if time.monotonic() > self._synced + _SYNC_SECONDS:
            self._sync()

    def in_words(self) -> str:
        """Say what the file keeps, after the replay was left at any point."""
        for _ in self.replay():
            pass
        trials = self.chunks * self._identity["chunk_trials"]
        return f"{self.path} keeps {trials:,} trials; the same command goes on from there"

    def _open(self) -> int:
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666)
        except OSError as error:
            raise self._refused(f"cannot be opened: {error.strerror}") from None
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise self._refused("is no regular file")
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            raise self._refused("another run is using it") from None
        except OSError as error:
            os.close(fd)
            raise self._refused(f"cannot be locked: {error.strerror}") from None
        except InputError:
            os.close(fd)
            raise
        return fd

    def _read_header(self) -> None:
        with BufferedReader(FileIO(self._fd, closefd=False)) as file:
            line = self._line_of(file)
        if line == self._header:
            self._end = len(line)
        elif self._header.startswith(line):  # new, or cut within the first line
            self._write(self._header)
            _sync_folder(self.path)
        else:
            self._refuse(_body(line))

    def _line_of(self, file: BinaryIO) -> bytes:
        try:
            return file.readline(_LONGEST_LINE)
        except OSError as error:  # its chunks may all be there: nothing is cut off
            raise self._refused(f"cannot be read: {error.strerror}") from None

    def _refuse(self, other: dict[str, Any] | None) -> None:
        """Say what tells the run of the file from this one."""
        if other is None or not str(other.get("file", "")).startswith("riskmodel checkpoint"):
            raise self._refused("is no checkpoint, or its first line is damaged")
        for key, mine in self._identity.items():
            theirs = other.get(key)
            if theirs == mine:
                continue
            if key == "layout":
                raise self._refused("belongs to another layout")
            if key == "horizon_hours":
                theirs, mine = (_years(value) for value in (theirs, mine))
            words = key.removesuffix("_hours").replace("_", " ")
            raise self._refused(f"belongs to a run with {words} {theirs}, this one has {mine}")
        raise self._refused("belongs to another run")

    def _refused(self, why: str) -> InputError:
        return InputError(f"checkpoint: {self.path}: {why}; the file was left as it is")

    def _chunk_in(self, line: bytes) -> Sums | None:
        body = _body(line, self._seed)
        if body is None or body.get("chunk") != self.chunks:
            return None
        try:
            counts = np.array(body["counts"], np.int64)
            weights = np.array([float.fromhex(text) for text in body["weights"]], np.float64)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        self._end += len(line)
        self.chunks += 1
        return Sums(counts, weights)

    def _write(self, line: bytes) -> None:
        try:
            if os.fstat(self._fd).st_size > self._end:
                os.ftruncate(self._fd, self._end)
            rest, place = memoryview(line), self._end
            while rest:
                written = os.pwrite(self._fd, rest, place)
                rest, place = rest[written:], place + written
        except OSError as error:
            raise self._not_written(error) from None
        self._end = place

    def _sync(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise self._not_written(error) from None
        self._synced = time.monotonic()

    def _not_written(self, error: OSError) -> InputError:
        return InputError(f"checkpoint: {self.path}: cannot be written: {error.strerror}")


def _line(body: Mapping[str, Any], seed: int = 0) -> bytes:
    text = json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")
    return text[:-1] + _CRC % zlib.crc32(text, seed)


def _body(line: bytes, seed: int = 0) -> dict[str, Any] | None:
    """Return what an intact line says, None for any other."""
    text = line[:-_CRC_LENGTH] + b"}"
    if line[-_CRC_LENGTH:] != _CRC % zlib.crc32(text, seed):
        return None
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _years(text: Any) -> str:
    try:
        return format_hours(float.fromhex(text))
    except (TypeError, ValueError):
        return repr(text)


def _sync_folder(path: Path) -> None:
    """Make the name of a new file last, as `fsync` of the file does not."""
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network file systems cannot
            os.fsync(fd)
    finally:
        os.close(fd)
