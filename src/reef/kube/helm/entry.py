"""One deployment of the chart's values as a CodeLocation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reef.fleet.document import Item
from reef.kube.findings import Finding, about
from reef.kube.group import HELM_FORM, HELM_KEY
from reef.kube.helm.chart import Chart
from reef.kube.helm.corrected import Edit
from reef.kube.helm.image_entry import read_image
from reef.kube.helm.start_entry import STARTS, read_start
from reef.kube.helm.tree import entry, text, written
from reef.kube.helm.values import (
    env_list,
    env_map,
    env_sources,
    plain_list,
    plain_map,
    resources,
    tolerations,
    words,
)
from reef.kube.model import CodeLocation, Spec
from reef.kube.model.parts import LaunchedRuns, Service
from reef.kube.model.resource import is_label

PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
# What the chart acts on and Reef does not, and why.
KEPT = {
    **dict.fromkeys(PROBES, "Reef asks a server by an RPC; it comes back with `reef export helm`"),
    "deploymentStrategy": "Reef replaces pods in waves of its own; it comes back with `reef export helm`",
    "pdb": "Reef has budgets of its own; it comes back with `reef export helm`",
    "deploymentNamespace": "the CodeLocation is in that namespace",
}
_OBJECTS = ("podSecurityContext", "securityContext", "affinity")
_WORDS = ("labels", "annotations", "nodeSelector")
_LISTS = {"volumes": "volumes", "initContainers": "containers", "sidecarContainers": "containers"}
_RENAMED = {"replicaCount": "replicas"}
DEFAULT_PORT = 3030


class Entry:
    """Reads one deployment; `findings`, and `edits` that would put it right, fill while it does."""

    def __init__(self, item: Item, name: str, chart: Chart) -> None:
        self._item = item
        self._name = name
        self._chart = chart
        self._helm: dict[str, Any] = {}
        self.findings: list[Finding] = []
        self.edits: list[Edit] = []

    def location(self, as_map: bool) -> CodeLocation:
        """The CodeLocation. Raises ReefError for what the chart, or Kubernetes, could not run either."""
        if not is_label(self._name):
            where = self._item.entries.get("name") or self._item
            raise where.error(
                f"= {self._name!r} is no name for a Service",
                "small letters, digits and dashes, a letter first",
            )
        settings = self._settings()
        notes = {HELM_KEY: self._chart.section.right_key, **({HELM_FORM: "map"} if as_map else {})}
        namespace = text(self._item, "deploymentNamespace") or self._chart.options.namespace
        return CodeLocation(self._name, Spec(**settings), namespace, annotations=notes)

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            **read_image(self._item, self._name, self._chart, self.findings, self.edits),
            **read_start(self._item, self._helm, self.findings),
            "port": self._port(),
            **self._environment(),
            "instance": self._chart.instance,
            "serviceAccountName": self._service_account(),
        }
        for name, item in self._item.entries.items():
            if item.value is not None and (value := self._one(name, item)) is not None:
                settings[_RENAMED.get(name, name)] = value
        if self._chart.pull_secrets:
            settings["imagePullSecrets"] = self._chart.pull_secrets
        if self._helm:
            settings["helm"] = self._helm
        return settings

    def _one(self, name: str, item: Item) -> object:
        """The value of a field that goes over under its own name; what has none is kept or named elsewhere."""
        if name in (
            "name",
            "image",
            "port",
            "env",
            "envConfigMaps",
            "envSecrets",
            "serviceAccount",
            *STARTS,
        ):
            return None
        if name in _OBJECTS:
            return plain_map(item)
        if name in _WORDS:
            return words(item)
        if name in _LISTS:
            return plain_list(item, _LISTS[name], "name")
        if name in _READERS:
            return _READERS[name](item)
        if name == "replicaCount":
            return self._replicas(item)
        self._keep(name, item)
        return None

    def _keep(self, name: str, item: Item) -> None:
        if item.value in ({}, [], "") or (name == "startupProbe" and item.value == {"enabled": False}):
            return
        self._helm[name] = item.value
        self.findings.append(
            about("kept", item, KEPT.get(name, "the chart does not act on it, and neither does Reef"))
        )

    def _replicas(self, item: Item) -> int | None:
        if isinstance(item.value, int) and 1 <= item.value <= 20:
            return item.value
        self._helm["replicaCount"] = item.value
        self.findings.append(about("kept", item, f"= {item.said()}; the chart takes numbers from 1"))
        return None

    def _port(self) -> int:
        item = entry(self._item, "port")
        if item is None:
            self.findings.append(about("changed", self._item, f"has no port; {DEFAULT_PORT} is taken"))
            self._add_line(f"port: {DEFAULT_PORT}")
            return DEFAULT_PORT
        said = written(item)
        if not said.isdigit() or not 0 < int(said) < 65536:
            raise item.invalid("a port from 1 to 65535")
        if not isinstance(item.value, int):
            self.findings.append(about("changed", item, "is a string, which the chart's schema refuses"))
        return int(said)

    def _add_line(self, line: str) -> None:
        """Below a key whose value is on its own line."""
        for name, each in self._item.entries.items():
            if isinstance(each.value, str) and "\n" not in each.value and each.where.line:
                self.edits.append(Edit(each.where, name, more=(line,)))
                return

    def _environment(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        item = entry(self._item, "env")
        if item is not None and item.entries:
            found["envDefaults"] = env_map(item, self.findings)
        elif item is not None and item.elements:
            found["env"] = env_list(item, self.findings)
        elif item is not None and item.value not in ([], {}):
            raise item.invalid("a list of {name, value}, or a map of names to values")
        sources = []
        if (each := entry(self._item, "envConfigMaps")) is not None:
            sources += env_sources(each, "configMapRef", self.findings)
        if (each := entry(self._item, "envSecrets")) is not None:
            sources += env_sources(each, "secretRef", self.findings)
        return {**found, **({"envFrom": sources} if sources else {})}

    def _service_account(self) -> str:
        return text(self._item, "serviceAccount", "name") or self._chart.service_account


def _launched_runs(item: Item) -> LaunchedRuns | None:
    found = plain_map(item)
    return LaunchedRuns(enabled=bool(found.get("enabled"))) if found else None


def _service(item: Item) -> Service | None:
    annotations = entry(item, "annotations")
    found = words(annotations) if annotations is not None else None
    return Service(annotations=found) if found else None


_READERS: dict[str, Callable[[Item], object]] = {
    "resources": resources,
    "tolerations": tolerations,
    "includeConfigInLaunchedRuns": _launched_runs,
    "service": _service,
    "volumeMounts": lambda item: plain_list(item, "mounts", "name", "mountPath"),
    "schedulerName": lambda item: written(item) or None,
}
