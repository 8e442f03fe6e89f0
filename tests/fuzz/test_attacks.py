"""What an attacker would put where a copy is looked for, through the real commands."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import riskmodel_command, verifier_command
from tests.fuzz.answers import audited, clean, ended
from tests.needs import needs

NAMES = (
    b"-rf", b"--checkpoint-action=exec=touch pwned", b"$(touch pwned)", b"`touch pwned`;", b"~",
    b"a\nb", b"tab\there", b"\xff\xfe not unicode", b"\x1b]0;owned\x07\x1b[2J", b"\xc2\x9b31m",
    b"<script>alert(1)", b"\"'&<img src=x onerror=alert(1)>", "\N{RIGHT-TO-LEFT OVERRIDE}"
    .encode(), b"%s%n{0}", b"x" * 255, b"\x85\xe2\x80\xa8", b"*", b"[!a]", b"back\\slash", b" ",
)  # fmt: skip


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Live data and a copy of it, with every name that somebody may find harmful."""
    for top in ("live", "copy"):
        (tmp_path / top).mkdir()
        for number, name in enumerate(NAMES):
            file = tmp_path / top / os.fsdecode(name)
            file.write_bytes(b"%d" % number)
            os.utime(file, (1764115200, 1764115200))
    return tmp_path / "live", tmp_path / "copy"


def test_no_name_steers_a_terminal_or_a_page(pair, tmp_path):
    live, copy = pair
    (copy / "-rf").unlink()
    page = tmp_path / "page.html"
    for options in ((), ("--html", str(page)), ("--nagios",)):
        done = verifier_command(
            "audit", str(live), str(copy), "--depth", "source", "--no-catalogue", *options
        )
        ended(done)
        clean(done.stdout)
    text = page.read_text("utf-8")
    clean(text)
    assert "<script>alert" not in text
    assert "<img src=x" not in text


FORGED = "a\n  0 errors                pass             nothing is damaged"
STEERING = ("u\x1b[31mx", "u\x85x", FORGED, "u\u2028x", "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe", "a\rb")


@pytest.mark.parametrize("name", STEERING)
@pytest.mark.parametrize("where", ["name", "location", "site", "reason", "an unknown key"])
def test_no_name_of_a_set_up_is_longer_than_its_line(pair, tmp_path, where, name):
    live, copy = pair
    setup = tmp_path / "setup.toml"
    raw = json.dumps(name)
    told = {key: raw if where == key else '"x"' for key in ("name", "location", "reason")}
    site = raw if where == "site" else "home"
    setup.write_text(
        f"name = {told['name']}\n[source]\npath = '{live}'\n"
        f"[[locations]]\nname = {told['location']}\npath = '{copy}'\n"
        f"[sites.{site}]\n"
        f"[[accept]]\nrule = 'two-media'\nreason = {told['reason']}\n"
        + (f"{raw} = 1\n" if where == "an unknown key" else "")
    )
    done = verifier_command("audit", str(setup), "--no-catalogue")
    assert done.returncode == 2, done.stdout
    assert not done.stdout
    assert len(done.stderr.splitlines()) == 1
    clean(done.stderr)


@pytest.mark.parametrize(
    "command",
    ["audit", "layout", *(pytest.param(one, marks=pytest.mark.slow) for one in ("risk", "advise"))],
)
def test_no_name_of_a_folder_steers_a_terminal_or_a_file(pair, tmp_path, command):
    live, copy = pair
    setup = tmp_path / f"set{FORGED}up\x1b[31m.toml"
    folder = copy.rename(tmp_path / f"u\x1b[31m{FORGED}")
    place = json.dumps(str(folder))
    setup.write_text(f'[source]\npath = "{live}"\n[[locations]]\nname = "x"\npath = {place}\n')
    metrics = tmp_path / "metrics.prom"
    bare = ((str(live), str(folder)),) if command == "audit" else ()
    for words in ((str(setup),), *bare):
        more = ("--no-catalogue", "--prometheus", str(metrics)) if command == "audit" else ()
        done = verifier_command(command, *words, *more)
        ended(done)
        clean(done.stdout)
        assert FORGED not in done.stdout
        if command == "layout":
            assert tomllib.loads(done.stdout)
        if metrics.exists():
            clean(metrics.read_text())


def test_no_text_of_a_recording_forges_a_line(pair, tmp_path):
    live, copy = pair
    file = tmp_path / "seen.json"
    words = ("audit", str(live), str(copy), "--no-catalogue", "--depth", "listed")
    ended(verifier_command(*words, "--record", str(file)))
    whole = json.loads(file.read_text())
    whole["inventory"]["locations"][0]["name"] = whole["inventory"]["name"] = FORGED
    whole["inventory"]["locations"][0]["errors"] = [f"{FORGED}\x1b[2J"]
    file.write_text(json.dumps(whole))
    done = verifier_command("audit", str(file))
    ended(done)
    clean(done.stdout)
    assert FORGED not in done.stdout
    assert "a\\n  0 errors" in done.stdout


