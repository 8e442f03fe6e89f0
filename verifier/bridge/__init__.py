"""The bridge: what an audit found becomes a layout, and a layout gets its probability.

Every gap that is filled on the way is an assumption with its evidence. Where it is unknown whether
a location is an independent copy there are two layouts, one without it and one with it.
"""

from __future__ import annotations

from verifier.bridge._advice import Advice, Proposal, advise
from verifier.bridge._commands import (
    Risk,
    advise_command,
    assess,
    layout_command,
    risk_command,
)
from verifier.bridge._layouts import Assumption, Bridged, to_layouts

__all__ = [
    "Advice",
    "Assumption",
    "Bridged",
    "Proposal",
    "Risk",
    "advise",
    "advise_command",
    "assess",
    "layout_command",
    "risk_command",
    "to_layouts",
]
