"""A store of digests in memory, or in a file that every batch is appended to."""

from __future__ import annotations

import json

import numpy as np

from verifier.digests import DIGEST_BYTES, Digests, nothing_known


class Remembered:
    """By root, path, size, time and inode; `told` counts the digests that were handed in."""

    def __init__(self, path=None):
        self.kept = {}
        self.told = 0
        self.path = path
        if path is not None and path.exists():
            for line in path.read_text().splitlines():
                key, digest, when = json.loads(line)
                self.kept[tuple(key)] = (bytes.fromhex(digest), when)
                self.told += 1

    def listed(self, root, files):
        pass

    def known(self, root, files):
        found = nothing_known(files)
        for row, (path, fact) in enumerate(files.items()):
            key = (root, path, fact.size, fact.mtime_ns, fact.ino)
            if key in self.kept:
                digest, read_at = self.kept[key]
                found.digest[row] = np.frombuffer(digest, np.uint8)
                found.read_at[row] = read_at
        return Digests(found.digest, found.read_at)

    def keep(self, root, files, rows, digest, read_at):
        assert digest.shape == (len(rows), DIGEST_BYTES)
        assert read_at.shape == (len(rows),)
        lines = []
        for row, value, when in zip(rows.tolist(), digest, read_at.tolist(), strict=True):
            fact = files.fact(row)
            key = (root, files.path(row), fact.size, fact.mtime_ns, fact.ino)
            self.kept[key] = (value.tobytes(), when)
            self.told += 1
            lines.append(json.dumps([key, value.tobytes().hex(), when]) + "\n")
        if self.path is not None:
            with self.path.open("a") as file:
                file.write("".join(lines))
