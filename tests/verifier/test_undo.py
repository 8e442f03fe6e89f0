"""An undo beside the data is worth what the same versions are elsewhere, and no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

import riskmodel as rm
from riskmodel.preset_catalogue import presets
from tests.verifier.inventories import NOW, declared, place
from tests.verifier.test_advice import USB, audited
from verifier.bridge import to_layouts
from verifier.bridge._undo import undo_hours
from verifier.changes import changes
from verifier.inventory import Points, Schedule
from verifier.rules import view_of

DAY = 24.0
MEDIAN, SIGMA = 60 * DAY, 1.6  # of the notice of a mistake, as data/presets.toml has it
TRIALS = 200_000


def helped(kept, every, by_hand, seed=5):
    """Play it: a mistake between two runs, the runs before it missed or not, the notice."""
    rng = np.random.default_rng(seed)
    known = presets().defaults
    age = rng.uniform(0, every, TRIALS)
    missed = np.full(TRIALS, known.missed_by_scheduler)
    if by_hand:
        shape = 1 / known.hand_variance
        missed = 1 - (1 - known.missed_by_hand) ** rng.gamma(shape, 1 / shape, TRIALS)
    age += every * (rng.geometric(np.maximum(1 - missed, 1e-9)) - 1)  # the first made ends it
    worked = rng.uniform(size=TRIALS) >= known.unrestorable
    return worked & (rng.lognormal(np.log(MEDIAN), SIGMA, TRIALS) + age <= kept)


@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize(("kept", "every"), [(89, 1), (89, 30), (30, 30), (3000, 7)])
def test_it_helps_as_often_as_versions_of_a_job(kept, every, by_hand):
    within = undo_hours(kept * DAY, every * DAY, by_hand=by_hand)
    assert 0 < within < kept * DAY
    rng = np.random.default_rng(6)
    undone = rng.lognormal(np.log(MEDIAN), SIGMA, TRIALS) <= within
    played = helped(kept * DAY, every * DAY, by_hand)
    spread = np.sqrt((undone.var() + played.var()) / TRIALS)
    assert abs(undone.mean() - played.mean()) < 4 * spread + 0.003  # and the grids of people, parts


def test_snapshots_are_behind_by_a_gap_only_and_none_undo_nothing():
    assert 79 * DAY < undo_hours(89 * DAY, 10 * DAY, job=False) < 89 * DAY
    assert undo_hours(89 * DAY, 0.001, job=False) == pytest.approx(89 * DAY, rel=1e-4)
    assert undo_hours(0.0, 24.0) == 0.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("every", "by", "others"),
    [(30 * DAY, "by hand", (USB,)), (DAY, "cron", (USB,)), (DAY, "cron", ())],
)
def test_versions_moved_away_from_the_data_raise_no_chance_of_losing_it(every, by, others):
    times = [NOW - timedelta(days=days, hours=1) for days in (89, 0)]
    beside = replace(
        place("repository", "sda", site="home", schedule=declared(Schedule(by, "", every))),
        kind="restic",
        points=Points.at(times),
    )
    audit = audited(*others, beside)
    (move,) = [one for one in changes(audit) if one.name.startswith("move repository")]
    before = to_layouts("t", audit.view).worst
    after = to_layouts("t", view_of(move.inventory, audit.setup.policy)).worst
    assert len(after.copies) == len(before.copies) + 1
    pair = [
        rm.simulate(one, horizon="10 years", seed=1, target_relative_error=0.01, ranges=False)
        for one in (before, after)
    ]
    assert pair[1].interval()[0] <= pair[0].interval()[1]
    assert pair[1].probability < pair[0].probability
