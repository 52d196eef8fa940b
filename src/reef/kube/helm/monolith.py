"""From any locations to a monolith: one image, all locations in one workspace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from reef.errors import ReefError
from reef.kube.findings import Finding
from reef.kube.helm.entry_out import UNSAID, unsaid
from reef.kube.helm.exporting import Values
from reef.kube.helm.images import image_parts
from reef.kube.model import CodeLocation
from reef.kube.writing import yaml_text

CONFIGMAP = "dagster-monolith-workspace"
_FORMS = {
    "python_file": ("python_file", "relative_path"),
    "module": ("python_module", "module_name"),
    "package": ("python_package", "package_name"),
    "autoload_defs_module": ("autoload_defs_module", "module_name"),
}
_UNSAID = {
    **{name: why for name, why in UNSAID.items() if name not in ("python", "placement")},
    "resources": "all locations share the resources of webserver and daemon",
    "replicas": "the webserver has them",
    "serverArgs": "Dagster starts its servers by itself",
    "serviceAccountName": "all locations have that of the chart",
    "securityContext": "all locations have that of webserver and daemon",
    "podSecurityContext": "all locations have that of webserver and daemon",
    "nodeSelector": "all locations are where webserver and daemon are",
    "tolerations": "all locations are where webserver and daemon are",
    "affinity": "all locations are where webserver and daemon are",
    "schedulerName": "all locations are where webserver and daemon are",
    "initContainers": "nothing runs before it",
    "sidecarContainers": "nothing runs beside it",
    "service": "a location has no Service of its own",
    "labels": "a location has no pod of its own",
    "annotations": "a location has no pod of its own",
}


def export_monolith(locations: Sequence[CodeLocation], image: str | None, workdir: str | None) -> Values:
    """Values for the chart whose webserver and daemon load every location. Raises ReefError where no one image can."""
    findings: list[Finding] = []
    own = [each for each in locations if not each.spec.server]
    one = image or _one_image(own)
    for each in own:
        if each.spec.startCommand == "image":
            raise ReefError(
                f"{each.name}: its image starts the server, so nothing says what to load", hint="give code"
            )
        findings += unsaid(each, msgspec.to_builtins(each.spec), _UNSAID)
    together = _Together(own, findings)
    repository, tag = image_parts(one)
    policy = next((each.spec.imagePullPolicy for each in own if each.spec.imagePullPolicy), None) or (
        "Always" if tag == "latest" else "IfNotPresent"
    )
    runs = {"repository": repository, "tag": tag, "pullPolicy": policy}
    workspace = {"load_from": [_entry(each, workdir) for each in locations]}
    values: dict[str, Any] = {
        **({"imagePullSecrets": together.pull_secrets()} if together.pull_secrets() else {}),
        "dagster-user-deployments": {"enabled": True, "enableSubchart": False},
        "dagsterWebserver": {
            "image": runs,
            **together.container(),
            "workspace": {"enabled": True, "servers": [], "externalConfigmap": CONFIGMAP},
        },
        "dagsterDaemon": {"image": dict(runs), **together.container()},
        "runLauncher": {
            "type": "K8sRunLauncher",
            "config": {"k8sRunLauncher": {"imagePullPolicy": policy, "image": dict(runs), **together.run()}},
        },
        "extraManifests": [_configmap(workspace)],
    }
    return Values(values, tuple(findings))


def _one_image(locations: Sequence[CodeLocation]) -> str:
    images = sorted({each.spec.image for each in locations if each.spec.image})
    if len(images) != 1:
        few = ", ".join(images[:3]) + (f" and {len(images) - 3} more" if len(images) > 3 else "")
        raise ReefError(
            f"a monolith is one image, and the locations have {len(images)}: {few or 'none'}",
            hint="name the image that has all of their code, and dagster-webserver, with --image",
        )
    return images[0]


def _entry(location: CodeLocation, workdir: str | None) -> dict[str, Any]:
    spec = location.spec
    if spec.server:
        ssl = {"ssl": True} if spec.server.ssl else {}
        address = {"host": spec.server.host, "port": spec.server.port, **ssl}
        return {"grpc_server": {**address, "location_name": location.location_name}}
    code: dict[str, str] = msgspec.to_builtins(spec.code) if spec.code else {}
    target = next((name for name in _FORMS if name in code), None)
    if target is None:
        raise ReefError(
            f"{location.name} does not say what to load: it has only serverArgs", hint="give code"
        )
    form, key = _FORMS[target]
    settings = {
        key: _path(location, code[target], workdir) if target == "python_file" else code[target],
        "attribute": code.get("attribute"),
        "working_directory": spec.working_directory or (workdir if target == "python_file" else None),
        "location_name": location.location_name,
        "executable_path": spec.python or None,
    }
    return {form: {name: value for name, value in settings.items() if value}}


def _path(location: CodeLocation, path: str, workdir: str | None) -> str:
    """Absolute: a workspace's relative paths begin where the chart mounts it."""
    if path.startswith("/"):
        return path
    if workdir is None:
        raise ReefError(
            f"{location.name}: {path} is relative to the working directory, which a workspace.yaml does not know",
            hint="say where the image has its code with --workdir, such as --workdir /app",
        )
    return f"{workdir.rstrip('/')}/{path}"


class _Together:
    """What all locations' pods had, in one pod."""

    def __init__(self, locations: Sequence[CodeLocation], findings: list[Finding]) -> None:
        self._env: dict[str, dict[str, Any]] = {}
        self._lists: dict[str, dict[bytes, Any]] = {}
        self._findings = findings
        for each in locations:
            self._add(each)

    def _add(self, location: CodeLocation) -> None:
        spec = location.spec
        for name, value in (spec.envDefaults or {}).items():
            self._variable(location, {"name": name, "value": value})
        for variable in spec.env or []:
            self._variable(location, msgspec.to_builtins(variable))
        for source in spec.envFrom or []:
            kind = "envConfigMaps" if source.configMapRef else "envSecrets"
            self._element(kind, msgspec.to_builtins(source.configMapRef or source.secretRef))
        for kind in ("volumes", "volumeMounts", "imagePullSecrets"):
            for element in msgspec.to_builtins(getattr(spec, kind) or []):
                self._element(kind, element)

    def _variable(self, location: CodeLocation, variable: dict[str, Any]) -> None:
        name = variable["name"]
        first = self._env.setdefault(name, variable)
        if first != variable:
            said = f"another location has another value of {name}, and that one counts for all"
            self._findings.append(Finding("lost", f"{location.name}.spec.env", said))

    def _element(self, kind: str, element: Any) -> None:
        self._lists.setdefault(kind, {})[msgspec.json.encode(element)] = element

    def _of(self, *kinds: str) -> dict[str, Any]:
        return {kind: list(self._lists[kind].values()) for kind in kinds if kind in self._lists}

    def pull_secrets(self) -> list[Any]:
        return list(self._lists.get("imagePullSecrets", {}).values())

    def container(self) -> dict[str, Any]:
        """For webserver and daemon."""
        env = {"env": list(self._env.values())} if self._env else {}
        return {**env, **self._of("envConfigMaps", "envSecrets", "volumes", "volumeMounts")}

    def run(self) -> dict[str, Any]:
        """For the run launcher. A name without a value has that of the daemon's own environment."""
        plain = [f"{name}={each['value']}" if "value" in each else name for name, each in self._env.items()]
        env = {"envVars": plain} if plain else {}
        return {**env, **self._of("envConfigMaps", "envSecrets", "volumes", "volumeMounts")}


def _configmap(workspace: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CONFIGMAP},
        "data": {"workspace.yaml": yaml_text(workspace)},
    }
