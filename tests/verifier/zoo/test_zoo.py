"""Set-ups made of real parts, good ones and every fake: the audit gets all of them right."""

from __future__ import annotations

import inspect

import pytest

from tests.needs import needs
from tests.verifier.zoo.set_ups import SET_UPS
from tests.verifier.zoo.truth import SetUp, exit_code, lies

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.mark.parametrize(
    "animal", [pytest.param(a, id=a.name, marks=needs(*a.needs)) for a in SET_UPS]
)
def test_the_audit_tells_the_truth(animal: SetUp, yard, request):
    wanted = inspect.signature(animal.make).parameters
    clouds = {
        name: request.getfixturevalue(name) for name in ("first", "second", "own") if name in wanted
    }
    tables = animal.make(yard, **clouds)
    answer, code = yard.answer(tables)
    assert not list(lies(animal.truth, answer))
    assert code == exit_code(answer)


def test_there_are_many_set_ups_and_each_has_a_name_of_its_own():
    assert len({animal.name for animal in SET_UPS}) == len(SET_UPS) >= 40
