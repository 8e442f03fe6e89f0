"""Folders that a synchroniser keeps the same as others, by its marker alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.verifier.inventories import view
from tests.verifier.probes.repositories import look, make_source, manifest_of
from verifier.inventory import Evidence
from verifier.rules import repeats_deletions


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_source(tmp_path / "live" / "photos")


@pytest.fixture
def copy(source: Path, tmp_path: Path) -> Path:
    return shutil.copytree(source, tmp_path / "usb" / "photos")


def mark(folder: Path, *names: str) -> None:
    for name in names:
        place = folder / name
        place.parent.mkdir(exist_ok=True)
        place.mkdir() if name.endswith("/") else place.touch()


def told(copy: Path, source: Path):
    return look(copy, manifest_of(source)).repeats_deletions


MARKERS = [
    (".stfolder/", "Syncthing"),
    (".stignore", "Syncthing"),
    (".dropbox", "Dropbox"),
    (".dropbox.cache/", "Dropbox"),
    (".sync_1a2b3c.db", "Nextcloud or ownCloud"),
    ("._sync_1a2b3c.db", "Nextcloud or ownCloud"),
    (".owncloudsync.log", "Nextcloud or ownCloud"),
    (".sync/ID", "Resilio Sync"),
    (".849C9593-D756-4E56-8D6E-42412F2A707B", "OneDrive"),
    (".tmp.driveupload/", "Google Drive"),
]


@pytest.mark.parametrize(("marker", "tool"), MARKERS)
def test_a_marker_tells_who_repeats_deletions_there(source, copy, marker, tool):
    mark(copy, marker)
    found = look(copy, manifest_of(source))
    assert (found.repeats_deletions.value, found.coverage.value) == (True, 1.0)
    assert found.repeats_deletions.evidence is Evidence.INFERRED
    (finding,) = repeats_deletions.judge(view(found))
    assert f"{tool} keeps it the same as folders elsewhere, as its" in finding.message
    assert marker.rstrip("/") in finding.message


def test_seafile_has_its_marker_beside_its_libraries(source, copy):
    mark(copy.parent, ".seafile-data/")
    assert told(copy, source).value is True


def test_a_folder_in_a_synchronised_one_and_one_that_holds_one(source, copy):
    mark(copy, ".stfolder/")
    assert told(copy.parent, source).value is True
    assert told(copy / "2026", source / "2026").value is True


@pytest.mark.parametrize("marker", [marker for marker, _ in MARKERS])
def test_markers_that_were_copied_with_the_source_say_nothing(source, copy, marker):
    mark(copy, marker)
    mark(source, marker)
    assert told(copy, source).value is None


def test_a_marker_above_the_source_may_have_been_copied_too(source, copy):
    mark(copy.parent, ".stfolder/")
    mark(source.parent, ".stfolder/")
    assert told(copy, source).value is None


@pytest.mark.parametrize("names", [(".stfolder/", ".stversions/"), (".sync/ID", ".sync/Archive/")])
def test_who_keeps_older_versions_beside_is_no_mirror(source, copy, names):
    mark(copy, *names)
    assert told(copy, source).value is None


@pytest.mark.parametrize(
    "name", [".dropbox/", ".sync/", ".stversions/", "sync.db", "_sync_1.db", ".sync_1.txt"]
)
def test_what_only_looks_like_a_marker(source, copy, name):
    mark(copy, name)
    assert told(copy, source).value is None


def test_rows_of_points_keep_what_is_deleted(source, tmp_path):
    for day in ("2026-11-01", "2026-11-02"):
        shutil.copytree(source, tmp_path / "row" / day)
    mark(tmp_path / "row", ".stfolder/")
    found = look(tmp_path / "row", manifest_of(source))
    assert (found.kind, found.repeats_deletions.value) == ("dated", None)
