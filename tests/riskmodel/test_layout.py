"""The layout file: what it accepts, what it refuses and in which words."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel import Layout, LayoutError, Weibull, load_layout
from riskmodel._data import data_folder
from riskmodel._program import compile_layout
from riskmodel._write import layout_toml
from riskmodel.lifetimes import Law
from tests.conftest import LAYOUTS

GOOD = """
name = "two"
horizon = "10 years"
[sites.home]
location = [52.37, 4.90]
recovery = { fixed = "30 days" }
[sites.home.perils]
fire = { rate = "0.001/year" }
[media.disk]
lifetime = { weibull = { shape = 1.12, scale = "461386 h" } }
[[copies]]
name = "nas"
site = "home"
recovery = { fixed = "5 days" }
[copies.store]
level = "raid6"
drives = 8
media = "disk"
rebuild = { fixed = "12 h" }
[[copies]]
name = "usb"
site = "home"
store = { media = "disk" }
check = { every = "90 days" }
recovery = { fixed = "5 days" }
"""


def _load(text: str) -> Layout:
    return Layout.from_dict(tomllib.loads(text), origin="home.toml")


def test_a_good_file_means_what_it_says() -> None:
    layout = _load(GOOD)
    assert layout.horizon == 87660.0
    assert layout.sites["home"].perils["fire"].rate == pytest.approx(0.001 / 8766)
    nas = layout.copies[0].store
    assert (nas.tolerance, nas.group_drives, nas.group_count) == (2, 8, 1)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('site = "home"\nr', 'sight = "home"\nr', ["copies.nas", "'sight'", "did you mean 'site'"]),
        ('every = "90 days"', 'every = "90 TB"', ["copies.usb.check.every", "a time", "'90 TB'"]),
        ('every = "90 days"', "every = 90", ["copies.usb.check.every", "with its unit"]),
        ('rate = "0.001/year"', 'rate = "-1/year"', ["sites.home.perils.fire.rate", "at least 0"]),
        ('rate = "0.001/year"', 'rate = "0.001"', ["sites.home.perils.fire.rate", "no unit"]),
        ('site = "home"\nr', 'site = "hame"\nr', ["copies.nas.site", "'hame'", "'home'"]),
        ('name = "usb"', 'name = "nas"', ["nas: names are unique"]),
        ('name = "usb"', 'name = "home"', ["home: names are unique"]),
        ("[media.disk]", "[media.dusk]", ["unknown medium 'disk'", "did you mean 'dusk'"]),
        ('level = "raid6"', 'level = "raid66"', ["copies.nas.store", "'raid66'", "'raid6'"]),
        ("drives = 8", "drives = 2", ["copies.nas.store", "tolerates"]),
        ('level = "raid6"', 'level = "raid6"\ntolerates = 1', ["contradicts"]),
        ("shape = 1.12", "shape = 0", ["media.disk.lifetime.weibull.shape", "greater than 0"]),
        ("weibull", "wiebull", ["media.disk.lifetime", "did you mean 'weibull'"]),
        ('fixed = "12 h"', 'fixed = "12 h", never = true', ["exactly one"]),
        ('horizon = "10 years"', 'horizon = "0 years"', ["horizon", "greater than 0"]),
        ("location = [52.37, 4.90]", "location = [152.37, 4.90]", ["sites.home.location.1"]),
        (
            "location = [52.37, 4.90]",
            "location = [52.37, 4.90, 3]",
            ["sites.home.location: expects 2 at most, got 3: [52.37, 4.9, 3]"],
        ),
        ("location = [52.37, 4.90]", "location = [52.37]", ["sites.home.location.2: is required"]),
        ('level = "raid6"', 'level = "RAID6"', ["did you mean 'raid6'"]),
        ('name = "usb"', 'name = ""', ["must not be empty"]),
        (
            'check = { every = "90 days" }',
            'fed = { from = "usb" }',
            ["copies.usb.fed.from: 'usb' is the copy itself"],
        ),
        (
            'check = { every = "90 days" }',
            'retention = "30 days"',
            ["copies.usb.retention: expects a table, got '30 days'"],
        ),
        (
            'horizon = "10 years"',
            'horizon = "10 years"\nshocks = [{ name = "s", rate = "1/year", hits = [] }]',
            ["shocks.s: hits: is empty"],
        ),
    ],
)
def test_a_mistake_gets_one_line_that_names_place_and_fix(
    old: str, new: str, words: list[str]
) -> None:
    assert old in GOOD
    with pytest.raises(LayoutError) as caught:
        _load(GOOD.replace(old, new, 1))
    message = str(caught.value)
    assert message.startswith("home.toml: ")
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"name = ", "is no TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b'name = "x"', "copies: is required"),
        (b"copies = []", "at least one copy"),
        (b"[copies.nas]", r"copies: expects a list.*\[\[copies\]\]"),
        (b"x = " + b"[" * 5000, "is no TOML|nested too deeply"),
        (b"#" * 5_000_000, "larger than"),
    ],
)
def test_files_that_are_no_layouts(tmp_path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(LayoutError, match=words):
        load_layout(path)


def test_no_such_file(tmp_path) -> None:
    with pytest.raises(LayoutError, match="no such file"):
        load_layout(tmp_path / "none.toml")


@pytest.mark.parametrize("path", sorted(LAYOUTS.rglob("*.toml")), ids=lambda path: path.stem)
def test_reference_files_load_and_survive_their_own_repr(path) -> None:
    from riskmodel import layout as room
    from riskmodel import lifetimes, media, policies, sites

    layout = load_layout(path)
    names: dict[str, object] = {}
    for module in (policies, sites, media, lifetimes, room):
        names |= vars(module)
    assert eval(repr(layout), names) == layout


def test_there_are_reference_files() -> None:
    assert len(list((LAYOUTS / "reference").glob("*.toml"))) == 88
    assert len(list((LAYOUTS / "multicopy").glob("*.toml"))) == 9


def test_replace_changes_one_key_and_nothing_else() -> None:
    layout = _load(GOOD)
    monthly = layout.replace("copies.usb.check.every", "30 days")
    assert monthly.copies[1].check is not None
    assert monthly.copies[1].check.every == 720.0
    assert monthly.replace("copies.usb.check.every", "90 days") == layout
    assert layout.replace("media.disk.lifetime", Weibull(shape=2, scale="9 h")).media[
        "disk"
    ].lifetime == Law(weibull=Weibull(shape=2, scale=9.0))
    with pytest.raises(LayoutError, match="nothing is named 'ubs'; did you mean 'usb'"):
        layout.replace("copies.ubs.check.every", "30 days")
    with pytest.raises(LayoutError, match="did you mean 'every'"):
        layout.replace("copies.usb.check.evry", "30 days")


def test_replace_adds_a_whole_copy_swaps_it_and_takes_it_out() -> None:
    layout = _load(GOOD)
    tape = {"store": {"media": "lto"}, "fed": {"from": "nas", "every": "7 days"}}
    three = layout.replace("copies.tape", tape)
    assert [copy.name for copy in three.copies] == ["nas", "usb", "tape"]
    assert three.copies[2].fed is not None
    assert three.copies[2].fed.every == 168.0
    assert three.replace("copies.tape", None) == layout
    swapped = three.replace("copies.usb", {"store": {"media": "ssd"}})
    assert [copy.name for copy in swapped.copies] == ["nas", "usb", "tape"]
    assert swapped.copies[1].store.media == "ssd"
    assert swapped.copies[1].check is None
    with pytest.raises(LayoutError, match="nothing is named 'ubs'; did you mean 'usb'"):
        layout.replace("copies.ubs", None)
    with pytest.raises(LayoutError, match=r"copies.usb: expects a table"):
        layout.replace("copies.usb", "30 days")
    with pytest.raises(LayoutError, match=r"copies.tape.*store"):
        layout.replace("copies.tape", {"site": "home"})


def test_a_shock_of_a_store_can_be_taken_out() -> None:
    shock = {"name": "enclosure", "rate": "0.1 %/year", "kills": 1.0}
    layout = _load(GOOD)
    shaken = layout.replace("copies.nas.store.shocks", [shock])
    assert len(shaken.copies[0].store.shocks) == 1
    calm = shaken.replace("copies.nas.store.shocks.enclosure", None)
    assert calm.copies[0].store.shocks == ()


def test_digest_knows_the_law_but_not_the_name() -> None:
    layout = _load(GOOD)
    assert layout.digest() == _load(GOOD.replace('"two"', '"other"')).digest()
    assert layout.digest() != layout.replace("copies.usb.check.every", "30 days").digest()


def test_ranges_are_read_ordered_and_remembered() -> None:
    text = GOOD.replace('"0.001/year"', '{ low = "0.1 %/year", mode = "0.2 %/year", high = 0.9 }')
    with pytest.raises(LayoutError, match=r"fire.rate"):
        _load(text)  # 0.9 has no unit
    layout = _load(text.replace("0.9", '"0.9 %/year"'))
    assert layout.sites["home"].perils["fire"].rate == pytest.approx(0.002 / 8766)
    assert layout.ranges[0].path == "sites.home.perils.fire.rate"
    with pytest.raises(LayoutError, match="low <= mode <= high"):
        _load(text.replace("0.9", '"0.01 %/year"'))


def test_one_label_has_one_variance() -> None:
    other = '[media.other]\nafr = 0.01\nbatch = { label = "b", variance = 0.5 }\n'
    clash = GOOD.replace(
        "[media.disk]\n", other + '[media.disk]\nbatch = { label = "b", variance = 1 }\n'
    )
    with pytest.raises(LayoutError, match="label 'b' has variance"):
        _load(clash)


def _same(one: object, other: object) -> None:
    """Equal but for the last digits of numbers."""
    if isinstance(one, dict):
        assert isinstance(other, dict)
        assert one.keys() == other.keys()
        for key in one:
            _same(one[key], other[key])
    elif isinstance(one, tuple | list):
        assert isinstance(other, tuple | list)
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            _same(a, b)
    else:
        assert other == (pytest.approx(one, rel=1e-11) if isinstance(one, float) else one)


@pytest.mark.parametrize(
    "path",
    [*sorted(LAYOUTS.rglob("*.toml")), *sorted((data_folder() / "layouts").glob("*.toml"))],
    ids=lambda path: path.stem,
)
def test_a_layout_written_as_a_file_says_the_same(path) -> None:
    layout = load_layout(path)
    text = layout_toml(layout, "two lines\nof comment")
    assert text.startswith("# two lines\n# of comment\n")
    _same(layout.model_dump(), Layout.from_dict(tomllib.loads(text)).model_dump())


_TOML_VALUES = st.recursive(
    st.one_of(
        st.text(max_size=12),
        st.integers(),
        st.floats(),
        st.booleans(),
        st.sampled_from(["12 h", "never", "none", "nas", "home", "1e400 h", "raid5", "3-of-2"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def _paths(value: object, path: tuple = ()) -> list[tuple]:
    items: list[tuple] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(found for key, item in items for found in _paths(item, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_file_loads_or_gives_one_line(data: st.DataObject) -> None:
    raw = tomllib.loads(GOOD)
    path = data.draw(st.sampled_from(_paths(raw)[1:]))
    here = raw
    for key in path[:-1]:
        here = here[key]
    new = data.draw(_TOML_VALUES)
    if data.draw(st.booleans()) and isinstance(here, dict):
        here[data.draw(st.text(max_size=8))] = new
    else:
        here[path[-1]] = new
    try:
        compile_layout(Layout.from_dict(raw))
    except LayoutError as error:
        assert str(error)
        assert len(str(error)) < 700


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("copies.usb.offline", "yes"),
        ("copies.usb.offline", 1),
        ("copies.nas.store.drives", "8"),
        ("copies.nas.store.drives", True),
        ("copies.nas.store.drives", 8.5),
        ("copies.nas.store.stress", [float("inf")]),
        ("media.disk.lifetime", {"weibull": {"shape": "1.1", "scale": "9 h"}}),
        ("sites.home.location", [float("nan"), 4.9]),
    ],
)
def test_values_of_another_type_are_not_bent_into_shape(key: str, value) -> None:
    with pytest.raises(LayoutError, match=key.split(".")[1]):
        _load(GOOD).replace(key, value)


def test_a_path_goes_through_names_with_dots(disk_layout):
    disk_layout["sites"] = {"St. Gallen": {"kind": "home", "location": [47.42, 9.37]}}
    disk_layout["copies"][0] |= {"name": "disk v1.2", "site": "St. Gallen"}
    layout = Layout.model_validate(disk_layout)
    moved = layout.replace("sites.St. Gallen.location", (48.0, 9.0))
    assert tuple(moved.sites["St. Gallen"].location) == (48.0, 9.0)
    stored = layout.replace("copies.disk v1.2.store.drives", 2)
    assert stored.copies[0].store.drives == 2


def test_a_file_that_an_editor_began_with_a_mark_is_read(tmp_path) -> None:
    path = tmp_path / "home.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_layout(path) == _load(GOOD)


def test_a_mistyped_file_gets_the_nearest_name(tmp_path) -> None:
    (tmp_path / "home.toml").write_text(GOOD)
    with pytest.raises(LayoutError, match=r"no such file; did you mean '.*home\.toml'"):
        load_layout(tmp_path / "hoem.toml")
