"""The container context of a location: what Dagster's K8sRunLauncher makes the Jobs of its runs from. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from reef.kube.model import CodeLocation, Spec
from reef.kube.model.pods import EnvFrom


def container_context(
    location: CodeLocation, namespace: str, defaults_map: str | None = None
) -> dict[str, Any] | None:
    """As the official chart gives it to a code server, None where runs get nothing.

    `namespace` is where the location's pods are, `defaults_map` the ConfigMap that holds its `envDefaults`. What the
    location says in `container_context` wins, and `runResources` wins over the server's resources.
    """
    spec = location.spec
    own: dict[str, Any] = dict(spec.container_context or {})
    given = _of_server(spec, namespace, defaults_map) if _included(spec) else {}
    if spec.runResources:
        given["resources"] = msgspec.to_builtins(spec.runResources)
    k8s = {**given, **(own.pop("k8s", None) or {})}
    found = {**({"k8s": k8s} if k8s else {}), **own}
    return found or None


def _included(spec: Spec) -> bool:
    """The chart's default is true."""
    return not spec.includeConfigInLaunchedRuns or spec.includeConfigInLaunchedRuns.enabled


def _of_server(spec: Spec, namespace: str, defaults_map: str | None) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(spec)
    sources = spec.envFrom or []
    maps = [*([defaults_map] if defaults_map else []), *_names(sources, "configMapRef")]
    found = {
        "image_pull_policy": plain.get("imagePullPolicy"),
        "image_pull_secrets": plain.get("imagePullSecrets"),
        "env_config_maps": maps,
        "env_secrets": _names(sources, "secretRef"),
        "volume_mounts": plain.get("volumeMounts"),
        "volumes": plain.get("volumes"),
        "labels": plain.get("labels"),
        "resources": plain.get("resources"),
        "scheduler_name": plain.get("schedulerName"),
        "namespace": namespace,
        "service_account_name": plain.get("serviceAccountName"),
        "env": plain.get("env"),
        "run_k8s_config": _pod_of_run(plain),
    }
    return {name: value for name, value in found.items() if value}


def _names(sources: list[EnvFrom], kind: str) -> list[str]:
    return [reference.name for each in sources if (reference := getattr(each, kind))]


def _pod_of_run(plain: dict[str, Any]) -> dict[str, Any]:
    pod = {
        "automount_service_account_token": True,
        "containers": plain.get("sidecarContainers"),
        "init_containers": plain.get("initContainers"),
    }
    found: dict[str, Any] = {"pod_spec_config": {name: value for name, value in pod.items() if value}}
    if annotations := plain.get("annotations"):
        found["pod_template_spec_metadata"] = {"annotations": annotations}
    return found
