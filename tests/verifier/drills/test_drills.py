"""Drills of what needs no program: trees, archives, hostile ones, and the scratch folder."""

from __future__ import annotations

import io
import os
import random
import subprocess
import tarfile
import time
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from riskmodel.errors import InputError
from tests.verifier.probes.repositories import flip, make_source, manifest_of, state_of
from verifier.drilling import _verdict
from verifier.drills import Wish, drilled, scratch_parent
from verifier.drills._choice import Wanted, choose, eligible, parts
from verifier.drills._model import Back, Point
from verifier.drills._scratch import TooLarge, private_folder, write_out
from verifier.host import Host
from verifier.inventory import Depth, Location, State
from verifier.manifest import Manifest
from verifier.probes import probe
from verifier.target import Target


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_source(tmp_path / "photos")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (folder := tmp_path / "scratch").mkdir()
    return folder


def drill(
    path: Path | str,
    manifest: Manifest | None,
    scratch: Path,
    files: int | None = 60,
    **more: object,
) -> Location:
    """Look at a location as the command does, drill it, and see that nothing is left behind."""
    host, target = Host(), Target("copy", str(path), **more)
    seen = probe(host, target, manifest, Depth.STRUCTURE)
    found = drilled(host, target, seen, manifest, Wish(files, seed=7), str(scratch))
    assert list(scratch.iterdir()) == []
    return found


def copied(source: Path, to: Path) -> Path:
    """Copy a tree with its times and permissions."""
    for file in source.rglob("*"):
        if file.is_file():
            place = to / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
            place.chmod(file.stat().st_mode)
            os.utime(place, ns=(0, file.stat().st_mtime_ns))
    return to


def test_a_sound_copy_is_restored_and_left_alone(source, tmp_path, scratch):
    copy = copied(source, tmp_path / "copy")
    before = state_of(copy), state_of(source)
    found = drill(copy, manifest_of(source), scratch)
    assert (found.depth, found.errors, found.sample) == (Depth.RESTORE, (), None)
    told = found.restored
    assert (told.asked, told.right, told.of, told.reason) == (7, 7, 7, "")
    assert told.differing == ()
    assert told.size_bytes == sum(f.stat().st_size for f in source.rglob("*") if f.is_file())
    assert (state_of(copy), state_of(source)) == before


def test_a_flipped_byte_is_damage_and_no_depth(source, tmp_path, scratch):
    copy = copied(source, tmp_path / "copy")
    flip(copy / "2026" / "june" / "big.raw")
    found = drill(copy, manifest_of(source), scratch)
    assert found.depth is Depth.STRUCTURE
    assert found.errors == ("2026/june/big.raw came back different from the source.",)


@pytest.mark.parametrize(("left", "days"), [(0, 0), (300, 0), (20_002, 1), (15_000, 1)])
def test_what_came_back_younger_or_longer_may_be_right(source, tmp_path, scratch, left, days):
    copy = copied(source, tmp_path / "copy")
    file, times = source / "2025" / "2.jpg", (source / "2025" / "2.jpg").stat()
    file.write_bytes(b"x" * left)
    os.utime(file, ns=(0, times.st_mtime_ns - days * 86_400 * 10**9))
    found = drill(copy, manifest_of(source), scratch)
    assert found.errors == ()
    assert found.depth is not Depth.RESTORE
    assert "1 of 7 files came back different from the source, and may be" in found.restored.reason
    assert found.unlike.younger_files + found.unlike.shorter_files == 1


def test_what_the_source_changed_since_is_no_damage(source, tmp_path, scratch):
    copy = copied(source, tmp_path / "copy")
    for file in copy.rglob("*.jpg"):
        os.utime(file, ns=(0, file.stat().st_mtime_ns - 60 * 10**9))
    (source / "2025" / "0.jpg").write_bytes(b"another picture")
    os.utime(source / "2025" / "0.jpg", ns=(0, (copy / "2026" / "empty").stat().st_mtime_ns))
    found = drill(copy, manifest_of(source), scratch)
    assert found.errors == ()
    assert (found.restored.changed, found.restored.right) == (1, 6)
    assert (
        "3 of them, the first of which is named, came back with another modification time"
        in (found.restored.differing[0])
    )


