"""Records that the events kernel reads and changes; indices point into the arrays of the others.

Description (fixed for a run): STORE, GROUP, COPY, SITE, SOURCE, TARGET, FEED, KEY, HOLDER. State
(per trial): DRIVE, GROUP_STATE, COPY_STATE, POINT. Times are hours from the start; a law is a row
of LAW.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_F, _I = np.float64, np.int64


def _record(*fields: tuple[str, type]) -> np.dtype[np.void]:
    """Return a record type whose fields are attributes with and without the compiler."""
    return np.dtype((np.record, np.dtype(list(fields), align=True)))


NEVER, EXPONENTIAL, WEIBULL, LOGNORMAL, GOMPERTZ, FIXED = range(6)
TERM = _record(("kind", _I), ("a", _F), ("b", _F), ("c", _F))
LAW = _record(("first", _I), ("count", _I))

# what a copy sits on; one store a copy, at the same index
STORE = _record(
    ("lifetime", _I),
    ("age", _F),
    ("batch", _I),  # index of a frailty, -1 for none
    ("model", _I),
    ("hazard_start", _F),  # cumulative hazard of a first drive over the horizon
    ("hazard_new", _F),  # of a replacement
    ("rebuild", _I),
    ("serial", _I),
    ("spares", _I),  # -1: parts are always at hand
    ("first_spare", _I),
    ("spare_wait", _I),
    ("latent_mean", _F),  # 0: none, or none that could matter
    ("scrub", _I),
    ("scrub_every", _F),  # 0: no cycle
    ("while_rebuilding", _I),  # latent_rule at-failure-and-rebuild
    ("whole", _I),  # latent_loss whole
    ("rebuild_error", _F),
    ("first_stress", _I),
    ("stresses", _I),
    ("first_group", _I),
    ("groups", _I),
    ("plain", _I),  # drives fail, carry errors till then, are rebuilt in parallel, and no more
    ("rebuild_mean", _F),
    ("error_share", _F),  # of its life that a drive carries an error
    ("first_error_age", _I),  # see `ERROR_AGES`; count 0: not tabulated
    ("error_ages", _I),
    ("error_age_step", _F),
    ("ages", _I),  # whether its hazard rate depends on age
    ("failures", _F),  # of a drive and its replacements within the horizon, about
    ("errors", _F),  # latent ones of a drive within the horizon, about
)

GROUP = _record(("owner", _I), ("first", _I), ("drives", _I), ("tolerates", _I))

COPY = _record(
    ("site", _I),
    ("recovery", _I),
    ("vulnerability", _F),
    ("check_every", _F),  # 0: noticed at once, inf: never
    ("random_phase", _I),
    ("gap", _F),  # mean time from a loss to the end of its recovery
)

SITE = _record(("recovery", _I), ("destructible", _I), ("first", _I), ("copies", _I), ("gap", _F))

# Poisson sources: what can strike, and at what share of the total rate
PERIL_SITE, PERIL_MEDIA, SHOCK_CHANCES, SHOCK_CHOOSE, SHOCK_STORE = range(5)
THREAT_DATA, THREAT_COPIES, THREAT_PERSON = range(5, 8)
SOURCE = _record(
    ("kind", _I),
    ("cumulative", _F),
    ("first", _I),  # targets
    ("count", _I),
    ("picks", _I),
    ("kills", _F),
    ("rate", _F),
    ("gap", _F),  # mean time from its blow to the end of the recovery
    ("first_outcome", _I),
    ("outcomes", _I),
    ("noticed", _I),  # a threat's law, -1 for none
    ("takes_over", _I),  # deletes the versions that no lock holds, on its targets
)

# which copies one blow takes, and its chance; a mask of copies
OUTCOME = _record(("mask", _I), ("chance", _F))

# what a target is: the media at a site are struck without it
COPY_ITSELF, SITE_ITSELF, MEDIA_AT = range(3)
TARGET = _record(("is_site", _I), ("index", _I), ("chance", _F))

FRAILTY = _record(("variance", _F))

# how a copy gets its data, and what people can undo; one a copy, at the same index
FEED = _record(
    ("source", _I),  # -1: it is worked on, or nothing is known of its feed
    ("every", _F),  # 0: without pause, ``lag`` behind
    ("phase", _F),  # of its runs: sets of a rotation take turns
    ("lag", _F),
    ("missed", _F),
    ("by_hand", _I),
    ("kept", _F),  # how old a version may grow, 0: there are none
    ("locked", _F),  # until what age nobody can delete it
    ("key", _I),
    ("reads", _I),  # its check sees damage
    ("restores", _I),  # its check sees that it never worked
    ("unrestorable", _F),
    ("job", _I),
)

JOB = _record(("unrestorable", _F))

KEY = _record(("first", _I), ("count", _I))

SITE_HOLDS, COPY_HOLDS, PERSON_HOLDS = range(3)
HOLDER = _record(("kind", _I), ("index", _I))

UP, REBUILDING, WAITING, DOWN = 1, 0, 2, 3
UNKNOWN, CLEAN, DEFECTIVE = -1, 0, 1
DRIVE = _record(
    ("error", _I),
    ("error_next", _F),  # next change of the error; if UNKNOWN, clean since then
    ("rebuild_end", _F),
    ("bare", _I),  # its rebuild began with no redundancy left
    ("spare", _I),  # the spare that it waits for
    ("start", _F),
)

# what became of a group's event
NOTHING, LOST_TO_FAILURES, LOST_TO_LATENT_ERROR, LOST_TO_REBUILD_ERROR = range(4)
GROUP_STATE = _record(
    ("down", _I),
    ("busy_until", _F),
    ("next", _I),
    ("lost", _I),  # with the piece that it belongs to, its copy being intact
)

COPY_STATE = _record(
    ("intact", _I),
    ("noticed", _F),
    ("part_until", _F),  # a lost part of it has healed by then
    ("phase", _F),
    ("frailty", _F),
    ("survive_start", _F),  # chance of a first drive to outlast the horizon
    ("survive_new", _F),
)

# media at rest: what a copy does beyond its drives, at the copy's index
REST = _record(
    ("refresh", _F),  # 0: never
    ("obsolescence", _I),
    ("format", _I),  # of all copies on one medium; -1: it never ends
    ("age", _F),
    ("pieces", _I),
    ("piece_groups", _I),
    ("first_piece", _I),
    ("piece_recovery", _I),
    ("first_set", _I),
    ("sets", _I),
    ("source_site", _I),  # where the newest set is; -1: with the others
    ("turn", _F),  # 0: the first set stays the newest
    ("restore", _F),  # hours until a user has the data back from it
)
REST_STATE = _record(
    ("site", _I),  # now
    ("refresh_at", _F),
    ("obsolete_at", _F),
    ("turn_at", _F),
    ("newest", _I),
    ("by_people", _I),  # its loss: the media are as they were
)
PIECE_STATE = _record(("lost", _I), ("noticed", _F), ("recovered_at", _F))

# media of one kind, written last: when, and the hazard that their format lives through
FORMAT = _record(("written", _F), ("budget", _F))

# a sector lost of a copy: where in the data, until when
SECTOR = _record(("place", _F), ("until", _F))
SECTORS = 32  # kept for each copy, the latest to heal

# whether people have the data, in the one row of State.outage
AVAILABLE, OUT, RESTORED, GONE = range(4)
OUTAGE = _record(
    ("state", _I),
    ("start", _F),
    ("source", _I),  # that the data is being restored from, -1 for none
    ("until", _F),
    ("cause", _I),
    ("over_day", _I),
    ("over_week", _I),
    ("hours", _F),
)

# what a copy holds, as of the last event that the feeds were followed to
POINT = _record(
    ("intact", _I),
    ("time", _F),  # of the newest good data in it
    ("next", _F),
    ("since", _F),  # it and its source are intact since then
    ("bad_until", _F),  # damage in it is noticed then
    ("damaged", _F),
    ("taken_over", _I),  # by who deletes what no lock holds, until the damage is noticed
    ("missed", _F),
    ("never_worked", _I),
    ("lose", _I),  # to be lost in this event, noticed then
    ("noticed", _F),
)

# places in State.work: last instant of good work, the worst rollback, an event's own settings
# and to when the points are followed
WORKED, ROLLBACK, OVER, WORKING, NOTICE, BY_LAW, FOLLOWED = range(7)

# places in State.tally
INTACT, PART_LOST = range(2)

# places in State.weight: log of the likelihood ratio against the tilted law; whether this trial is
# played as things fall all the same; which law is played
LOG_WEIGHT, AS_THEY_FALL, LAW_PLAYED = range(3)
# the true law; the same, errors looked for by their chance; the law of an excursion
TRUE_LAW, TRUE_CHANCES, TILTED_LAW = range(3)


class Program(NamedTuple):
    """A layout as arrays; made by ``riskmodel._program``, read by the kernels."""

    terms: np.ndarray
    laws: np.ndarray
    stores: np.ndarray
    groups: np.ndarray
    copies: np.ndarray
    sites: np.ndarray
    site_copies: np.ndarray
    sources: np.ndarray
    targets: np.ndarray
    stress: np.ndarray
    frailties: np.ndarray
    feeds: np.ndarray
    jobs: np.ndarray
    keys: np.ndarray
    holders: np.ndarray
    people: int
    hand_variance: float
    horizon: float
    source_rate: float
    drives: int
    spares: int
    outcomes: np.ndarray
    error_ages: np.ndarray
    rest: np.ndarray
    pieces: int  # of all copies; one for a copy that is not in pieces
    in_pieces: int
    formats: int
    is_at_rest: int
    live: int  # first set of the copy that people work on
    causes: int


class State(NamedTuple):
    """One trial in progress.

    ``clock`` holds each drive's next instant, ``born`` when its age was 0. ``unit`` holds the next
    instant of each group, then of the Poisson sources together, of each copy's recovery, of each
    site's, and of media at rest together. ``floor`` is the least chance with which the coins of
    each copy are thrown. ``points`` follows the feeds; ``held`` counts who holds each key;
    ``struck`` marks sites and people hit in this event; ``run_key`` decides which backup runs are
    missed.
    """

    rng: np.ndarray
    clock: np.ndarray
    status: np.ndarray
    born: np.ndarray
    drives: np.ndarray
    groups: np.ndarray
    copies: np.ndarray
    site_down: np.ndarray
    unit: np.ndarray
    spares: np.ndarray
    frailty: np.ndarray
    tally: np.ndarray
    chosen: np.ndarray
    weight: np.ndarray
    floor: np.ndarray
    rest: np.ndarray
    pieces: np.ndarray
    sectors: np.ndarray
    formats: np.ndarray
    outage: np.ndarray
    outage_counts: np.ndarray
    outage_hours: np.ndarray
    points: np.ndarray
    held: np.ndarray
    struck: np.ndarray
    run_key: np.ndarray
    work: np.ndarray
