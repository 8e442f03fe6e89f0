"""Single changes: which make sense, what they remove, and what is only noise."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

import riskmodel as rm
from riskmodel._pairs import Pair
from riskmodel._program import compile_layout
from riskmodel._write import layout_toml
from riskmodel.changes import single_changes
from riskmodel.effects import Effect, sharpened
from riskmodel.improvement import improve
from riskmodel.preset_catalogue import presets

# memoryless and without people: an exact answer exists
TWO = {
    "name": "two",
    "horizon": "5 years",
    "media": {"m": {"afr": 0.2}},
    "sites": {"home": {"perils": {"fire": {"rate": "1 %/year"}},
                       "recovery": {"exponential": {"mean": "30 days"}}}},
    "copies": [
        {"name": one, "site": "home", "store": {"media": "m"},
         "recovery": {"exponential": {"mean": "9 d"}}}
        for one in ("a", "b")
    ],
}  # fmt: skip


def kinds(layout: rm.Layout) -> set[str]:
    return {change.kind for change in single_changes(layout)}


@pytest.mark.parametrize("name", rm.example_files())
def test_each_change_of_an_example_can_be_saved_and_is_another_law(name, tmp_path: Path):
    layout = rm.example(name)
    changes = single_changes(layout)
    digests = {compile_layout(change.layout).digest() for change in changes}
    assert len(digests) == len(changes) > 5
    assert compile_layout(layout).digest() not in digests
    for number, change in enumerate(changes):
        file = tmp_path / f"{number}.toml"
        file.write_text(layout_toml(change.layout), "utf-8")
        read = rm.load_layout(file)
        assert compile_layout(read).digest() == compile_layout(change.layout).digest(), change.name


def test_only_what_makes_sense_is_proposed():
    one_disk = kinds(rm.example("one-external-disk"))
    assert {"offsite copy", "second disk", "automate", "move"} <= one_disk
    assert not {"tape", "parity", "key elsewhere", "mix drives", "immutable"} & one_disk
    nas = kinds(rm.example("nas-and-cloud"))
    assert {"key elsewhere", "mix drives", "tape"} <= nas
    assert not {"move", "own login", "immutable", "automate"} & nas
    assert {"parity", "mix drives"} <= kinds(rm.example("nas-and-usb-disk"))
    assert {"refresh", "own login", "offline"} <= kinds(rm.example("small-business-tape-vault"))


def test_a_layout_without_people_gets_changes_without_people():
    for change in single_changes(rm.Layout.from_dict(TWO)):
        assert all(copy.fed is None for copy in change.layout.copies), change.name


def test_mixed_drives_keep_the_law_of_one_drive_and_lose_what_they_share():
    layout = rm.example("nas-and-usb-disk")
    (mixed,) = [c for c in single_changes(layout) if c.kind == "mix drives"]
    nas = next(copy for copy in mixed.layout.copies if copy.name == "nas")
    drive = mixed.layout.medium(nas.store.media)
    assert drive.batch is None
    assert drive.model is None
    assert drive.lifetime_law == presets().media["nas-hdd"].unlabelled


@pytest.mark.slow
def test_the_first_thing_for_one_external_disk_is_a_copy_out_of_the_house():
    found = improve(rm.example("one-external-disk"), target_relative_error=0.1)
    first = found.clear[0]
    assert first.change.kind == "offsite copy"
    assert found.in_words.startswith("Get a copy out of the house first: add a copy")
    assert [p.effect.removed for p in found.clear] == sorted(
        (p.effect.removed for p in found.clear), reverse=True
    )
    assert found.ranks[0] == 1
    frame = found.to_frame()
    assert len(frame) == len(found.all)
    assert found.clear[0].change.name in found._repr_html_()
    json.dumps(found.to_dict(), allow_nan=False)
    # another seed, on the file that would be saved
    again = rm.simulate(first.change.layout, seed=77, target_relative_error=0.1, ranges=False)
    error = math.hypot(again.standard_error, first.effect.after.standard_error)
    assert abs(again.probability - first.effect.after.probability) < 4.0 * error


def test_a_small_effect_is_told_on_common_random_numbers():
    layout = rm.Layout.from_dict(TWO)
    better = layout.replace("name", "better").replace("media.m.afr", 0.19)
    exact = [rm.simulate(one, method="exact").probability for one in (layout, better)]
    options = {"method": "events", "trials": 4_000, "ranges": False}
    rough = Effect("x", *(rm.simulate(one, **options) for one in (layout, better)))
    assert rough.hidden_at(0.95)
    clear = sharpened(rough, layout, better)
    assert not clear.hidden_at(0.95)
    assert clear.removed == pytest.approx(1.0 - exact[1] / exact[0], rel=1e-6)


def test_levels_of_a_paired_interval():
    loss = rm.simulate(rm.Layout.from_dict(TWO))
    pair = Pair("a", "b", 0.0, -0.1, 0.1, 1.1, 1.0, 1.21, 0.05, 0.9, "paired", 0.95)
    effect = Effect("x", loss, loss, pair)
    assert effect.removed == pytest.approx(1.0 - 1.0 / 1.1)
    assert effect.removed_interval(0.95) == pytest.approx((0.0, 1.0 - 1.0 / 1.21))
    assert effect.removed_interval(0.99)[0] < 0.0 < effect.removed_interval(0.8)[0]


def test_nothing_is_promised_of_a_target_that_is_none():
    with pytest.raises(rm.InputError, match="target"):
        improve(rm.example("one-external-disk"), target=2.0)


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "riskmodel", *args], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_command_meets_a_target_and_writes_the_layout(tmp_path: Path):
    start, better = tmp_path / "home.toml", tmp_path / "better.toml"
    start.write_text(layout_toml(rm.Layout.from_dict(TWO)), "utf-8")
    done = run("improve", str(start), "--target", "0.01", "-o", str(better), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["target_met"] is True
    end = rm.simulate(rm.load_layout(better), seed=5)
    assert end.interval()[0] < 0.01
    assert document["path"][-1]["probability"] == pytest.approx(end.probability, rel=0.25)
    again = run("improve", str(start), "-o", str(better))
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert "Traceback" not in again.stderr
