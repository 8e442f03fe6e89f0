"""The order in which files are read: folder by folder, as they lie on the disk, twins in step."""

from __future__ import annotations

import random

import numpy as np
import pytest

from verifier._cutting import _by_folder, cut
from verifier.files import FileFact, table
from verifier.hashing import Tree, Twin


def shuffled(seed, inodes=1 << 40):
    """Make a tree of some folders whose inodes are in no order; those of small trees repeat."""
    chance = random.Random(seed)
    paths = [f"d{n % 5}/s{n % 3}/{n:03}" if n % 7 else f"{n:03}" for n in range(200)]
    return table({path: FileFact(9, 9, 1, chance.randrange(inodes)) for path in paths})


def in_order(files, rows):
    """Return the rows in the order of reading, naively."""
    folders = {}
    for row in sorted(rows):
        folders.setdefault(files.path(row).rpartition("/")[0], []).append(row)
    inode = files.column("ino").tolist()
    ranked = sorted(folders.values(), key=lambda mine: min(inode[row] for row in mine))
    return [sorted(mine, key=inode.__getitem__) for mine in ranked]


@pytest.mark.parametrize("inodes", [1 << 40, 3, 1])
@pytest.mark.parametrize("turned", [False, True])
def test_folders_come_by_their_first_inode_and_files_by_theirs(inodes, turned):
    files, theirs = shuffled(1, inodes), shuffled(2)
    rows = np.random.default_rng(3).permutation(len(files))[:150]
    rows = rows if turned else np.sort(rows)
    twin = Twin("/copy", theirs, rows[:])
    parts = list(_by_folder(Tree("/live", files, rows, twin=twin)))
    wanted = in_order(files, rows.tolist())
    assert len(wanted) > 5
    assert [part.tolist() for _, part, _ in parts] == wanted
    assert [part.tolist() for _, _, part in parts] == wanted  # the same rows there
    names = [files.folder_rows()[0][folder] for folder, _, _ in parts]
    assert names == [files.path(some[0]).rpartition("/")[0] for some in wanted]


def test_jobs_keep_that_order_and_a_tree_without_files_has_none():
    files = shuffled(4)
    rows = np.arange(0, len(files), 2)
    jobs = list(cut(0, Tree("/live", files, rows)))
    read = [row for job in jobs for row in job.rows.tolist()]
    assert read == [row for some in in_order(files, rows.tolist()) for row in some]
    assert list(cut(0, Tree("/live", files, rows[:0]))) == []
