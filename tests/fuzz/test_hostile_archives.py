"""Archives that an attacker would write: traps for who unpacks them, and bombs."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
from collections.abc import Iterator

import pytest

from tests.commands import verifier_command
from tests.fuzz.answers import audited, ended


def packed(data: bytes, form: str) -> bytes:
    if form == "zst":
        from backports import zstd

        return zstd.compress(data)
    if form == "lz4":
        import lz4.frame

        return lz4.frame.compress(data)
    return {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[form](data)


def tar_of(*members: tuple[str, bytes, bytes, str]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, kind, content, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, target, len(content)
            info.mtime = 1764115200
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


FILE, LINK, HARD, PIPE = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE
TRICKS = {
    "absolute": (("{out}/a.jpg", FILE, b"evil", ""),),
    "traversal": (("../../../../../../../../{out}/a.jpg", FILE, b"evil", ""),),
    "through a link": (("photos", LINK, b"", "{out}"), ("photos/a.jpg", FILE, b"evil", "")),
    "link to a secret": (("photos/a.jpg", LINK, b"", "/etc/shadow"),),
    "hard link to a secret": (("photos/a.jpg", HARD, b"", "/etc/shadow"),),
    "hard link round": (("photos/a.jpg", HARD, b"", "photos/a.jpg"),),
    "pipe": (("photos/a.jpg", PIPE, b"", ""),),
    "device": (("photos/a.jpg", tarfile.CHRTYPE, b"", ""),),
    "twice": (("photos/a.jpg", FILE, b"good", ""), ("photos/a.jpg", LINK, b"", "{out}/a.jpg")),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_no_archive_writes_outside_or_brings_in_what_is_not_in_it(tmp_path, trick):
    live, out, scratch = (tmp_path / name for name in ("photos", "out", "scratch"))
    for folder in (live, out, scratch):
        folder.mkdir()
    (live / "a.jpg").write_bytes(b"good")
    os.utime(live / "a.jpg", (1764115200, 1764115200))
    members = [(name.format(out=str(out)), kind, content, target.format(out=str(out)))
               for name, kind, content, target in TRICKS[trick]]  # fmt: skip
    (tmp_path / "photos.tar").write_bytes(tar_of(*members))
    done = verifier_command(
        "drill", str(live), str(tmp_path / "photos.tar"), "--all", "--scratch", str(scratch)
    )
    ended(done)
    assert done.returncode != 0
    assert not list(out.iterdir())
    assert not list(scratch.iterdir())
    assert "root:" not in done.stdout


@pytest.mark.parametrize("form", ["gz", "bz2", "xz", "zst", "lz4"])
def test_a_header_that_claims_gigabytes_is_not_held(tmp_path, form):
    """A long name of 8 GB, of zeros that pack well: nobody's file, and more than any memory."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "a.jpg").write_text("photo")
    bomb = tmp_path / f"a.tar.{form}"
    bomb.write_bytes(packed(info.tobuf() + bytes(8 << 20), form))
    found = audited(tmp_path / "live", bomb, "--depth", "bytes")
    assert found["status"] != "pass"
    assert found["errors"]


def test_members_of_a_zip_that_overlap_are_damage(tmp_path):
    """One member's bytes, listed a hundred times: the trick of bombs that unpack to petabytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", bytes(1 << 20))
    content = file.getvalue()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[start:end]
    many = b"".join(entry.replace(b"a.jpg", b"%05d" % n) for n in range(100))
    tail = bytearray(content[end:])
    struct.pack_into("<HHI", tail, 8, 100, 100, len(many))
    (tmp_path / "bomb.zip").write_bytes(content[:start] + many + bytes(tail))
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "a.jpg").write_text("photo")
    found = audited(tmp_path / "live", tmp_path / "bomb.zip", "--depth", "bytes")
    assert found["status"] != "pass"
    assert "overlap" in str(found["errors"])


@pytest.mark.slow
@pytest.mark.parametrize("form", ["zst", pytest.param("xz", marks=pytest.mark.proof)])
def test_a_bomb_is_given_up_and_is_unknown(tmp_path, form):
    """Three gigabytes of zeros in a file of some hundred kilobytes at most."""
    head = tarfile.TarInfo("photos/zeros")
    head.size = 3 << 30
    bomb = tmp_path / f"photos.tar.{form}"
    with bomb.open("wb") as file:
        for piece in pieces_of(head.tobuf(), head.size, form):
            file.write(piece)
    assert bomb.stat().st_size < 1 << 20
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "a.jpg").write_text("photo")
    found = audited(tmp_path / "live", bomb, "--depth", "bytes")
    assert found["status"] == "unknown"
    assert "unpacks to more than" in found["reason"]


def pieces_of(head: bytes, zeros: int, form: str) -> Iterator[bytes]:
    if form == "zst":
        from backports import zstd

        packer = zstd.ZstdCompressor()
    else:
        packer = lzma.LZMACompressor(preset=0)
    yield packer.compress(head)
    for _ in range(zeros >> 24):
        yield packer.compress(bytes(1 << 24))
    yield packer.flush()
