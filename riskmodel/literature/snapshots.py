"""Many failures at one instant, or in a year without repair."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from riskmodel._exact.closed import binomial_tail
from riskmodel.errors import InputError
from riskmodel.literature._arguments import Floats, fractions, whole

__all__ = [
    "copysets_count",
    "copysets_loss",
    "hughes_murray_stripe_failure",
    "wildani_snapshot_loss",
]


def hughes_murray_stripe_failure(
    n_disks: int,
    tolerates: int,
    p_disk_failure: ArrayLike,
    p_predicted: ArrayLike = 0.0,
) -> Floats:
    """Chance that a stripe fails in a year in which no disk is replaced, except foreseen ones.

    Exact for independent disks that are replaced only once a year; far too high for arrays with
    hot rebuilds.

    Parameters
    ----------
    n_disks : int
        Disks in the stripe, parity included.
    tolerates : int
        Disks that may fail: 1 for single, 2 for double parity.
    p_disk_failure : float or array_like
        Chance of a disk to fail within the year.
    p_predicted : float or array_like
        Share of failures that are foreseen, so that the disk is replaced before.

    Returns
    -------
    float or ndarray
        Chance that more disks fail than are tolerated.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    The upper tail of a binomial with p(1 − predicted) [1]_.

    References
    ----------
    .. [1] Hughes, Murray, "Reliability and security of RAID storage systems and D2D archives
       using SATA disk drives", ACM Transactions on Storage 1(1), 2004, tables IV and V.

    Examples
    --------
    >>> round(float(hughes_murray_stripe_failure(4, 1, 0.01)), 5)
    0.00059
    """
    n = whole("n_disks", n_disks, 1)
    most = whole("tolerates", tolerates, 0, n - 1)
    failed, foreseen = fractions(p_disk_failure=p_disk_failure, p_predicted=p_predicted)
    return binomial_tail(n, most, np.asarray(failed * (1.0 - foreseen)))[()]


def copysets_count(n_nodes: int, replication: int, scatter_width: int) -> int:
    """Fewest sets of nodes that hold all replicas of something, for a scatter width.

    Exact where the permutations of the paper do not overlap.

    Parameters
    ----------
    n_nodes : int
        Nodes, N.
    replication : int
        Replicas, R, >= 2.
    scatter_width : int
        Nodes on which the other replicas of one node's data lie, S >= R − 1.

    Returns
    -------
    int
        Whole copysets within S/(R − 1) · N/R.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    .. [1] Cidon et al., "Copysets: reducing the frequency of data loss in cloud storage",
       USENIX ATC 2013.

    Examples
    --------
    >>> copysets_count(5000, 3, 10)
    8333
    """
    r = whole("replication", replication, 2)
    n = whole("n_nodes", n_nodes, r)
    width = whole("scatter_width", scatter_width, r - 1)
    return width * n // ((r - 1) * r)


def copysets_loss(n_nodes: int, failed: int, replication: int, copysets: int) -> float:
    """Chance that some data has all its replicas on nodes that fail at one instant.

    Exact for copysets drawn at random and independently; the paper's are nearly so.

    Parameters
    ----------
    n_nodes : int
        Nodes, N.
    failed : int
        Nodes that fail at once and do not come back, 0 … N.
    replication : int
        Replicas, R.
    copysets : int
        Distinct sets of nodes that hold all replicas of something, M <= C(N, R).

    Returns
    -------
    float
        The chance.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Notes
    -----
    1 − (1 − M/C(N, R))^C(f, R) [1]_.

    References
    ----------
    .. [1] Cidon et al., "Copysets: reducing the frequency of data loss in cloud storage",
       USENIX ATC 2013.

    Examples
    --------
    1 % of 5,000 nodes, R = 3, the fewest copysets: 0.15 % in the abstract of [1]_.

    >>> round(copysets_loss(5000, 50, 3, copysets_count(5000, 3, 2)), 4)
    0.0016
    """
    n = whole("n_nodes", n_nodes, 1)
    r = whole("replication", replication, 1, n)
    down = whole("failed", failed, 0, n)
    sets = whole("copysets", copysets, 0, math.comb(n, r))
    hit, all_sets = math.comb(down, r), math.comb(n, r)
    if sets == all_sets:
        return float(hit > 0)
    return -math.expm1(hit * math.log1p(-sets / all_sets))


def wildani_snapshot_loss(
    n_disks: int,
    failed: int,
    *,
    group_size: int,
    tolerates: int,
    groups_per_uber_group: int,
    uber_tolerates: int,
    disklets_per_disk: int,
) -> float:
    """Chance that data is lost when some disks fail at once, with parity over parity groups.

    Takes the failures in different groups as independent: an approximation, exact for one group.
    The second parity itself never fails (the paper's case 2).

    Parameters
    ----------
    n_disks : int
        Disks, D.
    failed : int
        Disks that fail at once, f.
    group_size : int
        Disklets in a reliability group, n.
    tolerates : int
        Disklets that a group can lose, k.
    groups_per_uber_group : int
        Groups that share a second parity, r.
    uber_tolerates : int
        Losses beyond ``tolerates``, summed over these groups, that it mends, s.
    disklets_per_disk : int
        Parts of a disk, L; there are u = D·L/(n·r) uber-groups.

    Returns
    -------
    float
        The chance.

    Raises
    ------
    ValueError
        If an argument is out of range or the disklets do not fill whole uber-groups.

    Notes
    -----
    p_i = C(n, i) C(D − n, f − i)/C(D, f) and P = 1 − (Σ …)^u, where the sum runs over the ways to
    have at most s losses too many in r groups; for s = 1, p_S^r + r·p_(k+1)·p_S^(r−1) with
    p_S = p_0 + … + p_k [1]_. Computed in whole fractions.

    References
    ----------
    .. [1] Wildani, Schwarz, Miller, Long, "Protecting against rare event failures in archival
       systems", UCSC-SSRC-09-03, 2009, table 2.

    Examples
    --------
    >>> round(wildani_snapshot_loss(1024, 2, group_size=16, tolerates=1, groups_per_uber_group=16,
    ...                             uber_tolerates=1, disklets_per_disk=64), 8)
    0.00160774
    """
    n = whole("group_size", group_size, 1)
    disks = whole("n_disks", n_disks, n)
    down = whole("failed", failed, 0, disks)
    most = whole("tolerates", tolerates, 0, n)
    groups = whole("groups_per_uber_group", groups_per_uber_group, 1)
    extra = whole("uber_tolerates", uber_tolerates, 0)
    disklets = disks * whole("disklets_per_disk", disklets_per_disk, 1)
    if disklets % (n * groups):
        raise InputError(
            f"disklets_per_disk: {disklets} disklets do not fill uber-groups of {n * groups}"
        )

    def hits(i: int) -> Fraction:
        ways = math.comb(n, i) * math.comb(disks - n, down - i) if i <= down else 0
        return Fraction(ways, math.comb(disks, down))

    beyond = [sum((hits(i) for i in range(most + 1)), Fraction())]
    beyond += [hits(most + j) for j in range(1, extra + 1)]
    survives = [Fraction(1)] + [Fraction()] * extra
    for _ in range(groups):
        survives = [
            sum((survives[i - j] * beyond[j] for j in range(i + 1)), Fraction())
            for i in range(extra + 1)
        ]
    lost = 1 - sum(survives, Fraction())
    uber_groups = disklets // (n * groups)
    return 1.0 if lost == 1 else -math.expm1(uber_groups * math.log1p(-float(lost)))