@pytest.mark.parametrize("drawn", [None, 3])
def test_an_older_version_than_the_date_says_is_not_held(drawn, source, tmp_path, scratch):
    for file in source.rglob("*"):
        os.utime(file, (1_700_000_000,) * 2)
    (source / "touched").write_text("today")  # what both have dates a tree
    copy = copied(source, tmp_path / "copy")
    for file in source.rglob("*.jpg"):
        file.write_bytes(file.read_bytes()[::-1])
        os.utime(file, (1_710_000_000,) * 2)
    found = drill(copy, manifest_of(source), scratch, drawn)
    count, older = 8, len(list(source.rglob("*.jpg")))
    assert (found.errors, found.restored.changed) == ((), 0)
    assert found.restored.outdated >= 1
    if drawn is None:
        assert found.depth is Depth.RESTORE
        assert found.coverage.value == pytest.approx(1 - older / count)
    else:  # a sample tells how many there are at least, and proves nothing
        assert found.depth is Depth.STRUCTURE
        assert 1 - older / count <= found.coverage.value < 1.0
        assert "came back in an older version" in found.restored.reason


def test_links_that_are_lost_are_no_pass(source, tmp_path, scratch):
    (source / "cache").mkdir()
    for name, target in (("one", ""), ("two", ""), ("cache/three", "../")):
        (source / name).symlink_to(f"{target}2025/0.jpg")
    (source / "folder").symlink_to("2025")
    time.sleep(0.1)
    (source / "newest").write_text("")
    copy = copied(source, tmp_path / "copy")  # as files: what they lead to is held
    copied(source / "2025", copy / "folder")
    followed = drill(copy, manifest_of(source), scratch, None)
    assert (followed.depth, followed.restored.lost_links) == (Depth.RESTORE, 0)
    assert "4 of them" in followed.restored.differing[0]
    (copy / "one").unlink()
    (copy / "cache" / "three").unlink()
    found = drill(copy, replace(manifest_of(source), exclude=("cache/",)), scratch, None)
    assert found.restored.lost_links == 1
    assert found.depth is Depth.STRUCTURE
    assert "1 symbolic link did not come back, the first: one" in found.restored.reason
    assert (found.errors, found.coverage.value) == ((), 1.0)
    assert _verdict(found, 0.99) == (1, found.restored.reason)
    old = (copy / "newest").stat().st_mtime - 60
    (copy / "newest").unlink()
    os.utime(copy / "2025" / "0.jpg", (old, old))  # the tree is older than the links' inodes now
    for name in ("one", "two"):
        os.utime(source / name, (old - 60, old - 60), follow_symlinks=False)
    doubtful = drill(copy, replace(manifest_of(source), exclude=("cache/",)), scratch, None)
    assert doubtful.restored.lost_links == 0
    assert "may have come since" in doubtful.restored.reason


def test_permissions_that_differ_are_told_apart_from_damage(source, tmp_path, scratch):
    copy = copied(source, tmp_path / "copy")
    (copy / "2025" / "1.jpg").chmod(0o777)
    found = drill(copy, manifest_of(source), scratch)
    assert found.depth is Depth.RESTORE
    assert found.restored.differing == (
        "1 of them came back with other permission bits: 2025/1.jpg has 0777, not 0644.",
    )


def test_without_the_source_nothing_is_restored_for_certain(source, tmp_path, scratch):
    copy = copied(source, tmp_path / "copy")
    found = drill(copy, None, scratch)
    assert found.depth is Depth.STRUCTURE
    assert "the source could not be read" in found.restored.reason
    assert found.restored.right == 0


@pytest.mark.parametrize("form", ["tar", "tar.gz", "tar.xz", "zip"])
def test_archives(form, source, tmp_path, scratch):
    archive = packed(source, tmp_path / f"copy.{form}")
    found = drill(archive, manifest_of(source), scratch)
    assert (found.depth, found.errors) == (Depth.RESTORE, ())
    assert found.restored.right == 7
    assert found.restored.differing == ()


@pytest.mark.parametrize("form", ["tar", "tar.gz", "zip"])
def test_a_truncated_archive_fails(form, source, tmp_path, scratch):
    archive = packed(source, tmp_path / f"copy.{form}")
    archive.write_bytes(archive.read_bytes()[:-60_000])
    found = drill(archive, manifest_of(source), scratch)
    assert found.errors
    assert found.depth is not Depth.RESTORE


def test_a_flipped_byte_in_a_tar_comes_out(source, tmp_path, scratch):
    archive = packed(source, tmp_path / "copy.tar")
    flip(archive, at=archive.read_bytes().index((source / "2025" / "2.jpg").read_bytes()) + 9)
    found = drill(archive, manifest_of(source), scratch)
    assert found.errors == ("2025/2.jpg came back different from the source.",)


