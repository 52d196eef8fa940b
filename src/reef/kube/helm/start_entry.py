"""How one deployment starts its server, and what that loads."""

from __future__ import annotations

from typing import Any

from reef.fleet.document import Item
from reef.fleet.shared import Code
from reef.kube.findings import Finding, about
from reef.kube.helm.arguments import SHORT_OPTIONS, arguments, understood
from reef.kube.helm.tree import entry, text
from reef.kube.helm.values import strings

STARTS = ("dagsterApiGrpcArgs", "codeServerArgs")
_ONE = "has a workspace, and one server loads one location"


def read_start(item: Item, kept: dict[str, Any], findings: list[Finding]) -> dict[str, Any]:
    """`code`, `startCommand` and the like; `kept` gets the arguments where they have other words. Raises ReefError."""
    given = [name for name in STARTS if (each := entry(item, name)) and each.value]
    if not given:
        why = "has no arguments: its image starts the server (startCommand: image)"
        findings.append(about("changed", item, why))
        return {"startCommand": "image"}
    if len(given) > 1:
        ignored = item.entries["codeServerArgs"]
        kept["codeServerArgs"] = ignored.value
        findings.append(about("kept", ignored, "the chart takes dagsterApiGrpcArgs and not this"))
    start = item.entries[given[0]]
    written = strings(start) or []
    if "-w" in written or "--workspace" in written:
        raise start.error(_ONE, "`reef import workspace` reads the file")
    said = understood(_parted(start, written, findings))
    _say_listening(start, text(item, "port"), said.listen, findings)
    if arguments(said.code, said.working_directory, said.rest) != written:
        kept[given[0]] = written  # the same in other words
    found: dict[str, Any] = {
        "code": Code(**said.code) if said.code else None,
        "working_directory": said.working_directory,
        "serverArgs": list(said.rest),
        "startCommand": "code-server" if given[0] == "codeServerArgs" else None,
    }
    return {name: value for name, value in found.items() if value}


def _parted(item: Item, written: list[str], findings: list[Finding]) -> list[str]:
    """`-m sales` as one argument would make Dagster look for a module whose name begins with a space."""
    parted = []
    for each in written:
        option, space, value = each.partition(" ")
        if space and option in SHORT_OPTIONS:
            said = f"{each!r} is one argument with a space in it; taken as two"
            findings.append(about("changed", item, said))
            parted += [option, value.strip()]
        else:
            parted.append(each)
    return parted


def _say_listening(
    item: Item, port: str | None, listen: tuple[tuple[str, str], ...], findings: list[Finding]
) -> None:
    for option, value in listen:
        if option in ("-h", "--host") or (option in ("-p", "--port") and value == port):
            why = "the chart gives host and port itself"
        elif option in ("-p", "--port"):
            why = f"the Service leads to port {port}, so nobody could reach it"
        else:
            why = "Reef reaches the server by its port"
        findings.append(about("changed", item, f"{option} {value} is left out: {why}"))
