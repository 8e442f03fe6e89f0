"""People and malware: which copies an event takes, who still holds a key, how old the points are.

What an event of damage does is settled when it strikes: the instant at which it will be noticed is
drawn, and a copy is lost at once if by then it will hold no version from before. So a loss is dated
to the event, and nothing here needs a clock of its own. Between two events the feeds are not
followed run by run either: whether run k of a copy is missed is a function of the trial's key, so
that the last run before any instant, and the first after it, can be looked up.

This module decides; `events` loses the copies that are marked with ``lose``.
"""

from __future__ import annotations

import math

import numpy as np

from riskmodel._kernels._jit import jit
from riskmodel._kernels.laws import draw
from riskmodel._kernels.records import (
    BY_LAW,
    COPY_HOLDS,
    FOLLOWED,
    INTACT,
    NOTICE,
    OVER,
    ROLLBACK,
    SITE_HOLDS,
    THREAT_COPIES,
    THREAT_DATA,
    WORKED,
    WORKING,
)
from riskmodel._kernels.rng import gamma_mean_one, keyed_uniform, uniform

_INF = np.inf
_MAX_RUNS = 1_000_000  # looked at for the first that is not missed
_AT_ONCE = 1e-9  # of the time between two runs: two instants are one


@jit
def _next_check(P, S, c, t):
    every = P.copies[c].check_every
    phase = S.copies[c].phase
    return phase + (math.floor((t - phase) / every) + 1.0) * every


@jit
def _mark(S, c, noticed):
    S.points[c].lose = 1
    S.points[c].noticed = noticed


@jit
def start_points(P, S):
    """Begin a trial: all copies are current, and backups that never worked are marked."""
    uniform(S.rng)
    S.run_key[0] = S.rng[0]
    person = gamma_mean_one(S.rng, P.hand_variance) if P.hand_variance > 0.0 else 1.0
    S.work[WORKED] = 0.0
    S.work[ROLLBACK] = 0.0
    S.work[OVER] = 0.0
    S.work[FOLLOWED] = 0.0
    _forget_event(S)
    broken = False
    for c in range(len(P.feeds)):
        feed = P.feeds[c]
        point = S.points[c]
        _renew(S, c, 0.0)
        point.missed = feed.missed
        if feed.by_hand and feed.missed < 1.0:
            point.missed = -math.expm1(person * math.log1p(-feed.missed))
        if P.rest[c].first_set == c:  # sets are written by one job
            broken = feed.unrestorable > 0.0 and uniform(S.rng) < feed.unrestorable
        if broken:
            _leave_broken(P, S, c)
    for j in range(len(P.jobs)):
        if uniform(S.rng) < P.jobs[j].unrestorable:
            for c in range(len(P.feeds)):
                if P.feeds[c].job == j:
                    _leave_broken(P, S, c)
    _count_holders(P, S)


@jit
def _leave_broken(P, S, c):
    S.points[c].never_worked = 1
    _mark(S, c, _next_check(P, S, c, 0.0) if P.feeds[c].restores else _INF)


@jit
def _renew(S, c, t):
    point = S.points[c]
    point.intact = 1
    point.time = t
    point.since = t
    point.bad_until = -_INF
    point.never_worked = 0
    point.lose = 0


@jit
def _forget_event(S):
    S.work[WORKING] = -1.0
    S.work[NOTICE] = -_INF
    S.work[BY_LAW] = -1.0
    S.struck[:] = 0


@jit
def restart_points(P, S, t):
    """After a total loss: all copies are current again; later rollbacks no longer count."""
    S.work[OVER] = 1.0
    _forget_event(S)
    for c in range(len(P.feeds)):
        _renew(S, c, t)
    _count_holders(P, S)


@jit
def _made(S, c, k):
    missed = S.points[c].missed
    return missed <= 0.0 or keyed_uniform(S.run_key[0], c, k) >= missed


@jit
def _last_run(P, S, c, t, good, before):
    """Return the last run in [good, t] that was not missed, -inf if there is none.

    With `before` that at t itself is none of them.
    """
    every = P.feeds[c].every
    phase = P.feeds[c].phase
    k = math.floor((t - phase) / every)
    if before and t - (phase + k * every) <= _AT_ONCE * every:
        k -= 1.0
    while phase + k * every > 0.0 and phase + k * every >= good:
        if _made(S, c, k):
            return phase + k * every
        k -= 1.0
    return -_INF