@pytest.fixture
def old(source, tmp_path):
    """Give the source old files, links of today, and a mirror made after these without them."""
    for file in source.rglob("*"):
        os.utime(file, (1_700_000_000,) * 2)
    (source / "2025" / "latest").symlink_to("3.jpg")
    time.sleep(0.1)
    copy = copied(source, tmp_path / "copy")
    (copy / "2025" / "latest").unlink()
    return copy


def within_the_run(monkeypatch, seconds):
    monkeypatch.setattr("verifier.probes.newer._RUN", timedelta(seconds=seconds))


def test_a_link_that_the_last_run_left_out_is_lost_though_all_files_are_older(
    old, source, scratch, monkeypatch
):
    manifest = manifest_of(source)
    during = drill(old, manifest, scratch, None)  # perhaps it came while the run went on
    assert (during.depth, during.restored.lost_links) == (Depth.STRUCTURE, 0)
    words = "1 symbolic link did not come back, and may have come since, the first: 2025/latest"
    assert words in during.restored.reason
    assert _verdict(during, 0.99)[0] == 3
    within_the_run(monkeypatch, 0.01)
    found = drill(old, manifest, scratch, None)
    assert (found.depth, found.restored.lost_links) == (Depth.STRUCTURE, 1)
    assert _verdict(found, 0.99) == (1, found.restored.reason)
    (old / "2025" / "latest").symlink_to("0.jpg")
    elsewhere = drill(old, manifest, scratch, None)
    assert elsewhere.restored.lost_links == 1
    (old / "2025" / "latest").unlink()
    (old / "2025" / "latest").symlink_to("3.jpg")
    assert drill(old, manifest, scratch, None).depth is Depth.RESTORE


def test_a_link_added_since_the_last_run_is_not_asked_for(old, source, scratch, monkeypatch):
    within_the_run(monkeypatch, 0.01)
    (old / "2025" / "latest").symlink_to("3.jpg")
    time.sleep(0.1)
    (source / "today").symlink_to("2025")
    (source / "2025" / "today").symlink_to("0.jpg")
    found = drill(old, manifest_of(source), scratch, None)
    assert (found.depth, found.restored.lost_links) == (Depth.RESTORE, 0), found.restored.reason
    monkeypatch.setattr("verifier.host.births", lambda paths: [0 for _ in paths])
    assert drill(old, manifest_of(source), scratch, None).depth is Depth.RESTORE


def test_a_run_that_wrote_but_the_time_of_a_folder_is_a_run(old, source, scratch, monkeypatch):
    within_the_run(monkeypatch, 0.01)
    (old / "2025" / "latest").symlink_to("3.jpg")
    time.sleep(0.1)
    (source / "2025" / "today").symlink_to("0.jpg")
    time.sleep(0.1)
    os.utime(old / "2025", (1_700_000_000,) * 2)
    found = drill(old, manifest_of(source), scratch, None)
    assert (found.depth, found.restored.lost_links) == (Depth.STRUCTURE, 0)
    assert "may have come since, the first: 2025/today" in found.restored.reason


def test_links_in_a_tar_come_back(source, tmp_path, scratch):
    os.link(source / "2025" / "0.jpg", source / "2025" / "zero.jpg")
    (source / "latest").symlink_to("2025/3.jpg")
    with tarfile.open(tmp_path / "copy.tar", "w") as tar:
        tar.add(source, "photos")
    found = drill(tmp_path / "copy.tar", manifest_of(source), scratch)
    assert (found.depth, found.restored.right) == (Depth.RESTORE, 8)
    assert found.restored.differing == ()


def test_of_members_of_one_name_the_last_counts(source, tmp_path, scratch):
    """As ``tar -r`` and ``tar -u`` leave them, plain files and hard links in any order."""
    archive = tmp_path / "copy.tar"
    one, two = source / "2025" / "0.jpg", source / "2025" / "1.jpg"

    def add(*files: Path) -> None:
        mode = "-rf" if archive.exists() else "-cf"
        names = [str(file.relative_to(tmp_path)) for file in files]
        subprocess.run(["tar", "-C", tmp_path, mode, archive, *names], check=True)

    two.unlink()
    two.hardlink_to(one)
    add(source)
    two.unlink()
    two.write_bytes(b"a file of its own now")
    one.write_bytes(b"changed, and longer than it was before")
    add(one, two)
    add(one)
    found = drill(archive, manifest_of(source), scratch)
    assert (found.errors, found.depth) == ((), Depth.RESTORE), found.reason
    assert (found.restored.right, found.restored.asked) == (7, 7)


