"""A shared service: the pods that offer the functions of one module, and who may call them. They fit Pod Security
*restricted*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from reef.fleet.model import ServiceSpec
from reef.fleet.units import size_text
from reef.kube import labels
from reef.kube.objects.meta import digest, metadata
from reef.kube.objects.reef_parts import RESTRICTED

COMPONENT = "shared-service"
PORT = 4270
FOLDER = "/reef/service"
SCRIPT, REQUEST = "service_pod.py", "service.json"
PROGRAM = (SCRIPT, "service_calls.py")  # of the guest's files
_USER = 1000
_BUSY = "700m"  # a module of Python computes on one processor at a time
_PROBED_S = 2
# Who may call: what runs code of locations. Packs and servers of Reef, run pods and step pods of Dagster's run
# launcher, code servers of the official chart.
CALLERS: list[dict[str, Any]] = [
    {
        "podSelector": {
            "matchLabels": {labels.PART_OF: "reef"},
            "matchExpressions": [
                {"key": labels.COMPONENT, "operator": "In", "values": ["pack", "probe", "location", "doctor"]}
            ],
        }
    },
    {
        "podSelector": {
            "matchLabels": {labels.PART_OF: "dagster"},
            "matchExpressions": [
                {"key": labels.COMPONENT, "operator": "In", "values": ["run_worker", "step_worker"]}
            ],
        }
    },
    {"podSelector": {"matchLabels": {"component": "user-deployments"}}},
]


class ServicePod(msgspec.Struct, frozen=True, kw_only=True):
    """`name`: a DNS label. `workdir`: None for the image's own. `program`: the files of `PROGRAM` with their text.
    `gate`: labels of the pods that alone may call, and that say how many pods there are; None: callers call by
    themselves, and there are always some."""

    name: str
    namespace: str | None
    image: str
    env: Mapping[str, str]
    workdir: str | None
    program: Mapping[str, str]
    gate: Mapping[str, str] | None = None


def pods_name(name: str) -> str:
    """Of the Service by which the gate reaches the pods of a shared service."""
    return f"{name[:58].rstrip('-')}-pods"


def shared_service(spec: ServiceSpec, pod: ServicePod) -> list[dict[str, Any]]:
    """A ConfigMap, a Deployment, a Service, a NetworkPolicy, and a HorizontalPodAutoscaler where the number of pods is
    not fixed."""
    data = {**pod.program, REQUEST: msgspec.json.encode(_request(spec)).decode() + "\n"}
    fewest, most = spec.replicas
    callers = [{"podSelector": {"matchLabels": dict(pod.gate)}}] if pod.gate else CALLERS
    found = [
        {**_head("v1", "ConfigMap", pod), "data": data},
        _deployment(spec, pod, data),
        {
            **_head("v1", "Service", pod, pods_name(pod.name) if pod.gate else pod.name),
            "spec": {
                "type": "ClusterIP",
                "selector": _own(pod),
                "ports": [{"name": "grpc", "protocol": "TCP", "port": PORT, "targetPort": "grpc"}],
            },
        },
        {
            **_head("networking.k8s.io/v1", "NetworkPolicy", pod),
            "spec": {
                "podSelector": {"matchLabels": _own(pod)},
                "policyTypes": ["Ingress"],
                "ingress": [{"from": callers, "ports": [{"protocol": "TCP", "port": PORT}]}],
            },
        },
    ]
    return [*found, _scaler(pod, fewest, most)] if most > fewest else found


def service_address(name: str, namespace: str | None) -> str:
    """HOST:PORT for callers; without a namespace only for those of its own."""
    return f"{name}.{namespace}.svc:{PORT}" if namespace else f"{name}:{PORT}"


def _request(spec: ServiceSpec) -> dict[str, Any]:
    return {
        "module": spec.module,
        "expose": list(spec.expose),
        "at_once": spec.at_once,
        "waiting": spec.waiting,
        "port": PORT,
    }


def _own(pod: ServicePod) -> dict[str, str]:
    return {labels.PART_OF: "reef", labels.COMPONENT: COMPONENT, labels.SERVICE: pod.name}


def _head(version: str, kind: str, pod: ServicePod, name: str = "") -> dict[str, Any]:
    found = metadata(name or pod.name, pod.namespace or "", COMPONENT, label={labels.SERVICE: pod.name})
    if not pod.namespace:
        del found["namespace"]
    return {"apiVersion": version, "kind": kind, "metadata": found}


def _deployment(spec: ServiceSpec, pod: ServicePod, data: Mapping[str, str]) -> dict[str, Any]:
    fewest, most = spec.replicas
    made: dict[str, Any] = {
        "selector": {"matchLabels": _own(pod)},
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": max(600, int(spec.start_timeout_s) + 120),
        "template": {
            # Another module or program makes other pods: a container does not see that its files changed.
            "metadata": {"labels": _own(pod), "annotations": {labels.MADE_FROM: digest(dict(data))}},
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "terminationGracePeriodSeconds": 30,
                "containers": [_container(spec, pod)],
                "volumes": [
                    {"name": "program", "configMap": {"name": pod.name}},
                    {"name": "tmp", "emptyDir": {}},
                ],
            },
        },
    }
    if fewest == most and not pod.gate:  # else whoever scales it says how many
        made["replicas"] = fewest
    return {**_head("apps/v1", "Deployment", pod), "spec": made}


def _container(spec: ServiceSpec, pod: ServicePod) -> dict[str, Any]:
    env = {"HOME": "/tmp", "PYTHONUNBUFFERED": "1", **pod.env}
    tried = max(1, -(-int(spec.start_timeout_s) // _PROBED_S))
    found: dict[str, Any] = {
        "name": COMPONENT,
        "image": pod.image,
        "args": ["python3", f"{FOLDER}/{SCRIPT}", f"{FOLDER}/{REQUEST}"],  # of the image's ENTRYPOINT
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "ports": [{"name": "grpc", "containerPort": PORT, "protocol": "TCP"}],
        # It listens once the module is imported. A call to it would wait behind those that are under way.
        "startupProbe": _listens(failures=tried),
        "readinessProbe": _listens(failures=3),
        "resources": _resources(spec),
        "securityContext": {**RESTRICTED, "runAsUser": _USER},
        "volumeMounts": [
            {"name": "program", "mountPath": FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    if pod.workdir:
        found["workingDir"] = pod.workdir
    return found


def _listens(failures: int) -> dict[str, Any]:
    return {
        "tcpSocket": {"port": "grpc"},
        "periodSeconds": _PROBED_S,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _resources(spec: ServiceSpec) -> dict[str, Any]:
    found: dict[str, Any] = {"requests": {"cpu": "50m"}}
    if spec.memory_limit_bytes is not None:
        memory = str(size_text(spec.memory_limit_bytes))
        found["requests"]["memory"] = memory
        found["limits"] = {"memory": memory}
    return found


def _scaler(pod: ServicePod, fewest: int, most: int) -> dict[str, Any]:
    target = {"type": "AverageValue", "averageValue": _BUSY}
    return {
        **_head("autoscaling/v2", "HorizontalPodAutoscaler", pod),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": pod.name},
            "minReplicas": fewest,
            "maxReplicas": most,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }
