"""Real servers: SSH here and on a host of its own, and S3 of two providers."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.verifier.zoo.yard import Yard, free_port, listens

LOCAL = "127.0.0.1"
_networks = itertools.count()
KEY_ID, KEY = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@dataclass(frozen=True, slots=True)
class Shell:
    """An SSH server that a key opens."""

    host: str
    port: int
    identity: Path

    def sftp(self, path: Path) -> str:
        """Return the address of a folder there."""
        return f"sftp://root@{self.host}:{self.port}{path}"


@dataclass(frozen=True, slots=True)
class Cloud:
    """An S3 server with an account of its own."""

    url: str

    def client(self, region: str = "us-east-1") -> Any:
        """Return a client of the account's owner."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=KEY,
        )

    def bucket(self, name: str, region: str = "us-east-1", *, lock: bool = False) -> str:
        """Make a bucket; return its address."""
        more: dict[str, Any] = {"ObjectLockEnabledForBucket": True} if lock else {}
        if region != "us-east-1":
            more["CreateBucketConfiguration"] = {"LocationConstraint": region}
        self.client(region).create_bucket(Bucket=name, **more)
        return f"s3:{self.url}/{name}"

    def put(self, bucket: str, tree: Path, prefix: str = "", **more: Any) -> None:
        """Copy a tree into a bucket, with checksums as today's clients store them."""
        client = self.client()
        for file in sorted(tree.rglob("*")):
            if file.is_file():
                key = f"{prefix}{file.relative_to(tree)}"
                body = file.read_bytes()
                client.put_object(
                    Bucket=bucket, Key=key, Body=body, ChecksumAlgorithm="SHA256", **more
                )

    def ask(self, path: str, body: bytes = b"") -> None:
        """Tell the server something about itself."""
        plain = {"Content-Type": "text/plain"}
        with urlopen(Request(f"{self.url}{path}", data=body, headers=plain, method="POST")):
            pass


def ssh(
    yard: Yard,
    host: str = LOCAL,
    before: tuple[str, ...] = (),
    *,
    trusted: bool = True,
    at: str = "",
) -> Shell:
    """Start sshd with keys of its own, known to the yard's home unless told otherwise."""
    port, base = free_port(), yard.base / f"sshd-{host}"
    base.mkdir()
    for name in ("host", "ada"):
        yard.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", base / name)
    (base / "authorized").write_text((base / "ada.pub").read_text())
    server = Path("/usr/lib/openssh/sftp-server")
    (base / "config").write_text(
        f"Port {port}\nListenAddress {at or host}\nHostKey {base}/host\nPidFile none\n"
        f"AuthorizedKeysFile {base}/authorized\nStrictModes no\nUsePAM no\n"
        f"PermitRootLogin prohibit-password\nSubsystem sftp {server}\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    yard.start(
        *before, "/usr/sbin/sshd", "-D", "-e", "-f", base / "config", until=listens(port, host)
    )
    known = yard.home / ".ssh" / "known_hosts"
    known.parent.mkdir(exist_ok=True, mode=0o700)
    if trusted:
        kind, key = (base / "host.pub").read_text().split()[:2]
        with known.open("a") as file:
            file.write(f"[{host}]:{port} {kind} {key}\n")
    return Shell(host, port, base / "ada")


