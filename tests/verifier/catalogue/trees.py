"""Trees of columns and digests, and stores that keep them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from tests.verifier.inventories import inventory, place
from verifier.catalogue import Catalogue, Recorder
from verifier.files import FileFact, Files, Gathering

START = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
ROOT = "/home/ada/photos"


def facts(folders: int = 8, each: int = 100) -> dict[str, FileFact]:
    """Describe photos, about as cameras name them."""
    return {
        f"{2000 + folder}/IMG_{number:04}.jpg": FileFact(
            1000 * folder + number, 10**18 + 10**9 * folder + number, 7, folder * each + number + 2
        )
        for folder in range(folders)
        for number in range(each)
    }


def files(of: dict[str, FileFact], hollow: str = "") -> Files:
    gathered = Gathering()
    for path, fact in of.items():
        gathered.add(path, fact, hollow=path == hollow)
    return gathered.files()


def digests(rows: np.ndarray, salt: int = 0) -> np.ndarray:
    """Return some digest for each row, the same every time."""
    made = np.zeros((len(rows), 32), np.uint8)
    made[:, :8] = np.ascontiguousarray(rows, np.int64).view(np.uint8).reshape(-1, 8)
    made[:, 8] = 1 + salt
    return made


def begin(book: Catalogue, days: float = 0, **more) -> Recorder:
    """Begin a run; `told` of it collects complaints."""
    told: list[str] = []
    at = START + timedelta(days=days)
    asked = {"host": "machine:a", "dataset": "photos", "source": ROOT, "at": at}
    made = book.record(**{**asked, "complain": told.append, **more})
    made.told = told
    return made


def read_all(store: Recorder, of: Files, root: str = ROOT, *, salt: int = 0, at: int = 1) -> None:
    """Keep digests of all files, in some batches of rows that lie far apart."""
    for start in range(5):
        rows = np.arange(start, len(of), 5)
        store.keep(root, of, rows, digests(rows, salt), np.full(len(rows), at, np.int64))


def finish(book: Catalogue, store: Recorder, *names: str) -> None:
    """Finish the run as an audit does."""
    from dataclasses import replace

    found = inventory(*(place(name, "sdb") for name in names))
    found = replace(found, name=store.dataset, at=store.at)
    book.remember(found)
