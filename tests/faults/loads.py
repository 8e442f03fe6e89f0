"""Large things, made by hand: a layout of many copies, a set-up of many places, many files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
from array import array
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

IN_FOLDER = 1000


def layout(copies: int, groups: int = 5) -> str:
    """Return a layout of copies of `groups` RAID 6 groups of ten drives each, at 20 sites."""
    lines = ['name = "many copies"', 'horizon = "5 years"', 'size = "40 TB"']
    lines += ["[threats]", "defaults = true"]
    lines += ["[media.disk]", 'preset = "hdd"', 'capacity = "8 TB"']
    for number in range(20):
        lines += [f"[sites.s{number}]", 'kind = "home"', 'recovery = { fixed = "30 days" }']
    for number in range(copies):
        lines += ["[[copies]]", f'name = "c{number}"', f'site = "s{number % 20}"']
        lines += ['role = "primary"'] if number == 0 else []
        lines += ["[copies.store]", 'level = "raid6"', "drives = 10", f"groups = {groups}"]
        lines += ['media = "disk"', 'rebuild = { fixed = "24 h" }']
        if number:
            lines += ["[copies.fed]", 'from = "c0"', 'how = "backup"', 'every = "1 day"']
        lines += ["[copies.check]", 'every = "90 days"', "[copies.recovery]", 'fixed = "5 days"']
    return "\n".join(lines) + "\n"


def setup(base: Path, places: int) -> Path:
    """Make live data, and so many copies of it; return the set-up.

    One of ten is an archive, one of forty a restic repository, the others are folders.
    """

    def tree(root: Path) -> None:
        root.mkdir(parents=True)
        for number in range(5):
            (root / str(number)).write_bytes(b"%d" % number * 50)
            os.utime(root / str(number), (1.7e9, 1.7e9))

    tree(base / "live")
    (base / "password").write_text("secret\n")
    lines = [f'[source]\npath = "{base}/live"']
    for number in range(places):
        copy = base / "copies" / str(number)
        if number % 40 == 39:
            _repository(base, copy)
        elif number % 10 == 5:
            copy = copy.with_name(f"{number}.tar")
            with tarfile.open(copy, "w") as archive:
                archive.add(base / "live", ".")
        else:
            tree(copy)
        lines.append(f'[[locations]]\nname = "n{number}"\npath = "{copy}"')
        if number % 40 == 39:
            lines.append(f'password_file = "{base}/password"')
    (base / "setup.toml").write_text("\n".join(lines))
    return base / "setup.toml"


def _repository(base: Path, where: Path) -> None:
    """Copy a restic repository of the live data, which is made the first time."""
    first = base / "restic"
    if not first.exists():
        tool = ("restic", "--no-cache", "-q", "-r", first, "--password-file", base / "password")
        subprocess.run([*tool, "init"], check=True)
        subprocess.run([*tool, "backup", "."], cwd=base / "live", check=True)
    shutil.copytree(first, where)


def files(count: int, salt: int = 0):
    """Return the table of so many files, as a walk makes it, without a disk that holds them."""
    from verifier.files import Files

    names, starts = {}, array("q", [0])
    made = tuple(array(kind) for kind in ("q", "q", "Q", "Q", "q"))
    for folder in range(-(-count // IN_FOLDER)):
        some = range(folder * IN_FOLDER, min((folder + 1) * IN_FOLDER, count))
        names[f"folder-{folder:06}"] = b"\0".join(b"file-%08d.jpg" % n for n in some)
        starts.append(some[-1] + 1)
        rows = np.array(some, np.int64)
        columns = (rows % 100_000 + 1, rows + 10**18 + salt, rows * 0 + 7, rows + 1, rows + 10**18)
        for whole, column in zip(made, columns, strict=True):
            whole.frombytes(column.tobytes())
    return Files(names, starts, made, array("q"))


def trees(base: Path, count: int) -> Path:
    """Make a source of so many small files and a copy of it; return the set-up."""
    for name in ("live", "copy"):
        for folder in range(-(-count // IN_FOLDER)):
            (made := base / name / f"folder-{folder:06}").mkdir(parents=True)
            where = os.open(made, os.O_RDONLY)
            for number in range(folder * IN_FOLDER, min((folder + 1) * IN_FOLDER, count)):
                file = f"file-{number:08}.jpg"
                opened = os.open(file, os.O_CREAT | os.O_WRONLY, dir_fd=where)
                os.write(opened, b"%d" % number)
                os.close(opened)
                os.utime(file, (1.7e9, 1.7e9), dir_fd=where)
            os.close(where)
    (base / "setup.toml").write_text(
        f'[source]\npath = "{base}/live"\n[[locations]]\nname = "copy"\npath = "{base}/copy"\n'
    )
    return base / "setup.toml"


def catalogue(where: Path, count: int, changed: bool = False) -> None:
    """Keep two audits of so many files with their digests, and compare them.

    All of them are the same in both, or all have another time and digest.
    """
    from dataclasses import replace

    from tests.verifier.inventories import inventory
    from verifier.catalogue import Catalogue
    from verifier.diffing import diffs

    book = Catalogue(where)
    for day in (0, 1):
        at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day)
        store = book.record(host="machine:a", dataset="many", source="/source", at=at)
        of = files(count, salt=day * 10**15 if changed else 0)
        store.listed("/live", of)
        known = store.known("/live", of)
        wanted = np.flatnonzero(known.read_at == 0)
        sys.stderr.write(f"audit {day + 1}: {count - len(wanted)} of {count} are known\n")
        del known
        for first in range(0, len(wanted), 50_000):
            rows = wanted[first : first + 50_000]
            digest = np.zeros((len(rows), 32), np.uint8)
            digest[:, :8] = rows.view(np.uint8).reshape(-1, 8)
            digest[:, 8] = day if changed else 0
            store.keep("/live", of, rows, digest, np.full(len(rows), 10**18))
            sys.stderr.write(f"kept {len(rows)}\n")
        book.remember(replace(inventory(), name="many", at=at))
        sys.stderr.write(f"audit {day + 1} of {count:,} files is kept\n")
        assert not store.broken
        del store, of, wanted  # or the next one is held beside them
    (found,) = diffs(Catalogue(where), datasets=("many",))
    sys.stderr.write(f"compared: {found.places[0].changes.changed} of {count} changed\n")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell's "&" ignores it
    catalogue(Path(sys.argv[1]), int(sys.argv[2]), changed="changed" in sys.argv[3:])
