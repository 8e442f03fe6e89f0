"""What the tests of repositories share: a source, a way to look, damage without a trace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from verifier.host import Host
from verifier.inventory import Depth, Location
from verifier.manifest import Manifest
from verifier.probes import collect_source, probe
from verifier.target import Target


def make_source(root: Path) -> Path:
    (root / "2025").mkdir(parents=True)
    (root / "2026" / "june").mkdir(parents=True)
    for number in range(4):
        (root / "2025" / f"{number}.jpg").write_bytes(os.urandom(20_000 + number))
    (root / "2026" / "june" / "big.raw").write_bytes(os.urandom(2_500_000))
    (root / "2026" / "índex name.txt").write_text("all of them\n")
    (root / "2026" / "empty").touch()
    return root


def manifest_of(root: Path) -> Manifest:
    return collect_source(Host(), str(root))[1]


def look(
    path: Path, manifest: Manifest | None, depth: Depth = Depth.LISTED, **more: object
) -> Location:
    return probe(Host(), Target("copy", str(path), **more), manifest, depth)


def flip(path: Path, at: int = 500) -> None:
    """Change one byte and leave the size and the time as they were."""
    times = path.stat()
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every location one that is elsewhere: no program may get its path."""
    really = Host.run

    def run(self: Host, argv: list[str], **more: object) -> object:
        assert argv[0] in {"lsblk", "findmnt"}, f"{argv[0]} was started"
        return really(self, argv, **more)

    monkeypatch.setattr(Host, "local", False)
    monkeypatch.setattr(Host, "run", run)


def state_of(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything that writing to a tree would change."""
    return {
        str(path): (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino)
        for path in (root, *root.rglob("*"))
        for facts in (path.lstat(),)
    }
