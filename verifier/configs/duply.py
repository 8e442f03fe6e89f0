"""duply: profiles of duplicity."""

from __future__ import annotations

from verifier.configs._model import Configured, assignments, without_password

__all__ = ["PLACES", "parse"]

PLACES = ("/etc/duply/*/conf", "~/.duply/*/conf")


def parse(text: str, where: str) -> tuple[Configured, ...]:
    """Read a profile; passwords are not kept.

    Parameters
    ----------
    text : str
        The file ``conf``.
    where : str
        Its path.

    Returns
    -------
    tuple of Configured
        None if it has no target.
    """
    found = assignments(text)
    target, source = found.get("TARGET", ""), found.get("SOURCE", "")
    if not target or "$" in target:
        return ()
    age, fulls = found.get("MAX_AGE"), found.get("MAX_FULL_BACKUPS")
    kept = [f"for {age}" if age else "", f"{fulls} full backups" if fulls else ""]
    address = without_password(target)
    for scheme in ("file://", "local://"):
        address = address.removeprefix(scheme)
    sources = (source,) if source else ()
    retention = f"kept {', '.join(filter(None, kept))}" if any(kept) else ""
    return (Configured("duply", address, where, "duplicity", sources=sources, retention=retention),)
