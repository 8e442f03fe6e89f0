"""Runs Bacula's three daemons with a catalog of their own, and jobs in them, for tests."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Self

TABLES = Path("/usr/share/bacula-director/make_sqlite3_tables")
PROGRAMS = ("bacula-dir", "bacula-sd", "bacula-fd", "bconsole")


def installed() -> bool:
    """Tell whether all parts are there."""
    return TABLES.exists() and all(shutil.which(name) for name in PROGRAMS)


def _port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Bacula:
    """Three daemons in a folder; `run` runs the job and waits for its end."""

    def __init__(self, base: Path, source: Path, limit: str = "") -> None:
        self.base, self.volumes = base, base / "volumes"
        self.volumes.mkdir(parents=True)
        self._ports = {name: _port() for name in ("dir", "sd", "fd")}
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._write(source, limit)
        sql = TABLES.read_text().partition("<<END-OF-DATA\n")[2].partition("\nEND-OF-DATA")[0]
        with sqlite3.connect(base / "cat.db") as database:
            database.executescript(sql)
        database.close()

    def __enter__(self) -> Self:
        for name in ("sd", "fd", "dir"):
            command = [f"bacula-{name}", "-f", "-c", str(self.base / f"{name}.conf")]
            with (self.base / f"{name}.out").open("wb") as out:
                daemon = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
            self._daemons.append(daemon)
        deadline = time.monotonic() + 30
        for port in self._ports.values():
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        for daemon in self._daemons:
            daemon.terminate()
        for daemon in self._daemons:
            daemon.wait(timeout=20)

    def run(self, level: str) -> str:
        """Run the job at a level and return what the console said."""
        command = ["bconsole", "-n", "-c", str(self.base / "console.conf")]
        words = f"run job=J level={level} yes\nwait\nmessages\nquit\n"
        ended = subprocess.run(
            command, input=words.encode(), capture_output=True, timeout=90, check=True
        )
        return ended.stdout.decode()

    def _write(self, source: Path, limit: str) -> None:
        home = f'WorkingDirectory = "{self.base}"; PidDirectory = "{self.base}"'
        talk = "Messages { Name = M; console = all }"
        ports = self._ports
        at = "Address = 127.0.0.1; Password = p"
        texts = {
            "dir": f"""
Director {{ Name = d; DIRport = {ports["dir"]}; DirAddress = 127.0.0.1; Password = p
  QueryFile = "/etc/bacula/scripts/query.sql"; {home}; Messages = M }}
Catalog {{ Name = C; dbname = cat; user = ""; password = "" }}
Client {{ Name = client; {at}; FDPort = {ports["fd"]}; Catalog = C }}
Storage {{ Name = S; {at}; SDPort = {ports["sd"]}; Device = D; Media Type = File }}
Pool {{ Name = P; Pool Type = Backup; Label Format = "Vol-"
  {limit or "Maximum Volume Jobs = 1"}
}}
FileSet {{ Name = F; Include {{ Options {{ signature = MD5 }}
  File = "{source}" }} }}
Job {{ Name = J; Type = Backup; Client = client; FileSet = F; Storage = S; Pool = P
  Messages = M; Level = Full }}
{talk}""",
            "sd": f"""
Storage {{ Name = s; SDPort = {ports["sd"]}; SDAddress = 127.0.0.1; {home} }}
Director {{ Name = d; Password = p }}
Device {{ Name = D; Media Type = File; Archive Device = "{self.volumes}"; LabelMedia = yes
  Random Access = yes; AutomaticMount = yes; RemovableMedia = no; AlwaysOpen = no }}
Messages {{ Name = M; director = d = all }}""",
            "fd": f"""
FileDaemon {{ Name = client; FDport = {ports["fd"]}; FDAddress = 127.0.0.1; {home} }}
Director {{ Name = d; Password = p }}
Messages {{ Name = M; director = d = all }}""",
            "console": f"""
Director {{ Name = d; DIRport = {ports["dir"]}; address = 127.0.0.1; Password = p }}""",
        }
        for name, text in texts.items():
            (self.base / f"{name}.conf").write_text(text + "\n")
