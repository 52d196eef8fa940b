"""A pod for each location, with the shape that the official chart gives it: what Reef is compared with.

The chart itself is not here; its Deployment, its Service and its probe are written down as it makes them.
"""

from __future__ import annotations

from typing import Any

from lab import dagster_objects
from lab.fleet import Member

PROBE = {
    "exec": {"command": ["dagster", "api", "grpc-health-check", "-p", "4000"]},
    "periodSeconds": 20,
    "timeoutSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}


# What the daemon tells a code server of its instance names this variable. Optional: some measure without a database.
_PASSWORD = {"name": dagster_objects.SECRET, "key": dagster_objects.KEY}
LIGHT = {"tcpSocket": {"port": 4000}, "periodSeconds": 5}


def standing(
    member: Member,
    namespace: str,
    replicas: int = 1,
    probe: dict[str, Any] = PROBE,
    memory: int | None = None,
) -> list[dict[str, Any]]:
    """Its Deployment and its Service. `probe`: another one than the chart's, which starts a Python every 20 s in each
    pod: forty of them are more than two processors can do. `memory`: bytes that it requests."""
    name = member.name
    labels = {"component": "user-deployments", "deployment": name}
    entry = member.deployment()
    container = {
        "name": "dagster-user-deployments",
        "image": member.image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", "4000", *entry["dagsterApiGrpcArgs"]],  # noqa: S104
        "env": [
            {"name": "DAGSTER_CURRENT_IMAGE", "value": member.image},
            {"name": "DAGSTER_PG_PASSWORD", "valueFrom": {"secretKeyRef": {**_PASSWORD, "optional": True}}},
        ],
        "envFrom": [{"secretRef": each} for each in entry.get("envSecrets", ())],
        "ports": [{"name": "grpc", "containerPort": 4000, "protocol": "TCP"}],
        "readinessProbe": probe,
        "securityContext": entry["securityContext"],
    }
    if memory is not None:
        container["resources"] = {"requests": {"memory": str(memory)}}
    pod = {
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "containers": [container, *entry.get("sidecarContainers", ())],
    }
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": f"dagster-user-{name}", "namespace": namespace, "labels": labels},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": labels,
                "annotations": {"meta.helm.sh/release-name": "dagster"},
            },
            "spec": {
                "selector": labels,
                "ports": [{"name": "grpc", "port": 4000, "targetPort": "grpc", "protocol": "TCP"}],
            },
        },
    ]
