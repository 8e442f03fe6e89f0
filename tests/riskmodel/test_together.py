"""Disasters that strike several sites: rates, and what every engine makes of them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

import riskmodel as rm
from riskmodel._program import compile_layout
from riskmodel._resolve import perils_of
from riskmodel._together import disasters_of
from riskmodel.exact import loss_probability
from riskmodel.geodesy import distance_km
from riskmodel.perils import hit_rate, joint_hit_probability, peril_reaches
from riskmodel.preset_catalogue import presets
from riskmodel.units import HOURS_PER_YEAR

AMSTERDAM, UTRECHT, HAARLEM = (52.370, 4.895), (52.091, 5.122), (52.387, 4.646)
MIAMI = (25.76, -80.19)
YEARS = 10.0


def layout(*sites: dict[str, Any], **copy: Any) -> rm.Layout:
    """One copy at each site that nothing but a disaster ever takes."""
    names = [f"s{k}" for k in range(len(sites))]
    copies = [
        {"name": f"c{k}", "site": name, "store": {"media": "rock"}, "recovery": {"never": True}}
        for k, name in enumerate(names)
    ]
    return rm.Layout.model_validate(
        {
            "name": "stones",
            "horizon": YEARS * HOURS_PER_YEAR,
            "media": {"rock": {"lifetime": "none"}},
            "sites": dict(zip(names, sites, strict=True)),
            "copies": [one | copy for one in copies],
        }
    )


def site(
    place: tuple[float, float] | None, takes: str = "site", **per_year: float
) -> dict[str, Any]:
    perils = {
        name: {"rate": rate / HOURS_PER_YEAR, "takes": takes} for name, rate in per_year.items()
    }
    return {"perils": perils} | ({} if place is None else {"location": place})


def yearly(found: rm.Layout, peril: str) -> dict[tuple[int, ...], float]:
    return {
        d.sites: d.rate * HOURS_PER_YEAR for d in disasters_of(found) if d.peril == peril
    }  # fmt: skip


def both_lost(together: float, one: float, other: float) -> float:
    """Inclusion and exclusion: each of two is gone by the horizon, and nothing comes back."""
    alone = math.exp(-one * YEARS), math.exp(-other * YEARS)
    return 1.0 - alone[0] - alone[1] + math.exp(-(one + other - together) * YEARS)


def test_two_sites_are_struck_together_at_the_kernel_times_the_smaller_rate() -> None:
    found = yearly(layout(site(AMSTERDAM, flood=0.01), site(UTRECHT, flood=0.03)), "flood")
    chance = joint_hit_probability("flood", distance_km(AMSTERDAM, UTRECHT))
    assert 0.1 < chance < 0.4
    assert found[0, 1] == pytest.approx(chance * 0.01, rel=1e-12)
    assert found[0,] == pytest.approx(0.01 - chance * 0.01, rel=1e-12)
    assert found[1,] == pytest.approx(0.03 - chance * 0.01, rel=1e-12)


FOUR = (AMSTERDAM, UTRECHT, HAARLEM, (52.16, 4.49))
SIXTEEN = tuple((51.5 + 0.37 * (k % 4) + 0.05 * k, 4.1 + 0.41 * (k // 4)) for k in range(16))


@pytest.mark.parametrize("places", [FOUR, SIXTEEN], ids=len)
def test_every_marginal_and_every_pair_is_kept(places: tuple[tuple[float, float], ...]) -> None:
    rates = [(0.01, 0.03, 0.02, 0.03)[k % 4] for k in range(len(places))]
    sites = [site(place, earthquake=rate) for place, rate in zip(places, rates, strict=True)]
    found = yearly(layout(*sites), "earthquake")
    assert min(found.values()) > 0.0
    for i, rate in enumerate(rates):
        here = sum(value for sites_hit, value in found.items() if i in sites_hit)
        assert here == pytest.approx(rate, rel=1e-12)
    for i, j in itertools.combinations(range(len(places)), 2):
        pair = sum(value for hit, value in found.items() if i in hit and j in hit)
        chance = joint_hit_probability("earthquake", distance_km(places[i], places[j]))
        assert pair == pytest.approx(chance * min(rates[i], rates[j]), rel=1e-4)


def test_far_sites_and_perils_of_no_known_reach_are_independent() -> None:
    sydney = (-33.87, 151.2)
    far = layout(site(AMSTERDAM, flood=0.01), site(sydney, flood=0.01))
    assert set(yearly(far, "flood")) == {(0,), (1,)}
    unknown = layout(site(AMSTERDAM, meteor=0.01), site(HAARLEM, meteor=0.01))
    assert set(yearly(unknown, "meteor")) == {(0,), (1,)}
    inside = layout(site(AMSTERDAM, burglary=0.01), site(AMSTERDAM, burglary=0.01))
    assert set(yearly(inside, "burglary")) == {(0,), (1,)}


def test_a_national_catastrophe_takes_one_country() -> None:
    own = {"national-catastrophe": 0.01}
    sites = [site(None, **own) | {"country": country} for country in ("NL", "NL", "DE")]
    found = yearly(layout(*sites, site(None, **own)), "national-catastrophe")
    assert found == pytest.approx({(0, 1): 0.01, (2,): 0.01, (3,): 0.01})


@pytest.mark.parametrize("takes", ["site", "media"])
@pytest.mark.parametrize("vulnerability", [1.0, 0.4])
def test_two_copies_against_the_closed_form(takes: str, vulnerability: float) -> None:
    sites = site(AMSTERDAM, takes, flood=0.01), site(HAARLEM, takes, flood=0.02)
    stones = layout(*sites, vulnerability=vulnerability)
    chance = joint_hit_probability("flood", distance_km(AMSTERDAM, HAARLEM))
    together = chance * 0.01 * vulnerability**2
    expected = both_lost(together, 0.01 * vulnerability, 0.02 * vulnerability)
    assert loss_probability(stones).probability == pytest.approx(expected, rel=1e-9)
    for method in ("events", "conditional", "excursion"):
        loss = rm.simulate(stones, method=method, trials=200_000 if method == "events" else 20_000)
        low, high = loss.interval(0.9999)
        assert low < expected < high, method
        assert loss.relative_error < 0.05


def test_three_copies_against_inclusion_and_exclusion() -> None:
    rates = (0.02, 0.02, 0.05)
    places = (AMSTERDAM, HAARLEM, UTRECHT)
    stones = layout(*(site(p, flood=rate) for p, rate in zip(places, rates, strict=True)))
    found = yearly(stones, "flood")
    assert len(found) == 7

    def none_of(chosen: tuple[int, ...]) -> float:
        return math.exp(-YEARS * sum(v for hit, v in found.items() if set(hit) & set(chosen)))

    expected = sum(
        (-1) ** size * sum(none_of(chosen) for chosen in itertools.combinations(range(3), size))
        for size in range(4)
    )
    assert loss_probability(stones).probability == pytest.approx(expected, rel=1e-9)
    for method in ("events", "conditional"):
        loss = rm.simulate(stones, method=method, trials=200_000 if method == "events" else 20_000)
        low, high = loss.interval(0.9999)
        assert low < expected < high, method


def test_a_site_that_recovers_from_a_joint_flood() -> None:
    pair = [site(p, flood=0.05) | {"recovery": {"exponential": {"mean": 500.0}}} for p in
            (AMSTERDAM, HAARLEM)]  # fmt: skip
    stones = layout(*pair)
    expected = loss_probability(stones).probability
    apart = loss_probability(layout(*({**one, "location": None} for one in pair))).probability
    chance = joint_hit_probability("flood", distance_km(AMSTERDAM, HAARLEM))
    # far likelier than two floods within one recovery
    assert expected == pytest.approx(-math.expm1(-YEARS * chance * 0.05) + apart, rel=0.05)
    loss = rm.simulate(stones, method="events", trials=200_000)
    low, high = loss.interval(0.9999)
    assert low < expected < high


def test_the_cause_names_all_sites() -> None:
    stones = layout(*(site(p, flood=0.02) for p in (AMSTERDAM, HAARLEM, UTRECHT)))
    causes = compile_layout(stones).causes
    assert "flood at s0" in causes
    assert "flood at s0 and s1" in causes
    assert "flood at s0, s1 and s2" in causes


def _is_warned(stones: rm.Layout) -> bool:
    return any("strike each site on its own" in text for text in compile_layout(stones).warnings)


def test_who_is_told_that_sites_are_independent() -> None:
    assert _is_warned(layout(site(None, flood=0.01), site(None, flood=0.01)))
    assert _is_warned(layout(site(AMSTERDAM, flood=0.01), site(None, flood=0.01)))
    assert _is_warned(layout(site(AMSTERDAM, meteor=0.01), site(HAARLEM, meteor=0.01)))
    assert not _is_warned(layout(site(AMSTERDAM, flood=0.01), site(HAARLEM, flood=0.01)))
    assert not _is_warned(layout(site(None, burglary=0.01), site(None, burglary=0.01)))
    own = {"national-catastrophe": 0.01}
    assert _is_warned(layout(site(None, **own), site(None, **own)))
    placed = [site(None, **own) | {"country": "NL"} for _ in range(2)]
    assert not _is_warned(layout(*placed))
    assert not _is_warned(layout(site(None, meteor=0.01)))


def test_an_unknown_country_is_one_clear_message() -> None:
    with pytest.raises(ValueError, match=r"sites\.s0\.country: unknown country 'UK'.*ISO 3166"):
        layout({"country": "UK"})


def _home(place: tuple[float, float] | None, **perils: Any) -> rm.Layout:
    where = {} if place is None else {"location": place}
    return layout({"kind": "home", "perils": perils} | where, {"kind": "home"} | where)


def test_nature_at_a_place_goes_by_its_catalogues() -> None:
    average = presets().sites["home"].perils["nature"].rate
    for place in (MIAMI, (40.7, -74.0), (-33.45, -70.67), AMSTERDAM):
        found = perils_of(_home(place).sites["s0"])
        local = 0.0
        for peril in ("tornado", "earthquake", "hurricane"):
            hits = hit_rate(peril, place)
            rate = 0.0 if hits is None else hits.per_year * peril_reaches()[peril].destroys
            assert (peril in found) == (rate > 0.0)
            if rate:
                assert found[peril].rate * HOURS_PER_YEAR == pytest.approx(rate)
            local += rate / HOURS_PER_YEAR
        assert found["nature"].rate == pytest.approx(max(average - local, 0.0))
    assert perils_of(_home(MIAMI).sites["s0"])["nature"].rate == 0.0
    assert perils_of(_home(AMSTERDAM).sites["s0"])["nature"].rate == pytest.approx(average)


def test_what_a_site_says_of_nature_itself_stands() -> None:
    own = {"nature": {"rate": 0.001 / HOURS_PER_YEAR}}
    found = perils_of(_home(MIAMI, **own).sites["s0"])
    assert "hurricane" not in found
    assert found["nature"].rate * HOURS_PER_YEAR == pytest.approx(0.001)
    shaken = perils_of(_home(MIAMI, hurricane={"rate": 0.0}).sites["s0"])
    assert shaken["hurricane"].rate == 0.0


def test_rates_of_a_place_are_stated() -> None:
    texts = compile_layout(_home(MIAMI)).assumptions
    assert any(text.startswith("sites.s1.perils.hurricane: ") for text in texts)
    assert not any("perils" in text for text in compile_layout(_home(AMSTERDAM)).assumptions)


def test_two_homes_in_one_town_share_their_hurricanes_and_their_nature() -> None:
    hit = yearly(_home(MIAMI), "hurricane")
    assert set(hit) == {(0, 1)}
    assert set(yearly(_home(AMSTERDAM), "nature")) == {(0, 1)}
    assert set(yearly(_home(None), "nature")) == {(0,), (1,)}


def test_a_flood_may_take_one_site_and_only_the_media_of_the_other() -> None:
    mean = {"recovery": {"exponential": {"mean": 2000.0}}}
    sites = site(AMSTERDAM, "site", flood=0.2) | mean, site(HAARLEM, "media", flood=0.2) | mean
    # what stands comes back by its own recovery, slower than the site's
    stones = layout(*sites, recovery={"exponential": {"mean": 9000.0}}, vulnerability=0.5)
    expected = loss_probability(stones).probability
    for method in ("events", "conditional"):
        loss = rm.simulate(stones, method=method, trials=100_000 if method == "events" else 20_000)
        low, high = loss.interval(0.9999)
        assert low < expected < high, method


def test_too_many_sites_within_reach_is_one_clear_message() -> None:
    many = [site((52.0 + 0.01 * k, 5.0), flood=0.01) for k in range(17)]
    with pytest.raises(rm.LayoutError, match="flood: 17 sites lie within reach of one event"):
        disasters_of(layout(*many))
