"""``riskmodel fit`` as its users meet it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import riskmodel as rm
from tests.commands import riskmodel_command
from tests.riskmodel.fitting.drives import lots_of_drives

COMMAND = [sys.executable, "-m", "riskmodel"]


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    seen = lots_of_drives(6, models=4, lots=3, each=120, between_models=0.2, rate_per_year=0.2)
    lines = ["start_age_hours,end_age_hours,failed,model,batch"]
    for i in range(len(seen)):
        lot = seen.batches[seen.batch[i]].split(" / ")[1]
        lines.append(
            f"{seen.start_hours[i]!r},{seen.end_hours[i]!r},{int(seen.failed[i])},"
            f"{seen.models[seen.model[i]]},{lot}".replace("np.float64(", "").replace(")", "")
        )
    made = tmp_path_factory.mktemp("fit")
    (made / "drives.csv").write_text("\n".join([*lines, "5,1,0,M00,L", "broken"]) + "\n")
    return made


def test_it_prints_draws_and_writes(folder: Path) -> None:
    done = run(
        "fit", "drives.csv", "--plot", "fit.svg", "-o", "media.toml", "--name", "mine", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "wrote fit.svg\nwrote media.toml\n"
    assert "skipped: 1 rows with the wrong number of fields" in done.stdout
    assert "skipped: 1 lifetimes whose end is before their start" in done.stdout
    picture = (folder / "fit.svg").read_text()
    for words in ("all drives", "Kaplan–Meier", "Nelson–Aalen", "competing hazards", "M00"):
        assert words in picture
    (folder / "layout.toml").write_text(
        'media_from = ["media.toml"]\nhorizon = "1 year"\n'
        '[[copies]]\nname = "a"\nstore = { media = "mine M01" }\n'
    )
    words = ("simulate", "layout.toml", "--trials", "1000", "--method", "events")
    checked = riskmodel_command(*words, cwd=folder)
    assert checked.returncode == 0, checked.stderr


def test_json_says_what_the_library_says(folder: Path) -> None:
    done = riskmodel_command("fit", "drives.csv", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    fit = rm.fit_lifetimes(rm.read_lifetimes([folder / "drives.csv"]))
    found, expected = json.loads(done.stdout), fit.to_dict()
    assert found.keys() == expected.keys()
    assert found["failures"] == fit.lifetimes.failures
    common = found["weibull_common_shape"]
    assert common["shape"]["value"] == pytest.approx(fit.common.shape.value, rel=1e-6)
    assert found["lot_frailty"]["groups"] == 12
    assert sum(row["failures"] for row in found["ages"]) == fit.lifetimes.failures
    assert list(fit.to_frame()["failures"]) == sorted(fit.to_frame()["failures"], reverse=True)


def test_models_can_be_left_out(folder: Path) -> None:
    words = ("fit", "drives.csv", "--json")
    done = riskmodel_command(*words, "--only", "M00", "--only", "M01", cwd=folder)
    assert set(json.loads(done.stdout)["weibull_by_model"]) == {"M00", "M01"}
    done = riskmodel_command(*words, "--without", "M00", cwd=folder)
    assert set(json.loads(done.stdout)["weibull_by_model"]) == {"M01", "M02", "M03"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing.csv"], "nothing.csv: no such file"),
        (["drives.csv", "--without", "M0"], "unknown model 'M0'; did you mean 'M0"),
        (["drives.csv", "--column", "failed"], "--column: expects NAME=THEIRS, got 'failed'"),
        (["drives.csv", "--plot", "x.jpeg"], "expects a name that ends in .png, .svg, .pdf"),
        (["drives.csv", "--plot", "no/x.png"], "no/x.png: there is no folder no"),
        (["drives.csv", "-o", "drives.csv"], "drives.csv exists already; nothing was written"),
        (["drives.csv", "--min-failures", "1"], "min_failures: must be 2 at least, got 1"),
        (["healthy.csv"], "0 of 2 drives failed; a fit needs two failures at least"),
        (["nobody.csv"], "no drive is left to fit: 1 lifetimes whose end is before their start"),
        (["empty.csv"], "empty.csv: holds no rows"),
        (["day.csv"], "day.csv: no drive is left to fit: there are no rows"),
    ],
)
def test_bad_input_exits_2_with_one_line(folder: Path, words: list[str], message: str) -> None:
    header = "start_age_days,end_age_days,failed\n"
    (folder / "healthy.csv").write_text(header + "0,5,0\n0,9,0\n")
    (folder / "nobody.csv").write_text(header + "5,0,0\n")
    (folder / "empty.csv").write_text(header)
    (folder / "day.csv").write_text("date,serial_number,model,failure,smart_9_raw\n")
    done = riskmodel_command("fit", *words, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
