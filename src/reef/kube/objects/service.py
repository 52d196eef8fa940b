"""The Service of a location: its name and port stay, and it leads to the gateways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reef.kube import labels
from reef.kube.model import CodeLocation
from reef.kube.objects.meta import location_owner, metadata

PORT_NAME = "grpc"


def service(
    location: CodeLocation, namespace: str, uid: str, gateway_port: int, gateway_labels: Mapping[str, str]
) -> dict[str, Any]:
    """`uid` is the CodeLocation's; `gateway_labels` choose the gateways' pods, `gateway_port` is the listener there."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(
            location.name,
            namespace,
            "location",
            label={labels.LOCATION: location.name},
            annotations=(location.spec.service.annotations or None) if location.spec.service else None,
            owners=(location_owner(location.name, uid),),
        ),
        "spec": {
            "type": "ClusterIP",
            "selector": dict(gateway_labels),
            "ports": [
                {
                    "name": PORT_NAME,
                    "protocol": "TCP",
                    "port": location.port,
                    "targetPort": gateway_port,
                }
            ],
        },
    }


def address(location: CodeLocation, namespace: str) -> str:
    """HOST:PORT of its Service, for people."""
    return f"{location.name}.{namespace}:{location.port}"
