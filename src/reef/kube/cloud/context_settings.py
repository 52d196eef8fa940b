"""The Kubernetes part of a location's container context, as settings of a CodeLocation."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from reef.errors import ReefError
from reef.fleet.document import Item
from reef.kube.cloud.camel import camel
from reef.kube.findings import Finding, about
from reef.kube.model import Spec
from reef.kube.model.parts import LaunchedRuns
from reef.kube.model.pods import EnvFrom, EnvSource, EnvVar, Reference
from reef.words import describe

_OF_POD = {
    "tolerations": "tolerations",
    "nodeSelector": "nodeSelector",
    "affinity": "affinity",
    "securityContext": "podSecurityContext",
    "initContainers": "initContainers",
    "containers": "sidecarContainers",
    "serviceAccountName": "serviceAccountName",
    "schedulerName": "schedulerName",
    "volumes": "volumes",
    "imagePullSecrets": "imagePullSecrets",
}
_OF_CONTAINER = ("resources", "volumeMounts", "securityContext", "imagePullPolicy")
# Which key of the context becomes which field, as it is but for the case of its letters.
_PLAIN = {
    "image_pull_policy": "imagePullPolicy",
    "service_account_name": "serviceAccountName",
    "scheduler_name": "schedulerName",
    "labels": "labels",
    "resources": "resources",
    "volumes": "volumes",
    "volume_mounts": "volumeMounts",
    "security_context": "securityContext",
}
_SERVER = "server_k8s_config"


def context_settings(context: Item, findings: list[Finding]) -> dict[str, Any]:
    """The settings of the server; runs keep theirs in container_context. Raises ReefError."""
    for name, each in context.entries.items():
        if name != "k8s":
            findings.append(about("lost", each, "it is for another kind of agent"))
    k8s = context.entries.get("k8s")
    if k8s is None or k8s.value is None:
        return {}
    if not isinstance(k8s.value, dict):
        raise k8s.invalid("a map of settings")
    found = {
        ours: camel({ours: item.value})[ours]
        for name, ours in _PLAIN.items()
        if (item := k8s.entries.get(name)) and item.value not in (None, [], {})
    }
    found.update(_environment(k8s, findings))
    if (secrets := k8s.entries.get("image_pull_secrets")) and secrets.elements:
        found["imagePullSecrets"] = [Reference(name=str(_value(each, "name"))) for each in secrets.elements]
    if (server := k8s.entries.get(_SERVER)) and server.value:
        _add_server(found, server, findings)
    # Runs have what they had: all but the server's own part, as Dagster's run launcher reads it.
    kept = {
        name: each.value for name, each in k8s.entries.items() if name != _SERVER and each.value is not None
    }
    found["container_context"] = {"k8s": kept}
    found["includeConfigInLaunchedRuns"] = LaunchedRuns(enabled=False)
    return _checked(k8s, found)


def _environment(k8s: Item, findings: list[Finding]) -> dict[str, Any]:
    variables: list[EnvVar] = []
    for each in _elements(k8s, "env_vars"):
        name, equals, value = str(each.value).partition("=")
        if equals:
            variables.append(EnvVar(name=name, value=value))
        else:
            findings.append(
                about(
                    "lost", each, f"{name} has the value of the agent's environment: name a Secret in envFrom"
                )
            )
    for each in _elements(k8s, "env"):
        variables.append(msgspec.convert(camel(each.value), EnvVar))
    sources = [
        EnvFrom(configMapRef=EnvSource(name=str(each.value))) for each in _elements(k8s, "env_config_maps")
    ]
    sources += [EnvFrom(secretRef=EnvSource(name=str(each.value))) for each in _elements(k8s, "env_secrets")]
    found = {"env": variables, "envFrom": sources}
    return {name: value for name, value in found.items() if value}


def _add_server(found: dict[str, Any], server: Item, findings: list[Finding]) -> None:
    for name, item in server.entries.items():
        value = cast("dict[str, Any]", camel(item.value) if isinstance(item.value, dict) else {})
        if name == "pod_spec_config":
            found.update({_OF_POD[key]: each for key, each in value.items() if key in _OF_POD})
            rest = {key: each for key, each in value.items() if key not in _OF_POD}
            found.update({"pod": rest} if rest else {})
        elif name == "container_config":
            found.update({key: each for key, each in value.items() if key in _OF_CONTAINER})
            for key in ("env", "envFrom"):
                if value.get(key):
                    found[key] = [*msgspec.to_builtins(found.get(key, [])), *value[key]]
            rest = {key: each for key, each in value.items() if key not in (*_OF_CONTAINER, "env", "envFrom")}
            found.update({"container": rest} if rest else {})
        elif name in ("pod_template_spec_metadata", "deployment_metadata"):
            for key in ("labels", "annotations"):
                if value.get(key):
                    found[key] = {**found.get(key, {}), **value[key]}
        elif name == "service_metadata" and value.get("annotations"):
            found["service"] = {"annotations": value["annotations"]}
        else:
            findings.append(about("lost", item, "a CodeLocation has no such field"))


def _elements(k8s: Item, name: str) -> tuple[Item, ...]:
    item = k8s.entries.get(name)
    return item.elements if item else ()


def _value(item: Item, name: str) -> object:
    found = item.entries.get(name)
    if found is None:
        raise item.error(f"has no {name}")
    return found.value


def _checked(item: Item, found: dict[str, Any]) -> dict[str, Any]:
    try:
        spec = msgspec.convert(msgspec.to_builtins(found), Spec)
    except msgspec.ValidationError as error:
        raise ReefError(f"{item.path}: {describe(error)}", where=item.where) from None
    return {name: getattr(spec, name) for name in found}
