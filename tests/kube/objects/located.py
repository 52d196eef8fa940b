"""CodeLocations for tests of the objects that are made of them."""

from __future__ import annotations

from typing import Any

import msgspec

from reef.kube.model import CodeLocation, Spec
from reef.kube.objects.released import PackedContainer, PackPlan, ReefPods, Released

REEF = ReefPods("reef/reef:1", pull_secrets=("reef-registry",))
UID = "7d3f5ba5-5a8e-4a3c-9a46-0c4c3b6f2a01"
DIGEST = "@sha256:" + "0f1e2d3c4b5a6978" * 4
NAMESPACE = "data"

# What a location of a pack may say.
FULL: dict[str, Any] = {
    "image": "registry.example:5000/team/sales:1.4.0",
    "imagePullPolicy": "Always",
    "imagePullSecrets": [{"name": "registry-credentials"}],
    "code": {"module": "sales.definitions", "attribute": "defs"},
    "working_directory": "/app",
    "cwd": "/srv",
    "serverArgs": ["--log-level", "debug"],
    "env": [
        {"name": "STAGE", "value": "prod"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "sales-token", "key": "token"}}},
    ],
    "envFrom": [
        {"configMapRef": {"name": "common"}},
        {"secretRef": {"name": "sales-secrets", "optional": True}},
    ],
    "envDefaults": {"REGION": "eu"},
    "instance": {
        "home": "/opt/home",
        "postgresqlSecret": {"name": "pg", "key": "password"},
        "celeryConfigSecret": "celery",
        "runEnvConfigMap": "run-env",
    },
    "volumes": [
        {"name": "keys", "secret": {"secretName": "sales-keys"}},
        {"name": "scratch", "emptyDir": {}},
        {"name": "both", "projected": {"sources": [{"configMap": {"name": "settings"}}]}},
    ],
    "volumeMounts": [
        {"name": "keys", "mountPath": "/keys", "readOnly": True},
        {"name": "scratch", "mountPath": "/scratch"},
        {"name": "both", "mountPath": "/settings"},
    ],
    "resources": {"limits": {"memory": "1Gi", "cpu": "1"}},
    "serviceAccountName": "sales",
    "podSecurityContext": {"runAsUser": 1000, "fsGroup": 2000},
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    "nodeSelector": {"disktype": "ssd"},
    "tolerations": [{"key": "team", "operator": "Equal", "value": "sales", "effect": "NoSchedule"}],
    "labels": {"team": "sales"},
    "annotations": {"prometheus.io/scrape": "true"},
}


def located(name: str = "sales", *, whole: bool = False, **spec: Any) -> CodeLocation:
    """`whole`: with all that FULL says. None takes a field away."""
    plain = {**(FULL if whole else {"image": f"acme/{name}:1", "code": {"module": name}}), **spec}
    said = {field: value for field, value in plain.items() if value is not None}
    return CodeLocation(name, msgspec.convert(said, Spec))


def released(name: str = "sales", *, version: str = "v1", whole: bool = False, **spec: Any) -> Released:
    found = located(name, whole=whole, **spec)
    assert found.spec.image
    return Released(found, version, found.spec.image + DIGEST)


def plan(*groups: list[Released], number: int = 1) -> PackPlan:
    """A container for each group."""
    containers = tuple(PackedContainer(group[0].name, tuple(group)) for group in groups)
    return PackPlan("pack-0a1b2c3d-1", number, NAMESPACE, containers)


def container(pod_spec: dict[str, Any], name: str) -> dict[str, Any]:
    """By name."""
    found: dict[str, Any] = next(each for each in pod_spec["containers"] if each["name"] == name)
    return found
