"""Reading Drive Stats: against a naive reader, and what a file from anyone may hold."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import random
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.drive_stats import peak, write_days
from riskmodel import InputError, read_lifetimes

HEADER = [
    "date",
    "serial_number",
    "model",
    "capacity_bytes",
    "failure",
    "smart_5_raw",
    "smart_9_raw",
]
DAYS = [dt.date(2024, 2, 27) + dt.timedelta(days=i) for i in range(12)]


def write_csv(path: Path, rows: list[list[object]], header: list[str] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def row(day: int, serial: str, age: object, failure: object = 0, model: str = "M1") -> list[object]:
    return [DAYS[day].isoformat(), serial, model, 4_000_000_000_000, failure, "", age]


def random_days(folder: Path, seed: int) -> list[Path]:
    """Daily files with all that is wrong in real ones."""
    rng = random.Random(seed)
    born = {f"S{i % 4}{i:05d}": rng.randrange(0, 30_000) for i in range(60)}
    gone: set[str] = set()
    files = []
    for day in range(len(DAYS)):
        rows = []
        for serial, age in born.items():
            if serial in gone or rng.random() < 0.1:
                continue
            failed = rng.random() < 0.03
            hours: object = age + 24 * day
            if rng.random() < (0.5 if failed else 0.05):
                hours = rng.choice(["", "x", -5, 10**9])
            rows.append(row(day, serial, hours, int(failed), f"M{int(serial[1]) % 3}"))
            if rng.random() < 0.02:
                rows.append(row(day, serial, hours, rng.choice([0, 1])))
            if rng.random() < 0.02:
                rows.append(row(day, rng.choice([serial, ""]), 5, rng.choice(["", "2", "no"])))
            if rng.random() < 0.02:
                rows.append([*row(day, serial, 5), "one", "too many"])
            if rng.random() < 0.02:
                rows.append(["yesterday", *row(day, serial, 5)[1:]])
            if failed and rng.random() < 0.8:
                gone.add(serial)
        files.append(write_csv(folder / f"{DAYS[day]}.csv", rows))
    return files


def naive(files: list[Path]) -> tuple[list[tuple[str, float, float, bool]], Counter]:
    """The same in a loop over rows, from the words of the docstring."""
    seen: dict[str, dict] = {}
    skipped: Counter = Counter()
    for path in files:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))[1:]
        for line in lines:
            if len(line) != len(HEADER):
                skipped["rows with the wrong number of fields"] += 1
                continue
            date, serial, _, _, failure, _, hours = line
            if date == "yesterday":
                skipped["rows without a date such as 2024-03-31"] += 1
                continue
            if not serial:
                skipped["rows without a serial number"] += 1
                continue
            if failure not in ("0", "1"):
                skipped["rows whose failure is neither 0 nor 1"] += 1
                continue
            day = dt.date.fromisoformat(date).toordinal()
            drive = seen.setdefault(serial, {"aged": [], "rows": [], "failed": None})
            if failure == "1" and drive["failed"] is None:
                drive["failed"] = day
            if day in drive["rows"]:
                skipped["repeated"] += 1
                continue
            drive["rows"].append(day)
            if hours.isdigit() and float(hours) < 50 * 8766:
                drive["aged"].append((day, float(hours)))
    lives = []
    for serial, drive in seen.items():
        if not drive["aged"]:
            continue
        end = drive["failed"] or drive["rows"][-1]
        (_, start), (last_day, last_age) = drive["aged"][0], drive["aged"][-1]
        age = last_age + 24.0 * (end - last_day)
        if age > start:
            lives.append((serial[:4], start, age, drive["failed"] is not None))
    return sorted(lives), skipped


@pytest.mark.parametrize("seed", range(8))
def test_it_reads_what_a_naive_reader_reads(tmp_path: Path, seed: int) -> None:
    files = random_days(tmp_path, seed)
    seen = read_lifetimes(files)
    lots = [seen.batches[i].split(" / ")[1] for i in seen.batch]
    found = sorted(zip(lots, seen.start_hours, seen.end_hours, seen.failed, strict=True))
    lives, skipped = naive(files)
    assert found == lives
    repeated = "rows that repeat a serial number on one day (a failure counts)"
    assert seen.skipped.get(repeated, 0) == skipped.pop("repeated", 0)
    assert {words: seen.skipped.get(words, 0) for words in skipped} == dict(skipped)


def test_order_and_packing_make_no_difference(tmp_path: Path) -> None:
    files = random_days(tmp_path, 30)
    packed = tmp_path / "quarter.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in files[:6]:
            archive.write(path, f"data_Q1_2024/{path.name}")
    zipped = []
    for path in files[6:]:
        target = tmp_path / f"{path.name}.gz"
        target.write_bytes(gzip.compress(path.read_bytes()))
        zipped.append(target)
    plain = read_lifetimes(files)
    other = read_lifetimes([*reversed(zipped), packed])
    assert plain.skipped == other.skipped
    for name in ("start_hours", "end_hours", "failed"):
        assert np.array_equal(getattr(plain, name), getattr(other, name))


def test_what_it_says_of_odd_drives(tmp_path: Path) -> None:
    first = [
        row(0, "FAST1", 100), row(0, "BACK1", 900), row(0, "NONE1", ""), row(0, "GHOST", 50),
        row(0, "GOOD1", 10), row(0, "MOVED", 10),
    ]  # fmt: skip
    second = [
        row(9, "FAST1", 9_000), row(9, "BACK1", 30), row(9, "NONE1", "?"), row(8, "GHOST", 242, 1),
        row(9, "GHOST", 266), row(9, "GOOD1", 226, 1), row(9, "MOVED", 226, 0, "M2"),
    ]  # fmt: skip
    seen = read_lifetimes(
        [write_csv(tmp_path / "a.csv", first), write_csv(tmp_path / "b.csv", second)]
    )
    assert seen.skipped == {
        "rows without power-on hours (the calendar counts)": 2,
        "rows that give a drive another model (the first holds)": 1,
        "drives with rows after their failure (left out)": 1,
        "drives without power-on hours": 1,
        "drives whose power-on hours run faster than the calendar": 1,
        "lifetimes whose end is before their start": 1,
    }
    ends = dict(zip((seen.batches[i][-4:] for i in seen.batch), seen.end_hours, strict=True))
    assert ends == {"GHOS": 242.0, "GOOD": 226.0, "MOVE": 226.0}
    assert seen.failures == 2
    assert seen.models == ("M1",)
    assert seen.capacities == {"M1": 4e12, "M2": 4e12}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["date", "serial_number", "model", "failure", "smart_9_normalized"],
         "has no column smart_9_raw; did you mean 'smart_9_normalized'?"),
        (["day", "serial_number", "failure", "smart_9_raw"], "has no column date (and 1 more)"),
    ],
)  # fmt: skip
def test_a_missing_column_is_named_with_the_nearest(
    tmp_path: Path, header: list[str], words: str
) -> None:
    good = write_csv(tmp_path / "a.csv", [row(0, "A", 1)])
    bad = write_csv(tmp_path / "b.csv", [], header)
    with pytest.raises(InputError) as error:
        read_lifetimes([good, bad])
    assert words in str(error.value)
    assert "b.csv" in str(error.value)


def test_files_that_are_no_csv(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [row(0, "A", 1)])
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00date")
    whole = (tmp_path / "a.csv").read_bytes()
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(whole)[:-12])
    (tmp_path / "late.csv").write_bytes(
        (",".join(HEADER) + "\n2024-01-01,\xe4,M,1,0,,5\n").encode("latin-1")
    )
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("readme.txt", "no rows")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    for name, words in (
        ("empty.csv", "is empty"),
        ("bytes.csv", "cannot be read"),
        ("cut.csv.gz", "cannot be read"),
        ("late.csv", "cannot be read"),
        ("none.zip", "holds no CSV"),
        ("cut.zip", "cannot be read"),
        ("not-there.csv", "no such file"),
        (".", "is a folder"),
    ):
        with pytest.raises(InputError, match=words):
            read_lifetimes([tmp_path / "a.csv", tmp_path / name])


@pytest.mark.slow
def test_memory_follows_drives_and_not_rows(tmp_path: Path) -> None:
    write_days(tmp_path, 40_000, 24)
    files = sorted(tmp_path.glob("*.csv"))
    few, before, *_ = peak(files[:3])
    many, _, _, drives, _ = peak(files)
    assert drives > 39_000
    assert many - few < 40.0  # MiB; the 21 other files hold 90 MB
    # 300,000 drives a day at this price, over what the program itself takes, stay under 1 GB
    assert (many - before) / 40_000 * 300_000 + before < 1_000.0
