"""The same dataset is known again across tools, with and without the source."""

from __future__ import annotations

import tarfile
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.inventories import declared, measured, place, unread
from verifier.audit import audit
from verifier.host import Host
from verifier.identity import SKETCH, identified, likeness, sketch
from verifier.inventory import Depth, Evidence, Fact, State
from verifier.setup import Setup


def test_a_sketch_is_small_and_ignores_what_tools_put_before_names():
    held = {f"a/{n}.jpg": n for n in range(5000)}
    assert len(sketch(held)) == SKETCH
    assert sketch(held) == sketch({f"home/ada/{path}": size for path, size in held.items()})


@given(st.integers(0, 2000), st.integers(1, 2000))
def test_likeness_estimates_the_common_share(common, apart):
    one = {f"{n}": n for n in range(common + apart)}
    other = {f"{n}": n for n in range(common)} | {f"x{n}": n for n in range(apart)}
    found = likeness(sketch(one), sketch(other))
    true = common / (common + 2 * apart)
    assert found is not None
    assert abs(found - true) < 5 * (true * (1 - true) / SKETCH) ** 0.5 + 0.02


def test_nothing_is_like_nothing():
    assert likeness((), sketch({"a": 1})) is None
    assert likeness(sketch({"a": 1}), sketch({"a": 1})) == 1.0
    assert likeness(sketch({"a": 1}), sketch({"a": 2})) == 0.0


def test_each_kind_of_knowledge_is_marked_as_what_it_is():
    source = place("source", "sda")
    whole = place("usb", "sdb", coverage=measured(0.5), depth=Depth.LISTED)
    compared = place("nas", "sdc")
    cloud = unread("cloud", State.TIMEOUT)
    odd = place("odd", "sdd", coverage=Fact(source="no password"))
    told = place("told", "sde", dataset=measured("by its label"))
    facts = [one.dataset for one in identified(source, (whole, compared, cloud, odd, told))]
    assert [fact.evidence for fact in facts] == [
        Evidence.MEASURED, Evidence.MEASURED, Evidence.DECLARED, Evidence.DECLARED,
        Evidence.MEASURED,
    ]  # fmt: skip
    assert "50 %" in facts[0].value
    assert "contents" in facts[1].value
    assert facts[4].value == "by its label"
    assert declared("x").evidence is facts[3].evidence


def test_copies_are_known_as_one_dataset_when_the_source_is_gone(tmp_path):
    usb, other = tmp_path / "usb", tmp_path / "other"
    usb.mkdir()
    other.mkdir()
    for number in range(300):
        (usb / f"{number}.jpg").write_bytes(b"x" * number)
        (other / f"{number}.txt").write_bytes(b"y" * number)
    packed = tmp_path / "photos.tar"
    with tarfile.open(packed, "w") as archive:
        archive.add(usb, arcname="home/ada/photos")
    places = [{"name": p.name, "path": str(p)} for p in (usb, packed, other)]
    setup = Setup.from_dict({"source": {"path": str(tmp_path / "gone")}, "locations": places})
    found = audit(setup, Host(), now=datetime.now(UTC)).inventory.locations
    assert "holds what photos.tar holds" in found[0].dataset.value
    assert "holds what usb holds" in found[1].dataset.value
    assert "something else" in found[2].dataset.value
    assert {one.dataset.evidence for one in found} == {Evidence.INFERRED}
