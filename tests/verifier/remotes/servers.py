"""Parts of the servers that tests of remote places talk to."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECRET = "wJalrXUtnFEMI-not-to-be-seen"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Storage:
    """A running object storage, and a client that may do everything there."""

    url: str
    client: Any
    number: int = 0

    def bucket(self, files: dict[str, bytes], region: str = "us-east-1", **options: Any) -> str:
        self.number += 1
        name = f"bucket-{self.number}-{region}"
        if region != "us-east-1":
            options["CreateBucketConfiguration"] = {"LocationConstraint": region}
        self.client.create_bucket(Bucket=name, **options)
        self.put(name, files)
        return name

    def put(self, bucket: str, files: dict[str, bytes], **more: Any) -> None:
        for key, content in files.items():
            self.client.put_object(Bucket=bucket, Key=key, Body=content, **more)

    def address(self, bucket: str, folder: str = "") -> str:
        return f"s3:{self.url}/{bucket}" + (f"/{folder}" if folder else "")


@dataclass
class Proxy:
    """A server in front of the storage that answers some requests itself."""

    url: str
    refuse: Callable[[str, str], int | None] = field(default=lambda method, path: None)
    seen: list[str] = field(default_factory=list)
    delay: float = 0.0


def contents(root: Path) -> dict[str, bytes]:
    """Files below a folder, by relative path."""
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file()
    }
