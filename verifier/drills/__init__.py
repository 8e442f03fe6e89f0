"""Restore drills: one file a family of kinds; what comes back is compared with the source.

A family opens the newest consistent point and brings files of it into a private scratch folder,
with the tool that somebody in need would use. Only what was asked for, came back and was compared
with the source makes depth ``RESTORE``; where the source cannot be read, a tool that compares its
own digests proves no more than depth ``BYTES``, and the depth stays what the probe reached.
"""

from verifier.drills._choice import fresh_seed
from verifier.drills._drill import drilled
from verifier.drills._model import DEFAULT_FILES, Wish
from verifier.drills._registry import FAMILIES, family_of
from verifier.drills._scratch import scratch_parent

__all__ = [
    "DEFAULT_FILES",
    "FAMILIES",
    "Wish",
    "drilled",
    "family_of",
    "fresh_seed",
    "scratch_parent",
]
