"""What comparing found: with an earlier audit, with the source, with what was restored.

Facts of locations like those of `verifier.inventory`, which names them too; nothing here does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

__all__ = [
    "CAME_BACK",
    "DIFFERS",
    "MAX_ERRORS",
    "Changes",
    "Newer",
    "Other",
    "Past",
    "Restored",
    "Sample",
    "Shares",
    "Suspect",
    "Unlike",
    "more_errors",
    "other_size",
]

MAX_ERRORS = 20  # of a location are told; more are counted

# of a file in a copy, and of one that was restored from it, after its path
DIFFERS = "differs from the source under the same size."
CAME_BACK = "came back different from the source."


def more_errors(count: int) -> str:
    """Say how many errors more there are than are told."""
    return f"{count} more errors of this kind."


def other_size(size: int, live: int) -> str:
    """Say, after its path, that a file of a copy has another size than the source's."""
    return f"has {size} bytes, the source's has {live}."


@dataclass(frozen=True, slots=True)
class Sample:
    """How much of a location was looked at, where not all of it was.

    Parameters
    ----------
    looked : int
        Files (of a repository: its own files) drawn at random and examined.
    of : int
        How many there are.
    bad : int
        How many of those drawn were damaged.
    seed : int or None
        What draws the same ones again.
    """

    looked: int
    of: int
    bad: int = 0
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A file whose bytes differ under an unchanged size and time, and which copy is right.

    Parameters
    ----------
    path : str
        The file.
    right : str
        Digest of the bytes that are right, in hex; empty where nobody can tell.
    reason : str
        Why, in one sentence.
    good, bad : tuple of str
        Locations that held the right bytes, and others, when they were last read.
    where : str
        Where the good bytes are, with the time at which they were there; empty if nowhere.
    spread : bool
        Whether the wrong bytes went from where they arose into further copies.
    """

    path: str
    right: str
    reason: str
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    where: str = ""
    spread: bool = False

    @property
    def healed(self) -> bool:
        """True if every location holds the right bytes again."""
        return bool(self.right) and not self.bad


@dataclass(frozen=True, slots=True)
class Changes:
    """How the files of a location differ from what an earlier audit saw of it.

    Parameters
    ----------
    since, at : datetime
        The two audits.
    files, size_bytes : int
        What the earlier one saw.
    new, gone, changed, moved, rotten : int
        Files that came, went (moved ones aside), have other bytes, have another path, and have
        other bytes under the same size and time.
    compared : int
        Files of unchanged size and time that were read for both audits: rot shows in no others.
    new_bytes, gone_bytes, changed_bytes : int
        Sizes of those files, as they were or, if new, are.
    ending : str
        A new ending that many files have now and none had before; empty if there is none.
    ending_files, gained : int
        How many files have it, and how many of them bear the name of one that went, and it.
    grown_alike : int
        Files that grew by one and the same number of bytes.
    emptied, emptied_unnoticed, cut : int
        Files under the same path that lost all of their bytes, or nearly all; those of them whose
        time is the one before; and those that kept less than a quarter of their bytes.
    vanished : str
        The folder with the most files of which all went; empty if there is none.
    vanished_files : int
        How many went with it.
    vanished_apart : bool
        Whether it was a file system of its own.
    looked, unread : int
        Changed and new files of which bytes were read, and could not be read.
    scrambled, sealed, opaque : int
        Of those read: random bytes where their kind has none; files of encryption tools; random
        bytes under a name that does not tell what they should be.
    wiped, odd : int
        Of those read: one byte repeated where their kind has more; and one byte repeated in a new
        file or under a name that does not tell, or other first bytes than those of their kind.
    entropy : float or None
        Median Shannon entropy of those read. [bits a byte]
    folder : str
        The folder that all files lie in which changed or went; empty if there is none.
    examples : tuple of str
        Some of the files, the most telling first.
    suspects : tuple of Suspect
        Files with other bytes under the same size and time, those that could be judged.
    """

    since: datetime
    at: datetime
    files: int = 0
    size_bytes: int = 0
    new: int = 0
    gone: int = 0
    changed: int = 0
    moved: int = 0
    rotten: int = 0
    compared: int = 0
    new_bytes: int = 0
    gone_bytes: int = 0
    changed_bytes: int = 0
    ending: str = ""
    ending_files: int = 0
    gained: int = 0
    grown_alike: int = 0
    looked: int = 0
    unread: int = 0
    scrambled: int = 0
    sealed: int = 0
    opaque: int = 0
    entropy: float | None = None
    folder: str = ""
    examples: tuple[str, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    emptied: int = 0
    emptied_unnoticed: int = 0
    cut: int = 0
    vanished: str = ""
    vanished_files: int = 0
    vanished_apart: bool = False
    wiped: int = 0
    odd: int = 0


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of the source a location holds, counted in two ways; the coverage is the smaller.

    Parameters
    ----------
    files, size_bytes : float
        Share of the source's files, and of their bytes, in [0, 1].
    lacking : int
        Files that are not held as they should be, whatever the cause.
    missing : tuple of str
        The first of them, as far as they are known by name.
    """

    files: float
    size_bytes: float
    lacking: int = field(default=0, compare=False)
    missing: tuple[str, ...] = field(default=(), compare=False)

    @property
    def least(self) -> float:
        """The smaller: one film may be most of the bytes, and many notes hardly any."""
        return min(self.files, self.size_bytes)


