"""What was found: frozen facts about locations, each with the evidence for it.

Probes make these, rules judge them, renderers and the bridge read them; nothing here does I/O.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from verifier.compared import (
    Changes,
    Newer,
    Other,
    Past,
    Restored,
    Sample,
    Shares,
    Suspect,
    Unlike,
)
from verifier.facts import (
    Depth,
    Domains,
    Drive,
    Evidence,
    Fact,
    Points,
    Schedule,
    Snapshot,
    State,
)

__all__ = [
    "Changes",
    "Depth",
    "Domains",
    "Drive",
    "Evidence",
    "Fact",
    "Inventory",
    "Location",
    "Newer",
    "Other",
    "Past",
    "Points",
    "Restored",
    "Sample",
    "Schedule",
    "Shares",
    "Snapshot",
    "State",
    "Suspect",
    "Unlike",
]


@dataclass(frozen=True, slots=True)
class Location:
    """One place where a copy lives, or should live.

    Parameters
    ----------
    name : str
        From the set-up file; the live data is named ``"source"``.
    kind : str
        ``directory``, ``tar``, ``zip``, ``restic``, ``declared``, … ; ``unknown`` if no probe fits.
    address : str
        Path or tool address as given, without secrets.
    state : State
        What became of the attempt to look.
    reason : str
        Why the state is not ``read``; empty otherwise.
    real_path : str or None
        The path after symbolic links.
    inode : tuple of (int, int) or None
        Device and inode of the path itself: equal for bind mounts and symlinks to one place.
    medium_since : datetime or None
        Since when its medium is in use, as declared; media age, and wear out.
    files, size_bytes : int or None
        Content of the newest point.
    last_filled : datetime or None
        If the newest point is empty, the last one before it that is known not to be; of archives,
        if it holds little of the source, the last one before it that holds much more.
    links : int or None
        Symbolic links in a tree that lies open here; None where nobody counted them.
    links_out, leading_out : int and tuple of str
        Of the source: how many of its first links lead to something outside it, and some of these.
    coverage : Fact[float]
        Share of the source's files, or of their bytes if that is smaller, that the newest point
        holds, in [0, 1].
        Files that cannot be in it, for they came to the source after it was made, are left out.
    shares : Shares or None
        Both of them, where files were compared.
    newer : Newer or None
        What the source has changed or gained since the newest point; None if nothing.
    missing : tuple of str
        The largest folders of the source that are not there.
    outdated : int
        Files that `coverage` counts as not held, for what is there is an older version than the
        source had before the newest point.
    depth : Depth or None
        The deepest examination that was completed.
    errors : tuple of str
        Damage that was found, one sentence each.
    unlike : Unlike or None
        Files that differ from the source's where nothing tells which of the two is right.
    good_in : tuple of str
        Of a source that is to blame for what differs: locations that still hold the right bytes.
    offline : bool
        Declared to be away from its reader most of the time, and not known to be there always.
    never_away : str
        Why a declaration that it is offline is void, in words; empty if it is not.
    travels : bool
        Whether earlier audits found it away as often as not.
    encrypted, immutable : Fact of bool
        Whether its bytes are encrypted, and whether nobody can delete or change them for a time.
    immutable_until : datetime or None
        When the lock of its newest point ends.
    retention : Fact of str
        How long points are kept, in the words of the tool: ``"keep daily 7, weekly 4"``.
    tool : str or None
        The tool that made or read it, with its version.
    last_seen : datetime or None
        When somebody last saw it; for absent and declared locations.
    shared_inodes : int
        Files that are the source's own files under another name (hard links).
    shared_extents : int
        Files whose bytes lie where the source's lie (reflinks).
    identical : bool or None
        Same paths, sizes and times as the source, or the same bytes: fresh, however old its newest
        file is.
    disqualified : str
        Why it is no copy, whatever it holds ("its repository is marked untrusted"); else empty.
    in_memory : tuple of str
        What is mounted below it from memory, while the rest is on drives.
    repeats_deletions : Fact of bool
        Whether a deletion at its origin is repeated here with no older version kept.
    fed_from : Fact of str
        Name or address of the copy that it is made from.
    lag_hours : float or None
        How far a replica is behind what it is fed from. [h]
    lineage : tuple of str
        Identities that snapshots or repositories keep when they are copied: ``"zfs-guid:…"``,
        ``"btrfs-uuid:…"``, ``"restic-key:…"``, ``"borg-repository:…"``.
    marks : tuple of str
        What it would have in common with itself under another address: the key of its SSH server,
        the newest snapshot of a repository, the birth of a bucket.
    snapshots : tuple of Snapshot
        The snapshots that the points are, oldest first; of the source those of its volume.
    dataset : Fact of str
        How it is known to hold the source's data, in words; unknown where nobody can tell.
    key_kept : Fact of tuple of str
        Where the key or password lies, if it is encrypted: paths or places.
    key_drives : Fact of tuple of Drive
        The drives below the key or password, where it is a file on this machine.
    schedule : Fact of Schedule
        Who makes the points, and how often that is promised.
    audited : bool
        For an absent offline location: whether its facts are those of the audit at ``last_seen``.
    in_its_place : str
        For an absent offline location: what lies where it is mounted at other times; else empty.
    content : tuple of int
        A sketch of its names and sizes (`verifier.identity`), by which copies are compared where
        the source cannot be read.
    expires_hours : Fact of float
        Its files are deleted this long after they were written, whatever the source does. [h]
    read_since : datetime or None
        No byte that `depth` speaks of was read before this; None if all were read in this audit.
    sample : Sample or None
        What part `depth` speaks of; None if it is the whole.
    changes : Changes or None
        What changed since the last audit; None where the two cannot be compared.
    standing : Changes or None
        What still differs from before an alarm of the last days; None if there was none.
    restored : Restored or None
        What a restore drill brought back; None if there was none.
    exclude : tuple of str
        Of the source: patterns of what its set-up leaves out.
    changed_last : datetime or None
        Of the source: when the inode of one of its files changed last, which nobody sets by hand.
    """

    name: str
    kind: str
    address: str
    state: State
    reason: str = ""
    real_path: str | None = None
    inode: tuple[int, int] | None = None
    domains: Domains = field(default_factory=Domains)
    media_type: Fact[str] = field(default_factory=Fact)
    medium_since: datetime | None = None
    points: Points = field(default_factory=Points)
    files: int | None = None
    size_bytes: int | None = None
    last_filled: datetime | None = None
    links: int | None = None
    links_out: int = 0
    leading_out: tuple[str, ...] = ()
    coverage: Fact[float] = field(default_factory=Fact)
    shares: Shares | None = None
    newer: Newer | None = None
    missing: tuple[str, ...] = ()
    outdated: int = 0
    depth: Depth | None = None
    errors: tuple[str, ...] = ()
    offline: bool = False
    never_away: str = ""
    travels: bool = False
    encrypted: Fact[bool] = field(default_factory=Fact)
    immutable: Fact[bool] = field(default_factory=Fact)
    immutable_until: datetime | None = None
    retention: Fact[str] = field(default_factory=Fact)
    tool: str | None = None
    last_seen: datetime | None = None
    shared_inodes: int = 0
    shared_extents: int = 0
    identical: bool | None = None
    disqualified: str = ""
    in_memory: tuple[str, ...] = ()
    repeats_deletions: Fact[bool] = field(default_factory=Fact)
    fed_from: Fact[str] = field(default_factory=Fact)
    lag_hours: float | None = None
    lineage: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    dataset: Fact[str] = field(default_factory=Fact)
    key_kept: Fact[tuple[str, ...]] = field(default_factory=Fact)
    key_drives: Fact[tuple[Drive, ...]] = field(default_factory=Fact)
    schedule: Fact[Schedule] = field(default_factory=Fact)
    audited: bool = False
    in_its_place: str = ""
    content: tuple[int, ...] = ()
    expires_hours: Fact[float] = field(default_factory=Fact)
    read_since: datetime | None = None
    sample: Sample | None = None
    changes: Changes | None = None
    standing: Changes | None = None
    restored: Restored | None = None
    exclude: tuple[str, ...] = ()
    changed_last: datetime | None = None
    unlike: Unlike | None = None
    good_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that one audit saw of one dataset.

    Parameters
    ----------
    name : str
        The dataset's.
    at : datetime
        When the audit looked; aware.
    host : Fact of str
        The machine that looked.
    source : Location
        The live data.
    locations : tuple of Location
        Where copies should be, in the order of the set-up.
    past : tuple of Past
        What earlier audits saw of them, oldest first.
    uncompared : str
        Why nothing is held against earlier audits, though it was to be; else empty.
    formerly : tuple of str
        Of the first audit of a name and a source: the name and the source of the last one that has
        either of them; else empty.
    """

    name: str
    at: datetime
    host: Fact[str]
    source: Location
    locations: tuple[Location, ...]
    past: tuple[Past, ...] = ()
    uncompared: str = ""
    formerly: tuple[str, ...] = ()

    @property
    def all_locations(self) -> tuple[Location, ...]:
        """The source first, then the locations."""
        return (self.source, *self.locations)