@pytest.mark.parametrize("last", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_over_a_good_file_brings_nothing_back(last, source, tmp_path, scratch):
    archive = packed(source, tmp_path / "copy.tar")
    with tarfile.open(archive, "a") as more:
        info = tarfile.TarInfo("photos/2025/0.jpg")
        info.type, info.linkname = last, "/etc/passwd"
        more.addfile(info)
    found = drill(archive, manifest_of(source), scratch)
    assert found.depth is not Depth.RESTORE
    assert any("2025/0.jpg did not come back" in told for told in found.errors)


def test_a_hard_link_is_asked_for_with_what_it_points_at(source, tmp_path, scratch):
    os.link(source / "2025" / "0.jpg", source / "2025" / "zero.jpg")
    with tarfile.open(tmp_path / "copy.tar", "w") as tar:
        tar.add(source, "photos")
    for seed in range(6):
        manifest, host = manifest_of(source), Host()
        target = Target("copy", str(tmp_path / "copy.tar"))
        seen = probe(host, target, manifest, Depth.STRUCTURE)
        found = drilled(host, target, seen, manifest, Wish(2, seed), str(scratch))
        assert (found.depth, found.errors) == (Depth.RESTORE, ())


def test_a_hostile_tar_writes_nothing_anywhere(source, tmp_path, scratch):
    hostile = tmp_path / "copy.tar"
    outside = [str(tmp_path / "stolen"), "../../stolen", "x/../../../stolen"]
    with tarfile.open(hostile, "w") as tar:
        tar.add(source, "")
        for name in outside:
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"evil"))
        device = tarfile.TarInfo("2025/0.jpg.dev")
        device.type, device.devmajor, device.devminor = tarfile.CHRTYPE, 1, 3
        tar.addfile(device)
        leading = tarfile.TarInfo("2025/out")
        leading.type, leading.linkname = tarfile.SYMTYPE, str(tmp_path)
        tar.addfile(leading)
        through = tarfile.TarInfo("2025/out/stolen")
        through.size = 4
        tar.addfile(through, io.BytesIO(b"evil"))
    # the source has such names too, so that they are asked for
    (source / "2025" / "out").mkdir()
    (source / "2025" / "out" / "stolen").write_bytes(b"evil")
    os.utime(source / "2025" / "out" / "stolen", (0, 0))
    before = set(tmp_path.rglob("*"))
    found = drill(hostile, manifest_of(source), scratch)
    assert set(tmp_path.rglob("*")) == before
    assert found.depth is Depth.RESTORE
    assert found.restored.right == 8


def test_a_bomb_is_not_written_out(source, tmp_path, scratch, monkeypatch):
    """A file that would not fit is left out, and the drill says so and is no depth."""
    bomb = tmp_path / "copy.zip"
    with (source / "bomb").open("wb") as file:
        file.truncate(300 << 20)
    os.utime(source / "bomb", (0, 0))
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(source.rglob("*.jpg")):
            archive.write(file, file.relative_to(source))
        with archive.open("bomb", "w") as member:
            for _ in range(300):
                member.write(bytes(1 << 20))
    monkeypatch.setattr("verifier.drills._drill.budget", lambda folder: 100 << 20)
    found = drill(bomb, manifest_of(source), scratch)
    assert found.restored.reason == "1 of 5 files do not fit into the scratch folder"
    assert (found.restored.right, found.depth, found.errors) == (4, Depth.STRUCTURE, ())


def test_what_does_not_fit_at_once_is_restored_in_parts(source, tmp_path, scratch, monkeypatch):
    copy = copied(source, tmp_path / "copy")
    most: list[int] = []
    monkeypatch.setattr("verifier.drills._drill.budget", lambda folder: 2_600_000)

    def watched(place: str, chunks: object, size: int) -> None:
        write_out(place, chunks, size)
        most.append(sum(f.stat().st_size for f in Path(place).parent.iterdir()))

    monkeypatch.setattr("verifier.drills.copied.write_out", watched)
    found = drill(copy, manifest_of(source), scratch, files=None)
    assert (found.depth, found.restored.right) == (Depth.RESTORE, 7)
    assert max(most) <= 2_600_000
    whole = found.restored.whole_seconds
    assert whole[0] <= found.restored.seconds <= whole[1]


