"""Random bytes, and files that no longer are what their names say."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import sqlite3
import zipfile
import zlib
from pathlib import Path

import pytest
from scipy import stats

from verifier.drift import Look, entropy, looks, random_bytes
from verifier.drift._content import CHI_SQUARE_LIMIT

TEXT = Path(__file__).read_bytes() * 3


def noise(count, seed=1):
    return random.Random(seed).randbytes(count)


def test_the_limit_is_the_quantile_it_says():
    assert pytest.approx(stats.chi2.ppf(0.999, 255), abs=0.01) == CHI_SQUARE_LIMIT


@pytest.mark.parametrize("count", [64, 200, 1279, 1280, 4096])
def test_random_bytes_pass_999_times_in_1000_and_text_never(count):
    passed = sum(random_bytes(noise(count, seed)) for seed in range(300))
    assert passed >= 297  # 300 trials at 0.001: more than three misses have a chance of 4e-4
    assert not random_bytes(TEXT[:count])


def test_entropy_is_shannons():
    assert entropy(b"") == 0.0
    assert entropy(b"aaaa") == 0.0
    assert entropy(b"ab" * 50) == pytest.approx(1.0)
    assert entropy(bytes(range(256))) == pytest.approx(8.0)


def _zip():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", noise(20_000).hex())
    return made.getvalue()


def _sqlite(folder):
    with sqlite3.connect(folder / "a.sqlite") as base:
        base.execute("create table t (x blob)")
        base.execute("insert into t values (?)", [noise(50_000)])
    base.close()
    return (folder / "a.sqlite").read_bytes()


def test_formats_that_look_random_anyway_are_what_they_say(tmp_path):
    packed = {
        "a.gz": gzip.compress(noise(9000)),
        "a.bz2": bz2.compress(noise(9000)),
        "a.xz": lzma.compress(noise(9000)),
        "a.zip": _zip(),
        "a.docx": _zip(),
        "a.sqlite": _sqlite(tmp_path),
        "a.txt": _zip(),  # named otherwise, and still recognised
        "a.py": TEXT,
        "note.txt": b"short",
    }
    for name, raw in packed.items():
        assert looks(name, (raw[:4096], raw[-4096:])) is Look.PLAIN, name
        if len(raw) >= 64:
            assert looks(name, (noise(4096),)) is Look.SCRAMBLED, name


def test_the_ending_before_an_unknown_one_says_the_kind():
    assert looks("a.jpg.locked", (noise(4096),)) is Look.SCRAMBLED
    assert looks("a.jpg.gpg", (noise(4096),)) is Look.SEALED
    assert looks("a.kdbx", (noise(4096),)) is Look.SEALED
    assert looks("a.bin", (b"Salted__" + noise(4000),)) is Look.SEALED


def test_random_bytes_of_no_kind_are_not_called_scrambled():
    assert looks("container", (noise(4096),)) is Look.OPAQUE
    assert looks("a.dat", (zlib.compress(noise(9000))[:4096],)) is Look.OPAQUE
    assert looks("a.jpg", (noise(20),)) is Look.SMALL
    assert looks("empty.txt", (b"",)) is Look.SMALL


def test_a_text_whose_middle_is_encrypted_is_scrambled():
    assert looks("a.csv", (TEXT[:4096], noise(4096), TEXT[:4096])) is Look.SCRAMBLED
    assert looks("a.csv", (TEXT[:4096], TEXT[:4096])) is Look.PLAIN


def test_no_file_of_this_python_is_taken_for_scrambled():
    """The false alarms on real files: source, byte code, libraries, archives, texts."""
    counted = 0
    for folder, _, names in os.walk(Path(os.__file__).parent):
        for name in names[:20]:
            raw = (Path(folder) / name).read_bytes()
            pieces = (raw[:4096], raw[len(raw) // 2 :][:4096], raw[-4096:])
            assert looks(name, pieces) is not Look.SCRAMBLED, name
            counted += 1
        if counted > 200:
            break
    assert counted > 100