@jit
def _next_run(P, S, c, t, limit):
    """Return when what is in the source at t reaches the copy; inf if that is beyond the limit."""
    every = P.feeds[c].every
    if every == 0.0:
        return t + P.feeds[c].lag
    if S.points[c].missed >= 1.0:
        return _INF
    phase = P.feeds[c].phase
    k = math.floor((t - phase) / every) + 1.0
    if phase + k * every - t <= _AT_ONCE * every:
        k += 1.0
    for _ in range(_MAX_RUNS):
        if phase + k * every >= limit:
            break
        if _made(S, c, k):
            return phase + k * every
        k += 1.0
    return _INF


@jit
def _newest(P, S, c, t, before):
    """Return the time of the newest good data in a copy at t, up its chain of sources.

    With `before` without what a run at t brings. Of two runs in a row at one instant the later
    copy takes what the earlier one held before.
    """
    best = S.points[c].time
    while True:
        point = S.points[c]
        feed = P.feeds[c]
        if feed.source < 0:
            return max(best, t if t >= point.bad_until else point.time)
        if point.time <= t:  # a source may have been followed to later than that
            best = max(best, point.time)
        good = max(point.since, max(point.bad_until, S.points[feed.source].bad_until))
        if feed.every == 0.0:
            run = t - feed.lag
            if run < good:
                return best
        else:
            run = _last_run(P, S, c, t, good, before)
            if run <= S.work[FOLLOWED]:  # what it brought is in the copy's own time
                return best
            before = True
        c = feed.source
        t = run


@jit
def _bring_up(P, S, t):
    for c in range(len(P.feeds)):
        if S.points[c].intact:
            S.points[c].next = _newest(P, S, c, t, False)
    for c in range(len(P.feeds)):
        if S.points[c].intact:
            S.points[c].time = S.points[c].next
    S.work[FOLLOWED] = t


@jit
def _at_work(P, S, t):
    """Whether a copy that is worked on is intact and undamaged."""
    for c in range(len(P.feeds)):
        if P.feeds[c].source < 0 and S.points[c].intact and t >= S.points[c].bad_until:
            return True
    return False


@jit
def strike(P, S, i, t):
    """Let a threat strike: mark the copies that it takes."""
    source = P.sources[i]
    by_law = -1.0
    if source.noticed >= 0:
        by_law = t + draw(P.terms, P.laws[source.noticed], S.rng)
    if source.kind == THREAT_DATA:
        _damage(P, S, source, t, max(t, by_law))
    elif source.kind == THREAT_COPIES:
        for k in range(source.first, source.first + source.count):
            c = P.targets[k].index
            if S.copies[c].intact:
                _mark(S, c, _loss_noticed(P, S, c, t, by_law))
    else:
        S.struck[P.targets[source.first].index] = 1
        S.work[BY_LAW] = by_law


@jit
def _loss_noticed(P, S, c, t, by_law):
    every = P.copies[c].check_every
    if every == 0.0:
        return max(t, by_law)
    own = _INF if every == _INF else _next_check(P, S, c, t)
    return own if by_law < 0.0 else min(own, by_law)


@jit
def _damage(P, S, source, t, notice):
    """Damage the data where it is reached and wherever it is fed to until somebody notices."""
    _bring_up(P, S, t)
    S.work[WORKING] = 1.0 if _at_work(P, S, t) else 0.0
    for c in range(len(P.feeds)):
        S.points[c].damaged = _INF
        S.points[c].taken_over = 0
    for k in range(source.first, source.first + source.count):
        c = P.targets[k].index
        if S.copies[c].intact:
            S.points[c].damaged = t
            S.points[c].taken_over = source.takes_over
            if P.feeds[c].reads:
                notice = min(notice, _next_check(P, S, c, t))
    _spread(P, S, notice)
    _bring_good(P, S, t)
    S.work[NOTICE] = notice
    for c in range(len(P.feeds)):
        point = S.points[c]
        if point.damaged < _INF:
            kept = P.feeds[c].locked if point.taken_over else P.feeds[c].kept
            if kept > 0.0 and notice - point.time <= kept:
                point.bad_until = max(point.bad_until, notice)
            else:
                _mark(S, c, notice)


