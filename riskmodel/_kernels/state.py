"""The arrays that one thread works in."""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels.records import (
    COPY_STATE,
    DRIVE,
    FOLLOWED,
    FORMAT,
    GROUP_STATE,
    OUTAGE,
    PIECE_STATE,
    POINT,
    REST_STATE,
    SECTOR,
    SECTORS,
    Program,
    State,
)

_INF = np.inf


def make_state(program: Program) -> State:
    """Return the arrays that one thread works in."""
    groups, copies, sites = len(program.groups), len(program.copies), len(program.sites)
    rest = np.zeros(copies, REST_STATE)
    rest["site"] = program.copies["site"]
    chances = np.zeros(copies, COPY_STATE)
    chances["frailty"] = 1.0
    chances["survive_start"] = [math.exp(-hazard) for hazard in program.stores["hazard_start"]]
    chances["survive_new"] = [math.exp(-hazard) for hazard in program.stores["hazard_new"]]
    return State(
        rng=np.zeros(4, np.uint64),
        clock=np.zeros(program.drives),
        status=np.zeros(program.drives, np.int64),
        born=np.zeros(program.drives),
        drives=np.zeros(program.drives, DRIVE),
        groups=np.zeros(groups, GROUP_STATE),
        copies=chances,
        site_down=np.zeros(max(sites, 1), np.int64),
        unit=np.full(groups + 1 + copies + sites + 1, _INF),
        spares=np.zeros(max(program.spares, 1)),
        frailty=np.ones(max(len(program.frailties), 1)),
        tally=np.zeros(2, np.int64),
        chosen=np.zeros(copies + sites + 1, np.int64),
        weight=np.zeros(3),
        floor=np.zeros(copies),
        rest=rest,
        pieces=np.zeros(max(program.pieces, 1), PIECE_STATE),
        sectors=np.zeros(copies * SECTORS if program.in_pieces else 1, SECTOR),
        formats=np.zeros(max(program.formats, 1), FORMAT),
        outage=np.zeros(1, OUTAGE),
        outage_counts=np.zeros(2 + 3 * program.causes, np.int64),
        outage_hours=np.zeros(2 + program.causes),
        points=np.zeros(copies, POINT),
        held=np.zeros(max(len(program.keys), 1), np.int64),
        struck=np.zeros(sites + len(program.holders) + 1, np.int64),
        run_key=np.zeros(1, np.uint64),
        work=np.zeros(FOLLOWED + 1),
    )
