"""A CodeLocation as a deployment of the chart's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from reef.kube.findings import Finding
from reef.kube.helm.arguments import arguments, understood
from reef.kube.helm.images import image_parts
from reef.kube.model import CodeLocation, Spec
from reef.kube.model.pods import EnvFrom

SAME = (
    "resources",
    "includeConfigInLaunchedRuns",
    "podSecurityContext",
    "securityContext",
    "nodeSelector",
    "tolerations",
    "affinity",
    "schedulerName",
    "volumes",
    "volumeMounts",
    "initContainers",
    "sidecarContainers",
    "labels",
    "annotations",
    "service",
)
# What the chart has no word for, and what that means.
UNSAID = {
    "owner": "the chart has no owners",
    "placement": "each location gets a pod that always runs",
    "python": "the image's own interpreter starts the server",
    "cwd": "the server starts in the image's own working directory",
    "memory_limit": "the chart has resources.limits",
    "idle_timeout": "a pod always runs",
    "max_concurrent_calls": "the chart sets no bound",
    "load_timeout": "the Dagster instance says it",
    "on_load_error": "the chart keeps no earlier version",
    "revalidate": "nobody looks at the definitions again",
    "container_context": "the chart makes its own from these values",
    "renamed_from": "the state of schedules and sensors is not carried over",
    "runResources": "runs get the server's, or those of the run launcher",
    "command": "the chart keeps the image's ENTRYPOINT",
    "args": "the chart keeps the image's CMD",
    "pod": "the chart has no such field",
    "container": "the chart has no such field",
}
_SERVER_ARGS = ("dagsterApiGrpcArgs", "codeServerArgs")


def entry_of(location: CodeLocation, findings: list[Finding]) -> dict[str, Any]:
    """The deployment of a location that has an image; what the chart cannot say is a finding."""
    spec = location.spec
    plain: dict[str, Any] = msgspec.to_builtins(spec)
    entry: dict[str, Any] = {"name": location.name, "image": _image(spec)}
    entry.update(_arguments(spec))
    entry["port"] = location.port
    if replicas := plain.get("replicas"):
        entry["replicaCount"] = replicas
    entry.update(_environment(location, findings))
    entry.update({name: plain[name] for name in SAME if name in plain})
    kept = plain.get("helm", {})
    entry.update(
        {name: value for name, value in kept.items() if name not in _SERVER_ARGS and name not in entry}
    )
    findings += unsaid(location, plain, UNSAID)
    return entry


def unsaid(location: CodeLocation, plain: Mapping[str, Any], words: Mapping[str, str]) -> list[Finding]:
    """What is set and has no word there."""
    return [
        Finding("lost", f"{location.name}.spec.{name}", why)
        for name, why in words.items()
        if name in plain and not (name == "placement" and plain[name] in ("auto", "standing"))
    ]


def _image(spec: Spec) -> dict[str, str]:
    assert spec.image is not UNSET
    repository, tag = image_parts(spec.image)
    # As Kubernetes chooses where nobody says it.
    policy = spec.imagePullPolicy or ("Always" if tag == "latest" else "IfNotPresent")
    return {"repository": repository, "tag": tag, "pullPolicy": policy}


def _arguments(spec: Spec) -> dict[str, list[str]]:
    if spec.startCommand == "image":
        return {}
    name = "codeServerArgs" if spec.startCommand == "code-server" else "dagsterApiGrpcArgs"
    code: dict[str, str] = msgspec.to_builtins(spec.code) if spec.code else {}
    directory = spec.working_directory or None
    rest = spec.serverArgs or []
    written = (spec.helm or {}).get(name)
    if isinstance(written, list):
        said = understood([str(each) for each in written])
        if (said.code, said.working_directory, list(said.rest)) == (code, directory, list(rest)):
            return {name: written}
    return {name: arguments(code, directory, rest)}


def _environment(location: CodeLocation, findings: list[Finding]) -> dict[str, Any]:
    spec = location.spec
    found: dict[str, Any] = {}
    sources = spec.envFrom or []
    if spec.env and spec.envDefaults:
        defaults = [{"name": name, "value": value} for name, value in spec.envDefaults.items()]
        own = [msgspec.to_builtins(each) for each in spec.env]
        names = {each["name"] for each in own}
        found["env"] = [*(each for each in defaults if each["name"] not in names), *own]
        if sources:
            said = "the chart has either form of env; these now win over envFrom"
            findings.append(Finding("changed", f"{location.name}.spec.envDefaults", said))
    elif spec.env:
        found["env"] = msgspec.to_builtins(spec.env)
    elif spec.envDefaults:
        found["env"] = dict(spec.envDefaults)
    found.update(_sources(location, sources, findings))
    return found


def _sources(location: CodeLocation, sources: list[EnvFrom], findings: list[Finding]) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    path = f"{location.name}.spec.envFrom"
    for each in sources:
        if each.prefix:
            findings.append(Finding("lost", path, f"the chart has no prefix: {each.prefix!r} is left out"))
        if each.configMapRef:
            if "envSecrets" in found:
                said = "the chart reads ConfigMaps first: where names are the same, the Secret wins now"
                findings.append(Finding("changed", path, said))
            found.setdefault("envConfigMaps", []).append(msgspec.to_builtins(each.configMapRef))
        elif each.secretRef:
            found.setdefault("envSecrets", []).append(msgspec.to_builtins(each.secretRef))
    return found
