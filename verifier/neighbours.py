"""Servers that stand on this very machine: at an address of its own, or on a network within it."""

from __future__ import annotations

from verifier.access import AccessError
from verifier.host import Host
from verifier.mounts import is_own_address, parse_fib_trie, parse_hosts
from verifier.networks import address_of, link_to, parse_if_inet6, parse_routes

__all__ = ["is_here", "within"]

_NETWORKS = "/sys/class/net"
_ETHERNET = "1"  # ARPHRD_ETHER; tunnels have types of their own


def is_here(host: Host, server: str) -> bool:
    """Tell whether a server's name or address is one of this machine's own.

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
    own = parse_fib_trie(_text(host, "/proc/net/fib_trie"))
    own |= parse_if_inet6(_text(host, "/proc/net/if_inet6"))
    names = parse_hosts(_text(host, "/etc/hosts"))
    try:
        called = host.hostname()
    except AccessError:
        called = "localhost"
    return any(
        is_own_address(one, called, own, names) for one in (server, *_addresses(host, server))
    )


def within(host: Host, *servers: str) -> str:
    """Say on which network within this machine a server is, as containers and virtual machines are.

    Of a pair of virtual interfaces (veth) and of a bridge without a way out both ends are here. A
    tunnel (WireGuard, tun, tap, PPP), a VLAN, a bond and a bridge with a port of the machine lead
    elsewhere, and so may what lies behind a gateway.

    Parameters
    ----------
    host : Host
        This machine.
    *servers : str
        Names and addresses of one server.

    Returns
    -------
    str
        Empty if it is on none.
    """
    for server in servers:
        for address in (server, *_addresses(host, server)):
            name = _link(host, address)
            if name and _stays_here(host, name):
                return (
                    f"{server} is on {name}, a network within this machine, as that of a container "
                    "or of a virtual machine"
                )
    return ""


def _addresses(host: Host, server: str) -> tuple[str, ...]:
    """Return the addresses of a name, by ``/etc/hosts`` or by whom the system asks."""
    server = server.lower().rstrip(".")
    if not server or address_of(server) is not None:
        return ()
    known = parse_hosts(_text(host, "/etc/hosts")).get(server, frozenset())
    if known:
        return tuple(sorted(known))
    kept = f"addresses {server}"
    if kept not in host.kept:
        try:
            host.kept[kept] = host.addresses(server)
        except AccessError:
            host.kept[kept] = ()
    found = host.kept[kept]
    return found if isinstance(found, tuple) else ()


def _link(host: Host, server: str) -> str | None:
    """Return the interface that an address is attached to."""
    zone = server.partition("%")[2]
    address = address_of(server)
    if address is None or address.is_loopback:
        return None
    if zone:
        return zone if "/" not in zone else None
    table = "/proc/net/route" if address.version == 4 else "/proc/net/ipv6_route"
    return link_to(parse_routes(_text(host, table)), address)


def _stays_here(host: Host, name: str) -> bool:
    """Tell whether all that is attached to an interface is on this machine."""
    if not _is_virtual(host, name):
        return False
    kind = _kind(host, name)
    if kind == "bridge":
        try:
            ports = host.listdir(f"{_NETWORKS}/{name}/brif")
        except AccessError:
            return False
        return not any(_leads_out(host, port) for port in ports)
    return not kind and not _has_lower(host, name) and _is_pair(host, name)


def _leads_out(host: Host, port: str) -> bool:
    """Tell whether a port of a bridge has more behind it than a container or a virtual machine."""
    return not _is_virtual(host, port) or bool(_kind(host, port)) or _has_lower(host, port)


def _is_virtual(host: Host, name: str) -> bool:
    try:
        return host.resolve(f"{_NETWORKS}/{name}").startswith("/sys/devices/virtual/")
    except AccessError:
        return False


def _kind(host: Host, name: str) -> str:
    """Return what the kernel calls this type of interface; a veth and a tap have no such name."""
    lines = _text(host, f"{_NETWORKS}/{name}/uevent").split("\n")
    return next((line[8:] for line in lines if line.startswith("DEVTYPE=")), "")


def _is_pair(host: Host, name: str) -> bool:
    """Tell whether an interface without a type is a veth, rather than a tap or a tunnel."""
    folder = f"{_NETWORKS}/{name}"
    if _text(host, f"{folder}/type").strip() != _ETHERNET or _text(host, f"{folder}/tun_flags"):
        return False
    own, peer = (_text(host, f"{folder}/{word}").strip() for word in ("ifindex", "iflink"))
    if own != peer:
        return True
    # the other end may bear the same number in its name space; a port of Open vSwitch always does
    return not _is_virtual(host, "ovs-system")


def _has_lower(host: Host, name: str) -> bool:
    try:
        return any(one.startswith("lower_") for one in host.listdir(f"{_NETWORKS}/{name}"))
    except AccessError:
        return False


def _text(host: Host, path: str) -> str:
    try:
        return host.read_text(path)
    except AccessError:
        return ""
