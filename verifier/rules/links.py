"""Copies that hold fewer symbolic links than the source."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.access import LINKS_NOTED
from verifier.inventory import Location, State
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._standing import counted
from verifier.rules._view import View, names

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="links",
    title="Trees hold as many symbolic links as the source",
    risk="What is reached through a link is not found after a restore: versions, shared folders.",
    remediation="Copy to a file system that has links, with a tool that keeps them, or an archive.",
)

_OUTSIDE = (
    "Make what the links lead to a source of its own if it is to be kept, as a copy holds but the "
    "links."
)


def judge(view: View) -> Iterator[Finding]:
    """Compare numbers, where links were counted on both sides.

    Many a place cannot keep them (FAT, a bucket), so that they are no part of the coverage.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Yields
    ------
    Finding
        A failure if the share is below ``min_coverage``, else a note; and one note of the source's
        links that lead out of it.
    """
    yield from _leading_out(view.inventory.source)
    wanted = view.inventory.source.links
    for place in view.inventory.locations:
        held = place.links
        # what holds none of the files is no copy, and told so
        if place.state is not State.READ or not place.coverage.value:
            continue
        if not wanted or held is None or held >= wanted:
            continue
        enough = held >= view.policy.min_coverage * wanted
        text = f"{place.name} holds {held or 'none'} of the source's "
        text += f"{counted(wanted, 'symbolic link')}; links are no part of its coverage."
        yield Finding(
            RULE.id,
            Status.PASS if enough else Status.FAIL,
            Severity.NOTE if enough else Severity.MEDIUM,
            place.name,
            text,
            RULE.remediation,
        )


def _leading_out(source: Location) -> Iterator[Finding]:
    if not source.leading_out:
        return
    which = counted(source.links_out, "symbolic link")
    least = "at least " if (source.links or 0) > LINKS_NOTED else ""
    text = (
        f"source has {least}{which} that {'lead' if source.links_out > 1 else 'leads'} out of it, "
    )
    text += f"such as {names(source.leading_out)}: what is there is no part of the source, "
    text += "and no copy was asked for it."
    yield Finding(RULE.id, Status.PASS, Severity.NOTE, source.name, text, _OUTSIDE)
