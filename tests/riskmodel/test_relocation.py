"""A site moved nearer or farther: the chance of loss falls to that of places apart."""

from __future__ import annotations

import math

import pytest

import riskmodel as rm
from riskmodel.geodesy import distance_km, moved
from riskmodel.relocation import movable_sites


def two_places(rate: float = 0.01) -> rm.Layout:
    """Two disks that only floods take, a few kilometres apart."""
    site = {"perils": {"flood": {"rate": f"{rate}/year"}}}
    return rm.Layout.from_dict(
        {
            "horizon": "10 years",
            "media": {"m": {"lifetime": "none"}},
            "sites": {
                "home": {**site, "location": [52.37, 4.90]},
                "friend": {**site, "location": [52.40, 4.95]},
            },
            "copies": [
                {"name": "a", "site": "home", "store": {"media": "m"}, "recovery": "never"},
                {"name": "b", "site": "friend", "store": {"media": "m"}, "recovery": "never"},
            ],
        }
    )


@pytest.mark.parametrize("km", [0.1, 20.0, 5000.0])
def test_a_place_is_moved_by_so_much(km: float) -> None:
    start = (52.37, 4.90)
    for end in ((50.11, 8.68), (-33.9, 151.2), start):
        assert distance_km(start, moved(start, end, km)) == pytest.approx(km, rel=1e-9)
    assert moved(start, (53.0, 4.9), 10.0)[1] == pytest.approx(4.9)  # on the way to it


def test_farther_is_safer_and_the_ends_are_known() -> None:
    found = rm.loss_by_distance(two_places(), km=(0.01, 30.0, 8000.0), target_relative_error=0.02)
    chances = [loss.probability for loss in found.estimates]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 3.0 * chances[-1]
    assert (found.site, found.home) == ("friend", "home")
    assert list(found.to_frame()["km"]) == [0.01, 30.0, 8000.0]
    far = rm.simulate(
        two_places().replace("sites.friend.location", None), target_relative_error=0.02
    )
    assert chances[-1] == pytest.approx(far.probability, rel=0.1)
    # nothing else takes a copy, and none comes back: apart each is lost by its own floods alone
    once = -math.expm1(-0.01 * 10.0)
    assert chances[-1] == pytest.approx(once * once, rel=0.1)
    assert chances[0] == pytest.approx(once, rel=0.1)
    assert math.isclose(found.own_km, distance_km((52.37, 4.90), (52.40, 4.95)))


def test_what_cannot_be_moved_is_said() -> None:
    with pytest.raises(rm.InputError, match="no two sites have a location"):
        rm.loss_by_distance(rm.example("one-external-disk"))
    with pytest.raises(rm.InputError, match="did you mean 'friend'"):
        rm.loss_by_distance(two_places(), "freind")
    with pytest.raises(rm.InputError, match="above 0 km"):
        rm.loss_by_distance(two_places(), km=(0.0, 1.0))
    assert movable_sites(rm.example("one-external-disk")) == ()
    assert movable_sites(two_places()) == ("friend",)
