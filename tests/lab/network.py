"""The lab's network: one link for all machines, which leads nowhere else.

A machine is a network namespace. `control` has the bridge; no device of it is in the namespace that the lab was
started from, so that nothing in the lab reaches this machine's network, nor the other way round.
"""

from __future__ import annotations

from lab.machine import Machine

CONTROL = "192.168.77.1"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
PODS = "10.244.0.0/16"
_PREFIX = 24
_BRIDGE = "lab0"


def address(number: int) -> str:
    """Of node 1, 2, …"""
    return f"192.168.77.{10 + number}"


def pods(number: int) -> str:
    """The addresses of a node's pods."""
    return f"10.244.{number}.0/{_PREFIX}"


def lay_control(control: Machine) -> None:
    control.ip("link", "set", "lo", "up")
    control.ip("link", "add", _BRIDGE, "type", "bridge")
    control.ip("address", "add", f"{CONTROL}/{_PREFIX}", "dev", _BRIDGE)
    control.ip("link", "set", _BRIDGE, "up")
    _forward(control)


def lay_node(control: Machine, node: Machine, number: int, nodes: int) -> None:
    """Its cable, and the routes to the pods of the others."""
    port = f"port{number}"
    control.ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(node.pid))
    control.ip("link", "set", port, "master", _BRIDGE, "up")
    node.ip("link", "set", "lo", "up")
    node.ip("address", "add", f"{address(number)}/{_PREFIX}", "dev", "eth0")
    node.ip("link", "set", "eth0", "up")
    node.ip("route", "add", "default", "via", CONTROL)
    for other in range(1, nodes + 1):
        if other != number:
            node.ip("route", "add", pods(other), "via", address(other))
    control.ip("route", "replace", pods(number), "via", address(number))
    if number == 1:  # whoever is in the control plane's namespace reaches Services through the first node
        control.ip("route", "replace", SERVICES, "via", address(number))
    _forward(node)


def _forward(machine: Machine) -> None:
    machine.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
