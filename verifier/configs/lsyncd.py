"""lsyncd: a mirror that is always running, described in Lua."""

from __future__ import annotations

import re

from verifier.configs._model import Configured

__all__ = ["PLACES", "parse"]

PLACES = ("/etc/lsyncd/lsyncd.conf.lua", "/etc/lsyncd.conf", "/etc/lsyncd.conf.lua")
_MOST = 100_000  # characters: nobody writes more by hand
_SYNC = re.compile(r"\bsync\s*\{(.*?)\n?\}", re.DOTALL)
_FIELD = re.compile(
    r"\b(source|target|host|targetdir|delete)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|(\w+))"
)


def parse(text: str, where: str) -> tuple[Configured, ...]:
    """Read a configuration of lsyncd as far as it is plain data.

    Parameters
    ----------
    text : str
        The file.
    where : str
        Its path.

    Returns
    -------
    tuple of Configured
        One for each target.
    """
    text = re.sub(r"--\[\[.*?\]\]", "", text[:_MOST], flags=re.DOTALL)
    text = re.sub(r"--[^\n]*", "", text)
    found = []
    for block in _SYNC.finditer(text):
        fields = {one[1]: one[2] or one[3] or one[4] or "" for one in _FIELD.finditer(block[1])}
        target = fields.get("target") or fields.get("targetdir", "")
        if fields.get("host") and target:
            target = f"{fields['host']}:{target}"
        if not target:
            continue
        # lsyncd deletes at the target unless it is told otherwise
        kept = fields.get("delete") in {"false", "startup"}
        mirrors = "" if kept else f"lsyncd repeats every change at once ({where})"
        sources = (fields["source"],) if fields.get("source") else ()
        found.append(
            Configured("lsyncd", target, where, None, sources, mirrors=mirrors, interval_hours=0.0)
        )
    return tuple(found)
