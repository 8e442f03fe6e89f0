"""Bags: made here by RFC 8493, in every state of disrepair."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.probes.repositories import flip, look, make_source, manifest_of, state_of
from verifier.effort import Effort
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import probe
from verifier.probes.bagit import parse_info, parse_manifest
from verifier.target import Target


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    return make_source(tmp_path_factory.mktemp("bagit") / "photos")


@pytest.fixture
def bag(photos, tmp_path):
    root = tmp_path / "bag"
    shutil.copytree(photos, root / "data")
    (root / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (root / "bag-info.txt").write_text("Bagging-Date: 2026-05-04\nContact: Ada\n  Lovelace\n")
    lines = [
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(root)}\n"
        for file in sorted((root / "data").rglob("*"))
        if file.is_file()
    ]
    (root / "manifest-sha256.txt").write_text("".join(lines))
    digest = hashlib.md5((root / "bag-info.txt").read_bytes()).hexdigest()
    (root / "tagmanifest-md5.txt").write_text(f"{digest} bag-info.txt\n")
    return root


def test_a_whole_bag(bag, photos):
    before = state_of(bag)
    found = look(bag, manifest_of(photos), Depth.BYTES)
    assert (found.kind, found.files, found.coverage.value) == ("bagit", 7, 1.0)
    assert (found.depth, found.errors) == (Depth.BYTES, ())
    assert found.points.newest == datetime(2026, 5, 4, tzinfo=UTC)
    assert state_of(bag) == before


def test_a_folder_within_the_payload(bag, photos):
    (bag / "data").rename(bag / "inner")
    (bag / "data").mkdir()
    (bag / "inner").rename(bag / "data" / "photos")
    assert look(bag, manifest_of(photos)).coverage.value == 1.0


@pytest.mark.parametrize("name", ["data/2025/3.jpg", "bag-info.txt"])
def test_rot_is_found_at_bytes(bag, photos, name):
    flip(bag / name, at=3)
    assert look(bag, manifest_of(photos), Depth.STRUCTURE).errors == ()
    (error,) = look(bag, manifest_of(photos), Depth.BYTES).errors
    assert name in error


def test_missing_and_extra_files_are_errors(bag, photos):
    (bag / "data" / "2025" / "3.jpg").rename(bag / "data" / "2025" / "4.jpg")
    found = look(bag, manifest_of(photos), Depth.STRUCTURE)
    assert found.errors == (
        "data/2025/3.jpg is in the manifest and not in the bag.",
        "data/2025/4.jpg is in the bag and not in the manifest.",
    )


def test_what_is_still_to_be_fetched_is_not_there(bag, photos):
    (bag / "data" / "2025" / "3.jpg").unlink()
    (bag / "fetch.txt").write_text("https://example.org/3.jpg - data/2025/3.jpg\n")
    (error,) = look(bag, manifest_of(photos), Depth.STRUCTURE).errors
    assert "fetched" in error


def test_a_damaged_manifest_reaches_no_depth(bag, photos):
    (bag / "manifest-sha256.txt").write_bytes(b"\0\xff\n")
    found = look(bag, manifest_of(photos), Depth.BYTES)
    assert "manifest-sha256.txt is damaged" in found.errors[0]
    assert found.depth is Depth.LISTED


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "data/../../x", "~/x"])
def test_a_manifest_cannot_lead_out_of_the_bag(path):
    with pytest.raises(ValueError, match="leads out"):
        parse_manifest([f"{'a' * 64}  {path}"], "sha256")


@given(st.text())
def test_any_manifest_is_read_or_refused(text):
    try:
        assert all(len(d.value) == 64 for d in parse_manifest(text.split("\n"), "sha256").values())
    except ValueError as error:
        assert "line" in str(error)


def test_folded_labels():
    assert parse_info("Contact: Ada\n  Lovelace\nX")["contact"] == "Ada Lovelace"


def test_a_sample_of_a_bag_is_told_and_finds_what_it_draws(bag, photos):
    flip(bag / "data/2025/3.jpg", at=3)
    host = Host()
    found = []
    for seed in range(30):
        host.effort = Effort(max_bad=0.4, seed=seed)
        found.append(probe(host, Target("copy", str(bag)), manifest_of(photos), Depth.BYTES))
    assert {one.sample.of for one in found} == {8}
    assert all(one.sample.looked < 8 and one.depth is Depth.BYTES for one in found)
    assert all(one.sample.bad == len(one.errors) for one in found)
    assert {len(one.errors) for one in found} == {0, 1}