def test_an_absent_copy_and_closed_formats_are_never_a_pass(source, tmp_path, scratch):
    manifest, host = manifest_of(source), Host()
    away = Location("usb", "directory", "/mnt/usb", State.ABSENT_OFFLINE)
    assert drilled(host, Target("usb", "/mnt/usb"), away, manifest, Wish(), str(scratch)) is away
    for kind in ("veeam", "kopia", "borg2", "tape", "bacula", "something"):
        there = Location("nas", kind, str(tmp_path), State.READ, depth=Depth.BYTES)
        found = drilled(host, Target("nas", str(tmp_path)), there, manifest, Wish(), str(scratch))
        assert found.depth is Depth.BYTES
        assert found.restored.reason
        assert f"not restored: {found.restored.reason}" in found.reason


def test_a_missing_program_names_its_package(source, tmp_path, scratch, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    there = Location("nas", "restic", str(tmp_path), State.READ, depth=Depth.BYTES)
    target = Target("nas", str(tmp_path))
    found = drilled(Host(), target, there, manifest_of(source), Wish(), str(scratch))
    assert found.restored.reason == (
        "the program restic is not installed; the package restic brings it"
    )


def test_the_scratch_folder_is_private_and_never_in_a_location(source, tmp_path, scratch):
    (tmp_path / "by-link").symlink_to(source)
    for inside in (source, source / "2025", tmp_path / "by-link" / "2025"):
        with pytest.raises(InputError, match="nothing is written there"):
            scratch_parent(str(inside), (str(source),))
    with pytest.raises(InputError, match="no such folder"):
        scratch_parent(str(tmp_path / "nowhere"), ())
    assert scratch_parent(str(scratch), (str(source),)) == str(scratch)
    with private_folder(str(scratch)) as folder:
        assert Path(folder).stat().st_mode & 0o777 == 0o700
        closed = Path(folder, "closed")
        closed.mkdir()
        (closed / "file").touch()
        closed.chmod(0)
    assert list(scratch.iterdir()) == []


def test_nothing_goes_on_beyond_its_promised_size(tmp_path):
    endless = iter(lambda: b"x" * 1000, None)
    with pytest.raises(TooLarge):
        write_out(str(tmp_path / "out"), endless, 10_500)
    assert (tmp_path / "out").stat().st_size <= 10_500


def test_the_choice_is_random_seeded_and_holds_the_largest_and_the_oldest():
    dice = random.Random(3)
    files = [Wanted(f"f{n}", f"f{n}", dice.randrange(10**6), n) for n in range(1000)]
    largest = max(files, key=lambda one: one.size)
    first = choose(files, 20, seed=1)
    assert choose(list(reversed(files)), 20, seed=1) == first
    assert choose(files, 20, seed=2) != first
    assert first.files[0].path == "f0"
    assert largest in first.files
    assert len(first.drawn) == 20
    assert not first.whole
    counts = [0] * 10
    for seed in range(300):
        for path in choose(files, 20, seed).drawn:
            counts[int(path[1:]) // 100] += 1
    # 6,000 draws, 600 expected in each of ten: chi-square with 9 degrees of freedom, p = 1e-4
    assert sum((n - 600) ** 2 / 600 for n in counts) < 33.7
    assert choose(files, None, 1).whole


def test_parts_hold_every_file_that_fits_once():
    files = [Wanted(str(n), "", n, 0) for n in range(50)]
    found = list(parts(files, 45))
    assert [one for part in found for one in part] == files[:46]
    assert all(sum(one.size for one in part) <= 45 for part in found)
    assert len(found[0]) == 1


def test_files_younger_than_the_point_are_not_asked_for(source):
    manifest = manifest_of(source)
    oldest = min(fact.mtime_ns for fact in manifest.files.values())
    os.utime(source / "2026" / "empty", ns=(0, oldest + 3600 * 10**9))
    manifest = manifest_of(source)
    sizes = {name: fact.size for name, fact in manifest.files.items()}
    point = Point(manifest.oldest, sizes, "", lambda paths, into: Back(), "nothing")
    assert {one.live for one in eligible(point, manifest)} == sizes.keys() - {"2026/empty"}


def packed(source: Path, archive: Path) -> Path:
    if archive.suffix == ".zip":
        for file in source.rglob("*"):  # zip keeps no time finer than two seconds
            os.utime(file, (1_700_000_000, 1_700_000_000))
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
            for file in sorted(source.rglob("*")):
                if file.is_file():
                    made.write(file, file.relative_to(source))
        return archive
    mode = "w:" + archive.suffix.removeprefix(".").replace("tar", "")
    with tarfile.open(archive, mode) as tar:
        tar.add(source, "photos")
    return archive
