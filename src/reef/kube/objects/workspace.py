"""The workspace that Dagster's webserver and daemon read: a server for each location."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reef.kube.model import CodeLocation
from reef.kube.objects.meta import metadata
from reef.kube.objects.released import Owner
from reef.kube.writing import yaml_text

FILE = "workspace.yaml"


def workspace_config_map(
    name: str,
    namespace: str,
    locations: Iterable[tuple[CodeLocation, str]],
    owners: tuple[Owner, ...] = (),
) -> dict[str, Any]:
    """`locations` with the namespace of each; the same bytes for the same locations, whatever their order.

    A host is the Service's name alone where it is in the workspace's own namespace, as the chart writes it: origin ids
    hang on it.
    """
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, namespace, "workspace", owners=owners),
        "data": {FILE: workspace_text(namespace, locations)},
    }


def workspace_text(namespace: str, locations: Iterable[tuple[CodeLocation, str]]) -> str:
    """The file."""
    servers = [_server(location, there, namespace) for location, there in locations]
    ordered = sorted(servers, key=lambda each: (each["location_name"], each["host"]))
    return yaml_text({"load_from": [{"grpc_server": each} for each in ordered]})


def _server(location: CodeLocation, there: str, namespace: str) -> dict[str, Any]:
    host = location.name if there == namespace else f"{location.name}.{there}"
    return {"host": host, "port": location.port, "location_name": location.location_name}
