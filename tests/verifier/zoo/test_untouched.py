"""Nothing is written to any location, and nothing but the catalogue to the user's home."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import needs
from tests.verifier.zoo.set_ups import SET_UPS
from tests.verifier.zoo.truth import lies

pytestmark = [pytest.mark.integration, pytest.mark.slow]

# read by this program alone, which can leave the time of the last access as it is
OURS = (
    "two folders of one disk", "rot", "restic without a password", "borg without a password",
    "duplicity, encrypted", "duplicity without a volume", "rdiff-backup", "rsnapshot",
    "dated copies", "dated and unfinished", "tar.gz", "zip", "BagIt", "Veeam chain with a gap",
    "Bacula volume",
)  # fmt: skip
# other programs read too, and they may not care for that time
THEIRS = (
    "restic", "borg", "borg without encryption", "duplicity", "bup", "dar", "tar.zst", "tar.gz.gpg",
    "ISO image", "git-annex", "git-annex, untrusted", "rclone to this disk", "SFTP of this host",
    "sshfs of this host", "btrfs snapshot in the source's pool",
    "ZFS snapshot in the source's pool",
)  # fmt: skip
ANIMALS = {animal.name: animal for animal in SET_UPS}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=needs(*ANIMALS[n].needs)) for n in OURS + THEIRS]
)
def test_an_audit_leaves_everything_as_it_was(name, yard):
    tables = ANIMALS[name].make(yard)
    home = set(yard.home.rglob("*"))
    _long_unread(yard.base)
    before, unread = dict(_facts(yard.base)), dict(_accesses(yard.base))
    answer, _ = yard.answer(tables)
    read, after = dict(_accesses(yard.base)), dict(_facts(yard.base))
    if name in OURS:
        assert read == unread
    new = {path for path in after if path not in before and not _ours(path, yard.base)}
    assert not new
    assert {path: after.get(path) for path in before if path in after} == before
    assert {path.relative_to(yard.home).parts[0] for path in set(yard.home.rglob("*")) - home} <= {
        "state"
    }
    assert not list(lies(ANIMALS[name].truth, answer))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=needs("root", "chattr", *ANIMALS[n].needs))
        for n in OURS + THEIRS
        if not n.startswith(("btrfs", "ZFS", "sshfs"))
    ],
)
def test_what_nobody_can_write_is_read_as_well(name, yard):
    """Immutable files on a read-only mount: the answer is the true one all the same."""
    tables = ANIMALS[name].make(yard)
    kept = [path for path in yard.base.iterdir() if path.is_dir() and path != yard.home]
    for path in kept:
        yard.stack.callback(os.system, f"chattr -R -f -i '{path}'")
        os.system(f"chattr -R -f +i '{path}'")
        yard.mounted("mount", "--bind", path, at=path)
        yard.run("mount", "-o", "remount,bind,ro", path)
    answer, _ = yard.answer(tables)
    assert not list(lies(ANIMALS[name].truth, answer))


def _long_unread(base: Path) -> None:
    """Make the last access old, so that a new one is noted (relatime notes one in a day)."""
    then = time.time_ns() - 30 * 86400 * 10**9
    for path in [base, *_all_below(base)]:
        if not path.is_symlink():
            with contextlib.suppress(OSError):  # a snapshot is read-only
                os.utime(path, ns=(then, path.stat().st_mtime_ns))


def _all_below(base: Path) -> Iterator[Path]:
    """Yield everything below, but not what a mount of this host shows a second time."""
    mounts = Path("/proc/mounts").read_text().splitlines()
    again = {row.split()[1] for row in mounts if row.split()[2] == "fuse.sshfs"}
    for folder, folders, files in os.walk(base):
        folders[:] = [name for name in sorted(folders) if f"{folder}/{name}" not in again]
        yield from (Path(folder, name) for name in sorted([*folders, *files]))


def _facts(base: Path) -> Iterator[tuple[Path, tuple[int, ...]]]:
    for path in _all_below(base):
        if _ours(path, base):
            continue
        facts = path.lstat()
        yield path, (
            facts.st_mode, facts.st_ino, facts.st_nlink, facts.st_uid, facts.st_gid, facts.st_size,
            facts.st_blocks, facts.st_mtime_ns, facts.st_ctime_ns,
        )  # fmt: skip


def _accesses(base: Path) -> Iterator[tuple[Path, int]]:
    for path in _all_below(base):
        if not _ours(path, base):
            yield path, path.lstat().st_atime_ns


def _ours(path: Path, base: Path) -> bool:
    """Tell what the test itself and the audit's own catalogue write."""
    top = path.relative_to(base).parts[0]
    return top in {"set-up.toml", "home"} or top.endswith(".log")
