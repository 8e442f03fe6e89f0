"""A server that nobody vouches for is not talked to; what it could have heard is a login."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.needs import needs
from verifier.host import Host
from verifier.inventory import Depth, State
from verifier.probes import probe
from verifier.target import Target

pytestmark = pytest.mark.integration


@dataclass
class Impostor:
    """An HTTPS server with a certificate of its own making, and what it was asked."""

    url: str
    asked: list[str] = field(default_factory=list)


def _certificate(file: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(pem, *plain) + certificate.public_bytes(pem))


@pytest.fixture
def impostor(tmp_path, monkeypatch) -> Iterator[Impostor]:
    _certificate(tmp_path / "server.pem")
    found = Impostor("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_POST = do_PUT = do_PROPFIND = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up is what this is about."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.url = f"https://127.0.0.1:{server.server_address[1]}"
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "RCLONE_CONFIG", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEONE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-for-impostors")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_impostor_answers_whoever_trusts_it(impostor) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    with urllib.request.urlopen(impostor.url, context=trusting) as answer:
        assert answer.status == 200
    assert impostor.asked == ["GET /"]


def refused(impostor: Impostor, address: str, **more: object) -> None:
    found = probe(Host(timeout=10), Target("cloud", address, **more), None, Depth.STRUCTURE)
    assert impostor.asked == []
    assert found.state is not State.READ or found.files is None
    assert "certificate" in found.reason.lower(), found


def test_object_storage(impostor) -> None:
    refused(impostor, f"s3:{impostor.url}/bucket")


@needs("rclone")
def test_webdav(impostor, tmp_path, monkeypatch) -> None:
    config = tmp_path / "rclone.conf"
    config.write_text(f"[dav]\ntype = webdav\nurl = {impostor.url}\nvendor = other\nuser = ada\n")
    monkeypatch.setenv("RCLONE_CONFIG", str(config))
    refused(impostor, "dav:photos")


@needs("restic")
def test_a_rest_server(impostor, tmp_path) -> None:
    (tmp_path / "password").write_text("not-for-impostors")
    address = f"rest:{impostor.url}/"
    refused(impostor, address, kind="restic", password_file=str(tmp_path / "password"))
