"""What each kind of location is, in words."""

from __future__ import annotations

import inspect

from verifier.depths import depth_text
from verifier.probes import PROBES

__all__ = ["kind_documents"]

_ELSEWHERE = {
    "s3": "s3:https://HOST/BUCKET/PREFIX",
    "sftp": "sftp://USER@HOST/PATH",
    "rclone": "REMOTE:PATH",
}


def kind_documents() -> dict[str, dict[str, str]]:
    """Say of each kind of location how it is told, from its probe's own words."""
    told = {}
    for entry in PROBES:
        module = inspect.getmodule(entry.detect)
        text = " ".join((inspect.getdoc(module) or "").partition("\n\n")[0].split())
        how = " ".join((inspect.getdoc(entry.collect) or "").partition("\n")[0].split())
        for kind in entry.kinds:
            found = "found by its signature" if entry is not PROBES[-1] else "any other folder"
            words = f"{text} It is {found}. {how} {depth_text(kind)}"
            told[kind] = {"kind": kind, "text": words.strip()}
    text = (
        "What no probe reaches, taken at your word: it never gives an unqualified pass. Say files, "
    )
    text += "bytes, newest, media and last_seen where you know them."
    told["declared"] = {"kind": "declared", "text": text}
    for place, address in _ELSEWHERE.items():
        text = f"Not a kind, but a place: any kind may lie there. Say address = '{address}'."
        told[place] = {"kind": place, "text": text}
    return told
