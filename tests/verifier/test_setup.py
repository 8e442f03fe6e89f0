"""Set-up files: what they mean, and one clear line for each mistake."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from riskmodel.errors import InputError
from verifier.examine import examine
from verifier.host import Host
from verifier.inventory import Depth
from verifier.setup import Setup, bare_setup, load_setup

GOOD = """
name = "photos"
[policy]
max_age = "8 days"
min_offsite_km = 50
depth = "source"
min_coverage = 0.95
max_absence = "30 days"
[source]
path = "live"
site = "home"
[[locations]]
name = "usb"
path = "/mnt/usb"
site = "home"
offline = true
last_seen = 2026-05-01
[[locations]]
name = "cloud"
kind = "restic"
address = "s3:https://s3.example.org/bucket"
password_file = "~/secret"
site = "frankfurt"
account = "b2"
provider = "backblaze"
key = "pw"
credentials = "ada"
profile = "p"
identity_file = "id"
[[locations]]
name = "phone"
kind = "declared"
files = 10
bytes = 1000
newest = 2026-05-01T10:00:00+02:00
media = "cloud"
[sites.home]
location = [52.37, 4.90]
[sites.frankfurt]
kind = "cloud-region"
[keys.pw]
kept = ["home", "ada"]
[[accept]]
rule = "two-media"
location = "usb"
reason = "bought in spring"
until = 2027-03-01
"""


@pytest.fixture
def load(tmp_path):
    def write(text: str) -> Setup:
        file = tmp_path / "set up.toml"
        file.write_text(text, "utf-8")
        return load_setup(file)

    return write


def test_everything_the_format_knows_is_read(load, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    setup = load(GOOD)
    assert setup.source.path == str(tmp_path / "live")
    usb, cloud, phone = setup.locations
    assert cloud.password_file == "/home/ada/secret"
    assert cloud.identity_file == str(tmp_path / "id")
    assert (setup.policy.max_age, setup.policy.max_absence) == (8 * 24, 30 * 24)
    assert setup.policy.required_depth is Depth.SOURCE
    assert usb.last_seen == datetime(2026, 5, 1, tzinfo=UTC)
    assert phone.newest == datetime(2026, 5, 1, 8, tzinfo=UTC)
    target = cloud.target(Depth.BYTES)
    assert (target.address, target.account, target.credentials) == (cloud.address, "b2", "ada")
    assert setup.sites["home"].location == (52.37, 4.90)
    assert setup.keys_["pw"].kept == ("home", "ada")


def test_a_folder_may_be_called_like_a_variable(load, tmp_path):
    paths = "./$HOME/x", "$RECYCLE.BIN", "/mnt/$HOME", "$5 and more", "100%x%"
    for path in paths:
        setup = load(GOOD.replace('path = "/mnt/usb"', f'path = "{path}"'))
        assert setup.locations[0].path == str(tmp_path / path)


@pytest.mark.parametrize(
    "path", ["root@nas:/photos", "s3://bucket/x", "file:///srv/x", "D:\\Photos", "\\\\nas\\x"]
)
def test_an_address_is_no_path(load, path):
    with pytest.raises(InputError, match="is an address, no path of this machine") as refused:
        load(GOOD.replace('path = "/mnt/usb"', f"path = '{path}'"))
    assert "locations.usb.path" in str(refused.value)
    load(GOOD.replace('path = "/mnt/usb"', f"path = './{path}'"))


def test_the_policy_is_optional_and_asks_for_bytes(load):
    policy = load('[source]\npath = "/data"').policy
    assert policy.required_depth is Depth.BYTES
    assert policy.min_offsite_km is None


def test_sites_are_free_labels_while_none_is_described(load):
    setup = load('[source]\npath = "/d"\nsite = "here"\n')
    assert setup.source.site == "here"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('site = "home"\noff', 'sight = "home"\noff', r"usb: unknown key 'sight'; .*'site'\?"),
        ('site = "frankfurt"', 'site = "frankfrut"', r"unknown site 'frankfrut'; .* 'frankfurt'"),
        ('key = "pw"', 'key = "wp"', r"locations\.cloud\.key: unknown key 'wp'"),
        ('kind = "restic"', 'kind = "retsic"', r"kind: unknown kind 'retsic'; .* 'restic'"),
        ('name = "phone"', 'name = "usb"', r"locations\.usb: names are unique"),
        ('name = "phone"', 'name = "source"', r"locations\.source: the name 'source'"),
        ('path = "/mnt/usb"\n', "", r"locations\.usb: needs a 'path' or an 'address'"),
        ('kind = "restic"', 'path = "/x"', r"locations\.cloud: has both 'path' and 'address'"),
        ('[source]\npath = "live"', "[source]", r"source\.path: is required"),
        ('depth = "source"', 'depth = "deep"', r"policy\.depth: .*'deep'"),
        ('max_age = "8 days"', "max_age = 8", r"policy\.max_age: expects a time with its unit"),
        ('max_age = "8 days"', 'max_age = "8 parsecs"', r"policy\.max_age: unknown unit 'parsecs'"),
        ("min_coverage = 0.95", "min_coverage = 95", r"policy\.min_coverage: must be between"),
        ('rule = "two-media"', 'rule = "two-medai"', r"accept.*rule 'two-medai'; .* 'two-media'\?"),
        ('location = "usb"', 'location = "ubs"', r"accept: unknown location 'ubs'; .* 'usb'\?"),
        ("until = 2027-03-01", 'until = "spring"', r"until: expects a date"),
        ("offline = true", 'offline = "maybe"', r"locations\.usb\.offline: "),
        ("files = 10", "files = -1", r"locations\.phone\.files: must be"),
        ("location = [52.37, 4.90]", "location = [152.37, 4.90]", r"sites\.home\.location"),
        ("[policy]", "[polcy]", r"unknown key 'polcy'; did you mean 'policy'\?"),
        ("[policy]", "[[datasets]]\n[policy]", r"datasets: holds several"),
        ('path = "live"', 'path = "$HOME/live"', r"source\.path: variables as in '\$HOME/live'"),
        ('path = "/mnt/usb"', 'path = "%HOME%/x"', r"locations\.usb\.path: .* '\./%HOME%/x' if"),
        ('path = "/mnt/usb"', 'path = "~nobody-of-that-name/x"', r"usb\.path: nobody here has"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_that_says_where(load, old, new, message):
    assert GOOD.count(old) >= 1
    with pytest.raises(InputError, match=message) as caught:
        load(GOOD.replace(old, new, 1))
    assert "\n" not in str(caught.value)
    assert "set up.toml: " in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"name = photos", "is no TOML.*quotes"),
        (b"name = '\xff'", "is no TOML: byte"),
        (b'name = "x"', "source: is required"),
        (b"source = 3", "source: "),
        (b"[source]\npath = 3", "source.path: "),
        (b"locations = 4\n[source]\npath = '/x'", "locations: "),
        (b"a = " + b"[" * 5000, "TOML|nested"),
    ],
)
def test_what_is_no_set_up_is_refused(tmp_path, content, message):
    file = tmp_path / "x.toml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_setup(file)


def test_missing_files_and_folders_are_told_apart(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_setup(tmp_path / "none.toml")
    with pytest.raises(InputError, match="is a folder"):
        load_setup(tmp_path)


def test_a_bare_command_line_names_locations_after_their_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    setup = bare_setup("live", ["/a/usb", "b/usb/", "/c/source", "sftp:ada@nas:/x", "/"])
    names = [place.name for place in setup.locations]
    assert len(set(names)) == 5
    assert names[0] == "usb"
    assert "source" not in names
    assert setup.source.path == str(tmp_path / "live")
    assert setup.locations[1].path == str(tmp_path / "b/usb")
    assert setup.locations[3].address == "sftp:ada@nas:/x"


def test_the_test_file_is_toml():
    assert set(tomllib.loads(GOOD)) <= set(Setup.keys())
    assert Path(GOOD.split('path = "', 2)[2].split('"')[0]).is_absolute()


def test_since_when_a_medium_is_in_use_reaches_the_audit(tmp_path):
    for name in ("live", "usb"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("a")
    raw = {
        "source": {"path": str(tmp_path / "live"), "medium_since": "2019-05-01"},
        "locations": [
            {"name": "usb", "path": str(tmp_path / "usb"), "medium_since": "2015-01-01"},
            {"name": "away", "path": str(tmp_path / "no"), "offline": True,
             "medium_since": "2012-01-01"},
        ],
    }  # fmt: skip
    now = datetime(2026, 6, 1, tzinfo=UTC)
    found = examine(Setup.from_dict(raw), Host(), now=now)
    assert [f"{place.medium_since:%Y}" for place in found.all_locations] == ["2019", "2015", "2012"]


def test_a_path_may_be_as_long_as_paths_are():
    deep = "/" + "/".join(["a folder with a long name"] * 100)
    assert Setup.from_dict({"source": {"path": deep}}).source.path == deep
    with pytest.raises(InputError, match=r"source\.path.*4096"):
        Setup.from_dict({"source": {"path": "/x" * 3000}})
