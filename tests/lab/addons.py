"""What runs in the cluster from the start: its DNS."""

from __future__ import annotations

from typing import Any

from lab import images
from lab.network import DNS_SERVICE

_COREFILE = """.:53 {
    errors
    health
    ready
    cache 5
    kubernetes cluster.local in-addr.arpa ip6.arpa
}
"""
_PLACE = {"name": "coredns", "namespace": "kube-system"}
_LABELS = {"k8s-app": "kube-dns"}


def dns() -> list[dict[str, Any]]:
    """Names of Services only: a name from outside gets no answer."""
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _PLACE},
        _role(),
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "coredns"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "coredns"},
            "subjects": [{"kind": "ServiceAccount", **_PLACE}],
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _PLACE, "data": {"Corefile": _COREFILE}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": _PLACE,
            "spec": {
                "selector": {"matchLabels": _LABELS},
                "template": {"metadata": {"labels": _LABELS}, "spec": _pod()},
            },
        },
        _service(),
    ]


def _role() -> dict[str, Any]:
    def rule(group: str, *resources: str) -> dict[str, Any]:
        return {"apiGroups": [group], "resources": list(resources), "verbs": ["list", "watch"]}

    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "coredns"},
        "rules": [rule("", "services", "pods", "namespaces"), rule("discovery.k8s.io", "endpointslices")],
    }


def _pod() -> dict[str, Any]:
    return {
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
        "containers": [
            {
                "name": "coredns",
                "image": images.COREDNS,
                "imagePullPolicy": "Never",
                "args": ["-conf", "/etc/coredns/Corefile"],
                "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
            }
        ],
    }


def _service() -> dict[str, Any]:
    ports = [{"name": f"dns-{kind.lower()}", "port": 53, "protocol": kind} for kind in ("UDP", "TCP")]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system"},
        "spec": {"clusterIP": DNS_SERVICE, "selector": _LABELS, "ports": ports},
    }
