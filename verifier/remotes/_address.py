"""Whether a server's name or address is one of the user's own network."""

from __future__ import annotations

import ipaddress

from verifier.neighbours import is_here, within

__all__ = ["is_here", "is_private", "within"]


def is_private(server: str) -> bool:
    """Tell whether a name or address is of a network of one's own: ``nas.local``, 192.168.1.5."""
    try:
        return ipaddress.ip_address(server).is_private
    except ValueError:
        return "." not in server or server.endswith((".local", ".lan", ".home", ".internal"))
