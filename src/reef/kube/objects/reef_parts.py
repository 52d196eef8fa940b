"""Reef's own containers and volumes in a pod with packed locations. They fit Pod Security *restricted*."""

from __future__ import annotations

from typing import Any

from reef.kube import labels
from reef.kube.objects.released import ReefPods

RUN, GUEST, TLS, CONFIG, STATE = "reef-run", "reef-guest", "reef-tls", "reef-config", "reef-state"
SHARED_VOLUMES = (RUN, GUEST, TLS, STATE)  # those that are the same in every pack
STATE_FOLDER = "/reef/state"
CONFIG_FOLDER = labels.PACK_CONFIG.rpartition("/")[0]
RESTRICTED: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_HOST_REQUESTS = {"cpu": "10m", "memory": "64Mi"}
_COPY_REQUESTS = {"cpu": "1m", "memory": "16Mi"}


def guest_copy(reef: ReefPods) -> dict[str, Any]:
    """The init container that puts Reef's guest code where the locations' containers find it."""
    return {
        "name": GUEST,
        **_image(reef),
        "command": ["reef", "guest-copy", labels.GUEST_FOLDER],
        "resources": {"requests": dict(_COPY_REQUESTS)},
        "securityContext": dict(RESTRICTED),
        "volumeMounts": [{"name": GUEST, "mountPath": labels.GUEST_FOLDER}],
    }


def pack_host(reef: ReefPods) -> dict[str, Any]:
    """The container that decides which location's server runs."""
    return {
        "name": labels.HOST_CONTAINER,
        **_image(reef),
        "command": ["reef", "pack-host"],
        "env": [
            _field("REEF_NAMESPACE", "metadata.namespace"),
            _field("REEF_POD_NAME", "metadata.name"),
            _field("REEF_POD_IP", "status.podIP"),
            {"name": "REEF_STATE", "value": STATE_FOLDER},
            *([{"name": "REEF_LOG_FORMAT", "value": "json"}] if reef.json_logs else []),
        ],
        "ports": [
            {"name": "peers", "containerPort": labels.PEER_PORT, "protocol": "TCP"},
            {"name": "health", "containerPort": labels.HEALTH_PORT, "protocol": "TCP"},
        ],
        "readinessProbe": _asked("/readyz", period_s=2, failures=3),
        "livenessProbe": _asked("/livez", period_s=10, failures=6),
        "resources": dict(reef.resources or {"requests": dict(_HOST_REQUESTS)}),
        "securityContext": dict(RESTRICTED),
        "volumeMounts": [
            {"name": RUN, "mountPath": labels.PACK_FOLDER},
            {"name": GUEST, "mountPath": labels.GUEST_FOLDER, "readOnly": True},
            {"name": TLS, "mountPath": labels.TLS_FOLDER, "readOnly": True},
            {"name": CONFIG, "mountPath": CONFIG_FOLDER, "readOnly": True},
            {"name": STATE, "mountPath": STATE_FOLDER},
            {"name": STATE, "mountPath": "/tmp", "subPath": "tmp"},
        ],
    }


def volumes(reef: ReefPods, config_map: str) -> list[dict[str, Any]]:
    """Those that Reef's containers mount, and the locations' their own part of."""
    return [
        {"name": RUN, "emptyDir": {}},
        {"name": GUEST, "emptyDir": {}},
        {"name": STATE, "emptyDir": {}},
        {"name": TLS, "secret": {"secretName": reef.tls_secret}},
        {"name": CONFIG, "configMap": {"name": config_map}},
    ]


def mounts(container: str) -> list[dict[str, Any]]:
    """Of a location's container: its own folder for sockets, and the guest code."""
    return [
        {"name": RUN, "mountPath": f"{labels.PACK_FOLDER}/{container}", "subPath": container},
        {"name": GUEST, "mountPath": labels.GUEST_FOLDER, "readOnly": True},
    ]


def agent_args(container: str, python: str | None) -> list[str]:
    """What a location's container runs, as arguments of its image's ENTRYPOINT: the agent, which listens in the
    container's own folder."""
    script = f"{labels.GUEST_FOLDER}/agent.py"
    return [python or "python3", "-I", "-S", script, "--folder", f"{labels.PACK_FOLDER}/{container}"]


def tolerations(given: list[dict[str, Any]], seconds: int) -> list[dict[str, Any]]:
    """Those that are given, and the two that say how soon a pod on a lost node is replaced."""
    taints = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
    said = {each.get("key") for each in given}
    if None in said or "" in said:
        return given  # one of them tolerates every taint
    return [
        *given,
        *(
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
            for key in taints
            if key not in said
        ),
    ]


def _image(reef: ReefPods) -> dict[str, Any]:
    policy = {"imagePullPolicy": reef.pull_policy} if reef.pull_policy else {}
    return {"image": reef.image, **policy}


def _field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def _asked(path: str, period_s: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "health"},
        "periodSeconds": period_s,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }
