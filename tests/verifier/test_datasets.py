"""Several datasets in one file: shared places, the worst first, one clear line for mistakes."""

from __future__ import annotations

import json
import shutil

import pytest

from riskmodel.errors import InputError
from tests.verifier.test_cli import KEYS, verifier
from verifier.datasets import chosen, load_setups

GOOD = """
[policy]
max_age = "8 days"
depth = "listed"
[[locations]]
name = "usb"
path = "/mnt/usb"
site = "home"
[[locations]]
name = "nas"
path = "/mnt/nas"
[[accept]]
rule = "same-site"
location = "usb"
reason = "known"
[[datasets]]
name = "photos"
source = "photos"
locations = ["usb", { name = "cloud", kind = "declared" }]
[[datasets]]
name = "mail"
source = { path = "/mail", site = "home" }
policy = { max_age = "1 day" }
locations = [{ name = "usb", path = "mail" }, { name = "nas", path = "/mnt/other" }]
[[datasets]]
name = "rest"
source = "/rest"
"""


def load(tmp_path, text):
    file = tmp_path / "set up.toml"
    file.write_text(text)
    return load_setups(file)


def test_each_dataset_becomes_a_set_up_of_its_own(tmp_path):
    photos, mail, rest = load(tmp_path, GOOD)
    assert photos.source.path == str(tmp_path / "photos")
    assert [place.name for place in photos.locations] == ["usb", "cloud"]
    assert [place.path for place in mail.locations] == ["/mnt/usb/mail", "/mnt/other"]
    assert mail.locations[0].site == "home"
    assert (photos.policy.max_age, mail.policy.max_age) == (8 * 24, 24)
    assert mail.policy.depth == "listed"
    assert [place.name for place in rest.locations] == ["usb", "nas"]
    assert [len(one.accept) for one in (photos, mail, rest)] == [1, 1, 1]


def test_a_file_of_one_dataset_is_read_as_ever(tmp_path):
    (one,) = load(tmp_path, '[source]\npath = "/x"\n')
    assert one.name == "set up"
    with pytest.raises(InputError, match="unknown dataset 'set'; did you mean 'set up'"):
        chosen((one,), "set")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('["usb",', '["ubs",', r"datasets\.photos\.locations: unknown location 'ubs'; .*'usb'\?"),
        ('name = "mail"', 'name = "photos"', r"datasets\.photos: names are unique"),
        ('name = "rest"\n', "", r"datasets\.3\.name: is required"),
        ('source = "/rest"', "", r"datasets\.rest\.source: is required"),
        ('source = "/rest"', 'sorce = "/rest"', r"datasets\.rest: unknown key 'sorce'; .*'source'"),
        ('source = "/rest"', "source = 3", r"datasets\.rest: source: "),
        ('source = "/rest"', 'source = "/r"\nlocations = 3', r"rest\.locations: expects a list"),
        ('source = "/rest"', 'source = "/r"\nlocations = [3]', r"rest\.locations: expects names"),
        ("[policy]", '[source]\npath = "/x"\n[policy]', r"source: stands in each of the datasets"),
        ("[policy]", "[polcy]", r"unknown key 'polcy'; did you mean 'policy'"),
        ('location = "usb"', 'location = "ubs"', r"accept: unknown location 'ubs'"),
        ('kind = "declared"', 'path = "/x", kind = "decalred"', r"datasets\.photos: .*'decalred'"),
        ('site = "home"\n[[l', 'sight = "home"\n[[l', r"datasets\.photos: .*unknown key 'sight'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_says_where(tmp_path, old, new, message):
    assert old in GOOD
    with pytest.raises(InputError, match=message) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["datasets = 3", "datasets = []", "datasets = [3]", "[datasets]\nname = 'x'"]
)
def test_what_is_no_list_of_datasets_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="datasets: "):
        load(tmp_path, text)


@pytest.fixture
def folder(tmp_path):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
        shutil.copytree(tmp_path / name, tmp_path / "usb" / name)
    (tmp_path / "usb" / "bad" / "x").unlink()
    (tmp_path / "set.toml").write_text(
        '[policy]\ndepth = "listed"\n[[locations]]\nname = "usb"\npath = "usb"\n'
        '[[datasets]]\nname = "good"\nsource = "good"\n'
        'locations = [{ name = "usb", path = "good" }]\n'
        '[[datasets]]\nname = "bad"\nsource = "bad"\n'
        'locations = [{ name = "usb", path = "bad" }, { name = "phone", kind = "declared" }]\n'
    )
    return tmp_path


def test_the_worst_comes_first_and_is_the_whole(folder):
    run = verifier("audit", "set.toml", "--no-catalogue", "--json", cwd=folder)
    found = json.loads(run.stdout)
    assert {key: type(value) for key, value in found.items()} == {**KEYS, "datasets": list}
    values = [one["score"]["value"] for one in found["datasets"]]
    assert values == sorted(values)
    assert found["score"] == found["datasets"][0]["score"]
    assert {one["name"] for one in found["datasets"]} == {"good", "bad"}
    assert run.returncode == 1
    text = verifier("audit", "set.toml", "--no-catalogue", cwd=folder).stdout
    assert text.startswith("2 datasets: 2 fail")
    assert text.index("bad: 3 locations") > 0


def test_one_dataset_can_be_chosen(folder):
    run = verifier("audit", "set.toml", "--no-catalogue", "--dataset", "good", "--json", cwd=folder)
    found = json.loads(run.stdout)
    assert found["name"] == "good"
    assert "datasets" not in found
    run = verifier("audit", "set.toml", "--dataset", "goood", cwd=folder)
    assert run.returncode == 2
    assert "did you mean 'good'?" in run.stderr


def test_a_layout_is_made_of_one_dataset(folder):
    run = verifier("layout", "set.toml", cwd=folder)
    assert run.returncode == 2
    assert "choose one with --dataset: good, bad" in run.stderr
    run = verifier("layout", "set.toml", "--dataset", "good", cwd=folder)
    assert 'name = "good"' in run.stdout


def test_a_recording_is_no_set_up_and_the_message_says_what_to_do(tmp_path):
    (tmp_path / "one.json").write_text("{}")
    with pytest.raises(InputError, match=r"looks like a recording.*verifier audit .*one\.json"):
        load_setups(tmp_path / "one.json")
