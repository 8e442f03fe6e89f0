"""Servers of one's own: object storage by moto, a proxy that refuses, sshd, rclone."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.remotes.servers import SECRET, Proxy, Storage, free_port

FORGOTTEN = (
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "SSH_AUTH_SOCK",
    "RCLONE_CONFIG",
    "RCLONE_CONFIG_PASS",
    "XDG_CONFIG_HOME",
)


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    pytest.importorskip("moto.server", reason="moto is not installed")
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def logins(monkeypatch, tmp_path) -> None:
    """A user with keys to the storage and nothing else."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    for name in FORGOTTEN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEONE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def storage(moto_url: str, logins: None) -> Storage:
    import boto3

    urllib.request.urlopen(urllib.request.Request(f"{moto_url}/moto-api/reset", method="POST"))
    client = boto3.client("s3", endpoint_url=moto_url, region_name="us-east-1")
    return Storage(moto_url, client)


@pytest.fixture
def far_away(monkeypatch) -> None:
    """Take what listens at this machine for a server somewhere else."""
    monkeypatch.setattr("verifier.remotes.s3._stands_here", lambda *asked: "")


@pytest.fixture
def proxy(storage: Storage) -> Iterator[Proxy]:
    running = Proxy("")
    release = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            running.seen.append(f"{self.command} {self.path}")
            if running.delay:
                release.wait(running.delay)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            code = running.refuse(self.command, self.path)
            if code is not None:
                words = {403: "AccessDenied", 500: "InternalError", 503: "SlowDown"}[code]
                text = f"<Error><Code>{words}</Code><Message>no {words}</Message></Error>"
                self.answer(code, {"Content-Type": "application/xml"}, text.encode())
                return
            headers = {k: v for k, v in self.headers.items() if k.lower() != "accept-encoding"}
            request = urllib.request.Request(
                storage.url + self.path, data=body or None, method=self.command, headers=headers
            )
            try:
                with urllib.request.urlopen(request) as answer:
                    self.answer(answer.status, dict(answer.headers), answer.read())
            except urllib.error.HTTPError as error:
                with error:
                    self.answer(error.code, dict(error.headers), error.read())

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_POST(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

        def answer(self, code: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(code)
            dropped = {"connection", "transfer-encoding", "server", "date"}
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            for name, value in headers.items():
                if name.lower() not in {*dropped, "content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield running
    release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """The live data."""
    root = tmp_path / "photos"
    (root / "2025").mkdir(parents=True)
    (root / "a.jpg").write_bytes(b"a" * 3000)
    (root / "2025" / "b.jpg").write_bytes(b"b" * 5000)
    (root / "2025" / "c d.txt").write_text("ü\n")
    return root
