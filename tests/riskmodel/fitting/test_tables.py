"""Tables of lifetimes: names, units, broken rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel import InputError, Lifetimes, read_lifetimes


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_units_are_in_the_names(tmp_path: Path) -> None:
    file = write(
        tmp_path / "t.csv",
        "start_age_days,end_age_years,failed,model,batch\n1,0.5,1,A,x\n2,1,0,B,x\n2,1,0,B,y\n",
    )
    seen = read_lifetimes([file])
    assert seen.start_hours.tolist() == [24.0, 48.0, 48.0]
    assert seen.end_hours.tolist() == [4383.0, 8766.0, 8766.0]
    assert seen.failed.tolist() == [True, False, False]
    assert seen.models == ("A", "B")
    assert seen.batches == ("A / x", "B / x", "B / y")  # a lot belongs to one model


def test_parquet_and_csv_are_read_alike_and_together(tmp_path: Path) -> None:
    columns = {
        "from": [0, 10, None], "to": [100.0, 200.0, 300.0], "dead": [True, False, True],
        "kind": ["A", None, "B"],
    }  # fmt: skip
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    text = "from,to,dead,kind\n0,100,true,A\n10,200,False,\n,300,1,B\n"
    file = write(tmp_path / "t.csv", text)
    names = {"start_age_hours": "from", "end_age_hours": "to", "failed": "dead", "model": "kind"}
    seen = read_lifetimes([tmp_path / "t.parquet", file], columns=names)
    assert seen.start_hours.tolist() == [0.0, 10.0] * 2
    assert seen.failed.tolist() == [True, False] * 2
    assert [seen.models[i] for i in seen.model] == ["A", "(unknown)"] * 2
    assert seen.skipped == {"lifetimes with an age that is no number": 2}


def test_every_row_that_cannot_be_used_is_counted(tmp_path: Path) -> None:
    rows = ["0,5,1", "0,x,1", "0,,1", "3,2,0", "3,3,0", "-1,2,0", "0,9e9,0", "0,5,2", "0,5,", "0,5"]
    file = write(
        tmp_path / "t.csv", "\n".join(["start_age_days,end_age_days,failed", *rows]) + "\n"
    )
    seen = read_lifetimes([file])
    assert len(seen) == 1
    assert seen.skipped == {
        "rows with the wrong number of fields": 1,
        "lifetimes with an age that is no number": 2,
        "lifetimes whose failed is neither 0 nor 1": 2,
        "lifetimes with a start age below 0": 1,
        "lifetimes with an age above 50 years": 1,
        "lifetimes whose end is before their start": 1,
        "lifetimes that were watched for no time": 1,
    }
    assert len(seen) + sum(seen.skipped.values()) == len(rows)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("start_age_day,end_age_days,failed", "did you mean 'start_age_day'?"),
        ("start_age_days,end_age_days,failure", "has no column failed; did you mean 'failure'?"),
        ("start_age_days,start_age_years,end_age_days,failed", "has both start_age_days and"),
    ],
)
def test_a_wrong_name_gets_the_nearest(tmp_path: Path, header: str, words: str) -> None:
    file = write(tmp_path / "t.csv", header + "\n")
    with pytest.raises(InputError) as error:
        read_lifetimes([file])
    assert words in str(error.value)


def test_wrong_mappings(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", "start_age_days,end_age_days,failed\n0,1,1\n")
    with pytest.raises(InputError, match="unknown column 'fialed'; did you mean 'failed'"):
        read_lifetimes([file], columns={"fialed": "failed"})
    with pytest.raises(InputError, match="has no column 'failled'; did you mean 'failed'"):
        read_lifetimes([file], columns={"failed": "failled"})
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="cannot be read"):
        read_lifetimes([tmp_path / "t.parquet"])


def test_models_are_chosen_by_name() -> None:
    seen = Lifetimes.from_columns([0, 0, 0], [9, 9, 9], [0, 1, 1], ["AB", "CD", "CD"])
    assert seen.of_models(["CD"]).failures == 2
    assert len(seen.of_models(["CD"], without=True)) == 1
    with pytest.raises(InputError, match="unknown model 'CE'; did you mean 'CD'"):
        seen.of_models(["CE"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "start_age_days,end_age_days,end_age_days,failed\n0,9,8,1\n",
            "has 2 columns end_age_days",
        ),
        ("\x00\x01\x02" * 5_000, "is no CSV"),
    ],
)
def test_what_is_ambiguous_or_no_table_gets_one_short_message(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "odd.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_lifetimes([file])
    assert len(str(caught.value)) < 200 + len(str(file))


def test_true_and_false_are_read_however_they_are_written(tmp_path: Path) -> None:
    words = ("TRUE", "true", " True", "1", "FALSE", "false", "0", "yes")
    file = tmp_path / "words.csv"
    rows = "".join(f"0,9,{word}\n" for word in words)
    file.write_text(f"start_age_days,end_age_days,failed\n{rows}", encoding="utf-8")
    seen = read_lifetimes([file])
    assert seen.failed.tolist() == [True] * 4 + [False] * 3
    assert seen.skipped == {"lifetimes whose failed is neither 0 nor 1": 1}
