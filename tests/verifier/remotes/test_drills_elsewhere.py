"""Drills of object storage: a plain tree, an archive and a repository in a bucket."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.needs import needs
from tests.verifier.remotes.servers import SECRET, contents
from verifier.drills import Wish, drilled
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import collect_source, probe
from verifier.target import Target

pytestmark = pytest.mark.slow


def drill(address, source, scratch, **more):
    host, target = Host(timeout=5), Target("cloud", address, **more)
    manifest = collect_source(host, str(source))[1]
    seen = probe(host, target, manifest, Depth.STRUCTURE)
    found = drilled(host, target, seen, manifest, Wish(seed=1), str(scratch))
    assert list(scratch.iterdir()) == []
    assert SECRET not in repr(found)
    return found


@pytest.fixture
def scratch(tmp_path):
    (folder := tmp_path / "scratch").mkdir()
    return folder


def test_a_plain_tree_is_fetched_and_compared(storage, photos, scratch):
    files = {f"ada/{name}": content for name, content in contents(photos).items()}
    bucket = storage.bucket(files)
    found = drill(storage.address(bucket, "ada"), photos, scratch)
    assert (found.kind, found.depth, found.errors) == ("s3", Depth.RESTORE, ())
    assert (found.restored.right, found.restored.differing) == (3, ())
    storage.put(bucket, {"ada/a.jpg": b"b" * 3000})
    found = drill(storage.address(bucket, "ada"), photos, scratch)
    assert found.errors == ("a.jpg came back different from the source.",)
    assert found.depth is not Depth.RESTORE


@needs("restic")
def test_a_repository_in_a_bucket_is_restored(storage, photos, scratch, tmp_path):
    bucket = storage.bucket({})
    password = tmp_path / "password"
    password.write_text("hush")
    repository = f"s3:{storage.url}/{bucket}"
    for words in (("init",), ("backup", str(photos))):
        argv = ["restic", "-q", "-r", repository, "--password-file", str(password), *words]
        subprocess.run(argv, env=dict(os.environ), check=True, capture_output=True)
    found = drill(repository, photos, scratch, password_file=str(password))
    assert (found.kind, found.depth, found.errors) == ("restic", Depth.RESTORE, ())
    assert found.restored.right == 3
