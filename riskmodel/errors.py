"""Every error that this project raises on purpose.

::

    ThreeTwoOneError
    ├── InputError            what was given cannot be used (commands exit 2)
    │   ├── UnitError         a quantity without a unit, or with one of the wrong kind
    │   ├── LayoutError       a layout file or object breaks a rule
    │   └── NotSimulated      a key that the format knows and the chosen method does not act on
    ├── StateSpaceTooLarge    `exact` cannot hold this layout; `events` can
    └── WorkersLost           processes or a cluster ended before the run did

    KeyboardInterrupt
    └── Interrupted           Ctrl-C in a run whose checkpoint keeps what was done
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

__all__ = [
    "InputError",
    "Interrupted",
    "LayoutError",
    "NotSimulated",
    "StateSpaceTooLarge",
    "ThreeTwoOneError",
    "UnitError",
    "WorkersLost",
    "did_you_mean",
    "one_line",
    "printable",
]

# controls, separators of lines and paragraphs, and what turns the direction of writing
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class ThreeTwoOneError(Exception):
    """Base of all errors raised on purpose."""


class InputError(ThreeTwoOneError, ValueError):
    """Something that was given cannot be used; the message says where, what and why."""


class UnitError(InputError):
    """A quantity lacks its unit, or has one of the wrong kind."""


class LayoutError(InputError):
    """A layout breaks a rule of the format."""


class NotSimulated(InputError):
    """The format knows a key, but the method that was asked for does not act on it."""


class StateSpaceTooLarge(ThreeTwoOneError):
    """The exact method has no finite or no affordable state space for this layout."""


class WorkersLost(ThreeTwoOneError):
    """Processes or a cluster that ran trials are gone before the run ended."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C stopped a run; the message says what its checkpoint keeps."""


def printable(text: str) -> str:
    """Return text without what could steer a terminal: names of files may hold anything."""
    kept = (c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)
    return "".join(kept).encode("utf-8", "replace").decode("utf-8")


def one_line(text: str) -> str:
    """Return text with escapes for what breaks a line, steers a terminal or turns its direction."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def did_you_mean(name: str, known: Iterable[str], *, shown: int = 12) -> str:
    """Return a hint that names the nearest known word and then all known ones.

    Parameters
    ----------
    name : str
        The word that is not known.
    known : iterable of str
        The words that are.
    shown : int
        How many of the known words are listed at most.

    Returns
    -------
    str
        For example ``"; did you mean 'hdd'? known: hdd, lto-9"``; empty if nothing is known.
    """
    words = sorted(set(known))
    if not words:
        return ""
    folded = {word.casefold(): word for word in reversed(words)}
    near = difflib.get_close_matches(name, words, n=1, cutoff=0.5)
    if name.casefold() in folded:
        near = [folded[name.casefold()]]
    listed = ", ".join(words[:shown]) + (", …" if len(words) > shown else "")
    hint = f"; did you mean '{near[0]}'?" if near else ";"
    return f"{hint} known: {listed}"
