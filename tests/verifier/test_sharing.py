"""What locations have in common, as a table, as words and as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from riskmodel.errors import InputError
from riskmodel.plot._canvas import require_drawable
from tests.verifier.inventories import declared, inventory, measured, place, source, unread
from verifier._command_parts import draw_audit
from verifier.audit import Audit, judge
from verifier.inventory import Domains, Fact, Location, State
from verifier.picture import failure_domains, failure_domains_figure
from verifier.setup import Setup, Source
from verifier.sharing import MOST_ROWS, Box, Sharing, sharing, sharing_in_words


def audited(*places: Location, live: Location | None = None) -> Audit:
    setup = Setup(name="photos", source=Source(path="/source"))
    return judge(setup, inventory(*places, live=live))


def shares(*places: Location, live: Location | None = None) -> Sharing:
    return sharing(audited(*places, live=live).view)


def bucket(name: str, account: str, site: str) -> Location:
    domains = Domains(
        drives=Fact(source="a provider's"), account=measured(account), provider=measured("cloudy"),
        site=declared(site),
    )  # fmt: skip
    return place(name, None, media="object-storage", real_path=None, domains=domains)


def boxes(found: Sharing, layer: str) -> list[Box]:
    column = found.columns.index(layer)
    return [box for box in found.boxes if box.column == column]


def common(found: Sharing) -> dict[str, set[str]]:
    return {one.what: {found.rows[row].name for row in one.rows} for one in found.common}


def test_three_copies_on_one_disk_are_one_box() -> None:
    found = shares(place("a", "sda"), place("b", "sda"), live=source(site=None))
    (box,) = boxes(found, "drives")
    assert (box.first, box.last, box.shared) == (0, 2, True)
    assert [row.counts for row in found.rows] == [True, False, False]
    assert common(found)["drive sda (Model sda)"] == {"source", "a", "b"}
    assert "site" in found.not_known
    assert "Nothing is known of any site" in sharing_in_words(found)


def test_what_is_not_known_is_never_joined() -> None:
    found = shares(unread("x", State.UNREADABLE), unread("y", State.UNREADABLE))
    drives = boxes(found, "drives")
    assert [box.known for box in drives] == [True, False, False]
    assert not any(box.shared for box in drives)
    assert [row.counts for row in found.rows] == [True, None, None]


def test_rows_come_together_by_site_and_apart_ones_are_linked() -> None:
    far = place("far", "sdd", site="office")
    found = shares(place("usb", "sdb", site="office", host="address:nas"), far,
                   place("disk", "sdc", site="home"))  # fmt: skip
    assert [row.name for row in found.rows] == ["source", "disk", "far", "usb"]
    assert [(box.first, box.last) for box in boxes(found, "site")] == [(0, 1), (2, 3)]
    here = boxes(found, "machine or account")
    assert [box.lines for box in here] == [("this machine",), ("nas",)]
    assert [box.sure for box in boxes(found, "site")] == [False, False]
    assert [box.sure for box in here] == [True, True]


def test_a_part_in_common_is_a_link_and_no_box() -> None:
    found = shares(place("array", ("sdb", "sdc")), place("half", ("sdc",)))
    drives = boxes(found, "drives")
    assert [box.shared for box in drives] == [False, True, True]
    (link,) = [one for one in found.links if found.boxes[one.upper].column == 0]
    assert (found.boxes[link.upper].lines[0], found.boxes[link.lower].lines[0]) == (
        "sdb and sdc", "sdc",
    )  # fmt: skip
    assert common(found)["drive sdc (Model sdc)"] == {"array", "half"}


def test_buckets_of_one_account_share_it_and_its_region() -> None:
    found = shares(bucket("one", "7", "fra"), bucket("two", "7", "fra"), bucket("three", "7", "us"),
                   bucket("other", "8", "us"))  # fmt: skip
    told = common(found)
    assert told["account 7 in one region"] == {"one", "two"}
    assert told["account 7"] == {"one", "two", "three"}
    assert told["provider cloudy"] == {"one", "two", "three", "other"}
    assert told["site us"] == {"three", "other"}


def test_a_key_and_a_login_in_common_are_told() -> None:
    def with_key(name: str, on: str) -> Location:
        one = place(name, on, encrypted=measured(True))
        domains = replace(one.domains, key=declared("K"), identity=declared("ada"))
        return replace(one, domains=domains)

    found = shares(with_key("a", "sdb"), with_key("b", "sdc"))
    assert {"key K": {"a", "b"}, "login ada": {"a", "b"}}.items() <= common(found).items()
    assert [box.lines for box in boxes(found, "key")] == [("none needed",), ("K",)]


def test_a_thousand_locations_are_cut_and_it_is_said() -> None:
    found = shares(*(place(f"p{number}", f"sd{number}") for number in range(60)))
    assert len(found.rows) == MOST_ROWS
    assert f"{61 - MOST_ROWS} more locations are not shown" in sharing_in_words(found)


def test_the_picture_has_every_name_and_needs_no_colour() -> None:
    audit = audited(place("a$x$<b>&", "sda"), place("usb", "sdb"))
    ax = failure_domains(audit)
    told = "\n".join(text.get_text() for text in ax.texts)
    for word in ("source", "a$x$<b>&", "usb", "this machine", "sdb"):
        assert word in told
    # without a colour: shared boxes have the thick frame
    widths = {patch.get_linewidth() for patch in ax.patches}
    assert len(widths) == 2
    figure = failure_domains_figure(audit)
    ET.fromstring(figure.svg)
    assert "a$x$<b>& share drive sda" in figure.caption
    assert "<b>" not in figure.svg


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_it_is_written_in_each_format(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"shared.{ending}"
    require_drawable(file, "--plot")
    draw_audit(audited(place("usb", "sdb")), file)
    begins = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}[ending]
    assert file.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.gif", "ends in .png, .svg, .pdf"),
        ("a", "ends in .png, .svg, .pdf"),
        ("no/a.svg", "no folder"),
    ],
)
def test_a_file_that_cannot_be_drawn_is_refused(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        require_drawable(tmp_path / name, "--plot")