@jit
def _bring_good(P, S, t):
    """Let good data on its way reach the copies until the damage does."""
    for c in range(len(P.feeds)):
        if t < S.points[c].damaged < _INF:
            S.points[c].next = _newest(P, S, c, S.points[c].damaged, True)
    for c in range(len(P.feeds)):
        if t < S.points[c].damaged < _INF:
            S.points[c].time = max(S.points[c].time, S.points[c].next)


@jit
def _spread(P, S, notice):
    for _ in range(len(P.feeds)):
        moved = False
        for c in range(len(P.feeds)):
            source = P.feeds[c].source
            if source < 0 or not S.copies[c].intact or S.points[source].damaged == _INF:
                continue
            since = S.points[source].damaged
            arrives = _next_run(P, S, c, since, notice)
            if arrives < S.points[c].damaged and (arrives < notice or arrives == since):
                S.points[c].damaged = arrives
                moved = True
        if not moved:
            return


@jit
def _holders(P, S, k):
    """Count the places and people that hold a key in this event."""
    key = P.keys[k]
    count = 0
    for h in range(key.first, key.first + key.count):
        holder = P.holders[h]
        if holder.kind == COPY_HOLDS:
            stands = S.copies[holder.index].intact == 1 and S.points[holder.index].lose == 0
        else:
            stands = S.struck[holder.index] == 0
            if holder.kind == SITE_HOLDS and S.site_down[holder.index]:
                stands = False
        count += stands
    return count


@jit
def _count_holders(P, S):
    for k in range(len(P.keys)):
        S.held[k] = _holders(P, S, k)


@jit
def settle_keys(P, S, t):
    """Mark the copies whose key was last held by what this event took.

    Who is struck but not gone (a person, a site that stands) holds the key again afterwards, if
    anybody else does, or a new one.
    """
    for _ in range(len(P.keys)):
        moved = False
        for k in range(len(P.keys)):
            count = _holders(P, S, k)
            if count == 0 and S.held[k] > 0:
                for c in range(len(P.feeds)):
                    if P.feeds[c].key == k and S.copies[c].intact and not S.points[c].lose:
                        _mark(S, c, _loss_noticed(P, S, c, t, S.work[BY_LAW]))
                        moved = True
            S.held[k] = count
        if not moved:
            break


@jit
def follow(P, S, t):
    """Follow the feeds to an event that is done, and see how old the newest point is."""
    damage = S.work[NOTICE] >= t
    changed = False
    lost = damage
    for c in range(len(P.feeds)):
        if S.points[c].intact != S.copies[c].intact:
            changed = True
            lost = lost or S.points[c].intact == 1
    if changed or damage:
        working = S.work[WORKING] > 0.0 if damage else _at_work(P, S, t)
        _bring_up(P, S, t)
        if changed:
            _turn(P, S, t)
        if lost and S.tally[INTACT] > 0:
            _roll_back(P, S, t, working)
    _forget_event(S)
    _count_holders(P, S)


@jit
def _newest_anywhere(S):
    best = -_INF
    for c in range(len(S.points)):
        if S.points[c].intact and S.copies[c].intact:
            best = max(best, S.points[c].time)
    return best


@jit
def _turn(P, S, t):
    """Take note of copies lost and recovered; a recovered one holds what the others hold."""
    best = _newest_anywhere(S)
    for c in range(len(P.feeds)):
        source = P.feeds[c].source
        turned = S.points[c].intact != S.copies[c].intact
        if source >= 0:
            turned = turned or S.points[source].intact != S.copies[source].intact
            if turned:
                fed = S.copies[c].intact and S.copies[source].intact
                S.points[c].since = t if fed else _INF
    for c in range(len(P.feeds)):
        point = S.points[c]
        if point.intact == 0 and S.copies[c].intact:
            point.time = best if best > -_INF else t
            point.bad_until = -_INF
            point.never_worked = 0
        point.intact = S.copies[c].intact


@jit
def _roll_back(P, S, t, working):
    if _at_work(P, S, t):
        return
    if working:
        S.work[WORKED] = max(t, S.work[NOTICE])
    if S.work[OVER] == 0.0:
        lost = S.work[WORKED] - _newest_anywhere(S)
        S.work[ROLLBACK] = max(S.work[ROLLBACK], lost)