def test_names_of_all_sorts_are_compared_and_restored(pair, tmp_path):
    live, copy = pair
    found = audited(live, copy, "--depth", "source")
    assert (found["files"], found["coverage"], found["depth"]) == (len(NAMES), 1.0, "source")
    done = verifier_command("drill", str(live), str(copy), "--all", "--scratch", str(tmp_path))
    ended(done)
    assert done.returncode == 0, done.stdout
    clean(done.stdout)
    assert not list(tmp_path.rglob("pwned"))


def test_two_audits_of_such_names_are_compared(pair, tmp_path):
    live, copy = pair
    book = ("--catalogue", str(tmp_path / "book.db"))
    for number in range(2):
        if number:
            (copy / os.fsdecode(NAMES[7])).write_text("rot")
            os.utime(copy / os.fsdecode(NAMES[7]), (1764115200, 1764115200))
        ended(verifier_command("audit", str(live), str(copy), "--depth", "source", *book))
    for options in ((), ("--json",)):
        done = verifier_command("diff", *book, *options)
        ended(done)
        clean(done.stdout)


def nodes(root: Path) -> list[Path]:
    """Put there what is no file: a pipe, a socket, links that lead round or out, and devices."""
    made = [root / name for name in ("pipe", "socket", "round", "out", "dangling")]
    os.mkfifo(made[0])
    # a socket's path has few bytes
    with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(root):
        server.bind("socket")
    made[2].symlink_to(made[2])
    made[3].symlink_to("/etc/passwd")
    made[4].symlink_to("/nowhere")
    (root / "loop").mkdir()
    (root / "loop" / "up").symlink_to("..")
    if os.geteuid() == 0:
        for name, kind in (("zero", stat.S_IFCHR), ("disk", stat.S_IFBLK)):
            os.mknod(root / name, kind | 0o666, os.makedev(1, 5 if kind == stat.S_IFCHR else 0))
            made.append(root / name)
    return made


class Opened:
    """Remembers what is opened, wherever in the process."""

    def __init__(self) -> None:
        self.paths: set[str] | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple) -> None:
        if self.paths is None or event != "open" or not isinstance(args[0], str):
            return
        if not args[2] & getattr(os, "O_PATH", 0):
            self.paths.add(args[0])


OPENED = Opened()


@pytest.fixture
def opened() -> Iterator[set[str]]:
    OPENED.paths = set()
    yield OPENED.paths
    OPENED.paths = None


def test_what_is_no_file_is_not_opened_in_a_tree(tmp_path, opened):
    for top in ("live", "copy"):
        (tmp_path / top).mkdir()
        (tmp_path / top / "a.jpg").write_text("photo")
        nodes(tmp_path / top)
    found = audited(tmp_path / "live", tmp_path / "copy", "--depth", "source")
    assert "no answer" not in str(found)  # what a host says after its timeout
    assert (found["files"], found["coverage"]) == (1, 1.0)
    names = {Path(path).name for path in opened if path.startswith(str(tmp_path))}
    assert not names & {"pipe", "socket", "round", "out", "dangling", "zero", "disk"}


@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
def test_a_location_that_is_no_file_is_refused_untouched(tmp_path, opened, kind):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "a.jpg").write_text("photo")
    made = nodes(tmp_path)
    place = {"pipe": made[0], "socket": made[1], "device": Path("/dev/zero")}[kind]
    found = audited(tmp_path / "live", place, "--depth", "bytes")
    assert found["status"] != "pass"
    assert not found["counted"]
    assert str(place) not in opened


# files that a probe opens by their name, in a folder that it takes for its own
SIGNED = {
    "bagit": ("bagit.txt", "manifest-sha256.txt", "bag-info.txt"),
    "borg": ("config", "data/0/1", "README", "index.1"),
    "restic": ("config", "keys/" + "ab" * 32, "snapshots/" + "ab" * 32, "index/" + "ab" * 32),
    "duplicity": ("duplicity-full.20261123T002521Z.manifest",
                  "duplicity-full.20261123T002521Z.vol1.difftar.gz",
                  "duplicity-full-signatures.20261123T002521Z.sigtar.gz"),
    "rdiff-backup": ("rdiff-backup-data/mirror_metadata.2026-11-20T03:00:00Z.snapshot.gz",
                     "rdiff-backup-data/current_mirror.2026-11-20T03:00:00Z.data"),
    "dar": ("photos.1.dar", "photos.2.dar"),
    "veeam": ("PC.vbm", "PC2026-11-20T030000.vbk"),
    "kopia": ("kopia.repository.f", "kopia.blobcfg.f"),
    "bup": ("HEAD", "objects/pack/x.pack", "objects/pack/bup.bloom", "refs/heads/x", "bupindex"),
    "git-annex": (".git/HEAD", ".git/config", ".git/annex/journal/trust.log"),
    "archive": ("photos.tar.gz", "photos.zip", "disc.iso", "a.7z"),
    "replica": ("replication-status.json", "a.jpg"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SIGNED)
def test_pipes_in_the_place_of_a_formats_files_do_not_hang(tmp_path, kind):
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "a.jpg").write_text("photo")
    for name in SIGNED[kind]:
        place = tmp_path / "copy" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(place)
    found = audited(tmp_path / "live", tmp_path / "copy", "--depth", "bytes")
    assert "no answer" not in str(found)  # what a host says after its timeout
    assert not found["counted"]
    assert "broke" not in str(found)


