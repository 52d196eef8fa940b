"""The variables of a location's server, as the official chart gives them; and what is its own among those that share
a container."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reef.kube.asked import document
from reef.kube.context import container_context
from reef.kube.model import CodeLocation
from reef.kube.objects.meta import digest, metadata
from reef.kube.objects.released import Owner, Released

# Dagster reads both of them; which one depends on the command that starts the server.
_CONTEXT = ("DAGSTER_CLI_API_GRPC_CONTAINER_CONTEXT", "DAGSTER_CONTAINER_CONTEXT")


def variables(location: CodeLocation, namespace: str, own: Mapping[str, str]) -> list[dict[str, Any]]:
    """`env` of a container. `own` are those that Reef adds; what the location says wins, and no name comes twice, which
    server-side apply does not take."""
    found = {name: {"name": name, "value": value} for name, value in own.items()}
    found.update({each["name"]: each for each in _of_instance(location, namespace)})
    found.update({each["name"]: each for each in document(location)["container"].get("env", ())})
    return list(found.values())


def sources(location: CodeLocation) -> list[dict[str, Any]]:
    """`envFrom` of a container: `envDefaults` first, since all others win over them."""
    instance = location.spec.instance or None
    found: list[dict[str, Any]] = []
    if name := defaults_map_name(location):
        found.append({"configMapRef": {"name": name}})
    found += document(location)["container"].get("envFrom", ())
    if instance and instance.celeryConfigSecret:
        found.append({"secretRef": {"name": instance.celeryConfigSecret, "optional": True}})
    return found


def own_variables(released: Released, namespace: str) -> dict[str, str]:
    """What Dagster asks its code server for, so that runs are launched from the location's image and settings."""
    found = {"DAGSTER_CURRENT_IMAGE": released.image}
    context = container_context(released.location, namespace, defaults_map_name(released.location))
    if context:
        text = json.dumps(context, sort_keys=True)
        found.update(dict.fromkeys(_CONTEXT, text))
    return found


def defaults_map_name(location: CodeLocation) -> str | None:
    """The ConfigMap with its `envDefaults`, named after what is in it; None where it has none."""
    defaults = location.spec.envDefaults
    return f"reef-defaults-{digest(defaults)}" if defaults else None


def defaults_maps(
    locations: Iterable[tuple[CodeLocation, Owner]], namespace: str
) -> tuple[dict[str, Any], ...]:
    """The ConfigMaps that `sources` names, by name. Each belongs to all locations that read it; give both the asked
    and the served form of a location, and runs find theirs for as long as they may need it."""
    owners: dict[str, dict[str, Owner]] = {}
    content: dict[str, dict[str, str]] = {}
    for location, owner in locations:
        if (name := defaults_map_name(location)) and location.spec.envDefaults:
            owners.setdefault(name, {})[owner.uid] = owner
            content[name] = dict(location.spec.envDefaults)
    return tuple(_map(name, namespace, content[name], owners[name]) for name in sorted(content))


def _map(name: str, namespace: str, content: dict[str, str], owners: Mapping[str, Owner]) -> dict[str, Any]:
    ordered = tuple(owner for _, owner in sorted(owners.items()))
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, namespace, "location", owners=ordered),
        "data": content,
    }


def _of_instance(location: CodeLocation, namespace: str) -> list[dict[str, Any]]:
    instance = location.spec.instance or None
    if instance is None:
        return []
    found: list[dict[str, Any]] = [{"name": "DAGSTER_K8S_PIPELINE_RUN_NAMESPACE", "value": namespace}]
    if instance.home:
        found.append({"name": "DAGSTER_HOME", "value": instance.home})
    if instance.runEnvConfigMap:
        found.append({"name": "DAGSTER_K8S_PIPELINE_RUN_ENV_CONFIGMAP", "value": instance.runEnvConfigMap})
    if secret := instance.postgresqlSecret or None:
        found.append({"name": "DAGSTER_K8S_PG_PASSWORD_SECRET", "value": secret.name})
        key = {"secretKeyRef": {"name": secret.name, "key": secret.key}}
        found.append({"name": "DAGSTER_PG_PASSWORD", "valueFrom": key})
    return found
