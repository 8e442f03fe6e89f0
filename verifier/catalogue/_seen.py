"""Trees as the catalogue gives them back: lists of files, and digests that stay in the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from verifier.catalogue._kept import KeptDigests, Opens
from verifier.catalogue._pieces import files_of, key_of, rows_in
from verifier.catalogue._stored import (
    Keys,
    devices_of,
    fresh_in,
    in_groups,
    keys_of,
    pieces_named,
)
from verifier.digests import Readings
from verifier.files import Files

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

__all__ = ["SeenTrees"]


class SeenTrees:
    """Trees that somebody still looks at: one that did not change is the same, not there twice.

    Parameters
    ----------
    opens : callable
        Opens the database, where the digests stay.
    """

    def __init__(self, opens: Opens) -> None:
        self._opens = opens
        self._files: WeakValueDictionary[tuple[bytes, str], Files] = WeakValueDictionary()
        self._sizes: dict[tuple[bytes, str], list[int]] = {}

    def seen(self, connection: Connection, row: RowMapping) -> tuple[Files, Readings | None]:
        """Return the files of a tree and what is known of their bytes; None if nothing is."""
        keys = keys_of(row["pieces"])
        name = key_of(b"".join(three[0] for three in keys)), str(row["devices"])
        files = self._files.get(name)
        if files is None:
            sizes: list[int] = []
            files = files_of(_listings(connection, keys, sizes), devices_of(row))
            self._files[name], self._sizes[name] = files, sizes
        sizes = self._sizes[name]
        known = KeptDigests.loaded(connection, self._opens, keys, sizes)
        # a run that was stopped left some beside its pieces
        for rows, fresh in fresh_in(connection, row["id"], len(files)):
            known.put(rows, fresh.digest, fresh.read_at)
        return files, known if known.read_at.any() else None


def _listings(connection: Connection, keys: Sequence[Keys], sizes: list[int]) -> Iterator[bytes]:
    """Yield the lists of a tree's pieces, and note how many files each holds."""
    for some in in_groups(keys):
        raw = pieces_named(connection, [three[0] for three in some])
        for three in some:
            sizes.append(rows_in(raw[three[0]]))
            yield raw[three[0]]
