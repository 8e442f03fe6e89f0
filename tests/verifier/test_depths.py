"""The table of depths is what the probes do."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from tests.verifier.probes.repositories import flip, look, make_source, manifest_of
from verifier.depths import DAMAGES, beyond, depth_text, shallowest
from verifier.inventory import Depth
from verifier.kinds import kind_documents


@pytest.fixture
def photos(tmp_path):
    return make_source(tmp_path / "photos")


def directory(photos, root):
    return shutil.copytree(photos, root)


def bag(photos, root):
    shutil.copytree(photos, root / "data")
    (root / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    files = [file for file in (root / "data").rglob("*") if file.is_file()]
    lines = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.relative_to(root)}" for f in files]
    (root / "manifest-sha256.txt").write_text("\n".join(lines) + "\n")
    return root


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    "damage", [("gone", Path.unlink), ("cut-off", cut), ("changed", flip)], ids=lambda pair: pair[0]
)
@pytest.mark.parametrize("make", [directory, bag])
def test_damage_is_found_at_the_depth_that_the_table_says_and_no_shallower(
    photos, tmp_path, make, damage
):
    root = make(photos, tmp_path / "copy")
    name, do = damage
    do(next(root.rglob("2.jpg")))
    kind = "bagit" if make is bag else "directory"
    for depth in (Depth.LISTED, Depth.STRUCTURE, Depth.BYTES, Depth.SOURCE):
        found = look(root, manifest_of(photos), depth)
        assert found.kind == kind
        lacks = found.coverage.value < 1  # what lies open is held against the source at once
        reached = Depth.SOURCE if kind == "directory" and depth >= Depth.BYTES else depth
        assert bool(found.errors or lacks) == (reached >= shallowest(kind, name)), depth


def test_every_kind_and_damage_has_a_depth():
    for kind in kind_documents():
        for damage in DAMAGES:
            assert shallowest(kind, damage) in Depth
        if kind != "declared":
            assert beyond(kind, Depth.RESTORE) == ""
            assert all(beyond(kind, depth) for depth in Depth if depth < Depth.RESTORE)


def test_a_kind_is_explained_with_its_depths():
    text = kind_documents()["restic"]["text"]
    assert depth_text("restic") in text
    assert "at depth bytes a file that is cut off, changed bytes under the same size" in text
