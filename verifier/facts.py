"""What facts are made of: how a thing is known, drives, failure domains, points in time.

`verifier.inventory` names all of them too; nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Generic, TypeVar

__all__ = [
    "BUILT_IN",
    "Depth",
    "Domains",
    "Drive",
    "Evidence",
    "Fact",
    "Points",
    "Schedule",
    "Snapshot",
    "State",
]

T_co = TypeVar("T_co", covariant=True)

# the transports of drives that are not unplugged between two runs
BUILT_IN = frozenset({"ata", "ide", "nvme", "pcie", "sas", "sata"})


class Evidence(StrEnum):
    """How a fact is known, best first."""

    MEASURED = "measured"
    TOOL_REPORTED = "tool-reported"
    DECLARED = "declared"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class Depth(IntEnum):
    """How deep an examination went; a deeper one satisfies every shallower wish."""

    LISTED = 0
    STRUCTURE = 1
    BYTES = 2
    SOURCE = 3
    RESTORE = 4

    @property
    def word(self) -> str:
        """The name that set-up files and reports use, for example ``"bytes"``."""
        return self.name.lower()


class State(StrEnum):
    """What became of the attempt to look at a location."""

    READ = "read"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    TIMEOUT = "timeout"
    ABSENT_OFFLINE = "absent-offline"
    DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """A value together with how it is known.

    Parameters
    ----------
    value : T or None
        The value; None when unknown.
    evidence : Evidence
        How it is known.
    source : str
        Where from, in a few words: ``"/sys/block/sda/device/serial"``, ``"set-up file"``.
    """

    value: T_co | None = None
    evidence: Evidence = Evidence.UNKNOWN
    source: str = ""


@dataclass(frozen=True, slots=True)
class Drive:
    """One physical unit below a location.

    Parameters
    ----------
    key : str
        Tells drives apart across locations: ``"serial:SAS-C1"``, ``"wwn:0x5000…"``, else
        ``"device:HOST/254:0"``.
    device : str
        Kernel name on its host, for example ``"sda"``.
    model, serial : str or None
        As the device reports them.
    size_bytes : int or None
        Capacity. [bytes]
    media_type : str or None
        ``hdd``, ``ssd``, ``usb-flash``, ``tape``, ``optical``, … None when the signals disagree.
    transport : str or None
        ``sata``, ``nvme``, ``usb``, ``sas``, ``virtio``, …
    """

    key: str
    device: str
    model: str | None = None
    serial: str | None = None
    size_bytes: int | None = None
    media_type: str | None = None
    transport: str | None = None


@dataclass(frozen=True, slots=True)
class Domains:
    """The failure domains of one location, from the drive outwards.

    Parameters
    ----------
    drives : Fact of tuple of Drive
        The drives that hold it.
    pools : Fact of tuple of str
        All stacked devices on the way to the drives (partition, LV, md array, loop file, file
        system), each as ``"kind:identity"``.
    level : Fact of str
        The RAID level on the way, if any.
    degraded : Fact of bool
        Whether that array or pool lacks members now, or is being rebuilt.
    file_system : Fact of str
        Its type.
    mounted : Fact of str
        Where that file system is mounted.
    host : Fact of str
        The machine that the drives are in, as ``"kind:identity"``.
    account, provider : Fact of str
        Who pays for the storage, and to whom.
    site : Fact of str
        The place on earth.
    identity : Fact of str
        The credentials that can delete it.
    key : Fact of str
        The key without which it cannot be read.
    """

    drives: Fact[tuple[Drive, ...]] = field(default_factory=Fact)
    pools: Fact[tuple[str, ...]] = field(default_factory=Fact)
    level: Fact[str] = field(default_factory=Fact)
    degraded: Fact[bool] = field(default_factory=Fact)
    file_system: Fact[str] = field(default_factory=Fact)
    mounted: Fact[str] = field(default_factory=Fact)
    host: Fact[str] = field(default_factory=Fact)
    account: Fact[str] = field(default_factory=Fact)
    provider: Fact[str] = field(default_factory=Fact)
    site: Fact[str] = field(default_factory=Fact)
    identity: Fact[str] = field(default_factory=Fact)
    key: Fact[str] = field(default_factory=Fact)


@dataclass(frozen=True, slots=True)
class Points:
    """Points in time that can be restored; times are aware datetimes in UTC.

    Parameters
    ----------
    count : int or None
        Points that are consistent: completed, and with a whole chain below them.
    newest, oldest : datetime or None
        Of the consistent points.
    times : tuple of datetime
        Of the consistent points, ascending, as far as they are known one by one.
    latest : datetime or None
        The newest point of any kind, if it is younger than the newest consistent one.
    breaks : tuple of str
        Points that cannot be restored, and why: one sentence each.
    consistency : Fact of str
        ``application``, ``crash`` or ``files``: what the newest point is worth for databases and
        machines.
    """

    count: int | None = None
    newest: datetime | None = None
    oldest: datetime | None = None
    times: tuple[datetime, ...] = ()
    latest: datetime | None = None
    breaks: tuple[str, ...] = ()
    consistency: Fact[str] = field(default_factory=Fact)

    @classmethod
    def at(cls, times: Iterable[datetime], **more: Any) -> Points:
        """Return the points of these times, in any order; `more` are further fields."""
        known = tuple(sorted(times))
        return cls(len(known), max(known, default=None), min(known, default=None), known, **more)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot of a volume.

    Parameters
    ----------
    identity : str
        What it keeps when it is sent elsewhere: ``"zfs-guid:…"``, ``"btrfs-uuid:…"``.
    name : str
        Its name or path.
    time : datetime or None
        When it was taken; of a received one as far as its name or volume tells.
    holds : int
        Holds on it, which keep it from being deleted until root releases them.
    """

    identity: str
    name: str
    time: datetime | None = None
    holds: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who runs a backup, and how often that is promised.

    Parameters
    ----------
    by : str
        ``"cron"``, ``"systemd timer"``, ``"borgmatic"``, …; ``"by hand"`` if nothing does.
    where : str
        The file and line or unit that says so.
    interval_hours : float or None
        Longest promised time between two runs. [h]
    """

    by: str
    where: str = ""
    interval_hours: float | None = None
