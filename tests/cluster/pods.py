"""Pods of tests: small, and allowed everywhere."""

from __future__ import annotations

from typing import Any

from deadlines import scaled, until
from lab import images
from lab.kubectl import Kubectl

RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(name: str, *args: str, image: str = images.LOCATION, **spec: Any) -> dict[str, Any]:
    """One container; `args` instead of the image's own command. `spec` goes into the pod."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": RESTRICTED,
        **({"args": list(args)} if args else {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "containers": [container],
            **spec,
        },
    }


def within(namespace: str, thing: dict[str, Any]) -> dict[str, Any]:
    return {**thing, "metadata": {**thing["metadata"], "namespace": namespace}}


def beside(other: str) -> dict[str, Any]:
    """On another node than the pod of that name."""
    term = {"labelSelector": {"matchLabels": {"app": other}}, "topologyKey": "kubernetes.io/hostname"}
    return {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}


def output_of(kubectl: Kubectl, namespace: str, name: str) -> str:
    """What a pod printed that ends by itself. Fails with that where it failed."""

    def phase() -> str:
        found: str = kubectl("-n", namespace, "get", "pod", name, "-o", "jsonpath={.status.phase}")
        return found if found in ("Succeeded", "Failed") else ""

    ended = until(phase, 90, f"for the end of pod {name}", every_s=0.3)
    printed = kubectl("-n", namespace, "logs", name)
    assert ended == "Succeeded", printed
    return printed


def ready(kubectl: Kubectl, namespace: str, name: str) -> None:
    kubectl(
        "-n",
        namespace,
        "wait",
        "--for=condition=Ready",
        f"pod/{name}",
        "--timeout=180s",
        timeout_s=scaled(200),
    )
