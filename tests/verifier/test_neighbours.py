"""Which servers stand on this very machine: own addresses, containers; and which do not."""

from __future__ import annotations

import ipaddress
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.needs import needs
from verifier.host import Host
from verifier.neighbours import is_here, within
from verifier.networks import address_of, link_to, parse_if_inet6, parse_routes

ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0
eth0 0001A8C0 00000000 0001 0 0 100 00FFFFFF 0 0 0
docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0
wg0 0000080A 00000000 0001 0 0 0 0000FFFF 0 0 0
cali1 0500080A 00000000 0005 0 0 0 FFFFFFFF 0 0 0
virbr0 007AA8C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
vnet1 0000090A 020011AC 0003 0 0 0 0000FFFF 0 0 0
"""
ROUTES_6 = (
    f"fd17{'0' * 28} 40 {'0' * 32} 00 {'0' * 32} 00000100 00000001 00000000 00000001 docker0\n"
)


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        ("172.17.0.2", "docker0"),
        ("::ffff:172.17.0.2", "docker0"),
        ("10.8.0.1", "wg0"),
        ("10.8.0.5", "cali1"),  # the longest prefix
        ("192.168.1.9", "eth0"),
        ("10.9.0.1", None),  # behind a gateway
        ("8.8.8.8", None),
        ("fd17::2", "docker0"),
        ("fd18::2", None),
    ],
)
def test_the_interface_that_an_address_is_attached_to(server, wanted):
    address = address_of(server)
    assert address is not None
    assert link_to(parse_routes(ROUTES) + parse_routes(ROUTES_6), address) == wanted


def test_lines_that_do_not_fit_are_skipped():
    assert parse_routes("eth0\nx y z\n" + "a " * 10) == ()
    assert parse_if_inet6("fd" + "0" * 29 + "2 02 40 00 80 eth0\nnonsense\n") == {"fd00::2"}


def machine(**interfaces):
    """A machine of which the kernel tells this of its interfaces."""
    facts: dict[str, object] = {
        "hostname": "box",
        "read /proc/net/route": ROUTES,
        "read /proc/net/ipv6_route": ROUTES_6,
        "read /proc/net/if_inet6": "fd" + "0" * 29 + "9 02 40 00 80 eth0\n",
    }
    for name, (where, told) in interfaces.items():
        folder = f"/sys/class/net/{name}"
        facts[f"resolve {folder}"] = f"/sys/devices/{where}/net/{name}"
        ports = told.pop("ports", None)
        facts[f"list {folder}"] = ["uevent", *told.pop("lower", ())]
        if ports is not None:
            facts[f"list {folder}/brif"] = list(ports)
        facts |= {f"read {folder}/{file}": text for file, text in told.items()}
    return Host.replay(facts)


def bridge(*ports):
    return "virtual", {"uevent": "DEVTYPE=bridge\nINTERFACE=x\n", "type": "1\n", "ports": ports}


def veth(own="4", peer="2"):
    return "virtual", {"uevent": "INTERFACE=x\n", "type": "1\n", "ifindex": own, "iflink": peer}


def tap():
    return "virtual", {"uevent": "", "type": "1\n", "tun_flags": "0x1002\n"}


CARD = ("pci0000:00/0000:00:03.0", {"uevent": "INTERFACE=eth0\n", "type": "1\n"})
TUNNEL = ("virtual", {"uevent": "DEVTYPE=wireguard\n", "type": "65534\n"})


@pytest.mark.parametrize(
    ("server", "interfaces", "inside"),
    [
        ("172.17.0.2", {"docker0": bridge()}, True),
        ("172.17.0.2", {"docker0": bridge("veth1"), "veth1": veth()}, True),
        ("fd17::2", {"docker0": bridge()}, True),
        ("192.168.122.7", {"virbr0": bridge("vnet0"), "vnet0": tap()}, True),
        # a bridge with a port of the machine is the LAN, and so is one with a VLAN or a bond
        ("172.17.0.2", {"docker0": bridge("veth1", "eth0"), "veth1": veth(), "eth0": CARD}, False),
        ("172.17.0.2", {"docker0": bridge("bond0"),
                        "bond0": ("virtual", {"uevent": "DEVTYPE=bond\n"})}, False),
        ("10.8.0.5", {"cali1": veth()}, True),
        ("10.8.0.5", {"cali1": veth("4", "4")}, True),  # the other end may bear the same number
        ("10.8.0.5", {"cali1": veth("4", "4"), "ovs-system": veth("3", "3")}, False),
        ("10.8.0.5", {"cali1": tap()}, False),  # a VPN
        ("10.8.0.5", {"cali1": ("virtual", {"type": "1", "lower": ["lower_eth0"]})}, False),
        ("10.8.0.1", {"wg0": TUNNEL}, False),
        ("192.168.1.9", {"eth0": CARD}, False),
        ("10.9.0.1", {"docker0": bridge()}, False),
        ("fe80::1%veth1", {"veth1": veth()}, True),
        ("172.17.0.2", {}, False),
    ],
)  # fmt: skip
def test_only_what_does_not_leave_the_machine_is_within(server, interfaces, inside):
    found = within(machine(**{name: (w, dict(t)) for name, (w, t) in interfaces.items()}), server)
    assert bool(found) is inside
    assert not inside or "a network within this machine" in found


@pytest.mark.parametrize(
    ("server", "here"),
    [("0.0.0.0", True), ("::ffff:127.0.0.1", True), ("fd00::9", True), ("fd00::8", False)],
)
def test_own_addresses_in_other_words(server, here):
    assert is_here(machine(), server) is here


def test_a_name_is_asked_for():
    facts = {"hostname": "box", "addresses s3.example.org": ["127.0.0.1"]}
    assert is_here(Host.replay(facts), "s3.example.org")
    assert not is_here(Host.replay({"hostname": "box"}), "s3.example.org")
    assert is_here(Host(), "127.1")  # as libraries read it


@pytest.fixture
def network() -> Iterator[str]:
    name = f"n{os.getpid()}"
    with ExitStack() as stack:

        def run(*words: str) -> None:
            subprocess.run(("ip", *words), check=True)

        run("netns", "add", name)
        stack.callback(subprocess.run, ("ip", "netns", "delete", name))
        run("link", "add", f"{name}h", "type", "veth", "peer", "name", "eth0", "netns", name)
        stack.callback(subprocess.run, ("ip", "link", "delete", f"{name}h"), capture_output=True)
        run("address", "add", "198.18.77.1/30", "dev", f"{name}h")
        run("link", "set", f"{name}h", "up")
        yield name


@needs("root", "netns")
@pytest.mark.integration
def test_the_other_end_of_a_real_veth_is_within(network):
    assert f"198.18.77.2 is on {network}h" in within(Host(), "198.18.77.2")
    assert is_here(Host(), "198.18.77.1")
    assert not within(Host(), "198.18.77.9")
    assert not within(Host(), str(ipaddress.ip_address("192.0.2.1")))
