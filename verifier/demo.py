"""The demo: back up a small dataset three times, audit that for real, compute, write a report.

``python -m verifier.demo FOLDER`` works in ``FOLDER/demo`` and writes ``FOLDER/report.html``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

__all__ = ["main"]

_SETUP = """\
# made by the demo; a set-up file of your own looks like this
name = "demo photos"

[source]
path = "photos"
site = "home"

[[locations]]
name = "copy"
path = "copy"
site = "home"

[[locations]]
name = "archive"
path = "archives"
site = "home"
"""

_RESTIC = """
[[locations]]
name = "repository"
path = "repository"
password_file = "restic-password"
site = "home"
"""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _photos(folder: Path) -> None:
    """Make 60 files whose bytes look like pictures: they do not compress."""
    for number in range(60):
        path = folder / f"{2020 + number // 10}" / f"img-{number:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = hashlib.sha256(f"photo {number}".encode()).digest()
        path.write_bytes(b"".join(hashlib.sha256(seed + bytes([k])).digest() for k in range(250)))


def _restic(demo: Path) -> bool:
    program = shutil.which("restic")
    if program is None:
        return False
    password = demo / "restic-password"
    password.write_text("not a secret\n")
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(demo.resolve()),
        "RESTIC_PASSWORD_FILE": password.name,
    }
    for words in (["init"], ["backup", "--no-cache", "photos"]):
        subprocess.run(
            [program, "-q", "-r", "repository", *words], cwd=demo, env=environment, check=True
        )
    return True


def _command(*words: str) -> int:
    """Run a command as a user would, and show it."""
    _say(f"\n$ verifier {' '.join(words)}")
    return subprocess.run([sys.executable, "-m", "verifier", *words], check=False).returncode


def main(argv: list[str] | None = None) -> int:
    """Run the demo.

    Parameters
    ----------
    argv : list of str, optional
        The folder to work in; ``build`` by default.

    Returns
    -------
    int
        0 if a report was written.
    """
    build = Path((argv or sys.argv[1:] or ["build"])[0])
    demo = build / "demo"
    report = build / "report.html"
    shutil.rmtree(demo, ignore_errors=True)
    report.unlink(missing_ok=True)
    demo.mkdir(parents=True)
    _photos(demo / "photos")
    shutil.copytree(demo / "photos", demo / "copy")
    (demo / "archives").mkdir()
    with tarfile.open(demo / "archives" / "photos.tar.gz", "w:gz") as archive:
        archive.add(demo / "photos", arcname="photos")
    made = ["a copied folder", "a tar archive"]
    setup = demo / "setup.toml"
    text = _SETUP
    if _restic(demo):
        made.append("a restic repository")
        text += _RESTIC
    setup.write_text(text)
    _say(f"== made {demo / 'photos'} and backups of it: {', '.join(made)}; all on one device")
    _command("audit", str(setup))
    _command("risk", str(setup), "--html", str(report))
    if not report.is_file():
        _say("\n== no report was written")
        return 1
    _say(f"\n== the report lies in {report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
