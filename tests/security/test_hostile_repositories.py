"""Repositories written by somebody who wants the auditor's programs to do more than to read."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.needs import needs
from verifier.drills import Wish, drilled
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
