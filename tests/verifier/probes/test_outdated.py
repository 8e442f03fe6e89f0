"""A date that a copying or a touch gave is not believed against the bytes."""

from __future__ import annotations

import os
import tarfile
import zipfile

import pytest

from tests.verifier.probes.repositories import look, make_source, manifest_of
from verifier.bounds import sample_size
from verifier.effort import Effort
from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import probe
from verifier.probes.comparing import compare
from verifier.probes.comparing_elsewhere import compare as compare_elsewhere
from verifier.probes.directory import read_manifest
from verifier.target import Target

DAY = 86400
MADE, EDITED, TOUCHED = (1_700_000_000 + days * DAY for days in (0, 100, 400))


def dated(path, time):
    os.utime(path, (time, time))


def tree(source, to):
    for file in sorted(source.rglob("*")):
        if file.is_file():
            place = to / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
            dated(place, file.stat().st_mtime)
    dated(to / "2026" / "empty", TOUCHED)
    return to


def tar(source, to):
    with tarfile.open(to, "w:gz" if to.suffix == ".gz" else "w") as archive:
        archive.add(source, "photos")
    dated(to, TOUCHED)
    return to


def zipped(source, to):
    with zipfile.ZipFile(to, "w") as archive:
        for file in sorted(source.rglob("*")):
            archive.write(file, file.relative_to(source))
    dated(to, TOUCHED)
    return to


MAKERS = pytest.mark.parametrize(
    ("make", "name"),
    [(tree, "copy"), (tar, "old.tar"), (tar, "old.tar.gz"), (zipped, "old.zip")],
    ids=["tree", "tar", "tar.gz", "zip"],
)


@pytest.fixture
def photos(tmp_path):
    source = make_source(tmp_path / "photos")
    for file in source.rglob("*"):
        dated(file, MADE)
    return source


def edited(photos, when=EDITED):
    """Change a file under its size, as programs do with a disk image or a database."""
    file = next(photos.rglob("2.jpg"))
    file.write_bytes(file.read_bytes()[::-1])
    dated(file, when)


@MAKERS
def test_an_old_copy_with_a_new_date_does_not_hold_what_changed_before_that(
    photos, tmp_path, make, name
):
    copy = make(photos, tmp_path / name)
    edited(photos)
    found = look(copy, manifest_of(photos), Depth.BYTES)
    count = len(manifest_of(photos).files)
    assert found.coverage.value == pytest.approx(1 - 1 / count)
    assert found.missing
    assert found.errors == ()  # an older version is no damage


def test_a_sample_looks_at_what_the_source_changed_since_too_and_does_not_count_it(
    photos, tmp_path
):
    copy = tree(photos, tmp_path / "copy")
    edited(photos)
    host = Host()
    host.effort = Effort(max_bad=0.9, seed=1)
    manifest = manifest_of(photos)
    found = probe(host, Target("copy", str(copy)), manifest, Depth.BYTES)
    count = len(manifest.files)
    assert found.coverage.value == pytest.approx(1 - 1 / count)
    assert found.errors == ()
    assert (found.sample.looked, found.sample.of) == (sample_size(count - 1, 0.9), count - 1)


@MAKERS
def test_what_changed_after_the_point_is_only_not_copied_yet(photos, tmp_path, make, name):
    copy = make(photos, tmp_path / name)
    edited(photos, TOUCHED + DAY)
    found = look(copy, manifest_of(photos), Depth.BYTES)
    assert found.coverage.value == 1.0, (found.state, found.reason)
    assert found.errors == ()


@MAKERS
def test_a_touched_file_with_the_same_bytes_is_held(photos, tmp_path, make, name):
    copy = make(photos, tmp_path / name)
    dated(next(photos.rglob("2.jpg")), EDITED)
    found = look(copy, manifest_of(photos), Depth.BYTES)
    assert found.coverage.value == 1.0, (found.state, found.reason)


def test_older_versions_elsewhere_are_told_apart_too(photos, tmp_path):
    """The host of a remote place compares piece by piece."""
    copy = tree(photos, tmp_path / "copy")
    edited(photos)

    class Elsewhere(Host):
        local = False

    held = read_manifest(Host(), str(copy))
    (path,) = compare(Elsewhere(), manifest_of(photos), held).outdated
    assert path.endswith("2.jpg")


@pytest.mark.parametrize(("make", "name"), [(tree, "copy"), (tar, "x.tar"), (zipped, "x.zip")])
def test_beside_an_empty_source_nothing_is_compared(photos, tmp_path, make, name):
    copy = make(photos, tmp_path / name)
    (tmp_path / "empty").mkdir()
    found = look(copy, manifest_of(tmp_path / "empty"), Depth.SOURCE)
    assert found.depth < Depth.SOURCE
    assert found.coverage.value is None


def test_beside_an_empty_source_nothing_is_compared_elsewhere(photos, tmp_path):
    from types import SimpleNamespace

    (tmp_path / "empty").mkdir()
    link = SimpleNamespace(host=Host(), path=str(photos))
    found = compare_elsewhere(link, manifest_of(tmp_path / "empty"), Depth.SOURCE)
    assert found.reached is Depth.LISTED
