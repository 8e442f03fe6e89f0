"""Copies in other hands cannot be read there."""

from __future__ import annotations

from verifier.inventory import Evidence, Location
from verifier.rules._backups import Word, all_of, backups, doubtful
from verifier.rules._model import Gate, Rule, Status
from verifier.rules._view import View

__all__ = ["RULE", "judge"]

RULE = Rule(
    id="encrypted",
    title="Copies are encrypted where the policy asks for it",
    risk="Who finds the disk, or works at the provider, reads everything that the copy holds.",
    remediation="Encrypt the copies that leave the house, and keep the key in two places.",
)


def judge(view: View) -> Gate:
    """Ask for encryption of all copies, of those elsewhere, or of none, as the policy says.

    A copy is elsewhere when its site is not the source's, or an account or provider holds it.

    Parameters
    ----------
    view : View
        The prepared inventory.

    Returns
    -------
    Gate
    """
    asked = view.policy.require_encryption
    wanted = {"none": "none", "all": "every copy", "elsewhere": "every copy elsewhere"}[asked]
    concerned = [place for place in backups(view) if _is_concerned(view, place)]
    gate = all_of(view, [_word(place) for place in concerned], wanted)
    unread = any(_is_concerned(view, place) for place in doubtful(view))
    if asked == "none" or (not concerned and not unread):
        reason = "the policy asks for none" if asked == "none" else "no copy is in other hands"
        return Gate(Status.PASS, "0 of 0", wanted, Evidence.MEASURED, reason)
    return gate


def _is_concerned(view: View, place: Location) -> bool:
    if view.policy.require_encryption != "elsewhere":
        return view.policy.require_encryption == "all"
    domains, home = place.domains, view.inventory.source.domains.site.value
    if domains.account.value or domains.provider.value:
        return True
    return domains.site.value is not None and domains.site.value != home


def _word(place: Location) -> Word:
    known = place.encrypted
    if known.value is None:
        return Status.UNKNOWN, f"whether {place.name} is encrypted is not known", Evidence.UNKNOWN
    if known.value:
        return Status.PASS, f"{place.name} is encrypted", known.evidence
    return Status.FAIL, f"{place.name} is not encrypted", known.evidence
