"""From an audit to a layout: what is copied, what is assumed, and two answers in doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import riskmodel as rm
from riskmodel._threats import people_of
from riskmodel.policies import Key
from riskmodel.sites import Site
from verifier.bridge import Bridged, to_layouts
from verifier.bridge._undo import undo_hours
from verifier.inventory import (
    Depth,
    Domains,
    Drive,
    Evidence,
    Fact,
    Inventory,
    Location,
    Points,
    Restored,
    Schedule,
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


def test_malware_takes_over_what_is_online_and_spares_what_is_locked() -> None:
    found = _bridge(
        _place("source", "a"),
        _place("drawer", "b", offline=True),
        _place("repo", "c", kind="restic", encrypted=_known(True)),
        _place("locked", "d", kind="restic", immutable=_known(True)),
    )
    assert found.worst.threats.defaults
    assert found.worst.threats.ransomware.takes_over
    (told,) = (note.text for note in found.assumptions if "deletes the older" in note.text)
    assert told.endswith("but for versions of locked while their locks hold")
    copies = {copy.name: copy for copy in found.worst.copies}
    assert copies["repo"].key == "key of repo"
    assert copies["repo"].retention.within == copies["repo"].fed.every
    assert copies["locked"].immutable == found.worst.horizon
    rm.simulate(found.worst, trials=1000)


def test_plain_copies_are_reached_by_the_threats_of_the_layout_and_have_no_versions() -> None:
    found = _bridge(_place("source", "a"), _place("usb", "b"))
    assert found.worst.shocks == ()
    usb = found.worst.copies[1]
    assert (usb.fed.source, usb.fed.how, usb.retention) == ("source", "backup", None)
    assert usb.fed.every == Policy().max_age
    assert usb.check.depth == "source"
    elsewhere = _bridge(_place("source", "a"), _place("nas", "b", kind="sftp"))
    assert elsewhere.worst.copies[1].retention is None
    causes = {cause.name for cause in rm.simulate(found.worst, trials=20_000).causes}
    assert any("mistake" in name for name in causes)


def test_the_source_of_a_firm_meets_the_ransomware_of_firms() -> None:
    sites = {"home": Site(kind="office")}
    found = _bridge(_place("source", "a"), _place("nas", "b"), sites=sites)
    assert found.worst.threats.ransomware.preset == "ransomware-business"
    reached = [
        reach for reach in people_of(found.worst).reaches if reach.cause.startswith("ransomware")
    ]
    assert sum(reach.rate for reach in reached) == pytest.approx(0.005 / 8766, rel=0.01)
    assert [reach.takes_over for reach in reached] == [True, False]
    assert [len(reach.targets) for reach in reached] == [2, 1]


@pytest.mark.parametrize(("dwells", "lost"), [("25 days", False), ("35 days", True)])
def test_a_lock_is_worth_what_it_outlasts_of_the_dwell_time(dwells: str, lost: bool) -> None:
    """The audit measured locks of 30 days; older versions are kept for a year."""
    bucket = _place(
        "bucket", "b", kind="s3", site="cloud", immutable=_known(True),
        immutable_until=NOW + timedelta(days=30) - timedelta(hours=1),
        retention=_known("older versions are kept for 365 days"),
        schedule=_known(Schedule("cron", "/etc/crontab", 24.0)),
    )  # fmt: skip
    layout = _bridge(_place("source", "a"), bucket).worst
    assert layout.copies[1].immutable == 30 * 24
    for key, value in {"rate": "0.5/year", "noticed": {"fixed": dwells}}.items():
        layout = layout.replace(f"threats.ransomware.{key}", value)
    loss = rm.simulate(layout, method="events", trials=2_000, seed=1)
    taken = sum(cause.share for cause in loss.causes if cause.name == "ransomware")
    assert loss.probability * taken > 0.9 if lost else loss.probability * taken < 0.3


def test_points_and_schedules_say_how_often_a_copy_is_made_and_how_far_it_reaches_back() -> None:
    times = [NOW - timedelta(days=days) for days in (9, 3, 2, 1)]
    nightly = _known(Schedule("cron", "/etc/crontab", 24.0))
    found = _bridge(
        _place("source", "a"),
        _place("rows", "b", kind="dated", points=Points.at(times)),
        _place("repo", "c", kind="borg", points=Points.at(times), schedule=nightly),
        _place("kept", "d", kind="borg", retention=_known("keep daily 7, weekly 4")),
        _place("twin", "e", repeats_deletions=_known(True), schedule=nightly),
    )
    copies = {copy.name: copy for copy in found.worst.copies}
    assert copies["rows"].fed.every == 6 * 24
    assert copies["rows"].retention.within == 8 * 24
    assert copies["repo"].fed.every == 24
    assert (copies["kept"].retention.daily, copies["kept"].retention.weekly) == (7, 4)
    assert (copies["twin"].fed.how, copies["twin"].retention) == ("replica", None)


def test_versions_on_the_sources_own_drive_undo_a_mistake() -> None:
    times = [NOW - timedelta(days=days) for days in (90, 1)]
    found = _bridge(
        _place("source", "a"), _place("repo", "a", kind="restic", points=Points.at(times))
    )
    assert [copy.name for copy in found.worst.copies] == ["source"]
    # no better than the same versions on a drive of their own
    within = found.worst.copies[0].retention.within
    assert within == pytest.approx(undo_hours(89 * 24, 89 * 24), abs=0.01)
    assert 0 < within < 89 * 24


def test_a_bucket_stands_in_a_region_and_its_lock_has_an_end() -> None:
    bucket = _place("bucket", None, media_type=_known("object-storage"), kind="s3")
    domains = replace(
        bucket.domains,
        site=_known("eu-central-1"),
        account=_known("42"),
        provider=_known("AWS"),
        pools=_known(("bucket:AWS/photos",)),
    )
    bucket = replace(
        bucket,
        domains=replace(domains, host=Fact()),
        immutable=_known(True),
        immutable_until=NOW + timedelta(days=30),
        retention=_known("older versions are kept for 90 days"),
    )
    found = _bridge(_place("source", "a"), bucket)
    layout = found.best or found.worst
    assert layout.sites["eu-central-1"].kind == "cloud-region"
    assert layout.sites["home"].kind == "home"
    copy = layout.copies[1]
    assert (copy.account, copy.provider) == ("42", "AWS")
    assert copy.retention.within == 90 * 24
    assert copy.immutable == pytest.approx(30 * 24 + 1)


@pytest.mark.parametrize(
    ("media", "preset"),
    [("tape", "lto"), ("lto-8", "lto-8"), ("vtl", "vtl"), ("optical", "dvd-r"), ("bd-r", "bd-r")],
)
def test_each_medium_has_the_preset_of_its_name(media: str, preset: str) -> None:
    found = _bridge(_place("source", "a"), _place("box", "b", media_type=_known(media)))
    assert found.worst.media["media of box"].preset == preset
    rm.simulate(found.worst, trials=100)


def test_a_key_lies_where_the_set_up_or_the_audit_says() -> None:
    repo = _place("repo", "b", kind="restic", encrypted=_known(True))
    inside = replace(repo, key_kept=_known(("/source/pw",)))
    assert _bridge(_place("source", "a"), inside).worst.keys_["key of repo"].kept == ("source",)
    unknown = _bridge(_place("source", "a"), repo).worst
    assert unknown.keys_["key of repo"].kept == ("who knows key of repo",)
    named = replace(repo, domains=replace(repo.domains, key=_known("pw")))
    source = _place("source", "a")
    inventory = Inventory("photos", NOW, _known("machine:1"), source, (named,))
    keys = {"pw": Key(kept=("bank", "ada"))}
    view = view_of(inventory, Policy(), sites={"bank": Site(kind="bank-vault")}, keys=keys)
    layout = to_layouts("photos", view).worst
    assert layout.keys_["pw"].kept == ("bank", "ada")
    assert layout.sites["bank"].kind == "bank-vault"  # though no copy is there


@pytest.mark.parametrize(
    ("kept", "wanted"), [(("repo", "ada"), ("ada",)), (("repo",), ("source",))]
)
def test_a_copy_keeps_no_key_to_itself(kept: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    repo = _place("repo", "b", kind="restic", encrypted=_known(True))
    repo = replace(repo, domains=replace(repo.domains, key=_known("pw")))
    inventory = Inventory("photos", NOW, _known("machine:1"), _place("source", "a"), (repo,))
    view = view_of(inventory, Policy(), keys={"pw": Key(kept=kept)})
    assert to_layouts("photos", view).worst.keys_["pw"].kept == wanted


def test_a_source_that_cannot_be_read_is_refused() -> None:
    gone = replace(_place("source", "a"), state=State.UNREADABLE, reason="permission denied")
    with pytest.raises(rm.InputError, match=r"source: is no copy.*permission denied"):
        _bridge(gone, _place("usb", "b"))


def test_every_assumption_has_evidence() -> None:
    found = _bridge(_place("source", "a"), _place("usb", "b"))
    assert len(found.assumptions) > 4
    assert all(note.evidence in Evidence for note in found.assumptions)


def test_a_restore_drill_gives_the_slower_of_its_rates() -> None:
    told = Restored(asked=62, right=62, of=900, seconds=4.0, whole_seconds=(3600.0, 7200.0))
    usb = _place("usb", "b", depth=Depth.RESTORE, restored=told)
    found = _bridge(_place("source", "a"), usb, _place("nas", "c"))
    restores = {copy.name: copy.restore for copy in found.worst.copies}
    assert restores["usb"].bandwidth == pytest.approx(10**12 / 2.0)  # bytes an hour
    assert restores["nas"] is None
    assert any("usb comes back in 2" in assumption.text for assumption in found.assumptions)
    failed = replace(usb, depth=Depth.SOURCE, errors=("x came back different.",))
    found = _bridge(_place("source", "a"), failed, _place("nas", "c"))
    assert all(copy.restore is None for copy in found.worst.copies)
