"""One sound copy of every kind that is made here by the real tool, and where it can be hurt."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.verifier.zoo.yard import Yard
from verifier.inventory import Depth

SECRET = "correct horse battery"
PHOTO = "2025/03/0.jpg"  # the oldest: every drill asks for it


@dataclass(frozen=True, slots=True)
class Animal:
    """A kind of copy.

    Parameters
    ----------
    kind : str
        What the verifier calls it.
    name : str
        Of the test, and of the folder or file.
    make : callable
        Makes a copy of live data at a path.
    needs : tuple of str
        Programs and abilities.
    victim : str
        Pattern of the file in it that is hurt, the largest that matches; empty if it is a file.
    link : str
        Pattern of a file without which the chain is broken; empty if there is no chain.
    closed : bool
        Whether a password opens it.
    stored_plain : bool
        Whether the bytes of a photo lie in it as they are.
    earlier : mapping of str to Depth
        Damage that this copy shows sooner than the table says of its whole kind.
    """

    kind: str
    name: str
    make: Callable[[Yard, Path, Path], None]
    needs: tuple[str, ...] = ()
    victim: str = ""
    link: str = ""
    closed: bool = False
    stored_plain: bool = False
    earlier: Mapping[str, Depth] = field(default_factory=dict)


def directory(yard: Yard, live: Path, to: Path) -> None:
    yard.run("cp", "-a", live, to)


def dated(yard: Yard, live: Path, to: Path) -> None:
    to.mkdir()
    for day in ("2026-11-20", "2026-11-24"):
        yard.run("rsync", "-a", f"{live}/", to / day)


def tar(yard: Yard, live: Path, to: Path) -> None:
    yard.run("tar", "-caf", to, "-C", live.parent, live.name)


def zipped(yard: Yard, live: Path, to: Path) -> None:
    shutil.make_archive(str(to.with_suffix("")), "zip", live.parent, live.name)


def iso(yard: Yard, live: Path, to: Path) -> None:
    yard.run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-o", to, live)


def bagit(yard: Yard, live: Path, to: Path) -> None:
    to.mkdir()
    yard.run("cp", "-a", live, to / "data")
    (to / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    files = sorted(file for file in (to / "data").rglob("*") if file.is_file())
    lines = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(to)}\n" for f in files]
    (to / "manifest-sha256.txt").write_text("".join(lines))


def restic(yard: Yard, live: Path, to: Path) -> None:
    command = ("restic", "--no-cache", "-q", "-r", to)
    yard.run(*command, "init", RESTIC_PASSWORD=SECRET)
    yard.run(*command, "backup", live, RESTIC_PASSWORD=SECRET)


def borg(yard: Yard, live: Path, to: Path) -> None:
    env = {"BORG_BASE_DIR": str(yard.base / "borg-base"), "BORG_PASSPHRASE": SECRET}
    yard.run("borg", "init", "-e", "repokey", to, **env)
    yard.run("borg", "create", f"{to}::first", live, **env)


def duplicity(yard: Yard, live: Path, to: Path) -> None:
    command = ("duplicity", "full", "--archive-dir", yard.base / f"cache-{to.parent.name}")
    yard.run(*command, "--no-encryption", live, f"file://{to}")


def rdiff_backup(yard: Yard, live: Path, to: Path) -> None:
    yard.run("rdiff-backup", live, to)


def bup(yard: Yard, live: Path, to: Path) -> None:
    yard.run("bup", "init", BUP_DIR=str(to))
    yard.run("bup", "index", live, BUP_DIR=str(to))
    yard.run("bup", "save", "-n", "photos", live, BUP_DIR=str(to))


def dar(yard: Yard, live: Path, to: Path) -> None:
    to.mkdir()
    yard.run("dar", "-Q", "-q", "-s", "100k", "-c", to / "photos", "-R", live)


def annex(yard: Yard, live: Path, to: Path) -> None:
    yard.run("cp", "-a", live, to)
    (yard.home / ".gitconfig").write_text("[user]\nname = ada\nemail = ada@example.org\n")
    yard.run("git", "init", "-q", to)
    yard.run("git", "-C", to, "annex", "init", "usb")
    yard.run("git", "-C", to, "annex", "add", ".")
    yard.run("git", "-C", to, "commit", "-q", "-m", "photos")


ANIMALS = (
    Animal("directory", "directory", directory, victim=PHOTO, stored_plain=True),
    Animal("dated", "dated", dated, ("rsync",), f"2026-11-24/{PHOTO}", stored_plain=True),
    Animal("tar", "photos.tar", tar, stored_plain=True),
    Animal("tar", "photos.tar.gz", tar, earlier={"changed": Depth.LISTED}),
    Animal("zip", "photos.zip", zipped),
    Animal("iso", "photos.iso", iso, ("xorriso",), stored_plain=True),
    Animal("bagit", "bag", bagit, victim=f"data/{PHOTO}", stored_plain=True),
    Animal("restic", "restic", restic, ("restic",), "data/*/*", "index/*", closed=True,
           earlier={"cut-off": Depth.STRUCTURE}),
    Animal("borg", "borg", borg, ("borg",), "data/0/*", closed=True),
    Animal("duplicity", "duplicity", duplicity, ("duplicity",), "*.difftar.gz", "*.manifest"),
    Animal("rdiff-backup", "rdiff", rdiff_backup, ("rdiff-backup",), PHOTO, stored_plain=True),
    Animal("bup", "bup", bup, ("bup",), "objects/pack/*.pack", "refs/heads/photos"),
    Animal("dar", "dar", dar, ("dar",), "photos.1.dar", "photos.2.dar"),
    Animal("git-annex", "annex", annex, ("git-annex",), ".git/annex/objects/**/*",
           stored_plain=True),
)  # fmt: skip
