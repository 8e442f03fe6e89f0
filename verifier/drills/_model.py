"""What a family of kinds gives to a drill: an opened point, and files brought back from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from verifier.host import Completed, Host
from verifier.inventory import Location
from verifier.manifest import Manifest
from verifier.target import Target

__all__ = [
    "DEFAULT_FILES",
    "Back",
    "Came",
    "Closed",
    "Family",
    "Place",
    "Point",
    "Wish",
    "words_of",
]

DEFAULT_FILES = 60  # without a bad one among them, at most 4.9 % of all are bad, at 95 %


class Closed(Exception):
    """The point cannot be restored here, for a reason that is no damage."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a drill is asked for: so many files at random (None for all), and where to put them."""

    files: int | None = DEFAULT_FILES
    seed: int = 1
    scratch: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One location as a family is given it.

    Parameters
    ----------
    host : Host
        Reads the location.
    path : str
        Where it is for that host.
    runner : Host
        Starts programs, with the logins that they need.
    address : str or None
        What a program is given to open it; None if no program can.
    target : Target
        What was asked for.
    found : Location
        What the probe found out.
    source : Manifest or None
        The live data's files.
    work : str
        A private folder for what programs keep on the side.
    """

    host: Host
    path: str
    runner: Host
    address: str | None
    target: Target
    found: Location
    source: Manifest | None
    work: str

    def run(self, *argv: str, secrets: Mapping[str, str] | None = None) -> Completed:
        """Run a program that keeps its temporary files in the scratch folder; never recorded."""
        return self.runner.run(argv, secrets={"TMPDIR": self.work, **(secrets or {})})


@dataclass(frozen=True, slots=True)
class Came:
    """One file that came back: where it lies, and the metadata that the format keeps of it.

    `link` is what a symbolic link says; such a one need not lie anywhere. `stamped` where the time
    is that of its writing there, as in a bucket, and not the file's own.
    """

    place: str
    mode: int | None = None
    mtime_ns: int | None = None
    link: str | None = None
    stamped: bool = False


@dataclass(frozen=True, slots=True)
class Back:
    """What one restore brought back.

    Parameters
    ----------
    came : dict of str to Came
        By path in the point.
    flaws : dict of str to str
        What is damaged, and how, as the end of a sentence.
    unseen : dict of str to str
        What nobody could bring back, for a reason that is no damage.
    trouble : str
        What the tool said when it failed; empty if it did not.
    """

    came: dict[str, Came] = field(default_factory=dict)
    flaws: dict[str, str] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """The newest consistent point of a location.

    Parameters
    ----------
    time : datetime or None
        When it was made.
    sizes : mapping of str to int
        Paths of its files to sizes, -1 where the format does not tell. [bytes]
    prefix : str
        What stands before the source's relative paths.
    restore : callable
        Brings paths into a folder.
    tool : str
        What does it.
    links : bool
        Whether symbolic links can be asked for too.
    most : int or None
        Files of a sample, where each costs a run of its own.
    begun : datetime or None
        By when its run had begun, if its time does not tell: that of a plain tree is its newest
        file's.
    written : callable or None
        When something was written last beside a path, if its time does not tell. [ns since 1970]
    """

    time: datetime | None
    sizes: Mapping[str, int]
    prefix: str
    restore: Callable[[Sequence[str], str], Back]
    tool: str
    links: bool = False
    most: int | None = None
    begun: datetime | None = None
    written: Callable[[str], int] | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Kinds of location that are restored alike; ``open`` is None where nothing here can.

    `program` does it, `package` brings that, `why` says why nothing can.
    """

    kinds: tuple[str, ...]
    open: Callable[[Place], Point] | None
    program: str = ""
    package: str = ""
    why: str = ""


def words_of(ended: Completed) -> str:
    """Return the last line that a failed program said."""
    lines = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
    return (lines or [f"it ended with code {ended.code}"])[-1].strip()[:200].rstrip(".")
