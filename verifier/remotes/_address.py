"""Whether a server's name or address means this machine, or one of the user's own network."""

from __future__ import annotations

import ipaddress

from verifier.access import AccessError
from verifier.host import Host
from verifier.mounts import is_own_address, parse_fib_trie, parse_hosts

__all__ = ["is_here", "is_private"]


def is_here(host: Host, server: str) -> bool:
    """Tell whether a server is this machine, without asking the network.

    Parameters
    ----------
    host : Host
        This machine.
    server : str
        Name or address.

    Returns
    -------
    bool
    """
    try:
        own = parse_fib_trie(host.read_text("/proc/net/fib_trie"))
    except AccessError:
        own = frozenset()
    try:
        names = parse_hosts(host.read_text("/etc/hosts"))
    except AccessError:
        names = {}
    try:
        called = host.hostname()
    except AccessError:
        called = "localhost"
    return is_own_address(server, called, own, names)


def is_private(server: str) -> bool:
    """Tell whether a name or address is of a network of one's own: ``nas.local``, 192.168.1.5."""
    try:
        return ipaddress.ip_address(server).is_private
    except ValueError:
        return "." not in server or server.endswith((".local", ".lan", ".home", ".internal"))
