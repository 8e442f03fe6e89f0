"""Repositories written by somebody who wants the auditor's programs to do more than to read."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.needs import NOT_HERE, needs
from verifier._confining import is_supported
from verifier.drills import Wish, _drill, drilled
from verifier.drills import borg as drills_borg
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import probe
from verifier.target import Target

_SIGNED = """\
tree {tree}
author a <a@b> 1700000000 +0000
committer a <a@b> 1700000000 +0000
gpgsig -----BEGIN PGP SIGNATURE-----
 {blank}
 x
 -----END PGP SIGNATURE-----

signed
"""
_CONFIG = """\
[core]
 repositoryformatversion = 1
 bare = false
 fsmonitor = {0}/fsmonitor
 sshCommand = {0}/ssh
 pager = {0}/pager
 hooksPath = {0}
 gitProxy = {0}/proxy
[annex]
 uuid = 00000000-0000-0000-0000-000000000001
 version = 10
[log]
 showSignature = true
[gpg]
 program = {0}/gpg
[diff]
 external = {0}/external
[diff "evil"]
 textconv = {0}/textconv
 command = {0}/command
[filter "evil"]
 smudge = {0}/smudge
 clean = {0}/clean
[extensions]
 partialClone = origin
[remote "origin"]
 url = {0}/nowhere
 promisor = true
 uploadpack = {0}/uploadpack
[protocol "ext"]
 allow = always
"""
_NAMES = ("fsmonitor", "ssh", "pager", "proxy", "gpg", "external", "textconv", "command", "smudge",
          "clean", "uploadpack", "post-checkout", "post-index-change")  # fmt: skip


class Trap:
    """A git repository each of whose settings that can name a program names one that is noticed."""

    def __init__(self, base: Path) -> None:
        self.base, self.sprung = base, base / "sprung"
        self.repository = base / "repository"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(base), "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
        }  # fmt: skip
        for name in _NAMES:
            program = base / name
            program.write_text(f"#!/bin/sh\necho {name} >>{self.sprung}\nexit 1\n")
            program.chmod(0o755)
        subprocess.run(["git", "init", "-q", "-b", "master", str(self.repository)], check=True)
        (self.repository / "a.txt").write_text("hello\n")
        self.git("add", ".")
        self.git("commit", "-qm", "first")
        tree, blob = self.git("rev-parse", "HEAD^{tree}"), self.git("rev-parse", "HEAD:a.txt")
        signed = _SIGNED.format(tree=tree, blank="").encode()
        self.signed = self.put("commit", signed)
        # a commit where a tree promises a file: what shows the "file" checks its signature
        entries = (("a.txt", blob), ("b.txt", self.signed))
        rows = [b"100644 " + name.encode() + b"\0" + bytes.fromhex(to) for name, to in entries]
        bent = self.put("tree", b"".join(rows))
        self.git("update-ref", "refs/heads/master", self.git("commit-tree", bent, "-m", "bent"))
        (self.repository / ".git" / "annex" / "objects").mkdir(parents=True)
        (self.repository / ".git" / "info" / "attributes").write_text("* diff=evil filter=evil\n")
        (self.repository / ".git" / "config").write_text(_CONFIG.format(base))
        # an object that a partial clone fetches when it is asked for
        (self.repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
        self.blob = blob

    def git(self, *words: str, given: bytes = b"") -> str:
        argv = ["git", "-C", str(self.repository), *words]
        done = subprocess.run(argv, env=self.environment, input=given, capture_output=True)
        return done.stdout.decode().strip()

    def put(self, kind: str, content: bytes) -> str:
        words = ("hash-object", "-w", "-t", kind, "--literally", "--stdin")
        return self.git(*words, given=content)

    def caught(self) -> set[str]:
        return set(self.sprung.read_text().split()) if self.sprung.exists() else set()


@pytest.fixture
def trap(tmp_path):
    return Trap(tmp_path)


@needs("git")
@pytest.mark.integration
class TestGit:
    def test_the_trap_works(self, trap):
        """Git itself does what the configuration says, or the next test shows nothing."""
        trap.git("show", trap.signed)
        trap.git("cat-file", "-p", trap.blob)
        assert {"gpg", "uploadpack"} <= trap.caught()

    def test_no_program_of_a_repository_is_run(self, trap):
        found = probe(Host(), Target("copy", str(trap.repository)), None, Depth.BYTES)
        assert found.kind == "git-annex"
        drilled(Host(), Target("copy", str(trap.repository)), found, None, Wish(), str(trap.base))
        assert trap.caught() == set()

    def test_nor_of_one_that_bup_might_have_written(self, trap):
        bare = trap.repository / ".git"
        shutil.rmtree(bare / "annex")
        (bare / "bup-repo-id").write_text("x\n")
        found = probe(Host(), Target("copy", str(bare)), None, Depth.BYTES)
        assert found.kind == "bup"
        drilled(Host(), Target("copy", str(bare)), found, None, Wish(), str(trap.base))
        assert trap.caught() == set()


def _hostile_tar(path: Path, victim: Path) -> None:
    """A file, then a link of the same name that leads out, then a file below it."""
    with tarfile.open(path, "w") as tar:
        for name, content, link in (("a", b"file", ""), ("a", b"", str(victim)),
                                    ("a/canary", b"owned", ""), ("b", b"sound", "")):  # fmt: skip
            member = tarfile.TarInfo(name)
            member.mtime = 1_700_000_000
            if link:
                member.type, member.linkname = tarfile.SYMTYPE, link
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


@needs("borg")
@pytest.mark.integration
class TestBorg:
    @pytest.fixture
    def made(self, tmp_path):
        victim = tmp_path / "victim"
        victim.mkdir()
        (victim / "canary").write_text("mine")
        (tmp_path / "scratch").mkdir()
        _hostile_tar(tmp_path / "x.tar", victim)
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path),
            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
        }  # fmt: skip

        def borg(*words):
            subprocess.run(["borg", *words], env=environment, check=True, cwd=tmp_path / "scratch")

        borg("init", "-e", "none", str(tmp_path / "repository"))
        borg("import-tar", f"{tmp_path}/repository::one", str(tmp_path / "x.tar"))
        return tmp_path, borg

    def test_the_trap_works(self, made):
        base, borg = made
        borg("extract", f"{base}/repository::one")
        assert (base / "victim" / "canary").read_text() == "owned"

    def drill(self, base):
        target = Target("copy", str(base / "repository"))
        found = probe(Host(), target, None, Depth.BYTES)
        return drilled(Host(), target, found, None, Wish(), str(base / "scratch"))

    def test_a_drill_writes_where_no_link_leads(self, made):
        base, _ = made
        told = self.drill(base).restored
        assert (base / "victim" / "canary").read_text() == "mine"
        assert "a file and a folder of one name: 'a'" in told.reason

    @pytest.mark.skipif(not is_supported(), reason=f"{NOT_HERE}Landlock")
    def test_nor_if_nobody_had_seen_it_coming(self, made, monkeypatch):
        """The kernel keeps the tool from it even if we ask for all of it."""
        base, _ = made
        monkeypatch.setattr(_drill, "file_and_folder", lambda paths: None)
        monkeypatch.setattr(drills_borg, "_ONLY", "pp:")
        self.drill(base)
        assert (base / "victim" / "canary").read_text() == "mine"
