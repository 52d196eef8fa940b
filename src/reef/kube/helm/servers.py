"""The servers that the chart's webserver may be given: there a location can have another name than its Service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from msgspec.structs import replace as with_fields

from reef.fleet.document import Item
from reef.kube.findings import Finding, about
from reef.kube.helm.tree import entry, maps, text
from reef.kube.model import CodeLocation

_WEBSERVERS = ("dagsterWebserver", "dagit")
_DEEPEST = 3


def named(root: Item, locations: Sequence[CodeLocation], findings: list[Finding]) -> list[CodeLocation]:
    """The locations with the names that Dagster knows them by. Its history hangs on these."""
    servers = {host.partition(".")[0]: item for item in _servers(root) if (host := text(item, "host"))}
    if not servers:
        return list(locations)
    for host, item in servers.items():
        if host not in {each.name for each in locations}:
            why = "its server is of another release: import that one's values too, or make it an external location"
            findings.append(about("lost", item, why))
    return [_named(each, servers.get(each.name), findings) for each in locations]


def _named(location: CodeLocation, server: Item | None, findings: list[Finding]) -> CodeLocation:
    if server is None:
        why = "it is not among the servers of the webserver's workspace: Dagster does not show it today"
        findings.append(Finding("changed", location.name, why))
        return location
    name = text(server, "name")
    if name is None or name == location.name:
        return location
    return replace(location, spec=with_fields(location.spec, location_name=name))


def _servers(root: Item) -> Iterator[Item]:
    for _, item in maps(root, _DEEPEST):
        for webserver in _WEBSERVERS:
            workspace = entry(item, webserver, "workspace")
            enabled, servers = entry(workspace, "enabled"), entry(workspace, "servers")
            if enabled is not None and enabled.value is True and servers is not None:
                yield from servers.elements
