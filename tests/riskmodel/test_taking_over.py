"""Ransomware that takes over: what a lock of N days is worth under a retention of M days."""

from __future__ import annotations

import math
from typing import Any

import pytest

import riskmodel as rm
from riskmodel._program import compile_layout
from tests.riskmodel.test_threats import agree, backup, copy, layout, run

STRUCK = -math.expm1(-0.05 * 10)  # the chance of a strike within the ten years


def stored(seen_after: str, takes_over: bool = True, **cloud: Any) -> rm.Layout:
    """Return a NAS with a daily copy in the cloud, under logins of their own."""
    ransomware = {"rate": "0.05/year", "noticed": {"fixed": seen_after}, "takes_over": takes_over}
    return layout(
        copy("nas", role="primary", credentials="ada"),
        copy("cloud", fed=backup("nas", "1 day"), credentials="key", **cloud),
        threats={"ransomware": ransomware},
    )


@pytest.mark.parametrize(
    ("locked", "lost"),
    [
        (None, 1.0),
        ("19 days", 1.0),
        # the newest good version is as old as the last run, so up to a day, and 20 days
        ("486 h", 0.75),
        ("492 h", 0.5),
        ("62 days", 0.0),  # also for one who comes while another is still unseen
    ],
)
def test_of_all_versions_kept_only_locked_ones_outlast_who_takes_over(locked, lost) -> None:
    """The retention of 90 days is no help; the lock helps as far as it outlasts the dwell time."""
    lock = {"immutable": locked} if locked else {}
    loss = run(stored("20 days", retention={"within": "90 days"}, **lock))
    if lost in (0.0, 1.0):
        assert loss.losses == 0 if lost == 0.0 else agree(loss.losses, loss.trials, STRUCK)
    else:
        assert agree(loss.losses, loss.trials, -math.expm1(-0.05 * 10 * lost))


def test_who_does_not_take_over_leaves_the_versions_and_the_other_logins() -> None:
    """The law of the layout file unless it says so: retention and lock count alike."""
    kept = {"retention": {"within": "90 days"}}
    assert run(stored("20 days", False, **kept), trials=2_000).losses == 0
    assert run(stored("20 days", False, immutable="90 days"), trials=2_000).losses == 0
    one_login = stored("20 days", False, **kept).replace("copies.cloud.credentials", "ada")
    assert run(one_login, trials=2_000).losses == 0
    assert run(one_login.replace("threats.ransomware.takes_over", True)).losses > 0


def test_who_takes_over_has_every_login_at_once_and_strikes_once() -> None:
    loss = run(stored("1 h"))
    assert agree(loss.losses, loss.trials, STRUCK)
    assert [cause.name for cause in loss.causes] == ["ransomware"]


def test_what_is_offline_is_out_of_reach_and_keeps_its_versions() -> None:
    """Damage still comes there with the next run, and older versions outlast it."""
    away = {"offline": True, "retention": {"within": "90 days"}}
    assert run(stored("20 days", **away), trials=2_000).losses == 0
    loss = run(stored("100 days", **away))
    assert agree(loss.losses, loss.trials, STRUCK)


def test_who_spares_the_backups_deletes_nothing() -> None:
    kept = stored("20 days", retention={"within": "90 days"})
    half = kept.replace("threats.ransomware.backups", 0.5)
    loss = run(half)
    assert agree(loss.losses, loss.trials, -math.expm1(-0.05 * 10 * 0.5))


def test_only_ransomware_takes_over() -> None:
    mistakes = {"mistake": {"rate": "1 %/year", "takes_over": True}}
    with pytest.raises(rm.LayoutError, match=r"threats\.mistake\.takes_over: only ransomware"):
        run(layout(copy("nas"), copy("usb"), threats=mistakes), trials=10)


def test_locks_that_make_no_difference_are_one_law() -> None:
    """A search over locks computes it once."""
    kept = {"within": "90 days"}
    laws = {
        over: {
            compile_layout(stored("20 days", over, retention=kept, immutable=locked)).digest()
            for locked in ("7 days", "30 days")
        }
        for over in (False, True)
    }
    assert {over: len(digests) for over, digests in laws.items()} == {False: 1, True: 2}
