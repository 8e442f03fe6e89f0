"""From an audit to a layout: what is copied, what is assumed, and two answers in doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import riskmodel as rm
from riskmodel.sites import Site
from verifier.bridge import Bridged, to_layouts
from verifier.inventory import (
    Depth,
    Domains,
    Drive,
    Evidence,
    Fact,
    Inventory,
    Location,
    Points,
    State,
)
from verifier.rules import view_of
from verifier.setup import Policy

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def _known(value):
    return Fact(value, Evidence.MEASURED, "test")


def _place(name: str, drive: str | None, *, site: str = "home", **changes) -> Location:
    drives = Fact()
    if drive is not None:
        unit = Drive(f"serial:{drive}", drive, "WD80", drive, 8 * 10**12, "hdd", "sata")
        drives = _known((unit,))
    location = Location(
        name=name,
        kind="directory",
        address=f"/{name}",
        state=State.READ,
        real_path=f"/{name}",
        domains=Domains(drives=drives, host=_known("machine:1"), site=_known(site)),
        media_type=_known("hdd"),
        points=Points(1, NOW - timedelta(hours=1), NOW - timedelta(hours=1)),
        files=10,
        size_bytes=10**12,
        coverage=_known(1.0),
        depth=Depth.SOURCE,
    )
    return replace(location, **changes)


def _bridge(*locations: Location, sites: dict[str, Site] | None = None) -> Bridged:
    source, *others = locations
    inventory = Inventory("photos", NOW, _known("machine:1"), source, tuple(others))
    return to_layouts("photos", view_of(inventory, Policy(), sites=sites or {}))


def test_independent_drives_become_copies_that_share_their_models_frailty() -> None:
    found = _bridge(_place("source", "a"), _place("usb", "b", offline=True))
    layout = found.worst
    assert [copy.name for copy in layout.copies] == ["source", "usb"]
    assert found.best is None
    labels = {layout.medium(copy.store.media).model.label for copy in layout.copies}
    assert labels == {"WD80"}
    assert layout.size == 10**12
    assert layout.copies[1].offline


def test_a_copy_on_the_sources_drive_is_left_out_and_named() -> None:
    found = _bridge(_place("source", "a"), _place("twin", "a"))
    assert [copy.name for copy in found.worst.copies] == ["source"]
    assert any("twin is left out: it shares drive a" in note.text for note in found.assumptions)


def test_unknown_independence_gives_two_answers_and_the_worse_leads() -> None:
    doubtful = _place("mystery", None, media_type=Fact())
    found = _bridge(_place("source", "a"), doubtful)
    assert found.doubts == ("mystery",)
    assert found.best is not None
    assert [copy.name for copy in found.worst.copies] == ["source"]
    assert [copy.name for copy in found.best.copies] == ["source", "mystery"]
    worst, best = (
        rm.simulate(layout, trials=20_000).probability for layout in (found.worst, found.best)
    )
    assert worst > 1.5 * best
    assert any("mystery is unknown" in note.text for note in found.assumptions)


def test_a_mirror_is_one_copy_of_two_drives() -> None:
    pair = tuple(
        Drive(f"serial:{name}", name, "WD80", name, 8 * 10**12, "hdd", "sata") for name in "cd"
    )
    nas = _place("nas", None)
    domains = replace(nas.domains, drives=_known(pair), level=_known("raid1"))
    found = _bridge(_place("source", "a"), replace(nas, domains=domains))
    store = found.worst.copies[1].store
    assert (store.level, store.drives, store.tolerance) == ("raid1", 2, 1)
    assert rm.simulate(found.worst, trials=1000).assumptions  # the rebuild comes from the size


def test_known_sites_keep_their_words_and_unknown_ones_are_like_homes() -> None:
    sites = {"vault": Site(kind="bank-vault")}
    found = _bridge(_place("source", "a"), _place("tape", "b", site="vault"), sites=sites)
    assert found.worst.sites["vault"].kind == "bank-vault"
    assert found.worst.sites["home"].kind == "home"
    inferred = [note for note in found.assumptions if "struck like a home" in note.text]
    assert [note.evidence for note in inferred] == [Evidence.INFERRED]


def test_a_location_may_be_called_like_its_site() -> None:
    found = _bridge(_place("source", "a"), _place("vault", "b", site="vault"))
    assert found.worst.copies[1].site == "vault (site)"


def test_people_reach_what_is_online_and_malware_spares_what_is_locked() -> None:
    found = _bridge(
        _place("source", "a"),
        _place("drawer", "b", offline=True),
        _place("repo", "c", kind="restic", encrypted=_known(True)),
        _place("locked", "d", kind="restic", immutable=_known(True)),
    )
    hits = {shock.name: set(shock.targets) for shock in found.worst.shocks}
    assert hits["mistake"] == {"source"}
    assert hits["ransomware"] == {"source", "repo"}
    assert hits["key-loss"] == {"repo"}


def test_a_source_that_cannot_be_read_is_refused() -> None:
    gone = replace(_place("source", "a"), state=State.UNREADABLE, reason="permission denied")
    with pytest.raises(rm.InputError, match=r"source: is no copy.*permission denied"):
        _bridge(gone, _place("usb", "b"))


def test_every_assumption_has_evidence() -> None:
    found = _bridge(_place("source", "a"), _place("usb", "b"))
    assert len(found.assumptions) > 4
    assert all(note.evidence in Evidence for note in found.assumptions)
