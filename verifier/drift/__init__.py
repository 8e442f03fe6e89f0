"""Drift: what changed in the copies since earlier audits, and whether it should have."""

from __future__ import annotations

from verifier.drift._alarm import Alarm, Level, alarm, usual_limit
from verifier.drift._between import Difference, between, same_time
from verifier.drift._content import PIECE_BYTES, Look, ending_of, entropy, looks, random_bytes
from verifier.drift._held import HELD, alarmed
from verifier.drift._history import (
    MOST_JUDGED,
    Doubted,
    History,
    rotten,
    suspects,
    unlike_the_source,
)
from verifier.drift._summary import NAMED, Sampled, sample, summed, with_content
from verifier.drift._witnesses import Sight, judged

__all__ = [
    "HELD",
    "MOST_JUDGED",
    "NAMED",
    "PIECE_BYTES",
    "Alarm",
    "Difference",
    "Doubted",
    "History",
    "Level",
    "Look",
    "Sampled",
    "Sight",
    "alarm",
    "alarmed",
    "between",
    "ending_of",
    "entropy",
    "judged",
    "looks",
    "random_bytes",
    "rotten",
    "same_time",
    "sample",
    "summed",
    "suspects",
    "unlike_the_source",
    "usual_limit",
    "with_content",
]