@dataclass(frozen=True, slots=True)
class Other:
    """A file that a copy and the source hold with other bytes.

    Parameters
    ----------
    path : str
        As the source calls it.
    size, live : int
        Its size in the copy and at the source. [bytes]
    """

    path: str
    size: int
    live: int


@dataclass(frozen=True, slots=True)
class Unlike:
    """Files that differ from the source's though no change at the source explains it.

    The copy may be damaged, or the source, or the copy was written to: a comparison does not tell.

    Parameters
    ----------
    younger : tuple of Other
        The first of those that are younger in the copy than at the source.
    shorter : tuple of Other
        The first of those that are shorter at the source, under the same time.
    younger_files, shorter_files : int
        How many there are.
    at_most, if_right : float
        The coverage if the copy is right about those that are shorter at the source, and about all
        of them, in [0, 1].
    told : str
        What earlier audits tell of those that are younger, after their number; or empty.
    """

    younger: tuple[Other, ...] = ()
    shorter: tuple[Other, ...] = ()
    younger_files: int = 0
    shorter_files: int = 0
    at_most: float = 0.0
    if_right: float = 0.0
    told: str = ""


@dataclass(frozen=True, slots=True)
class Newer:
    """What the source has changed or gained since a copy's newest point, which cannot be in it.

    Parameters
    ----------
    since : datetime
        The newest point, or when something was written to the copy last.
    changed : int
        Files that the copy holds in an earlier version.
    added : int
        Files that came since, and that the copy does not hold.
    size_bytes : int
        Of both, as they are at the source: what would be lost with it now. [bytes]
    added_bytes : int
        Of those that came since. [bytes]
    doubtful : int
        Files that the copy lacks, changed since, of which nobody can tell whether they were there
        before; the coverage counts them as missing.
    at_most : float
        The coverage if the doubtful ones came since, in [0, 1].
    reason : str
        Why they are doubtful; empty if none is.
    unlike_since : datetime or None
        Of a plain tree that lacks nothing but files that came since: when the first of these was
        made. It may be as young as that, however old its newest file is.
    """

    since: datetime
    changed: int = 0
    added: int = 0
    size_bytes: int = 0
    doubtful: int = 0
    at_most: float = 1.0
    reason: str = ""
    unlike_since: datetime | None = None
    added_bytes: int = 0

    @property
    def files(self) -> int:
        """Files that the source has changed or gained."""
        return self.changed + self.added


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier audit saw of a location, in a few numbers.

    Parameters
    ----------
    at : datetime
        When.
    location : str
        Its name.
    newest : datetime or None
        Its newest consistent point.
    count : int or None
        Its consistent points.
    files, size_bytes : int or None
        Content of the newest point.
    changes : Changes or None
        What had changed by then since the audit before.
    """

    at: datetime
    location: str
    newest: datetime | None = None
    count: int | None = None
    files: int | None = None
    size_bytes: int | None = None
    changes: Changes | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore drill brought back.

    Parameters
    ----------
    tool : str
        What restored it: a program, or ``"a plain copy"``.
    asked : int
        Files that were wanted back.
    right : int
        Files that came back as they are at the source.
    changed : int
        Files that came back, and that the source has changed since.
    outdated : int
        Files that came back in an older version than the source had when the point was made.
    of : int
        Files that could have been asked for: in the point, and at the source since before it.
    size_bytes : int
        What came back. [bytes]
    seconds : float
        What that took, without the comparison. [s]
    whole_seconds : tuple of (float, float) or None
        Bounds of the time that restoring everything takes here; None if nothing tells. [s]
    seed : int
        Draws the same files again.
    reason : str
        Why `asked` did not all come back right, though nothing is known to be damaged; or empty.
    differing : tuple of str
        Times, permissions and links that came back different, one sentence each.
    lost_links : int
        Symbolic links of those asked for that did not come back, or lead elsewhere.
    """

    tool: str = ""
    asked: int = 0
    right: int = 0
    changed: int = 0
    outdated: int = 0
    of: int = 0
    size_bytes: int = 0
    seconds: float = 0.0
    whole_seconds: tuple[float, float] | None = None
    seed: int = 0
    reason: str = ""
    differing: tuple[str, ...] = ()
    lost_links: int = 0
