"""git-annex repositories, made by git-annex itself."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess

import pytest

from tests.needs import needs
from verifier.effort import Effort
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import collect_source, probe
from verifier.probes.annex_text import key_in, latest, located, parse_key, parse_tree
from verifier.target import Target

annex_needed = pytest.mark.skipif(
    shutil.which("git-annex") is None, reason="git-annex not installed"
)


def look(path, manifest, depth=Depth.BYTES):
    return probe(Host(), Target("copy", str(path)), manifest, depth)


def test_keys():
    digest = hashlib.sha256(b"").hexdigest()
    key = parse_key(f"SHA256E-s20-m17--{digest}.tar.gz")
    assert (key.size, key.algorithm, key.digest) == (20, "sha256", digest)
    assert parse_key("WORM-s20-m1700000000--name.jpg").algorithm is None
    assert parse_key("SHA256-s20--short").algorithm is None
    assert parse_key(f"SHA256-s90-S30-C2--{digest}").algorithm is None
    assert parse_key("photo.jpg") is None


def test_links_and_pointers():
    name = f"SHA256E-s3--{'a' * 64}.jpg"
    assert key_in(f"../.git/annex/objects/1q/2w/{name}/{name}").name == name
    assert key_in(f"/annex/objects/{name}\n").name == name
    assert key_in("/etc/hosts") is None
    assert key_in("") is None


def test_the_youngest_line_counts():
    log = "u1 0 timestamp=1795393585.15s\nu1 1 timestamp=1795393586s\nu2 X timestamp=1s\n"
    assert latest(log) == {"u1": "1", "u2": "X"}


def test_location_logs():
    lines = ["git-annex:aa/bb/K1.log:5s 1 u", "git-annex:aa/bb/K1.log:7.5s 0 u",
             "git-annex:aa/cc/K2.log:5s 1 u", "nonsense"]  # fmt: skip
    assert located(lines) == {"K2"}


def test_trees():
    text = "100644 blob abc 12\ta b.txt\x00120000 blob def 190\tlink\x00160000 commit 0 -\tsub\0"
    first, second = parse_tree(text)
    assert (first.path, first.size, first.link, second.link) == ("a b.txt", 12, False, True)


@annex_needed
@pytest.mark.integration
class TestReal:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory):
        """A laptop's repository, and a clone on a disk that got all but one content."""
        base = tmp_path_factory.mktemp("annex")
        (base / "home").mkdir()
        cls.environment = {
            **os.environ, "HOME": str(base / "home"), "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
        }  # fmt: skip
        laptop = base / "laptop"
        for number in range(4):
            (base / "plain").mkdir(exist_ok=True)
            (base / "plain" / f"{number}.jpg").write_bytes(os.urandom(4000 + number))
        shutil.copytree(base / "plain", laptop)
        cls.git(laptop, "init", "-q", "-b", "master")
        cls.git(laptop, "annex", "init", "-q", "laptop")
        cls.git(laptop, "annex", "add", "-q", ".")
        cls.git(laptop, "commit", "-q", "-m", "all")
        cls.git(base, "clone", "-q", str(laptop), str(base / "usb"))
        cls.git(base / "usb", "annex", "init", "-q", "usb")
        cls.git(base / "usb", "annex", "get", "-q", "0.jpg", "1.jpg", "2.jpg")
        return base

    @classmethod
    def git(cls, where, *words):
        subprocess.run(["git", *words], cwd=where, env=cls.environment, check=True)

    @pytest.fixture
    def usb(self, made, tmp_path):
        subprocess.run(["cp", "-a", str(made / "usb"), str(tmp_path / "usb")], check=True)
        yield tmp_path / "usb"
        subprocess.run(["chmod", "-R", "u+w", str(tmp_path)], check=True)

    @pytest.fixture
    def plain(self, made):
        return collect_source(Host(), str(made / "plain"))[1]

    def test_only_contents_that_are_there_count(self, usb, plain):
        found = look(usb, plain)
        assert (found.kind, found.files, found.shares.files) == ("git-annex", 3, 0.75)
        assert (found.depth, found.errors) == (Depth.BYTES, ())
        assert found.points.count == 1
        assert found.disqualified == ""

    def test_a_sample_is_told_and_finds_what_it_draws(self, usb, plain):
        held = sorted(path for path in usb.glob(".git/annex/objects/**/*") if path.is_file())
        held[1].parent.chmod(0o755)
        held[1].chmod(0o644)
        held[1].write_bytes(held[1].read_bytes()[::-1])
        host, found = Host(), []
        for seed in range(12):
            host.effort = Effort(max_bad=0.7, seed=seed)
            found.append(probe(host, Target("usb", str(usb)), plain, Depth.BYTES))
        assert {one.sample.of for one in found} == {3}
        assert all(0 < one.sample.looked < 3 for one in found)
        assert all(one.sample.bad == len(one.errors) for one in found)
        assert {len(one.errors) for one in found} == {0, 1}

    def test_a_source_of_the_same_kind(self, made, usb):
        laptop = collect_source(Host(), str(made / "laptop"))[1]
        found = look(usb, laptop)
        assert (found.kind, found.shares.files) == ("git-annex", 0.75)
        self.git(usb, "annex", "get", "-q", "3.jpg")
        assert look(usb, laptop).coverage.value == 1.0

    def test_unlocked_files_are_pointers(self, usb, plain):
        self.git(usb, "annex", "unlock", "0.jpg")
        self.git(usb, "commit", "-q", "-m", "unlock")
        assert look(usb, plain).shares.files == 0.75

    def test_a_bare_repository(self, made, plain, tmp_path):
        self.git(tmp_path, "clone", "-q", "--bare", str(made / "laptop"), str(tmp_path / "bare"))
        self.git(tmp_path / "bare", "annex", "init", "-q", "bare")
        assert look(tmp_path / "bare", plain).coverage.value == 0.0
        self.git(made / "laptop", "remote", "add", "bare", str(tmp_path / "bare"))
        self.git(made / "laptop", "annex", "copy", "-q", "--to", "bare", ".")
        self.git(made / "laptop", "remote", "remove", "bare")
        found = look(tmp_path / "bare", plain)
        assert (found.kind, found.coverage.value, found.depth) == ("git-annex", 1.0, Depth.BYTES)

    @pytest.mark.parametrize(("command", "word"), [("untrust", "untrusted"), ("dead", "dead")])
    def test_untrusted_repositories_are_no_copies(self, usb, plain, command, word):
        self.git(usb, "annex", command, "-q", *(["--force"] if command == "dead" else []), "here")
        assert word in look(usb, plain).disqualified

    def test_a_flipped_byte(self, usb, plain):
        path = next(usb.glob(".git/annex/objects/*/*/*/*"))
        path.chmod(0o600)
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
        assert look(usb, plain, Depth.STRUCTURE).errors == ()
        (error,) = look(usb, plain).errors
        assert path.name in error

    def test_lost_content_that_the_log_still_knows(self, usb, plain):
        path = (usb / "1.jpg").resolve()
        path.parent.chmod(0o700)
        path.unlink()
        found = look(usb, plain)
        assert found.errors == ("1.jpg is gone, and git-annex believes that it is here.",)
        assert found.shares.files == 0.5

    @pytest.mark.parametrize("part", ["objects", "refs", "HEAD", "objects/*"])
    def test_without_a_part_that_git_needs_it_is_damaged(self, usb, plain, part):
        subprocess.run(["chmod", "-R", "u+w", str(usb)], check=True)
        for path in (usb / ".git").glob(part):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        found = look(usb, plain, Depth.LISTED)
        words = "content in objects" if "*" in part else part
        assert found.errors == (f"The repository has no {words}: git can read none of it.",)
        assert found.coverage.value is None

    def test_a_repository_without_commits_is_empty_not_damaged(self, usb, plain, tmp_path):
        (tmp_path / "new").mkdir()
        self.git(tmp_path / "new", "init", "-q")
        self.git(tmp_path / "new", "annex", "init", "-q", "new")
        shutil.rmtree(tmp_path / "new" / ".git" / "refs" / "heads")
        (tmp_path / "new" / ".git" / "refs" / "heads").mkdir()
        assert look(tmp_path / "new", plain, Depth.LISTED).errors == ()

    def test_nothing_is_written(self, usb, plain):
        def state():
            return {path: (path.lstat().st_mtime_ns, path.lstat().st_atime_ns)
                    for path in usb.rglob("*") if not path.is_symlink()}  # fmt: skip

        before = state()
        look(usb, plain)
        assert {key: times[0] for key, times in state().items()} == {
            key: times[0] for key, times in before.items()
        }

    def test_without_git(self, usb, plain, monkeypatch):
        monkeypatch.setattr("verifier.host.located", lambda name: None)
        found = look(usb, plain)
        assert (found.coverage.value, found.depth) == (None, Depth.BYTES)
        assert "git is not installed" in found.reason


