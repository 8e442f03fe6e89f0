"""Archives of every compression, split, encrypted, incremental and damaged ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from verifier.host import Host
from verifier.inventory import Depth
from verifier.probes import collect_source, probe
from verifier.probes.archive import newest_chain
from verifier.target import Target


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "photos"
    (root / "2026").mkdir(parents=True)
    for number in range(6):
        (root / "2026" / f"{number}.jpg").write_bytes(os.urandom(9000 + number))
    return root


@pytest.fixture
def manifest(source):
    return collect_source(Host(), str(source))[1]


def look(path, manifest, depth=Depth.BYTES):
    return probe(Host(), Target("copy", str(path)), manifest, depth)


def pack(source, path, mode="w"):
    with tarfile.open(path, mode) as archive:
        archive.add(source, arcname="photos")
    return path


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def flip(path, where):
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)


def compressed(source, folder, form):
    plain = pack(source, folder / "plain.tar")
    if form == "zst":
        from backports import zstd

        options = {zstd.CompressionParameter.checksum_flag: 1}
        content = zstd.compress(plain.read_bytes(), options=options)
    elif form == "lz4":
        import lz4.frame

        content = lz4.frame.compress(plain.read_bytes(), content_checksum=True)
    else:
        content = lzip(plain.read_bytes())
    plain.unlink()
    path = folder / f"a.tar.{form}"
    path.write_bytes(content)
    return path


def lzip(content):
    import lzma
    import struct
    import zlib

    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}]
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=filters)
    stream = packer.compress(content) + packer.flush()
    size = 6 + len(stream) + 20
    trailer = struct.pack("<IQQ", zlib.crc32(content), len(content), size)
    return b"LZIP\x01\x14" + stream + trailer


@pytest.mark.parametrize("form", ["zst", "lz4", "lz"])
class TestCompressions:
    def test_whole(self, source, manifest, tmp_path, form):
        found = look(compressed(source, tmp_path, form), manifest)
        assert (found.kind, found.files, found.coverage.value) == ("tar", 6, 1.0)
        assert (found.depth, found.errors) == (Depth.BYTES, ())

    def test_flipped(self, source, manifest, tmp_path, form):
        path = compressed(source, tmp_path, form)
        flip(path, 20_000)
        found = look(path, manifest)
        assert "is damaged after" in found.errors[0]
        assert found.points.count == 0

    @pytest.mark.parametrize("left", [-1, 30_000])
    def test_cut(self, source, manifest, tmp_path, form, left):
        path = compressed(source, tmp_path, form)
        path.write_bytes(path.read_bytes()[:left])
        assert "is damaged after" in look(path, manifest).errors[0]


@pytest.mark.parametrize("program", ["zstd", "lz4"])
@pytest.mark.integration
def test_what_the_programs_make(source, manifest, tmp_path, program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} not installed")
    plain = pack(source, tmp_path / "a.tar")
    packed = f"{plain}.packed"
    command = [program, "-q", str(plain), *(["-o"] if program == "zstd" else []), packed]
    subprocess.run(command, check=True)
    found = look(f"{plain}.packed", manifest)
    assert (found.kind, found.depth, found.coverage.value) == ("tar", Depth.BYTES, 1.0)


def test_a_damaged_newest_archive_is_no_point(source, manifest, tmp_path):
    (tmp_path / "dumps").mkdir()
    for day in (1, 8):
        pack(source, tmp_path / "dumps" / f"a-2026-05-0{day}.tar.gz", "w:gz")
    newest = tmp_path / "dumps" / "a-2026-05-08.tar.gz"
    newest.write_bytes(newest.read_bytes()[:20_000])
    for depth in (Depth.LISTED, Depth.BYTES):
        found = look(tmp_path / "dumps", manifest, depth)
        assert found.points.times == (at(2026, 5, 1),)
        assert found.points.latest == at(2026, 5, 8)
        assert found.points.breaks == ("a-2026-05-08.tar.gz cannot be read to its end.",)
        assert found.coverage.value == 1.0
        assert found.errors


def test_a_bad_member_of_a_zip_leaves_the_others(source, manifest, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in sorted(source.rglob("*.jpg")):
            archive.write(file, file.relative_to(source))
    flip(tmp_path / "a.zip", 5000)
    found = look(tmp_path / "a.zip", manifest)
    assert (found.points.count, found.coverage.value) == (1, 1.0)
    assert found.errors[0].startswith("a.zip: 2026/0.jpg is damaged")


class TestSplit:
    @pytest.fixture(params=["001", "000", "aa"])
    def parts(self, request, source, tmp_path):
        folder = tmp_path / "split"
        folder.mkdir()
        content = pack(source, tmp_path / "a.tar.gz", "w:gz").read_bytes()
        for number in range(4):
            if request.param == "aa":
                suffix = "a" + "abcd"[number]
            else:
                suffix = f"{int(request.param) + number:03}"
            path = folder / f"a-2026-05-01.tar.gz.{suffix}"
            path.write_bytes(content[number * 15_000 : (number + 1) * 15_000])
        return folder

    def test_whole(self, parts, manifest):
        for place in (parts, min(parts.iterdir())):
            found = look(place, manifest, Depth.SOURCE)
            assert (found.kind, found.points.count, found.coverage.value) == ("tar", 1, 1.0)
            assert (found.depth, found.errors) == (Depth.SOURCE, ())

    @pytest.mark.parametrize("lost", [0, 1, 2])
    def test_a_missing_part(self, parts, manifest, lost):
        sorted(parts.iterdir())[lost].unlink()
        found = look(parts, manifest)
        assert found.points.count == 0
        assert found.points.breaks or found.errors

    def test_a_missing_last_part_is_damage(self, parts, manifest):
        max(parts.iterdir()).unlink()
        assert look(parts, manifest).errors


class TestSealed:
    @pytest.mark.parametrize(
        ("name", "start"),
        [
            ("a-2026-05-01.tar.gz.gpg", b"\x85\x01\x0c\x03"),
            ("a-2026-05-01.tar.age", b"age-encryption.org/v1\n-> X25519"),
            ("a-2026-05-01.tar.gz.enc", b"Salted__12345678"),
        ],
    )
    def test_encrypted(self, manifest, tmp_path, name, start):
        (tmp_path / name).write_bytes(start + os.urandom(3000))
        found = look(tmp_path / name, manifest)
        assert (found.encrypted.value, found.encrypted.evidence) == (True, "measured")
        assert found.coverage.value is None
        assert "encrypted" in found.reason
        assert found.points.times == (at(2026, 5, 1),)
        assert (found.depth, found.errors) == (Depth.LISTED, ())

    def test_7z_by_its_header(self, manifest, tmp_path):
        import struct
        import zlib

        rest = struct.pack("<QQI", 100, 20, 0)
        head = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(rest)) + rest
        path = tmp_path / "a-2026-05-01.7z"
        path.write_bytes(head + bytes(120))
        found = look(path, manifest)
        assert (found.kind, found.encrypted.value, found.errors) == ("archive", None, ())
        path.write_bytes(head + bytes(90))
        assert "cut off" in look(path, manifest).errors[0]

    def test_empty(self, manifest, tmp_path):
        (tmp_path / "a.tar.gz").write_bytes(b"")
        found = look(tmp_path / "a.tar.gz", manifest)
        assert (found.points.count, found.errors) == (0, ("a.tar.gz is empty.",))


@pytest.mark.skipif(shutil.which("tar") is None, reason="tar not installed")
@pytest.mark.parametrize("form", ["gnu", "posix"])
class TestIncremental:
    @pytest.fixture
    def dumps(self, source, tmp_path, form):
        """Three runs of ``tar --listed-incremental``: a full one, and two that build on it."""
        folder = tmp_path / "dumps"
        folder.mkdir()
        for path in [*source.rglob("*.jpg"), source / "2026", source]:
            os.utime(path, (1.7e9, 1.7e9))
        for day in (1, 2, 3):
            name = folder / f"a-2026-05-0{day}.tar"
            command = ["tar", f"--format={form}", "-g", str(tmp_path / "state"), "-cf", str(name)]
            subprocess.run([*command, "-C", str(source.parent), "photos"], check=True)
            (source / "2026" / f"new{day}.jpg").write_bytes(os.urandom(4000 + day))
        (source / "2026" / "new3.jpg").unlink()
        return folder

    @pytest.mark.parametrize("depth", [Depth.LISTED, Depth.SOURCE])
    def test_whole(self, source, dumps, depth):
        _, manifest = collect_source(Host(), str(source))
        found = look(dumps, manifest, depth)
        assert (found.points.count, found.points.breaks) == (3, ())
        assert (found.coverage.value, found.depth, found.errors) == (1.0, depth, ())

    @pytest.mark.parametrize("depth", [Depth.LISTED, Depth.BYTES])
    def test_without_its_full(self, source, dumps, depth):
        (dumps / "a-2026-05-01.tar").unlink()
        _, manifest = collect_source(Host(), str(source))
        found = look(dumps, manifest, depth)
        assert (found.points.count, len(found.points.breaks)) == (0, 2)
        assert "is an increment" in found.points.breaks[0]
        assert found.coverage.value == 0.0

    def test_with_a_gap(self, source, dumps):
        (dumps / "a-2026-05-02.tar").unlink()
        _, manifest = collect_source(Host(), str(source))
        found = look(dumps, manifest)
        assert found.points.times == (at(2026, 5, 1),)
        assert "new1.jpg" in found.points.breaks[0]


@pytest.mark.parametrize("name", ["photos.tar.part-", "photos.part-", "photos.tar_part", "p.part."])
def test_pieces_of_gnu_split_are_one_archive(source, manifest, tmp_path, name):
    (tmp_path / "backup").mkdir()
    content = pack(source, tmp_path / "whole.tar").read_bytes()
    pieces = [content[start : start + 20_000] for start in range(0, len(content), 20_000)]
    for number, piece in enumerate(pieces):
        (tmp_path / "backup" / f"{name}a{chr(ord('a') + number)}").write_bytes(piece)
    found = look(tmp_path / "backup", manifest, Depth.SOURCE)
    assert (found.kind, found.coverage.value, found.points.count) == ("tar", 1.0, 1)
    assert (found.depth, found.errors) == (Depth.SOURCE, ())
    assert look(tmp_path / "backup" / f"{name}ab", manifest).coverage.value == 1.0
    (tmp_path / "backup" / f"{name}ab").unlink()
    assert look(tmp_path / "backup", manifest).points.count == 0


def test_parts_of_something_else_are_files(manifest, tmp_path):
    (tmp_path / "film.part-aa").write_bytes(os.urandom(9000))
    (tmp_path / "film.part-ab").write_bytes(os.urandom(9000))
    assert look(tmp_path, manifest).kind == "directory"


def test_what_has_nothing_of_the_source_was_not_compared_with_it(manifest, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter").write_text("x")
    found = look(pack(tmp_path / "other", tmp_path / "a.tar"), manifest, Depth.SOURCE)
    assert (found.coverage.value, found.depth) == (0.0, Depth.STRUCTURE)
    plain = look(tmp_path / "other", manifest, Depth.SOURCE)
    assert (plain.coverage.value, plain.depth) == (0.0, Depth.STRUCTURE)
    assert "nothing was compared" in plain.reason


class TestSeries:
    """A folder with the archives of two jobs, of which the other one ran last."""

    @pytest.fixture
    def folder(self, source, tmp_path):
        (folder := tmp_path / "all").mkdir()
        (etc := tmp_path / "etc").mkdir()
        (etc / "hosts").write_text("127.0.0.1 localhost")
        for day in (1, 2, 3):
            pack(source, folder / f"docs-2026-05-0{day}.tar.gz", "w:gz")
            pack(etc, folder / f"etc-2026-05-0{day}T03.tar.gz", "w:gz")
        pack(etc, folder / "etc-2026-05-09T03.tar.gz", "w:gz")
        for path in [*source.rglob("*.jpg"), source / "2026", source]:
            os.utime(path, (1.7e9, 1.7e9))
        return folder

    @pytest.mark.parametrize("depth", [Depth.LISTED, Depth.STRUCTURE, Depth.SOURCE])
    def test_the_one_that_holds_the_source_is_meant(self, source, folder, depth):
        _, manifest = collect_source(Host(), str(source))
        found = look(folder, manifest, depth)
        assert (found.coverage.value, found.depth) == (1.0, depth)
        # the other's run of the ninth makes no point of this one
        assert found.points.times == tuple(at(2026, 5, day) for day in (1, 2, 3))
        chain, sizes, _ = newest_chain(Host(), str(folder), manifest)
        assert ([one.name for one in chain], len(sizes)) == (["docs-2026-05-03.tar.gz"], 6)

    def test_damage_in_the_other_is_told_all_the_same(self, source, folder):
        bad = folder / "etc-2026-05-02T03.tar.gz"
        bad.write_bytes(bad.read_bytes()[:60])
        _, manifest = collect_source(Host(), str(source))
        found = look(folder, manifest)
        assert found.coverage.value == 1.0
        assert any(bad.name in error for error in found.errors)

    def test_none_that_holds_it_is_no_copy(self, source, folder):
        for path in folder.glob("docs-*"):
            path.unlink()
        pack(folder.parent / "etc", folder / "mail-2026-05-04.tar.gz", "w:gz")
        _, manifest = collect_source(Host(), str(source))
        assert look(folder, manifest).coverage.value == 0.0

    def test_a_sealed_one_may_be_it(self, source, folder):
        for path in folder.glob("docs-*"):
            path.unlink()
        (folder / "docs-2026-05-03.tar.gz.gpg").write_bytes(b"\x8c\x0d\x04\x09\x03\x08" + bytes(90))
        _, manifest = collect_source(Host(), str(source))
        found = look(folder, manifest)
        assert found.coverage.value is None
        assert "encrypted" in found.reason

    @pytest.mark.skipif(shutil.which("tar") is None, reason="tar not installed")
    def test_levels_are_runs_of_one_job(self, source, folder, tmp_path):
        for path in folder.glob("docs-*"):
            path.unlink()
        for level, day in (("full", 1), ("incr", 8)):
            name = folder / f"docs-{level}-2026-05-0{day}.tar"
            command = ["tar", "-g", str(tmp_path / "state"), "-cf", str(name)]
            subprocess.run([*command, "-C", str(source.parent), "photos"], check=True)
        _, manifest = collect_source(Host(), str(source))
        found = look(folder, manifest, Depth.LISTED)
        assert (found.coverage.value, found.points.count) == (1.0, 2)


class TestUnfinished:
    """A download or copy that is not at its end, beside archives that are."""

    NAMES = (
        "a-2026-05-08.tar.gz.part", "a-2026-05-08.tar.gz.partial", "a-2026-05-08.tar.gz.filepart",
        "a-2026-05-08.tar.gz.crdownload", "a-2026-05-08.tar.gz.tmp", "a-2026-05-08.tar.gz.!ut",
        "a-2026-05-08.tar.gz.download", "a-2026-05-08.tar.gz.3f2a91bc.partial",
        ".a-2026-05-08.tar.gz.aB3dE9",
    )  # fmt: skip

    @pytest.fixture
    def folder(self, source, tmp_path):
        (folder := tmp_path / "dumps").mkdir()
        for path in source.rglob("*.jpg"):  # no younger than the name says
            os.utime(path, (1.7e9, 1.7e9))
        pack(source, folder / "a-2026-05-01.tar.gz", "w:gz")
        return folder

    @pytest.mark.parametrize("name", NAMES)
    def test_it_is_set_aside_and_told(self, folder, manifest, name):
        (folder / name).write_bytes((folder / "a-2026-05-01.tar.gz").read_bytes()[:9000])
        found = look(folder, manifest)
        assert (found.kind, found.coverage.value, found.errors) == ("tar", 1.0, ())
        assert found.points.times == (at(2026, 5, 1),)
        assert found.points.latest == at(2026, 5, 8)
        assert found.points.breaks == (f"The unfinished file {name} is set aside.",)

    def test_what_aria2_still_loads_has_its_final_name(self, folder, manifest):
        whole = (folder / "a-2026-05-01.tar.gz").read_bytes()
        (folder / "a-2026-05-08.tar.gz").write_bytes(whole[:9000] + bytes(len(whole) - 9000))
        assert look(folder, manifest).errors
        (folder / "a-2026-05-08.tar.gz.aria2").write_bytes(b"\0\1")
        found = look(folder, manifest)
        assert (found.coverage.value, found.errors) == (1.0, ())
        assert len(found.points.breaks) == 2

    def test_nothing_else_is_no_copy(self, folder, manifest):
        (folder / "a-2026-05-01.tar.gz").rename(folder / "a-2026-05-01.tar.gz.part")
        found = look(folder, manifest)
        assert (found.kind, found.coverage.value) == ("directory", 0.0)

    @pytest.mark.parametrize("start", ["._", ""])
    @pytest.mark.parametrize("end", [".asc", ".sig", ".log", ".md5", ".sha256"])
    def test_what_lies_beside_is_no_part(self, folder, manifest, start, end):
        (folder / f"{start}a-2026-05-01.tar.gz{end}").write_bytes(b"anything")
        found = look(folder, manifest)
        assert (found.coverage.value, found.points.count, found.errors) == (1.0, 1, ())
        assert found.points.breaks == ()

    def test_pieces_are_pieces_all_the_same(self, folder, manifest):
        whole = (folder / "a-2026-05-01.tar.gz").read_bytes()
        (folder / "a-2026-05-01.tar.gz").unlink()
        (folder / "a-2026-05-01.tar.gz.part1").write_bytes(whole[:9000])
        (folder / "a-2026-05-01.tar.gz.part2").write_bytes(whole[9000:])
        assert look(folder, manifest).coverage.value == 1.0


@pytest.mark.skipif(shutil.which("zip") is None, reason="zip not installed")
class TestPartsOfZip:
    @pytest.fixture
    def folder(self, source, tmp_path):
        (folder := tmp_path / "dumps").mkdir()
        (source / "film.mov").write_bytes(os.urandom(200_000))
        command = ["zip", "-q0r", "-s", "64k", str(folder / "a.zip"), source.name]
        subprocess.run(command, check=True, cwd=source.parent)
        return folder

    def test_whole_ones_are_not_joined_and_no_damage(self, folder, manifest):
        for place in (folder, *folder.iterdir()):
            found = look(place, manifest)
            assert (found.kind, found.coverage.value, found.errors) == ("zip", None, ())
            assert (found.points.count, found.points.breaks) == (1, ())
            assert "a.zip is in 4 parts, which this program does not join" in found.reason

    @pytest.mark.parametrize("lost", ["a.z01", "a.z02", "a.z03", "a.zip"])
    def test_a_missing_one_leaves_none(self, folder, manifest, lost):
        (folder / lost).unlink()
        found = look(folder, manifest)
        assert found.points.count == 0
        assert found.points.breaks

    def test_what_an_earlier_one_left_is_no_part(self, source, folder, manifest):
        (folder / "a.zip").unlink()
        subprocess.run(["zip", "-qr", str(folder / "b.zip"), source.name], check=True,
                       cwd=source.parent)  # fmt: skip
        (folder / "b.zip").rename(folder / "a.zip")
        found = look(folder, manifest)
        assert (found.coverage.value, found.errors, found.points.breaks) == (1.0, (), ())


@pytest.mark.skipif(shutil.which("tar") is None, reason="tar not installed")
@pytest.mark.parametrize("form", ["--format=gnu", "--format=posix", "--label=photos"])
@pytest.mark.parametrize("names", [("v1.tar", "v2.tar", "v3.tar"), ("v.tar", "v.tar-2", "v.tar-3")])
class TestVolumesOfTar:
    @pytest.fixture
    def folder(self, source, tmp_path, form, names):
        (folder := tmp_path / "dumps").mkdir()
        files = [f"--file={folder / name}" for name in names]
        command = ["tar", "-c", "-M", "-L", "25", form, *files, source.name]
        subprocess.run(command, check=True, cwd=source.parent)
        return folder

    def test_whole_ones_are_not_joined_and_no_damage(self, folder, manifest, names):
        for place in (folder, folder / names[0], folder / names[1]):
            found = look(place, manifest)
            assert (found.kind, found.coverage.value, found.errors) == ("tar", None, ())
            assert (found.points.count, found.points.breaks) == (1, ())
            assert f"{names[0]} is in {len(list(folder.iterdir()))} parts" in found.reason

    @pytest.mark.parametrize("lost", [0, 1])
    def test_a_missing_one_leaves_none(self, folder, manifest, names, lost):
        (folder / names[lost]).unlink()
        found = look(folder, manifest)
        assert found.points.count == 0
        assert found.points.breaks


def test_what_logrotate_leaves_are_whole_ones(source, manifest, tmp_path):
    (tmp_path / "dumps").mkdir()
    for name in ("a.tar.gz", "a.tar.gz.1", "a.tar.gz.2"):
        pack(source, tmp_path / "dumps" / name, "w:gz")
    found = look(tmp_path / "dumps", manifest)
    assert (found.points.count, found.coverage.value, found.errors) == (3, 1.0, ())


def test_numbers_alone_make_no_volumes(source, manifest, tmp_path):
    (tmp_path / "dumps").mkdir()
    for number in (1, 2, 4):
        pack(source, tmp_path / "dumps" / f"a{number}.tar")
    found = look(tmp_path / "dumps", manifest)
    assert (found.points.count, found.coverage.value, found.points.breaks) == (3, 1.0, ())
    damaged = tmp_path / "dumps" / "a2.tar"
    damaged.write_bytes(damaged.read_bytes()[:20_480])
    assert look(tmp_path / "dumps", manifest).errors


class TestNamesThatAreLabels:
    """An archive that is written anew every night under a name with a date in it."""

    @pytest.fixture
    def folder(self, source, tmp_path):
        (folder := tmp_path / "dumps").mkdir()
        for number, path in enumerate(sorted(source.rglob("*.jpg"))):
            os.utime(path, (1_780_000_000 + number, 1_780_000_000 + number))  # in May
        pack(source, folder / "since-2026-01-01.tar.gz", "w:gz")
        return folder

    @pytest.mark.parametrize("depth", [Depth.LISTED, Depth.SOURCE])
    def test_younger_files_in_it_date_it(self, source, folder, depth):
        _, manifest = collect_source(Host(), str(source))
        found = look(folder, manifest, depth)
        assert found.points.newest == datetime.fromtimestamp(1_780_000_005, UTC)
        assert (found.points.latest, found.coverage.value, found.errors) == (None, 1.0, ())

    def test_not_those_of_a_camera_that_is_ahead(self, source, folder, tmp_path):
        """The source took them when the name says, by the word of the kernel."""
        manifest = collect_source(Host(), str(source))[1]
        early = {
            path: fact._replace(ctime_ns=1_767_225_600 * 10**9)
            for path, fact in manifest.files.items()
        }
        found = look(folder, replace(manifest, files=early))
        assert found.points.newest == at(2026, 1, 1)

    def test_nor_those_that_the_source_does_not_have_so(self, source, folder):
        for path in source.rglob("*.jpg"):
            os.utime(path, (1.7e9, 1.7e9))
        assert look(folder, collect_source(Host(), str(source))[1]).points.newest == at(2026, 1, 1)

    def test_of_an_old_one_that_was_copied_the_name_counts(self, source, tmp_path):
        for path in source.rglob("*.jpg"):
            os.utime(path, (1.76e9, 1.76e9))
        pack(source, tmp_path / "a-2026-01-01.tar.gz", "w:gz")
        found = look(tmp_path / "a-2026-01-01.tar.gz", collect_source(Host(), str(source))[1])
        assert found.points.newest == at(2026, 1, 1)


class TestSeveralTogether:
    """Archives of which the newest alone holds little."""

    @pytest.fixture
    def folder(self, source, tmp_path):
        for number, path in enumerate(sorted(source.rglob("*.jpg"))):
            (source / f"d{number % 3}").mkdir(exist_ok=True)
            path.rename(source / f"d{number % 3}" / path.name)
        (folder := tmp_path / "dumps").mkdir()
        return folder

    def all_of(self, source):
        for path in source.rglob("*.jpg"):
            os.utime(path, (1.7e9, 1.7e9))
        return collect_source(Host(), str(source))[1]

    @pytest.mark.parametrize("name", ["d{}.tar.gz", "d{}-2026-05-01.tar", "files-d{}.tar"])
    def test_one_for_each_folder(self, source, folder, name):
        for number in range(3):
            with tarfile.open(folder / name.format(number), "w") as archive:
                archive.add(source / f"d{number}", arcname=f"d{number}")
        found = look(folder, self.all_of(source))
        assert (found.coverage.value, found.depth, found.errors) == (None, Depth.LISTED, ())
        assert found.reason.startswith("the newest archive alone holds 33.")
        assert found.reason.endswith("of the source, all 3 together hold 100 %")
        (folder / name.format(0)).unlink()
        assert look(folder, self.all_of(source)).coverage.value < 0.4

    def test_a_full_one_and_what_changed_since(self, source, folder):
        manifest = self.all_of(source)
        pack(source, folder / "a-full-2026-05-01.tar.gz", "w:gz")
        for day in (2, 3):
            (source / "d0" / "new.jpg").write_bytes(os.urandom(900 + day))
            with tarfile.open(folder / f"a-inc-2026-05-0{day}.tar.gz", "w:gz") as archive:
                archive.add(source / "d0" / "new.jpg", arcname="photos/d0/new.jpg")
        found = look(folder, collect_source(Host(), str(source))[1])
        assert found.coverage.value is None
        assert "all 3 together hold 100 %" in found.reason
        (folder / "a-full-2026-05-01.tar.gz").unlink()
        assert look(folder, manifest).coverage.value == 0.0

    @pytest.mark.parametrize("names", [("a-2026-05-01", "a-2026-05-02"), ("a1", "a2"),
                                       ("a-weekly-2026-05-01", "a-daily-2026-05-02")])  # fmt: skip
    def test_a_poor_newest_of_whole_ones_stays_one(self, source, folder, names):
        manifest = self.all_of(source)
        pack(source, folder / f"{names[0]}.tar.gz", "w:gz")
        os.utime(folder / f"{names[0]}.tar.gz", (1.77e9, 1.77e9))
        with tarfile.open(folder / f"{names[1]}.tar.gz", "w:gz") as archive:
            archive.add(source / "d0", arcname="photos/d0")
        for depth in (Depth.LISTED, Depth.BYTES):
            found = look(folder, manifest, depth)
            assert 0.3 < found.coverage.value < 0.4
            assert found.last_filled == min(found.points.times)
