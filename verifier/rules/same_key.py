"""Encryption keys that several copies need, or that are kept only beside the live data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from verifier.inventory import Evidence, Fact, Location
from verifier.rules._keepers import all_at_home, keepers
from verifier.rules._layers import meeting
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View, names

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="same-key",
    title="Each key opens one copy only, and is kept away from the live data too",
    risk="Without its key an encrypted copy is noise; a key kept only at the source dies with it.",
    remediation="Keep the key or password in another place as well, for example on paper.",
)
KEEP_AND_SAY = (
    "Keep the password in another place as well, for example on paper, and name both under "
    "[keys.NAME] kept = [...] with key = NAME at the location."
)
_REPOSITORIES = ("restic-key:", "borg-repository:")


def judge(view: View) -> Iterator[Finding]:
    """Yield a note for each key that several copies need, a failure for one kept at the source.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
    """
    would = "losing it would lose them together"
    yield from meeting(view, RULE, _own_key, "key", would)
    yield from _one_repository(view)
    source = view.inventory.source
    held = keepers(view, hopeful=True)
    for name, key in view.keys.items():
        users = [place for place in view.locations if place.domains.key.value == name]
        if not users or not key.kept or not all_at_home(view, held[name]):
            continue
        if not held[name] and any(_lives(source, place) for place in users):
            continue  # a file that needs no opening keeps it too
        where = "where the source is and dies with it"
        if not held[name]:
            where = f"in {names(key.kept)}, which nobody opens without it once the source is gone"
        text = f"The key {name} of {names(one.name for one in users)} is kept only {where}."
        yield Finding(RULE.id, Status.FAIL, Severity.HIGH, None, text, RULE.remediation)
    for place in view.inventory.locations:
        declared = view.keys.get(place.domains.key.value or "")
        if declared is not None and declared.kept:
            continue  # judged above, with all the places that the set-up file names
        if where := _dies_with(source, place):
            text = (
                f"The only known place of the key or password of {place.name} is {where}: "
                "it dies with the source."
            )
            yield Finding(RULE.id, Status.FAIL, Severity.HIGH, place.name, text, KEEP_AND_SAY)


def _own_key(place: Location) -> Fact[str]:
    """Return the key unless a repository stands for it: those are told of as one repository."""
    key = place.domains.key
    return Fact() if key.evidence is Evidence.INFERRED and place.lineage else key


def _one_repository(view: View) -> Iterator[Finding]:
    """Note locations that are copies of one repository: what spoils one is copied to the other."""
    members: dict[str, list[str]] = defaultdict(list)
    for place in view.inventory.locations:
        for identity in place.lineage:
            if identity.startswith(_REPOSITORIES):
                members[identity].append(place.name)
    # a repository with several keys has several identities, and is told of once
    for users in dict.fromkeys(tuple(users) for users in members.values() if len(users) > 1):
        text = (
            f"{names(users)} hold one and the same repository: one password opens them all, and "
            "damage or a deletion in the one that is written to is copied to the others."
        )
        yield Finding(RULE.id, Status.PASS, Severity.NOTE, None, text, RULE.remediation)


def _lives(source: Location, place: Location) -> bool:
    """Tell whether a file with the password may outlive the source."""
    return bool(place.key_kept.value) and not _dies_with(source, place)


def _dies_with(source: Location, place: Location) -> str:
    """Say where the password lies if all its places are lost with the source; else nothing."""
    kept, root = place.key_kept.value or (), (source.real_path or "").rstrip("/")
    if not kept:
        return ""
    if root and all(f"{path}/".startswith(f"{root}/") for path in kept):
        return f"{names(kept)}, within the source"
    drives = {drive.key for drive in place.key_drives.value or ()}
    home = {drive.key for drive in source.domains.drives.value or ()}
    if drives and drives <= home:
        return f"{names(kept)}, on the source's drive"
    return ""
