"""The command as its users meet it: results on stdout, one message for a mistake."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from riskmodel import Layout, load_layout
from tests.commands import riskmodel_command
from tests.conftest import LAYOUTS, cpu_seconds

COMMAND = [sys.executable, "-m", "riskmodel"]
NAS = str(LAYOUTS / "multicopy" / "nas-usb-cloud.toml")
SAFE = str(LAYOUTS / "multicopy" / "fire-safe.toml")


def _run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, cwd=cwd, check=False)


def test_help_is_quick() -> None:
    runs = [cpu_seconds([*COMMAND, "--help"]) for _ in range(3)]
    assert "simulate" in runs[0][1]
    assert min(seconds for seconds, _ in runs) < 0.3


def test_simulate_prints_the_headline_first_and_nothing_on_stderr() -> None:
    done = _run("simulate", NAS, "--trials", "5000")
    assert done.returncode == 0
    assert done.stdout.startswith("01-nas-usb-cloud: about 1 in ")
    assert done.stderr == ""


def test_json_is_an_object_for_one_file_and_a_list_for_several() -> None:
    one = json.loads(riskmodel_command("simulate", NAS, "--trials", "1000", "--json").stdout)
    assert one["layout"] == "01-nas-usb-cloud"
    words = ("simulate", NAS, SAFE, "--trials", "1000", "--json")
    several = json.loads(riskmodel_command(*words).stdout)
    assert [loss["layout"] for loss in several] == ["01-nas-usb-cloud", "15-fire-safe"]


def test_compare_puts_the_safest_first() -> None:
    done = riskmodel_command("compare", SAFE, NAS, "--trials", "20000")
    assert done.stdout.index("01-nas-usb-cloud") < done.stdout.index("15-fire-safe")


def test_check_says_what_a_layout_means() -> None:
    done = riskmodel_command("check", NAS)
    assert done.returncode == 0
    assert "8 x nas as raid6 at home" in done.stdout


def test_schema_describes_every_key_of_a_layout() -> None:
    schema = json.loads(riskmodel_command("schema").stdout)
    assert {"copies", "sites", "media", "shocks", "keys", "threats"} <= set(schema["properties"])


def test_new_writes_a_layout_that_loads_and_never_overwrites(tmp_path: Path) -> None:
    listed = riskmodel_command("new", "--list").stdout.splitlines()
    assert len(listed) >= 7
    name = listed[0].split()[0]
    assert riskmodel_command("new", name, "-o", "mine.toml", cwd=tmp_path).returncode == 0
    assert isinstance(load_layout(tmp_path / "mine.toml"), Layout)
    again = riskmodel_command("new", name, "-o", "mine.toml", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("no toml", "is no TOML"),
        ('nme = "x"', "unknown key 'nme'; did you mean 'name'?"),
        ('[[copies]]\nname = "a"\nsite = "x"\nstore = { media = "hdd" }', "unknown site 'x'"),
        ('horizon = "9 TB"', "horizon: expects a time"),
    ],
)
@pytest.mark.parametrize("command", ["simulate", "check", "compare"])
def test_bad_input_exits_2_with_one_line(
    tmp_path: Path, command: str, content: str, words: str
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(content)
    done = riskmodel_command(command, str(path))
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


SECOND_STAGE = {
    'store = { media = "m", drives = 3, tolerates = 1 }': "copies.a.store.rebuild: is required",
    'store = { media = "m" }\nfed = { from = "b" }': "copies.a.fed.every: is required",
    'store = { media = "m" }\nkey = "k"\n[keys.k]\nkept = []': "keys.k.kept: is empty",
}


@pytest.mark.parametrize("command", ["compare", "simulate", "check", "history", "improve"])
@pytest.mark.parametrize(("text", "message"), SECOND_STAGE.items(), ids=SECOND_STAGE.values())
def test_what_is_found_when_a_layout_is_compiled_names_its_file(
    tmp_path: Path, command: str, text: str, message: str
) -> None:
    copy = '[[copies]]\nrecovery = { fixed = "1 day" }\n'
    path = tmp_path / "second.toml"
    path.write_text(
        'horizon = "1 year"\nmedia.m.afr = 0.1\nthreats.mistake.rate = "1/year"\n'
        'threats.mistake.noticed = { fixed = "1 day" }\n'
        f'{copy}name = "b"\nstore = {{ media = "m" }}\n{copy}name = "a"\n{text}\n'
    )
    files = [NAS] * (command in ("compare", "simulate", "check"))
    done = riskmodel_command(command, *files, str(path))
    assert done.returncode == 2
    assert f"{path}: {message}" in done.stderr


def test_a_missing_horizon_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "open.toml"
    path.write_text('media.m.afr = 0.1\n[[copies]]\nname = "a"\nstore = { media = "m" }\n')
    done = riskmodel_command("compare", NAS, str(path))
    assert f"{path}: unnamed layout: horizon: is required" in done.stderr
    assert riskmodel_command("check", str(path)).returncode == 0
    assert riskmodel_command("simulate", str(path), "--horizon", "1 year").returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([NAS, SAFE, "--checkpoint", "run"], "--checkpoint: keeps the run of one layout, got 2"),
        ([NAS, "--checkpoint", NAS], "is no checkpoint"),
        ([NAS, "--checkpoint", "no/run"], "no/run: cannot be opened: No such file"),
        ([NAS, "--threads", "2", "--processes", "2"], "only one of them can run the trials"),
    ],
)
def test_a_run_that_cannot_be_had_exits_2_with_one_line(
    tmp_path: Path, words: list[str], message: str
) -> None:
    done = riskmodel_command("simulate", *words, "--method", "events", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_exits_2() -> None:
    for words in (["simulat"], ["simulate"], ["simulate", NAS, "--trials", "many"]):
        done = riskmodel_command(*words)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr


def test_counts_and_shares_are_read_as_people_write_them() -> None:
    words = ("simulate", NAS, "--method", "events", "--json")
    done = riskmodel_command(*words, "--trials", "1e3", "--target-relative-error", "0.1 %")
    assert json.loads(done.stdout)["trials"] == 1_000
    for option, value, told in (
        ("--trials", "1e-3", "expects a whole number such as 100000 or 1e5, got '1e-3'"),
        ("--trials", "many", "got 'many'"),
        ("--target-relative-error", "5 days", "got '5 days'"),
    ):
        done = riskmodel_command("simulate", NAS, option, value)
        assert done.returncode == 2
        assert f"'{option}'" in done.stderr
        assert told in done.stderr


def test_a_reader_that_stops_early_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m riskmodel schema | head -1", shell=True, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("{")
    assert done.stderr == ""


@pytest.mark.slow
def test_ctrl_c_stops_cleanly() -> None:
    rare = str(LAYOUTS / "reference" / "rs10_4_par-10y.toml")
    words = ["simulate", rare, "--method", "events", "--trials", "2000000000"]
    with subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        time.sleep(5)
        run.send_signal(signal.SIGINT)
        output, talk = run.communicate(timeout=60)
    assert run.returncode == 130
    assert output == ""
    assert "stopped" in talk
    assert "Traceback" not in talk


@pytest.mark.slow
@pytest.mark.parametrize("workers", [["--threads", "2"], ["--processes", "2"]])
def test_ctrl_c_keeps_what_was_run(tmp_path: Path, workers: list[str]) -> None:
    words = ["simulate", NAS, "--method", "events", "--checkpoint", "run", *workers]
    path = tmp_path / "run"
    with subprocess.Popen(
        [*COMMAND, *words, "--trials", "2000000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
    ) as run:
        until = time.monotonic() + 120
        while not path.exists() or path.read_bytes().count(b"\n") < 5:
            assert time.monotonic() < until
            assert run.poll() is None
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGINT)  # a terminal sends it to the workers too
        output, talk = run.communicate(timeout=60)
    assert (run.returncode, output) == (130, "")
    found = re.fullmatch(r"riskmodel: stopped; run keeps ([\d,]+) trials; the same .*\n", talk)
    assert found is not None, talk
    kept = int(found[1].replace(",", ""))
    before = path.read_bytes()
    again = _run(*words, "--trials", str(kept), "--json", cwd=tmp_path)
    fresh = _run("simulate", NAS, "--method", "events", "--trials", str(kept), "--json")
    one, other = (json.loads(done.stdout) for done in (again, fresh))
    assert one | {"elapsed_seconds": 0} == other | {"elapsed_seconds": 0}
    assert path.read_bytes() == before
    more = json.loads(_run(*words, "--trials", str(2 * kept), "--json", cwd=tmp_path).stdout)
    assert more["trials"] == 2 * kept
    assert path.read_bytes().startswith(before)
