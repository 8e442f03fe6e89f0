"""Volumes that a real Bacula wrote: director with SQLite, storage and file daemon, console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.verifier.zoo.yard import Yard, flip, free_port, largest, listens, place

Tables = dict[str, Any]
PROGRAMS = ("root", "bacula-dir", "bacula-sd", "bacula-fd", "bconsole", "sqlite3")
TABLES = Path("/usr/share/bacula-director/make_sqlite3_tables")

_DIRECTOR = """
Director {{ Name = dir; DirPort = {dir}; QueryFile = /dev/null; WorkingDirectory = {work};
  PidDirectory = {work}; Password = p; Messages = all; DirAddress = 127.0.0.1 }}
Messages {{ Name = all; append = {work}/messages = all }}
Catalog {{ Name = catalog; dbname = bacula; dbuser = ""; dbpassword = "" }}
Client {{ Name = fd; Address = 127.0.0.1; FDPort = {fd}; Catalog = catalog; Password = p }}
Storage {{ Name = sd; Address = 127.0.0.1; SDPort = {sd}; Password = p; Device = disk;
  Media Type = File }}
Pool {{ Name = pool; Pool Type = Backup; Label Format = "Vol-" }}
FileSet {{ Name = photos; Include {{ Options {{ signature = SHA1 }} File = {source} }} }}
Job {{ Name = photos; Type = Backup; Level = Full; Client = fd; FileSet = photos; Storage = sd;
  Pool = pool; Messages = all }}
"""
_STORAGE = """
Storage {{ Name = sd; SDPort = {sd}; WorkingDirectory = {work}; PidDirectory = {work};
  SDAddress = 127.0.0.1 }}
Director {{ Name = dir; Password = p }}
Device {{ Name = disk; Media Type = File; Archive Device = {volumes}; LabelMedia = yes;
  Random Access = yes; AutomaticMount = yes; RemovableMedia = no; AlwaysOpen = no }}
Messages {{ Name = all; director = dir = all }}
"""
_FILES = """
FileDaemon {{ Name = fd; FDPort = {fd}; WorkingDirectory = {work}; PidDirectory = {work};
  FDAddress = 127.0.0.1 }}
Director {{ Name = dir; Password = p }}
Messages {{ Name = all; director = dir = all }}
"""
_CONSOLE = "Director {{ Name = dir; DIRport = {dir}; address = 127.0.0.1; Password = p }}\n"


def _written(yard: Yard, *levels: str) -> tuple[Path, Path]:
    """Run jobs of these levels; return the source and the folder of volumes."""
    source, volumes, work = yard.source(), yard.base / "volumes", yard.base / "bacula"
    volumes.mkdir()
    work.mkdir()
    ports = {name: free_port() for name in ("dir", "sd", "fd")}
    parts = {"dir": _DIRECTOR, "sd": _STORAGE, "fd": _FILES, "console": _CONSOLE}
    for name, text in parts.items():
        words = {"work": work, "volumes": volumes, "source": source, **ports}
        (work / f"{name}.conf").write_text(text.format(**words))
    script = TABLES.read_text().replace("/var/lib/bacula", str(work))
    (work / "tables").write_text(script.replace("XXX_DBNAME_XXX", "bacula"))
    yard.run("sh", work / "tables")
    for name in ("sd", "fd", "dir"):
        daemon = (f"bacula-{name}", "-f", "-c", work / f"{name}.conf")
        yard.start(*daemon, until=listens(ports[name]))
    for level in levels:
        talk = f"run job=photos level={level} yes\nwait\nquit\n"
        (work / "talk").write_text(talk)
        yard.run("sh", "-c", f"bconsole -c {work}/console.conf < {work}/talk")
        (source / "2025" / "new.jpg").write_bytes(b"new" * 999)
    (source / "2025" / "new.jpg").unlink()
    return source, volumes


def volume(yard: Yard) -> Tables:
    source, volumes = _written(yard, "Full")
    return yard.setup(source, place("backup", volumes))


def volume_flipped(yard: Yard) -> Tables:
    source, volumes = _written(yard, "Full")
    flip(largest(volumes))
    return yard.setup(source, place("backup", volumes))
