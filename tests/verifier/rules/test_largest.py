"""The largest set of which no two are joined: exact against all subsets, bounds where it is not."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.rules._largest import independent


def edges_of(count, seed, density):
    draw = np.random.default_rng(seed)
    return [pair for pair in combinations(range(count), 2) if draw.random() < density]


def by_trying(count, edges, first=None):
    """The largest sets that hold `first`, found by looking at all subsets, the first one."""
    joined = set(edges)
    for size in range(count, 0, -1):
        for some in combinations(range(count), size):
            if (first is None or first in some) and not joined & set(combinations(some, 2)):
                return some
    return ()


GRAPHS = st.integers(0, 7).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.sets(st.sampled_from([*combinations(range(count), 2)] or [(0, 0)])).map(
            lambda found: sorted(pair for pair in found if pair[0] != pair[1])
        ),
        st.none() if not count else st.one_of(st.none(), st.integers(0, count - 1)),
    )
)


def test_a_chain_counts_every_other_one():
    path_of_five = [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert independent(5, path_of_five).nodes == (0, 2, 4)
    assert independent(5, path_of_five, first=1).nodes == (1, 3)
    assert len(independent(5, [*path_of_five, (4, 0)]).nodes) == 2
    assert independent(0, []).nodes == ()
    assert len(independent(60, [(n, n + 1) for n in range(59)]).nodes) == 30


@given(GRAPHS)
@settings(max_examples=100)
def test_it_is_the_first_of_the_largest_sets(graph):
    count, edges, first = graph
    found = independent(count, edges, first)
    assert found.nodes == by_trying(count, edges, first)
    assert found.at_most == len(found.nodes)


@given(GRAPHS)
@settings(max_examples=100)
def test_a_search_that_is_cut_short_says_what_is_certain(graph):
    count, edges, first = graph
    largest = by_trying(count, edges, first)
    found = independent(count, edges, first, most_looks=0)
    assert not set(edges) & set(combinations(found.nodes, 2))
    assert len(found.nodes) <= len(largest) <= found.at_most
    if len(largest) <= 3:
        assert len(found.nodes) == len(largest) == found.at_most


def test_what_hides_one_location_on_all_drives_is_not_the_end_of_it():
    """A pool over all drives comes first; greed would take it and lose the forty others."""
    found = independent(42, [(0, n) for n in range(1, 42)])
    assert found.nodes == tuple(range(1, 42))
    assert found.at_most == 41


def test_a_thousand_in_groups_and_chains_are_exact():
    on_drives = [pair for n in range(0, 1000, 4) for pair in combinations(range(n, n + 4), 2)]
    found = independent(1000, on_drives, first=7)
    assert len(found.nodes) == found.at_most == 250
    assert 7 in found.nodes
    order = np.random.default_rng(1).permutation(300).tolist()
    found = independent(300, list(pairwise(order)), most_looks=1000)
    assert len(found.nodes) == found.at_most == 150


def test_three_are_found_or_ruled_out_however_little_is_looked_at():
    """All but three are joined to all, and where no triple is, none is claimed or left open."""
    count = 150
    free = {(20, 90), (20, 140), (90, 140)}
    almost_all = [pair for pair in combinations(range(count), 2) if pair not in free]
    found = independent(count, almost_all, most_looks=0)
    assert (found.nodes, found.at_most) == ((20, 90, 140), 3)
    halves = [(a, b) for a, b in combinations(range(count), 2) if (a < 75) == (b < 75)]
    found = independent(count, halves, most_looks=0)
    assert (len(found.nodes), found.at_most) == (2, 2)


def test_a_tangle_gives_a_range_that_holds_what_a_longer_search_finds():
    edges = edges_of(60, 5, 0.1)
    whole = independent(60, edges)
    assert whole.at_most == len(whole.nodes)
    short = independent(60, edges, most_looks=100)
    assert len(short.nodes) <= len(whole.nodes) <= short.at_most
    wide = independent(160, edges_of(160, 6, 0.06), most_looks=1000)
    assert len(wide.nodes) < wide.at_most
