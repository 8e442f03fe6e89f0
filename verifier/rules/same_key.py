"""Encryption keys that several copies need, or that are kept only beside the live data."""

from __future__ import annotations

from collections.abc import Iterator

from verifier.rules._layers import meeting
from verifier.rules._model import Finding, Rule, Severity, Status
from verifier.rules._view import View, names

RULE = Rule(
    id="same-key",
    title="Each key opens one copy only, and is kept away from the live data too",
    risk="Without its key an encrypted copy is noise; a key kept only at the source dies with it.",
    remediation="Keep the key or password in another place as well, for example on paper.",
)


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
    yield from meeting(view, RULE, lambda place: place.domains.key, "key", would)
    source = view.inventory.source
    home = {source.name, source.domains.site.value}
    for name, key in view.keys.items():
        users = [place.name for place in view.locations if place.domains.key.value == name]
        if users and key.kept and set(key.kept) <= home:
            text = f"The key {name} of {names(users)} is kept only at the source and dies with it."
            yield Finding(RULE.id, Status.FAIL, Severity.HIGH, None, text, RULE.remediation)