LAYOUT = """name = "\\u001b[2J\\u009b31m<script>alert(1)</script>"
horizon = "1 year"
[media.drive]
afr = 0.02
[[copies]]
name = "\\u001b]0;owned\\u0007<img src=x onerror=alert(1)>"
store = { media = "drive" }
"""


def test_no_name_in_a_layout_steers_a_terminal_or_a_page(tmp_path):
    file, page = tmp_path / "layout.toml", tmp_path / "page.html"
    file.write_text(LAYOUT)
    quick = ("--method", "events", "--trials", "1000")
    for words in (("check", str(file)), ("simulate", str(file), *quick),
                  ("report", str(file), "-o", str(page), "--trials", "1000"),
                  ("simulate", str(file), "--horizon", "\x1b[2J")):  # fmt: skip
        done = riskmodel_command(*words)
        ended(done)
        assert done.returncode == 2
        clean(done.stdout)
        clean(done.stderr)
    if page.exists():
        text = page.read_text("utf-8")
        clean(text)
        assert "<script>alert" not in text
        assert "<img src=x" not in text


DOCUMENTS = {
    "a hundred megabytes": lambda: b'name = "' + b"x" * 100_000_000 + b'"\n',
    "deep lists": lambda: b"a = " + b"[" * 100_000,
    "deep tables": lambda: b"a = " + b"{a=" * 100_000,
    "a key of many parts": lambda: b"a" + b".a" * 100_000 + b" = 1\n",
    "many keys of many parts": lambda: b"".join(
        b"a%d%s = 1\n" % (n, b".a" * 190) for n in range(9999)
    ),
    "a number of many digits": lambda: b"horizon = " + b"9" * 1_000_000,
    "an infinity": lambda: b"horizon = inf\n",
    "no text": lambda: b"\0" * 1000,
    "half a character": lambda: b'name = "\xff"',
    "lone surrogate": lambda: b'name = "\xed\xa0\x80"',
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_no_document_hangs_or_breaks_a_command(tmp_path, what):
    file = tmp_path / "a.toml"
    file.write_bytes(DOCUMENTS[what]())
    for command in (riskmodel_command, verifier_command):
        words = ("simulate", str(file)) if command is riskmodel_command else ("audit", str(file))
        began = time.process_time()
        done = command(*words)
        assert time.process_time() - began < 5.0
        ended(done)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        assert len(done.stderr) < 2000


@pytest.mark.parametrize(
    "content",
    [b"[" * 200_000, b'{"a":' * 200_000, b"[" + b"[]," * 3_000_000 + b"0]", b"9" * 1_000_000,
     b'{"schema": "threetwoone-recording/1", "made": 1e999}', b"\0", b"{}", b"\xff"],
    ids=["deep lists", "deep tables", "lists", "digits", "infinity", "zero", "empty", "no text"],
)  # fmt: skip
def test_no_recording_hangs_or_breaks_an_audit(tmp_path, content):
    file = tmp_path / "a.json"
    file.write_bytes(content)
    done = verifier_command("audit", str(file))
    ended(done)
    assert done.returncode == 2
    assert len(done.stderr) < 2000


def test_a_mount_point_cannot_write_a_line_of_its_own():
    from verifier.mounts import parse_mountinfo

    for end in ("\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r"):
        forged = "9 1 8:9 / /mnt/backup rw - ext4 /dev/sdz rw"
        (only,) = parse_mountinfo(f"1 2 8:1 / /home/eve/a{end}{forged} - ext4 /dev/sda rw\n")
        assert only.point != "/mnt/backup"


@pytest.mark.integration
@needs("strace")
def test_nothing_but_files_is_opened_by_the_command_itself(tmp_path):
    """As strace sees it, in the process of the command and in those that it starts."""
    import subprocess

    for top in ("live", "copy"):
        (tmp_path / top).mkdir()
        (tmp_path / top / "a.jpg").write_text("photo")
        nodes(tmp_path / top)
    log = tmp_path / "strace"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", str(log), sys.executable,
         "-m", "verifier", "audit", str(tmp_path / "live"), str(tmp_path / "copy"),
         "--depth", "source", "--no-catalogue"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    ended(done)
    lines = [line for line in log.read_text().splitlines() if str(tmp_path) in line]
    lines = [line for line in lines if "O_PATH" not in line]
    assert any("a.jpg" in line for line in lines)
    for name in ("pipe", "socket", "round", "out", "dangling", "zero", "disk"):
        assert not any(f'/{name}"' in line or f'"{name}"' in line for line in lines), name
