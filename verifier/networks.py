"""The kernel's tables of this machine's networks: which interface an address is attached to."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Address", "Route", "address_of", "link_to", "parse_if_inet6", "parse_routes"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GATEWAY, _REJECT = 0x2, 0x200  # RTF_GATEWAY, RTF_REJECT of linux/route.h
_HEX = re.compile(r"[0-9a-fA-F]{1,32}")


@dataclass(frozen=True, slots=True)
class Route:
    """One way to a network.

    Parameters
    ----------
    network : ipaddress.IPv4Network or ipaddress.IPv6Network
        What it leads to.
    interface : str
        By which interface.
    direct : bool
        Whether the network is attached to that interface, without a gateway between.
    metric : int
        Of two ways to one network the lower goes first.
    """

    network: ipaddress.IPv4Network | ipaddress.IPv6Network
    interface: str
    direct: bool
    metric: int


def address_of(server: str) -> Address | None:
    """Return a server's address if it is called by one, IPv4 in IPv6 as IPv4; None for a name."""
    try:
        found = ipaddress.ip_address(server)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def parse_routes(text: str) -> tuple[Route, ...]:
    """Read ``/proc/net/route`` or ``/proc/net/ipv6_route``; lines that do not fit are skipped.

    Parameters
    ----------
    text : str
        The file's content.

    Returns
    -------
    tuple of Route
        Without those that lead nowhere.
    """
    found = []
    for line in text.split("\n"):
        words = line.split()
        try:
            route = _of_ipv6(words) if len(words) == 10 else _of_ipv4(words)
        except (IndexError, ValueError):
            continue
        if route is not None:
            found.append(route)
    return tuple(found)


def parse_if_inet6(text: str) -> frozenset[str]:
    """Return this machine's own IPv6 addresses from ``/proc/net/if_inet6``."""
    words = (line.split()[:1] for line in text.split("\n"))
    return frozenset(
        str(ipaddress.IPv6Address(int(word[0], 16)))
        for word in words
        if word and len(word[0]) == 32 and _HEX.fullmatch(word[0])
    )


def link_to(routes: Iterable[Route], address: Address) -> str | None:
    """Return the interface that an address is attached to; None if a gateway lies between."""
    ways = [route for route in routes if address in route.network]
    best = max(ways, key=lambda way: (way.network.prefixlen, -way.metric), default=None)
    return best.interface if best is not None and best.direct else None


def _of_ipv4(words: list[str]) -> Route | None:
    interface, to, flags, metric, mask = words[0], words[1], words[3], words[6], words[7]
    if int(flags, 16) & _REJECT:
        return None
    network = ipaddress.IPv4Network((_swapped(to), str(ipaddress.IPv4Address(_swapped(mask)))))
    return Route(network, interface, not int(flags, 16) & _GATEWAY, int(metric[:10]))


def _of_ipv6(words: list[str]) -> Route | None:
    flags = int(words[8], 16)
    if flags & _REJECT:
        return None
    network = ipaddress.IPv6Network((int(words[0], 16), int(words[1], 16)))
    return Route(network, words[9], not flags & _GATEWAY, int(words[5], 16))


def _swapped(word: str) -> int:
    """Read an address as the kernel writes it on machines whose low byte comes first."""
    return int.from_bytes(bytes.fromhex(word), "little")
