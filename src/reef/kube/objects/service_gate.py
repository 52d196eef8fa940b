"""The pod that takes the calls of a fleet's shared services, wakes their Deployments, and lets them sleep. Its account
may set the number of pods of those Deployments, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from reef.fleet.model import ServiceSpec
from reef.kube import labels
from reef.kube.objects.meta import digest, metadata
from reef.kube.objects.reef_parts import RESTRICTED
from reef.kube.objects.shared_service import CALLERS, PORT, pods_name, service_address

NAME = "reef-services"
COMPONENT = "service-gate"
FOLDER = "/reef/gate"
FILE = f"{FOLDER}/gate.json"
FIRST_PORT = 4271
GATES = {labels.PART_OF: "reef", labels.COMPONENT: COMPONENT}
_API = "rbac.authorization.k8s.io"
_REQUESTS = {"requests": {"cpu": "10m", "memory": "48Mi"}, "limits": {"memory": "512Mi"}}


def service_gate(
    services: Sequence[tuple[str, ServiceSpec]], namespace: str, image: str
) -> list[dict[str, Any]]:
    """`services`: the name of the objects of each, a DNS label, and what it is. `image`: Reef's own."""
    ports = {name: FIRST_PORT + number for number, (name, _) in enumerate(services)}
    gated = [_gated(name, spec, namespace, ports[name]) for name, spec in services]
    data = {FILE.rpartition("/")[2]: msgspec.json.encode({"services": gated}).decode() + "\n"}
    return [
        {**_head("v1", "ServiceAccount", namespace), "automountServiceAccountToken": False},
        {
            **_head(f"{_API}/v1", "Role", namespace),
            "rules": [
                {
                    "apiGroups": ["apps"],
                    "resources": ["deployments/scale"],
                    "resourceNames": sorted(ports),
                    "verbs": ["patch"],
                }
            ],
        },
        {
            **_head(f"{_API}/v1", "RoleBinding", namespace),
            "roleRef": {"apiGroup": _API, "kind": "Role", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace}],
        },
        {**_head("v1", "ConfigMap", namespace), "data": data},
        _deployment(ports, data, namespace, image),
        {
            **_head("networking.k8s.io/v1", "NetworkPolicy", namespace),
            "spec": {
                "podSelector": {"matchLabels": GATES},
                "policyTypes": ["Ingress"],
                "ingress": [
                    {"from": CALLERS, "ports": [{"protocol": "TCP", "port": port} for port in ports.values()]}
                ],
            },
        },
        *(_service(name, port, namespace) for name, port in ports.items()),
    ]


def _gated(name: str, spec: ServiceSpec, namespace: str, port: int) -> dict[str, Any]:
    fewest, most = spec.replicas
    return {
        "name": spec.name,
        "deployment": name,
        "target": service_address(pods_name(name), namespace),
        "port": port,
        "idle_timeout_s": spec.idle_timeout_s,
        "start_timeout_s": spec.start_timeout_s,
        "most_calls": (spec.at_once + spec.waiting) * most,
        "fewest": fewest,
    }


def _head(version: str, kind: str, namespace: str) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": metadata(NAME, namespace, COMPONENT)}


def _service(name: str, port: int, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, namespace, COMPONENT, label={labels.SERVICE: name}),
        "spec": {
            "type": "ClusterIP",
            "selector": dict(GATES),
            "ports": [{"name": "grpc", "protocol": "TCP", "port": PORT, "targetPort": port}],
        },
    }


def _deployment(ports: dict[str, int], data: dict[str, str], namespace: str, image: str) -> dict[str, Any]:
    """One pod, never two: which calls are under way is known to it alone."""
    container = {
        "name": COMPONENT,
        "image": image,
        "command": ["reef", "service-gate"],
        "env": [
            {
                "name": "REEF_NAMESPACE",
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}},
            }
        ],
        "ports": [{"containerPort": port, "protocol": "TCP"} for port in ports.values()],
        "readinessProbe": {"tcpSocket": {"port": min(ports.values())}, "periodSeconds": 2},
        "resources": _REQUESTS,
        "securityContext": dict(RESTRICTED),
        "volumeMounts": [
            {"name": "config", "mountPath": FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    return {
        **_head("apps/v1", "Deployment", namespace),
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": dict(GATES)},
            "template": {
                "metadata": {"labels": dict(GATES), "annotations": {labels.MADE_FROM: digest(data)}},
                "spec": {
                    "serviceAccountName": NAME,
                    "automountServiceAccountToken": True,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 30,
                    "containers": [container],
                    "volumes": [
                        {"name": "config", "configMap": {"name": NAME}},
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            },
        },
    }
