"""The article's first model: a pod that always runs, and a Service, for each location."""

from __future__ import annotations

from typing import Any

from lab.world import SAFE


def model_1(name: str, image: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A location as the official chart runs it: a Deployment that always runs, and its Service."""
    pods = {"component": "user-deployments", "deployment": name}
    args = ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", "4000", "-f", "/opt/app/defs.py"]  # noqa: S104
    health = {"tcpSocket": {"port": 4000}, "periodSeconds": 1}
    container = {
        "name": "server",
        "image": image,
        "args": args,
        "securityContext": SAFE,
        "readinessProbe": health,
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"old-{name}"},
        "spec": {
            "selector": {"matchLabels": pods},
            "template": {"metadata": {"labels": pods}, "spec": {"containers": [container]}},
        },
    }
    meta = {
        "name": name,
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"meta.helm.sh/release-name": "dagster"},
    }
    port = {"name": "grpc", "port": 4000, "targetPort": 4000}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": meta}
    return deployment, {**service, "spec": {"selector": pods, "ports": [port]}}