def far_away(yard: Yard, *, behind: bool = True) -> tuple[str, str]:
    """Make a network of its own behind a gateway, as of another machine; return name and address.

    What is attached to this machine's own end of a veth is known to be a container of it.
    """
    number = next(_networks)
    name, lowest = f"z{os.getpid()}-{number}", 4 * number % 252
    here, gate = (f"198.18.{os.getpid() % 256}.{lowest + n}" for n in (1, 2))
    there = f"198.19.{os.getpid() % 256}.{lowest + 1}"
    yard.run("ip", "netns", "add", name)
    yard.stack.callback(os.system, f"ip netns delete {name}")
    yard.stack.callback(os.system, f"ip link delete {name}h 2>/dev/null")
    yard.run("ip", "link", "add", f"{name}h", "type", "veth", "peer", "name", f"{name}n")
    yard.run("ip", "link", "set", f"{name}n", "netns", name)
    yard.run("ip", "address", "add", f"{here}/30", "dev", f"{name}h")
    yard.run("ip", "link", "set", f"{name}h", "up")
    yard.run("ip", "-n", name, "address", "add", f"{gate}/30", "dev", f"{name}n")
    yard.run("ip", "-n", name, "link", "set", f"{name}n", "up")
    if not behind:
        return name, gate
    yard.run("ip", "-n", name, "link", "set", "lo", "up")
    yard.run("ip", "-n", name, "address", "add", f"{there}/32", "dev", "lo")
    yard.run("ip", "route", "add", f"{there}/32", "via", gate)
    return name, there


def host_of_its_own(
    yard: Yard, number: int, machine_id: str | None = None, *, behind: bool = True
) -> Shell:
    """Start sshd on another address in a network of its own, behind a gateway or as a container.

    With a machine-id of its own, no one can tell it from another machine; without, it is this
    one under another address.
    """
    name, there = far_away(yard, behind=behind)
    script = 'exec "$@"'
    if machine_id is not None:
        (yard.base / f"machine-id-{number}").write_text(f"{machine_id}\n")
        script = f"mount --bind {yard.base}/machine-id-{number} /etc/machine-id && {script}"
    yard.networks[number] = ("ip", "netns", "exec", name, "sh", "-c", script, "sh")
    return ssh(yard, there, yard.networks[number])


def host_of_two_addresses(yard: Yard) -> tuple[Shell, Shell]:
    """Start sshd on a host with two addresses that shows nothing of its system but a key."""
    name, there = far_away(yard)
    gate = yard.run("ip", "-n", name, "-4", "-o", "address", "show", "dev", f"{name}n").stdout
    again = there.rpartition(".")[0] + f".{int(there.rpartition('.')[2]) + 1}"
    yard.run("ip", "-n", name, "address", "add", f"{again}/32", "dev", "lo")
    yard.run("ip", "route", "add", f"{again}/32", "via", gate.split()[3].partition("/")[0])
    (yard.base / "no-id").write_text("")
    script = f'mount --bind {yard.base}/no-id /etc/machine-id && exec "$@"'
    first = ssh(yard, there, ("ip", "netns", "exec", name, "sh", "-c", script, "sh"), at="0.0.0.0")
    known = yard.home / ".ssh" / "known_hosts"
    known.write_text(known.read_text() + known.read_text().replace(there, again))
    return first, Shell(again, first.port, first.identity)


def recorded(yard: Yard, number: int) -> Path:
    """Record a host of its own, as its keeper does there."""
    file = yard.base / f"host-{number}.json"
    there = yard.networks[number]
    yard.run(*there, sys.executable, "-m", "verifier", "record", file)
    return file


def sshfs(yard: Yard, shell: Shell, folder: Path, at: Path) -> Path:
    """Mount a folder of a server."""
    options = f"port={shell.port},IdentityFile={shell.identity},StrictHostKeyChecking=no"
    options += ",UserKnownHostsFile=/dev/null,ServerAliveInterval=0"
    return yard.mounted("sshfs", f"root@{shell.host}:{folder}", "-o", options, at=at)


@contextmanager
def cloud(base: Path, account: str, *, here: bool = False) -> Iterator[Cloud]:
    """Start an S3 server whose owner has this account number, far away unless told otherwise."""
    port = free_port()
    with ExitStack() as stack:
        base.mkdir()
        yard = Yard(base, stack)
        before: tuple[str, ...] = ()
        at = LOCAL
        if not here:
            name, at = far_away(yard)
            before = ("ip", "netns", "exec", name)
        program = Path(sys.executable).parent / "moto_server"
        words = (program, "-H", at, "-p", str(port))
        yard.start(*before, *words, until=listens(port, at), MOTO_ACCOUNT_ID=account)
        yield Cloud(f"http://{at}:{port}")
