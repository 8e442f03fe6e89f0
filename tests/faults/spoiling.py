"""A proxy before an object storage that breaks off, lies about lengths, drips, or answers 5xx."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

BUSY = b"<Error><Code>SlowDown</Code><Message>reduce your rate</Message></Error>"


class Spoiler:
    """Passes all on; answers to which `mode` applies are spoiled, but for the first `sound` ones.

    Parameters
    ----------
    behind : str
        The storage's URL.
    """

    def __init__(self, behind: str) -> None:
        self.mode = ""
        self.of = "object"  # or "list"
        self.sound = 0
        self.most = 10**9  # how many answers are spoiled at most
        self.spoiled = 0
        self.ended = threading.Event()
        spoiler, host = self, urlsplit(behind).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                there = http.client.HTTPConnection(host, timeout=30)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                there.request(self.command, self.path, body or None, dict(self.headers))
                answer = there.getresponse()
                data = answer.read()
                there.close()
                spoiler.send(self, answer, data)

            do_HEAD = do_PUT = do_POST = do_GET  # noqa: N815 - as the standard library calls them

            def log_message(self, *words: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def meant(self, handler: Any, answer: http.client.HTTPResponse) -> bool:
        """Tell whether this answer is to be spoiled, and count."""
        listing = "list-type" in handler.path
        content = handler.command == "GET" and "?" not in handler.path and answer.status < 300
        if not self.mode or not (listing if self.of == "list" else content):
            return False
        if self.sound > 0 or self.spoiled >= self.most:
            self.sound -= 1
            return False
        self.spoiled += 1
        return True

    def send(self, handler: Any, answer: http.client.HTTPResponse, data: bytes) -> None:
        code, said, sent = answer.status, len(data), data
        mode = self.mode if self.meant(handler, answer) else ""
        if mode == "reset":
            handler.close_connection = True
            handler.connection.close()
            return
        if mode in ("500", "503"):
            code, sent = int(mode), BUSY
        elif mode in ("cut", "short"):
            sent = data[: len(data) // 2]
        elif mode == "long":
            sent = data + b"and more"
        elif mode == "page":
            sent = b"<html><body>Please log in to the hotel's network</body></html>"
        if mode not in ("cut", "drip"):
            said = len(sent)
        handler.send_response(code)
        head = handler.command == "HEAD"
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "transfer-encoding", "content-length", "date"}:
                handler.send_header(name, value)
        handler.send_header(
            "Content-Length", answer.getheader("Content-Length", "0") if head else str(said)
        )
        handler.end_headers()
        if head:
            return
        if mode == "drip":
            for byte in data:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                if self.ended.wait(0.2):
                    return
            return
        handler.wfile.write(sent)
        if mode == "cut":
            handler.close_connection = True
