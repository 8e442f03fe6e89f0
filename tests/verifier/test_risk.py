"""The probability of an audited set-up: the same answers as text, as JSON and on the page."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

import riskmodel as rm
from riskmodel.errors import InputError
from riskmodel.reporting import render
from tests.verifier.inventories import inventory, place
from verifier.advice_text import advice_json, advice_parts
from verifier.audit import judge
from verifier.bridge import Advice, Proposal, Risk, to_layouts
from verifier.changes import changes
from verifier.risk import risk_json, risk_page, risk_text
from verifier.schemas import advice_schema, risk_schema
from verifier.setup import Setup, Source

TRIALS = 2_000


@pytest.fixture(scope="module")
def risk() -> Risk:
    found = judge(Setup(name="photos", source=Source(path="/source")), inventory(place("b", "sdb")))
    bridged = to_layouts("photos", found.view, horizon="10 years")
    worst = rm.simulate(bridged.worst, method="events", trials=TRIALS, ranges=False)
    change = changes(found)[0]
    effect = rm.effects.Effect(change.name, worst, replace(worst, losses=worst.losses // 2 or 1))
    score = found.score
    advice = Advice(found, (Proposal(change, effect, ("offsite",), score),), (), ())
    return Risk(found, bridged, worst, None, worst, advice)


def test_a_part_that_is_lost_and_the_time_without_data_are_told(risk: Risk) -> None:
    text, page = risk_text(risk), risk_page(risk)
    questions = [answer.question for answer in page.answers]
    assert questions == [
        "Lose everything", "Lose something for good", "Time until everything is back",
        "Gates passed",
    ]  # fmt: skip
    assert all("not computed" not in answer.answer for answer in page.answers)
    for answer in page.answers[1:3]:
        assert answer.answer in text
    # what a part is lost by comes on top of what everything is lost by
    assert risk.history is not None
    assert risk.history.lost_something >= risk.history.losses


def test_json_has_the_histories_and_the_advice(risk: Risk) -> None:
    found = json.loads(risk_json(risk))
    assert found["histories"]["trials"] == TRIALS
    low, high = found["lose_something"]["interval"]
    assert low <= found["lose_something"]["probability"] <= high
    assert found["lose_something"]["probability"] >= found["risk"]["probability"]
    assert risk.advice is not None
    assert found["advice"]["proposals"][0]["change"] == risk.advice.clear[0].change.name


def test_what_is_printed_fits_the_shipped_schemas(risk: Risk) -> None:
    assert risk.advice is not None
    Draft202012Validator.check_schema(risk_schema())
    Draft202012Validator.check_schema(advice_schema())
    shape = Draft202012Validator(risk_schema())
    for one in (risk, replace(risk, history=None, advice=None), replace(risk, best=risk.worst)):
        shape.validate(json.loads(risk_json(one)))
    found = json.loads(advice_json(risk.advice))
    Draft202012Validator(advice_schema()).validate(found)
    found["proposals"][0]["kind"] = "perhaps"
    assert not Draft202012Validator(advice_schema()).is_valid(found)


def test_the_page_has_the_advice_with_its_steps(risk: Risk) -> None:
    assert risk.advice is not None
    first = risk.advice.clear[0].change
    page = risk_page(risk)
    (section,) = [one for one in page.sections if one.heading == "What to change first"]
    assert section.parts == advice_parts(risk.advice)
    assert first.name in render(page)
    assert "What the copies have in common" in render(page)


def test_without_histories_only_the_first_answer_is_given(risk: Risk) -> None:
    bare = replace(risk, history=None, advice=None)
    assert [answer.question for answer in risk_page(bare).answers] == [
        "Lose everything", "Gates passed",
    ]  # fmt: skip
    found = json.loads(risk_json(bare))
    assert (found["histories"], found["lose_something"], found["advice"]) == (None, None, None)


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ({"kind": "house"}, "sites.home.kind: unknown kind 'house'; did you mean 'home'?"),
        ({"country": "Holland"}, "sites.home.country: unknown country 'Holland'"),
    ],
)
def test_a_kind_of_site_that_nobody_knows_is_refused_before_the_audit(
    site: dict[str, str], message: str
) -> None:
    raw = {"name": "x", "source": {"path": "/x", "site": "home"}, "sites": {"home": site}}
    with pytest.raises(InputError) as caught:
        Setup.from_dict(raw, origin="setup.toml")
    assert message in str(caught.value)
