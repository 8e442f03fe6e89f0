"""``zpool status`` of any version since 2010: which devices a ZFS pool stands on, and how well."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Pool", "Vdev", "parse_zpool_status"]

_ROW = re.compile(r"^(\s*)(\S+)\s+([A-Z]+)\b(.*)$")
_GROUP = re.compile(r"(mirror|raidz\d?|draid\d?|replacing|spare|missing)(?=[-:])")
# members of these hold no data of their own
_ASIDE = frozenset({"logs", "cache", "spares"})
_CLASSES = frozenset({"special", "dedup"})  # the pool is lost with one of these
_WORKING = frozenset({"ONLINE"})


@dataclass(frozen=True, slots=True)
class Vdev:
    """One device of a pool: its path or name, its state, and the kind of group it is in."""

    name: str
    state: str
    group: str


@dataclass(frozen=True, slots=True)
class Pool:
    """One pool as ``zpool status`` shows it.

    Parameters
    ----------
    name, state : str
        ``ONLINE``, ``DEGRADED``, ``FAULTED``, …
    vdevs : tuple of Vdev
        The devices that hold data.
    groups : tuple of str
        Kinds of the top groups, one each: ``mirror``, ``raidz1``, ``disk``.
    resilvering : bool
        Whether a device is being filled.
    damage : str
        What the line ``errors:`` says, if it is not good.
    """

    name: str
    state: str
    vdevs: tuple[Vdev, ...]
    groups: tuple[str, ...]
    resilvering: bool = False
    damage: str = ""

    @property
    def level(self) -> str | None:
        """The RAID level in the words of the risk model; None for a single device."""
        kinds = set(self.groups)
        if kinds == {"mirror"}:
            return "raid1" if len(self.groups) == 1 else "raid10"
        if len(kinds) == 1 and len(self.groups) == 1 and self.groups[0].startswith("raidz"):
            return self.groups[0]
        if len(self.vdevs) < 2:
            return None
        # several groups: one that is lost takes the pool, so that the weakest says it
        return "raid0" if "disk" in kinds else "+".join(sorted(kinds))

    @property
    def trouble(self) -> str:
        """Why the pool lacks redundancy now; empty if it does not."""
        out = [f"{dev.name} is {dev.state}" for dev in self.vdevs if dev.state not in _WORKING]
        if self.resilvering:
            out.append("a resilver is running")
        if self.state not in _WORKING and not out:
            out.append(f"the pool is {self.state}")
        return "; ".join(out[:4])


def parse_zpool_status(text: str) -> dict[str, Pool]:
    """Read the output of ``zpool status``, with or without ``-P -L``.

    Parameters
    ----------
    text : str
        The program's output; what does not look like it is skipped.

    Returns
    -------
    dict of str to Pool
        By name.
    """
    pools: dict[str, Pool] = {}
    for part in re.split(r"(?m)^[ \t]*pool:[ \t]*", text)[1:]:
        name = part.split("\n", 1)[0].strip()
        state = re.search(r"(?m)^[ \t]*state:[ \t]*(\S+)", part)
        errors = re.search(r"(?m)^errors:\s*(.*)", part)
        said = errors[1].strip() if errors else ""
        _, _, config = part.partition("config:")
        vdevs, groups = _members(config.partition("\nerrors:")[0])
        pools[name] = Pool(
            name,
            state[1] if state else "UNKNOWN",
            vdevs,
            groups,
            resilvering="resilver in progress" in part,
            damage="" if said.startswith("No known data errors") else said,
        )
    return pools


def _members(config: str) -> tuple[tuple[Vdev, ...], tuple[str, ...]]:
    """Return leaves and top groups; depth is indentation, two blanks a step below the pool."""
    vdevs: list[Vdev] = []
    groups: list[str] = []
    base: int | None = None
    current, aside = "disk", False
    for line in config.splitlines():
        row = _ROW.match(line.expandtabs(8))
        word = line.strip().split(" ")[0]
        if row is None:
            aside = word in _ASIDE or (aside and word not in _CLASSES)
            continue
        indent, name = len(row[1]), row[2]
        if name == "NAME":
            continue
        if base is None:
            base = indent
            continue
        if indent <= base:
            aside = True  # "logs" and the like stand beside the pool
            continue
        if aside:
            continue
        group = _GROUP.match(name)
        top = indent == base + 2
        if group:
            kind = "raidz1" if group[1] == "raidz" else group[1]
            if top:
                current = kind
                groups.append(kind)
            continue
        if top:
            current = "disk"
            groups.append("disk")
        vdevs.append(Vdev(name, row[3], current))
    return tuple(vdevs), tuple(groups)
