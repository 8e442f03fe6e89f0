"""What a remote gives to the probes once it is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from verifier.host import Host
from verifier.inventory import Location

__all__ = ["Digest", "Here", "Link", "ToolAddress"]


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest of a whole file, by its `hashlib` name; `read` tells whether bytes were read for it.

    One that is not `read` was made when the file was written, and is kept beside it.
    """

    algorithm: str
    hexadecimal: str
    read: bool = False


@dataclass(frozen=True, slots=True)
class ToolAddress:
    """What a program is given to open the same place; `host` adds the secrets that it needs."""

    host: Host
    address: str


@dataclass(frozen=True, slots=True)
class Here:
    """An address that means a path of this very machine."""

    path: str
    why: str


class Link(Protocol):
    """A remote place that was reached.

    ``host`` reads it, ``path`` is where the location is in it, ``kind`` what a plain tree there is
    called. `located` adds what is known before anything is read, `finished` what needs a look at
    what was found; each fact that nobody may see stays unknown, with the reason.
    """

    @property
    def kind(self) -> str:
        """What a plain tree there is called."""
        ...

    @property
    def host(self) -> Host:
        """Reads the place, and this machine's paths."""
        ...

    @property
    def path(self) -> str:
        """Where the location is."""
        ...

    def located(self, found: Location) -> Location:
        """Add domains, medium and whatever else the place itself tells."""
        ...

    def finished(self, found: Location) -> Location:
        """Add what depends on the files."""
        ...

    def kept(self, path: str, *, read: bool) -> Digest | None:
        """Return a digest of one file that is to be had without fetching it through the host.

        With ``read`` only one for which its bytes are read counts.
        """
        ...

    def opened_by(self, kind: str) -> ToolAddress | None:
        """Return how the program of a kind opens the place; None if it cannot."""
        ...

    def close(self) -> None:
        """Leave."""
        ...
