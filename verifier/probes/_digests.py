"""What repositories have in common: files with known digests, contents that stay closed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from verifier._texts import as_utc
from verifier.host import AccessError, Host
from verifier.inventory import Fact, Location

__all__ = ["Digest", "closed", "compare", "hash_of", "lines_of", "small_text", "utc_time"]

_LONGEST_LINE = 1 << 20


class Digest(NamedTuple):
    """What a file's bytes must hash to: path below the location, algorithm, hexadecimal digest."""

    path: str
    algorithm: str
    value: str
    of: str = "that was written down for it"


def compare(
    host: Host, root: str, wanted: Iterable[Digest], *, listed: bool = False
) -> tuple[list[str], str]:
    """Hash files and compare.

    What is not as it must be is read once more, so that neither somebody who writes there now nor
    a server that breaks off passes for damage. The first read that hangs ends it.

    Parameters
    ----------
    host : Host
        Access to the location.
    root : str
        The location.
    wanted : iterable of Digest
        What is expected.
    listed : bool
        All were there a moment ago: one that is gone was removed meanwhile, and not lost.

    Returns
    -------
    tuple of list of str and str
        Damage, one sentence each, and the first thing that could not be read; a file that is
        gone or whose device fails is damage, one that permissions hide is not.
    """
    errors: list[str] = []
    unseen = ""
    for digest in wanted:
        path = f"{root}/{digest.path}"
        try:
            found = hash_of(host, path, digest.algorithm)
            wrong = found != digest.value.lower()
            if wrong and hash_of(host, path, digest.algorithm) != found:
                unseen = unseen or f"{digest.path} changes while it is being read; ask again later"
                continue
        except AccessError as problem:
            if problem.damage or (problem.word == "missing" and not listed):
                errors.append(f"{digest.path} cannot be read: {problem.reason}.")
            else:
                unseen = unseen or f"{digest.path} could not be read: {problem.reason}"
            if problem.word == "timeout":
                break
            continue
        if wrong:
            name = re.sub(r"(?<=SHA)(?=\d)", "-", digest.algorithm.upper())
            errors.append(f"{digest.path} does not have the {name} {digest.of}.")
    return errors, unseen


def hash_of(host: Host, path: str, algorithm: str) -> str:
    """Return the hexadecimal digest of a file's content, read in pieces."""
    running = hashlib.new(algorithm, usedforsecurity=False)
    for chunk in host.chunks(path):
        running.update(chunk)
    return running.hexdigest()


def small_text(host: Host, path: str, limit: int = 4 << 20) -> str:
    """Return the text of a small file of a location, which unlike the system's is never recorded.

    Raises
    ------
    AccessError
        If it cannot be read.
    ValueError
        If it is larger than the limit. [bytes]
    """
    content = bytearray()
    for chunk in host.chunks(path):  # one read of all would claim the limit, however small the file
        content += chunk
        if len(content) > limit:
            message = f"it has more than {limit} bytes"
            raise ValueError(message)
    return content.decode("utf-8", "surrogateescape")


def lines_of(host: Host, path: str, limit: int) -> Iterator[str]:
    """Yield the lines of a text file of a location, without their ends; it is never held whole.

    Only LF, CR and both end a line, as formats say: names may hold what else Unicode calls an end.

    Raises
    ------
    AccessError
        If it cannot be read.
    ValueError
        If it, or one line, is larger than anybody writes. [bytes]
    """
    read, left = 0, b""
    for chunk in host.chunks(path):
        read += len(chunk)
        if read > limit or len(left) > _LONGEST_LINE:
            message = f"it has more than {limit} bytes, or a line of more than {_LONGEST_LINE}"
            raise ValueError(message)
        *whole, left = (left + chunk).split(b"\n")
        for line in whole:
            yield from line.removesuffix(b"\r").decode("utf-8", "surrogateescape").split("\r")
    if left:
        yield from left.removesuffix(b"\r").decode("utf-8", "surrogateescape").split("\r")


def utc_time(text: str) -> datetime:
    """Read ``20261123T002521Z`` or ``2026-11-23T00:25:29Z`` or one with an offset, as UTC.

    Raises
    ------
    ValueError
        If the text is no time.
    """
    return as_utc(datetime.fromisoformat(text))


def closed(found: Location, reason: str) -> Location:
    """Say why the contents cannot be listed; nothing else about the location changes."""
    reason = f"the contents cannot be listed: {reason}"
    return replace(found, coverage=Fact(source=reason), shares=None, reason=reason)
