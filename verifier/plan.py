"""What an audit would do: places, commands, privileges, bytes and egress, before it reads anything.

The probes run against a host that answers what a listing tells and refuses everything else; what
it had to refuse is the plan. Addresses on the network are not asked at all.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from typing import Any, BinaryIO

from riskmodel.errors import one_line
from riskmodel.units import format_bytes
from verifier import probes
from verifier.configs import without_password
from verifier.drills import DEFAULT_FILES, family_of
from verifier.host import AccessError, Completed, Host, Missing, Unreadable
from verifier.inventory import Depth
from verifier.manifest import Manifest
from verifier.setup import SOURCE, Place, Setup
from verifier.target import Target

__all__ = ["Step", "plan", "plan_document", "plan_text"]

_NOT_YET = "not read while planning"
_VERSIONS = frozenset({"version", "--version", "-V"})
_SYSTEM = ("/proc/", "/sys/", "/etc/", "/run/udev/", "/dev/")


@dataclass(frozen=True, slots=True)
class Step:
    """What would be done about one location.

    Parameters
    ----------
    name, address, kind : str
        The location; ``unknown`` if its kind cannot be told without reading.
    depth : str
        How deep it would be examined.
    commands : tuple of str
        Programs that would be run first; what follows hangs on their answers.
    missing : tuple of str
        Programs among them that are not installed.
    read_bytes : int or None
        At most so much would be read from local disks; None if nobody can tell. [bytes]
    egress : str
        What would come over the network.
    privileges : str
        What more rights would be needed for.
    note : str
        What else is to be known.
    """

    name: str
    address: str
    kind: str
    depth: str
    commands: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    read_bytes: int | None = 0
    egress: str = ""
    privileges: str = ""
    note: str = ""


class _Planner(Host):
    """A host that stats and lists, and takes note of what it refuses."""

    def __init__(self, timeout: float = 10.0) -> None:
        super().__init__(timeout=timeout)
        self.commands: list[str] = []
        self.opened: dict[str, int] = {}

    def run(
        self,
        argv: Sequence[str],
        *,
        secrets: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Completed:
        del links, timeout
        shown = " ".join(argv)
        if secrets:
            shown += f"   (with {', '.join(sorted(secrets))})"
        if shown not in self.commands:
            self.commands.append(shown)
        if argv[-1] in _VERSIONS:
            return Completed(0, "", "")  # so that the next command shows too
        raise Unreadable(argv[0], _NOT_YET)

    def open(self, path: str) -> BinaryIO:
        self.opened[path] = self.stat(path).size
        raise Unreadable(path, _NOT_YET)

    def read_text(self, path: str) -> str:
        if path.startswith(_SYSTEM):
            return super().read_text(path)
        self.opened[path] = self.stat(path).size
        raise Unreadable(path, _NOT_YET)


def plan(setup: Setup, depth: Depth | None = None) -> tuple[Step, ...]:
    """Say what an audit of a set-up would do.

    Parameters
    ----------
    setup : Setup
        What would be looked at.
    depth : Depth, optional
        How deep; as the policy asks unless given.

    Returns
    -------
    tuple of Step
        The source first.
    """
    deep = setup.policy.required_depth if depth is None else depth
    planner = _Planner()
    _, manifest = probes.collect_source(planner, setup.source.path, exclude=setup.source.exclude)
    compared = deep >= Depth.BYTES and bool(setup.locations)
    first = Step(
        SOURCE,
        setup.source.path,
        "directory",
        Depth.LISTED.word,
        read_bytes=0,
        privileges=_privileges(manifest.unreadable),
        note="compared with plain copies, so that its files are read too" if compared else "",
    )
    steps = (_step(place, deep, manifest) for place in setup.locations)
    if deep < Depth.RESTORE:
        return (first, *steps)
    return (first, *(_with_drill(step, manifest) for step in steps))


def _with_drill(step: Step, source: Manifest) -> Step:
    """Say what would be restored: bytes and egress are bounded by the largest files."""
    if step.depth == "-":
        return step
    most = DEFAULT_FILES + 2  # the largest and the oldest come on top
    sizes = nlargest(most, (fact.size for fact in source.files.values()))
    amount = format_bytes(sum(sizes))
    note = f"restores {len(sizes):,} files, at most {amount}, into {tempfile.gettempdir()}"
    family = family_of(step.kind, Target(step.name, step.address))
    if family is not None and family.open is None:
        note = f"nothing is restored: {family.why}"
    elif family is not None and family.program:
        note += f" with {family.program}"
        if Host().program(family.program) is None:
            note += f", which is not installed (package {family.package})"
    egress = f"{step.egress}, and about {amount} to restore" if step.egress else ""
    return replace(step, egress=egress, note="; ".join(filter(None, (step.note, note))))


def _step(place: Place, depth: Depth, source: Manifest) -> Step:
    target = place.target(depth)
    step = Step(place.name, without_password(target.address), place.kind or "unknown", depth.word)
    if place.kind == "declared":
        return replace(step, depth="-", note="declared: nothing is looked at")
    if not target.address.startswith("/"):
        return _remote(step, depth)
    planner = _Planner()
    try:
        found = probes.probe(planner, target, source if source.complete else None, depth)
        facts = planner.stat(target.address)
    except Missing:
        where = "away" if place.offline else "not there"
        return replace(step, depth="-", note=f"{where}: nothing would be read")
    except AccessError as problem:
        return replace(step, read_bytes=None, privileges=_privileges((str(problem),)))
    size = _size(planner, found.real_path or target.address) if facts.is_dir else facts.size
    read = sum(planner.opened.values())
    if depth >= Depth.BYTES:
        plain = source.size_bytes if found.kind == "directory" else 0
        read = max(read, (size or 0) + plain)
    programs = dict.fromkeys(command.split()[0] for command in planner.commands)
    network = found.domains.file_system.value or ""
    shared = any(word in network for word in ("nfs", "cifs", "smb", "sshfs", "rclone", "s3fs"))
    return replace(
        step,
        kind=found.kind,
        commands=tuple(planner.commands),
        missing=tuple(name for name in programs if planner.program(name) is None),
        read_bytes=None if size is None else read,
        egress=f"up to {format_bytes(read)} through {network}" if shared and read else "",
        privileges=_privileges((found.reason,) if "ermission" in found.reason else ()),
    )


def _remote(step: Step, depth: Depth) -> Step:
    listed = "the listing"
    egress = f"{listed}, and at depth {depth.word} what the tool downloads to verify it"
    return replace(
        step,
        read_bytes=0,
        egress=egress if depth >= Depth.BYTES else listed,
        note="on the network: not asked while planning, so that its size is not known",
    )


def _size(host: Host, path: str) -> int | None:
    """Return the size of all files below a path, from listings; None if a part is closed."""
    total = 0
    try:
        for entry in host.walk(path):
            if entry.problem is not None:
                return None
            total += entry.stat.size if entry.stat is not None and entry.stat.is_file else 0
    except AccessError:
        return None
    return total


def _privileges(closed: Sequence[str]) -> str:
    if not closed:
        return ""
    return f"root, or the owner's rights: {closed[0].rstrip('.')}"


def plan_text(name: str, steps: Sequence[Step]) -> str:
    """Return a plan as lines for a terminal."""
    return "\n".join(map(one_line, _lines(name, steps)))


def _lines(name: str, steps: Sequence[Step]) -> Iterator[str]:
    who = "root" if os.geteuid() == 0 else "a user without root's rights"
    known = [step.read_bytes for step in steps if step.read_bytes is not None]
    more = "" if len(known) == len(steps) else " and what nobody can tell yet"
    yield f"{name}: nothing has been read. The audit would run as {who},"
    yield f"write to no location, and read at most {format_bytes(sum(known))}{more}."
    running = [step for step in steps if step.commands]
    every = (
        [c for c in running[0].commands if all(c in s.commands for s in running)] if running else []
    )
    every = every if len(running) > 1 else []
    if every:
        yield ""
        yield "for each location"
        yield from (f"  runs {command}" for command in every)
    for step in steps:
        yield ""
        yield f"{step.name}  {step.address}".rstrip()
        amount = "not known" if step.read_bytes is None else format_bytes(step.read_bytes)
        kind = "found by looking" if step.kind == "unknown" else step.kind
        yield f"  kind {kind}, depth {step.depth}, reads up to {amount}"
        for command in (one for one in step.commands if one not in every):
            yield f"  runs {command}"
        if step.missing:
            yield f"  not installed: {', '.join(step.missing)}"
        for label, value in (
            ("network", step.egress), ("needs", step.privileges), ("note", step.note),
        ):  # fmt: skip
            if value:
                yield f"  {label}: {value}"


def plan_document(name: str, steps: Sequence[Step]) -> dict[str, Any]:
    """Return a plan as JSON-ready tables."""
    keys = ("name", "address", "kind", "depth", "read_bytes", "egress", "privileges", "note")
    rows = [
        {key: getattr(step, key) for key in keys}
        | {"commands": list(step.commands), "missing": list(step.missing)}
        for step in steps
    ]
    return {"name": name, "as_root": os.geteuid() == 0, "steps": rows}
