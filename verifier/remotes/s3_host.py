"""Files in object storage: a bucket read as if it were a tree."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from verifier.access import AccessError, Entry, Missing, Stat, TimedOut, Unreadable
from verifier.host import Host
from verifier.remotes._elsewhere import READ_BYTES, Elsewhere, file_stat, folder_stat

__all__ = ["S3Host", "Sample", "error_code", "problem_of"]

SAMPLED = 16
PAGE_OBJECTS = 1000
_ABSENT = frozenset({"NoSuchBucket", "NoSuchKey", "404", "NotFound"})
_OF_A_LISTING = frozenset({"Name", "IsTruncated", "KeyCount", "MaxKeys", "Contents"})
_BUSY = frozenset({"500", "502", "503", "504", "InternalError", "ServiceUnavailable", "SlowDown"})


@dataclass(frozen=True, slots=True)
class Sample:
    """Some of the objects of one listing: the newest, the oldest, and others at random."""

    keys: tuple[str, ...]
    listed: int


class S3Host(Elsewhere):
    """One bucket, through a client of boto3.

    Parameters
    ----------
    here : Host
        This machine.
    client : Any
        ``boto3.client("s3")`` with the host's timeout.
    bucket : str
        Its name.
    secrets : dict
        What a program needs in its environment to reach it.
    """

    def __init__(self, here: Host, client: Any, bucket: str, secrets: dict[str, str]) -> None:
        super().__init__(here, f"s3://{bucket}", secrets)
        self.client = client
        self._bucket = bucket
        self._sampler = _Sampler()

    def api(self, call: str, **arguments: Any) -> Any:
        """Make one call about the bucket, within the timeout.

        Raises
        ------
        AccessError
            With the service's error code in the reason.
        """
        method = getattr(self.client, call)
        return self._ask(self.root, lambda: method(Bucket=self._bucket, **arguments))

    def ask_about(self, subject: str, call: Callable[[], Any]) -> Any:
        """Make one call to a service beside the bucket; its silence says nothing of the bucket."""
        try:
            return self._ask(subject, call)
        except TimedOut:
            self._silent = ""
            raise

    def sample(self, key: str) -> Sample:
        """Return some objects of what was walked last, or else of a folder."""
        if not self._sampler.listed:
            for _ in self._below(self.root, key):
                pass
        return self._sampler.sample()

    def _problem(self, path: str, error: Exception) -> AccessError | None:
        return problem_of(path, error)

    def _look(self, key: str, follow: bool) -> Stat:
        if not key:
            self._list(MaxKeys=1)
            return folder_stat()
        answer = self._list(Prefix=key, MaxKeys=1)
        first = next(iter(answer.get("Contents", ())), None)
        if first is not None and first["Key"] == key:
            return _stat(first)
        # names such as "a-b" and "a.b" sort before "a/": the folder has to be asked for
        below = self._list(Prefix=f"{key}/", MaxKeys=1)
        if below.get("Contents"):
            return folder_stat()
        raise Missing(f"{self.root}/{key}", "there is no such object or folder in the bucket")

    def _names(self, path: str, key: str) -> Iterator[str]:
        prefix = f"{key}/" if key else ""
        found = False
        for page in self._pages(path, Prefix=prefix, Delimiter="/"):
            for folder in page.get("CommonPrefixes", ()):
                found = True
                if name := str(folder["Prefix"])[len(prefix) : -1]:
                    self._remember((prefix + name, True), folder_stat())
                    yield name
            for thing in page.get("Contents", ()):
                found = True
                if name := str(thing["Key"])[len(prefix) :]:
                    self._remember((prefix + name, True), _stat(thing))
                    yield name
        if not found and key:
            raise Missing(path, "there is no such folder in the bucket")

    def _below(self, root: str, key: str) -> Iterator[Entry]:
        """List a folder with all below it, flat: one call for each thousand objects."""
        prefix = f"{key}/" if key else ""
        open_folders: list[str] = []
        self._sampler = _Sampler()
        for page in self._pages(root, Prefix=prefix):
            for thing in page.get("Contents", ()):
                name = str(thing["Key"])[len(prefix) :]
                if not name or name.endswith("/"):
                    continue  # what a console writes to make an empty folder
                self._sampler.add(str(thing["Key"]), thing["LastModified"])
                folders = name.split("/")[:-1]
                # keys are sorted, so that a folder once left does not come again
                same = 0
                while same < min(len(folders), len(open_folders)):
                    if folders[same] != open_folders[same]:
                        break
                    same += 1
                for depth in range(same, len(folders)):
                    yield Entry("/".join(folders[: depth + 1]), folder_stat())
                open_folders = folders
                yield Entry(name, _stat(thing))

    def _list(self, **arguments: Any) -> dict[str, Any]:
        """Ask for a listing; a page of something else, as a hotel's network sends, is not empty."""
        answer: dict[str, Any] = self.client.list_objects_v2(Bucket=self._bucket, **arguments)
        if not answer.keys() & _OF_A_LISTING:
            raise Unreadable(self.root, "what came is no listing of objects")
        return answer

    def _pages(self, path: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        call = partial(self._list, MaxKeys=PAGE_OBJECTS, **arguments)
        page: dict[str, Any] = self._ask(path, call)
        yield page
        while page.get("IsTruncated") and (token := page.get("NextContinuationToken")):
            page = self._ask(path, partial(call, ContinuationToken=token))
            yield page

    def _bytes(self, key: str, offset: int, count: int) -> bytes:
        span = f"bytes={offset}-{offset + count - 1}"
        answer = self.client.get_object(Bucket=self._bucket, Key=key, Range=span)
        return bytes(answer["Body"].read())

    def _stream(self, path: str, key: str) -> Iterator[bytes]:
        body = self._ask(path, lambda: self.client.get_object(Bucket=self._bucket, Key=key)["Body"])
        hung = False
        try:
            while data := self._ask(path, lambda: body.read(READ_BYTES)):
                yield data
        except TimedOut:
            hung = True  # the thread that still reads holds a lock, and closing would wait for it
            raise
        finally:
            if not hung:
                body.close()


class _Sampler:
    """Keeps the newest, the oldest and a few random objects of a listing of any length."""

    def __init__(self) -> None:
        self.listed = 0
        self._newest: list[tuple[datetime, str]] = []
        self._oldest: list[tuple[float, str]] = []
        self._any: list[str] = []
        self._random = random.Random(2026)  # noqa: S311 - a sample, no secret

    def add(self, key: str, written: datetime) -> None:
        self.listed += 1
        _keep(self._newest, (written, key))
        _keep(self._oldest, (-written.timestamp(), key))
        if len(self._any) < SAMPLED:
            self._any.append(key)
        elif (place := self._random.randrange(self.listed)) < SAMPLED:
            self._any[place] = key

    def sample(self) -> Sample:
        chosen = [key for _, key in self._newest] + [key for _, key in self._oldest] + self._any
        return Sample(tuple(sorted(set(chosen))), self.listed)


def _keep(heap: list[Any], item: Any) -> None:
    if len(heap) < SAMPLED:
        heapq.heappush(heap, item)
    else:
        heapq.heappushpop(heap, item)


def error_code(error: Exception) -> str:
    """Return the code of an error of boto3's client, ``"AccessDenied"``; empty for others."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def problem_of(path: str, error: Exception) -> AccessError | None:
    """Say what an error of boto3 means: only a plain "no such thing" is an absence."""
    from botocore import exceptions as boto
    from urllib3.exceptions import HTTPError

    if isinstance(error, boto.ClientError):
        code = error_code(error)
        said = error.response.get("Error", {}).get("Message") or ""
        reason = f"{code}: {said[:160]}" if said and said != code else code
        if code in _ABSENT:
            what = "there is no such bucket" if code == "NoSuchBucket" else "it does not exist"
            return Missing(path, what)
        if code in _BUSY:
            return Unreadable(path, f"the service is busy or broken, after several tries: {reason}")
        if code == "InvalidObjectState":
            return Unreadable(path, "it is in an archive class and has to be restored first")
        return Unreadable(path, reason.rstrip("."))
    if isinstance(error, (boto.ConnectTimeoutError, boto.ReadTimeoutError)):
        return TimedOut(path, "the service did not answer in time")
    if isinstance(error, boto.NoCredentialsError):
        hint = "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a 'profile'"
        return Unreadable(path, hint)
    if isinstance(error, boto.EndpointConnectionError):
        return Unreadable(path, "the service cannot be reached")
    if isinstance(error, (boto.BotoCoreError, HTTPError)):
        return Unreadable(path, str(error)[:200].rstrip("."))
    return None


def _stat(thing: dict[str, Any]) -> Stat:
    written: datetime = thing["LastModified"]
    return file_stat(int(thing["Size"]), int(written.timestamp() * 1_000_000_000))