@needs("git")
@pytest.mark.parametrize("way", ["a missing object", "a commit for a blob"])
def test_a_repository_starts_no_program_of_its_own(tmp_path, way):
    """Its config may name programs for fetches and diffs, and an auditor may be root."""
    root, mark, evil = tmp_path / "annex", tmp_path / "started", tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\ntouch {mark}\nexit 1\n")
    evil.chmod(0o755)

    def git(*words, **more):
        command = ["git", "-C", root, "-c", "user.name=a", "-c", "user.email=a@b", *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True, **more)
        return done.stdout.strip()

    root.mkdir()
    git("init", "--quiet")
    (root / "b.txt").write_text("hi\n")
    git("add", ".")
    git("commit", "--quiet", "--message=one")
    git("branch", "git-annex")
    for key, value in {
        "annex.uuid": "1" * 8, "annex.version": "10", "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin", "remote.origin.promisor": "true",
        "remote.origin.url": str(tmp_path / "nowhere"), "remote.origin.uploadpack": str(evil),
        "diff.external": str(evil), "diff.odd.textconv": str(evil),
    }.items():  # fmt: skip
        git("config", key, value)
    (root / ".git" / "info" / "attributes").write_text("* diff=odd\n")
    (root / ".git" / "annex").mkdir()
    if way == "a missing object":
        blob = git("rev-parse", "HEAD:b.txt")
        (root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    else:
        tree = b"100644 b.txt\0" + bytes.fromhex(git("rev-parse", "HEAD"))
        put = ["hash-object", "-w", "--literally", "-t", "tree", "--stdin"]
        command = ["git", "-C", root, *put]
        made = subprocess.run(command, input=tree, check=True, capture_output=True).stdout.decode()
        head = git("commit-tree", "-m", "two", made.strip())
        git("update-ref", "HEAD", head)
    found = look(root, None)
    assert found.kind == "git-annex"
    assert not mark.exists()
