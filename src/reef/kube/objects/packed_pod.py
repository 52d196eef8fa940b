"""The pod of a pack: an ordinary container for each image and setting, and Reef's own beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reef.kube.asked import document
from reef.kube.model import CodeLocation
from reef.kube.objects import reef_parts
from reef.kube.objects.environment import sources, variables
from reef.kube.objects.names import volume_name
from reef.kube.objects.released import PackedContainer, ReefPods

# Of a pod's security context: what Reef writes into a location's own container. The rest is the pack's.
_OF_A_CONTAINER = ("runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile", "appArmorProfile")
_OTHERWISE = ("volumes", "securityContext", "tolerations", "imagePullSecrets", "serviceAccount")
_LITTLE = {"cpu": "1m", "memory": "8Mi"}  # a container in which the agent waits
Sizes = Mapping[str, Mapping[str, str]]


def pod_spec(
    containers: Sequence[PackedContainer],
    namespace: str,
    config_map: str,
    reef: ReefPods,
    sizes: Sizes | None = None,
) -> dict[str, Any]:
    """`sizes`: requests (`cpu`, `memory`) of a container by its name, where they were measured."""
    whole = document(containers[0].first.location)["pod"]
    found = {name: value for name, value in whole.items() if name not in _OTHERWISE}
    found.update(_account(whole))
    given = list(whole.get("tolerations", ()))
    found["tolerations"] = reef_parts.tolerations(given, reef.node_lost_s)
    security = whole.get("securityContext") or {}
    if shared := {name: value for name, value in security.items() if name not in _OF_A_CONTAINER}:
        found["securityContext"] = shared
    if secrets := _pull_secrets(containers, reef):
        found["imagePullSecrets"] = secrets
    found["initContainers"] = [reef_parts.guest_copy(reef)]
    found["containers"] = [
        reef_parts.pack_host(reef),
        *(_container(each, namespace, (sizes or {}).get(each.name)) for each in containers),
    ]
    found["volumes"] = [
        *reef_parts.volumes(reef, config_map),
        *(volume for each in containers for volume in _volumes(each)),
    ]
    return found


def policy(location: CodeLocation, image: str) -> dict[str, Any]:
    """A digest says all that *Always* would ask the registry for; so a pod starts while the registry is away."""
    asked = document(location)["container"].get("imagePullPolicy")
    if asked == "Always" and "@" in image:
        return {"imagePullPolicy": "IfNotPresent"}
    return {"imagePullPolicy": asked} if asked else {}


def _account(whole: Mapping[str, Any]) -> dict[str, Any]:
    """No token where nobody asks for an account: the API server is not a location's business by default."""
    name = whole.get("serviceAccountName") or whole.get("serviceAccount")
    if name:
        return {"serviceAccountName": name}
    return {"automountServiceAccountToken": whole.get("automountServiceAccountToken", False)}


def _pull_secrets(containers: Sequence[PackedContainer], reef: ReefPods) -> list[dict[str, str]]:
    names = [
        each["name"]
        for container in containers
        for member in container.members
        for each in document(member.location)["pod"].get("imagePullSecrets", ())
    ]
    return [{"name": name} for name in sorted({*names, *reef.pull_secrets})]


def _container(
    container: PackedContainer, namespace: str, requests: Mapping[str, str] | None
) -> dict[str, Any]:
    first, location = container.first, container.first.location
    whole = document(location)
    found = {
        name: value
        for name, value in whole["container"].items()
        if name not in ("env", "envFrom", "volumeMounts", "resources")
    }
    found |= {"name": container.name, "image": first.image, **policy(location, first.image)}
    found["args"] = reef_parts.agent_args(container.name, location.spec.python or None)
    if location.spec.cwd:
        found["workingDir"] = location.spec.cwd
    if env := variables(location, namespace, {}):
        found["env"] = env
    if env_from := sources(location):
        found["envFrom"] = env_from
    found["resources"] = _resources(whole["container"].get("resources") or {}, requests)
    if security := _security(whole):
        found["securityContext"] = security
    found["volumeMounts"] = [
        *reef_parts.mounts(container.name),
        *(
            {**each, "name": volume_name(container.name, each["name"])}
            for each in whole["container"].get("volumeMounts", ())
        ),
    ]
    return found


def _resources(asked: Mapping[str, Any], measured: Mapping[str, str] | None) -> dict[str, Any]:
    """Requests are always said: without them Kubernetes takes the limits."""
    return {**asked, "requests": {**_LITTLE, **(asked.get("requests") or {}), **(measured or {})}}


def _security(whole: Mapping[str, Any]) -> dict[str, Any]:
    of_pod = whole["pod"].get("securityContext") or {}
    moved = {name: of_pod[name] for name in _OF_A_CONTAINER if name in of_pod}
    return {**moved, **(whole["container"].get("securityContext") or {})}


def _volumes(container: PackedContainer) -> list[dict[str, Any]]:
    found = document(container.first.location)["pod"].get("volumes", ())
    return [{**_optional(each), "name": volume_name(container.name, each["name"])} for each in found]


def _optional(volume: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret that is missing must not keep the pod from starting."""
    found = dict(volume)
    for kind in ("secret", "configMap"):
        if kind in found:
            found[kind] = {**found[kind], "optional": True}
    if "projected" in found:
        parts = [_optional(each) for each in found["projected"].get("sources", ())]
        found["projected"] = {**found["projected"], "sources": parts}
    return found
