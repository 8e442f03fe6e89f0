"""Files on a remote that only rclone can read; its own configuration is never written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verifier._leftovers import own_folder
from verifier._texts import json_in
from verifier.access import AccessError, Completed, Entry, Missing, Stat, Unreadable
from verifier.host import Host
from verifier.remotes._elsewhere import Elsewhere, file_stat, folder_stat

__all__ = ["RcloneHost", "failure_of", "parse_hashsum", "parse_lsjson"]

_STAMP = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (ERROR|Failed|CRITICAL|NOTICE)?\s*:?\s*")
PIECE_BYTES = 32 << 20


def parse_lsjson(text: str) -> tuple[tuple[str, Stat], ...]:
    """Read ``rclone lsjson``.

    Parameters
    ----------
    text : str
        The program's output.

    Returns
    -------
    tuple of (str, Stat)
        Paths and what is known of each.

    Raises
    ------
    ValueError
        If it is not such output.
    """
    rows = json_in(text)
    if not isinstance(rows, list):
        message = "not the output of rclone lsjson: no list"
        raise ValueError(message)
    try:
        return tuple((str(row["Path"]), _stat(row)) for row in rows)
    except (KeyError, TypeError) as error:
        message = f"not the output of rclone lsjson: {error!r}"
        raise ValueError(message) from error


def parse_hashsum(text: str) -> dict[str, str]:
    """Read ``rclone hashsum``: a digest, two spaces, a path; files without a digest are left out.

    Parameters
    ----------
    text : str
        The program's output.

    Returns
    -------
    dict of str to str
        Path to hexadecimal digest.
    """
    found = {}
    for line in text.split("\n"):  # names may hold other ends of lines
        digest, _, path = line.partition("  ")
        if path and re.fullmatch(r"[0-9a-f]{32,128}", digest):
            found[path] = digest
    return found


def failure_of(path: str, ended: Completed) -> AccessError:
    """Say why rclone failed, in its own last words without their time stamp.

    Parameters
    ----------
    path : str
        What was asked for.
    ended : Completed
        The failed run; code 3 and 4 are "not found".

    Returns
    -------
    AccessError
    """
    lines = [_STAMP.sub("", line) for line in ended.stderr.splitlines() if line.strip()]
    said = lines[-1][:200].rstrip(".") if lines else f"rclone ended with code {ended.code}"
    if ended.code in {3, 4}:
        return Missing(path, "it does not exist there")
    return Unreadable(path, said)


class RcloneHost(Elsewhere):
    """One remote, by running ``rclone`` on a private copy of the user's configuration.

    Parameters
    ----------
    here : Host
        This machine.
    address : str
        ``REMOTE:PATH``.
    config : str
        Content of the configuration file.
    secrets : mapping of str to str
        Further variables that it needs.
    """

    def __init__(self, here: Host, address: str, config: str, secrets: Mapping[str, str]) -> None:
        self._stack = ExitStack()
        copy = Path(self._stack.enter_context(own_folder("rclone")), "rclone.conf")
        copy.touch(mode=0o600)
        copy.write_text(config, "utf-8", "surrogateescape")
        super().__init__(here, f"rclone:{address}", {**secrets, **self._own(copy)})
        self._address = address
        self._digests: dict[str, str] | None = None

    def _own(self, copy: Path) -> dict[str, str]:
        """Return where rclone finds the copy, and may write: it keeps fresh tokens there."""
        return {"RCLONE_CONFIG": str(copy), "TMPDIR": str(copy.parent)}

    def leave(self) -> None:
        """Remove the copy of the configuration."""
        self._stack.close()

    def rclone(self, path: str, *words: str, at: str | None = None, first: bool = False) -> str:
        """Run one read-only command and return its output.

        Parameters
        ----------
        path : str
            What is asked for, as errors name it.
        words : str
            The command and its options.
        at : str, optional
            The remote's path, which is never taken for an option.
        first : bool
            Whether this is the first question, whose answer is not waited for long.

        Raises
        ------
        AccessError
            If it fails.
        """
        argv = ["rclone", *words, "--retries", "1", "--low-level-retries", "3"]
        argv += ["--contimeout", f"{self.timeout:g}s", "--timeout", f"{self.timeout:g}s"]
        argv += ["--", at] if at is not None else []
        limit = 3 * self.timeout if first else None
        ended = self.here.run(argv, secrets=self._secrets, timeout=limit)
        if ended.code != 0:
            raise failure_of(path, ended)
        return ended.stdout

    def holds(self, at: str) -> bool:
        """Tell whether there is anything at the top of a remote or a folder; False if it is not."""
        try:
            return bool(parse_lsjson(self.rclone(at, "lsjson", "--no-mimetype", at=at, first=True)))
        except Missing:
            return False
        except ValueError as error:
            raise Unreadable(at, f"rclone's answer is not understood: {error}") from error

    def sha256(self, path: str) -> str | None:
        """Return the digest of one file; all files are read once, in one run."""
        if self._digests is None:
            words = ("hashsum", "--download")
            # the kind of digest is an argument too, and stands before the path
            self._digests = parse_hashsum(
                self.rclone(self.root, *words, "sha256", at=self._address)
            )
        return self._digests.get(self._key(path) or "")

    def _look(self, key: str, follow: bool) -> Stat:
        path = f"{self.root}/{key}"
        text = self.rclone(path, "lsjson", "--stat", at=self._place(key), first=True)
        try:
            row = json_in(text)
        except ValueError as error:
            raise Unreadable(path, f"rclone's answer is not understood: {error}") from error
        if not isinstance(row, dict):
            raise Missing(path, "it does not exist there")
        return _stat(row)

    def _place(self, key: str) -> str:
        if not key:
            return self._address
        joint = "" if self._address.endswith((":", "/")) else "/"
        return f"{self._address}{joint}{key}"

    def _names(self, path: str, key: str) -> Iterator[str]:
        return (name for name, _ in self._listed(path, key, "--no-modtime"))

    def _below(self, root: str, key: str) -> Iterator[Entry]:
        return (Entry(name, facts) for name, facts in self._listed(root, key, "-R"))

    def _listed(self, path: str, key: str, *flags: str) -> tuple[tuple[str, Stat], ...]:
        text = self.rclone(path, "lsjson", "--no-mimetype", *flags, at=self._place(key))
        try:
            return tuple(sorted(parse_lsjson(text), key=lambda item: item[0]))
        except ValueError as error:
            raise Unreadable(path, f"rclone's answer is not understood: {error}") from error

    def _problem(self, path: str, error: Exception) -> AccessError | None:
        return None

    def _bytes(self, key: str, offset: int, count: int) -> bytes:
        span = ("--offset", str(offset), "--count", str(count))
        text = self.rclone(f"{self.root}/{key}", "cat", *span, at=self._place(key))
        return text.encode("utf-8", "surrogateescape")

    def _ask(self, path: str, call: Any) -> Any:
        return call()  # a program has its own limit

    def _stream(self, path: str, key: str) -> Iterator[bytes]:
        offset = 0
        while data := self._bytes(key, offset, PIECE_BYTES):
            yield data
            offset += len(data)
            if len(data) < PIECE_BYTES:
                return


def _stat(row: Mapping[str, Any]) -> Stat:
    mtime = _time_ns(str(row.get("ModTime") or ""))
    if row.get("IsDir"):
        return folder_stat(mtime)
    size = row.get("Size")
    return file_stat(max(size, 0) if isinstance(size, int) else 0, mtime)


def _time_ns(text: str) -> int:
    """Read RFC 3339 with up to nine digits of a second."""
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return 0
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    # in whole seconds, so that no float rounds a nanosecond away
    return int(found.timestamp()) * 1_000_000_000 + found.microsecond * 1000
