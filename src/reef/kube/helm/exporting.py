"""From CodeLocations to the chart's values: a pod for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reef.errors import ReefError
from reef.kube.findings import Finding
from reef.kube.group import HELM_FORM, HELM_KEY
from reef.kube.helm.chart import CELERY_SECRET, HOME, POSTGRESQL_KEY, POSTGRESQL_SECRET, plain_fullname
from reef.kube.helm.entry_out import entry_of
from reef.kube.helm.section import SUBCHART
from reef.kube.model import CodeLocation


@dataclass(frozen=True)
class Values:
    """Values for the chart, and what they could not say."""

    values: dict[str, Any]
    findings: tuple[Finding, ...]


def export_helm(
    locations: Sequence[CodeLocation],
    accounts: Mapping[str, Mapping[str, Any]],
    release: str = "dagster",
    key: str | None = None,
) -> Values:
    """Values that run the locations as the chart's user deployments.

    `accounts` has the metadata of service accounts that the chart made, by name. `key` says where in the values the
    locations belong; without it each goes where it came from. Raises ReefError.
    """
    findings: list[Finding] = []
    values: dict[str, Any] = {}
    groups: dict[str, list[CodeLocation]] = {}
    for each in locations:
        groups.setdefault(each.annotations.get(HELM_KEY, SUBCHART) if key is None else key, []).append(each)
    for path, group in groups.items():
        _Group(path, group, accounts, release, findings).write(values)
    return Values(values, tuple(findings))


class _Group:
    """The locations of one user-deployments chart."""

    def __init__(
        self,
        path: str,
        locations: Sequence[CodeLocation],
        accounts: Mapping[str, Mapping[str, Any]],
        release: str,
        findings: list[Finding],
    ) -> None:
        self._path = path
        self._own = [each for each in locations if not each.spec.server]
        self._external = [each for each in locations if each.spec.server]
        self._accounts = accounts
        self._release = release
        self._findings = findings

    def write(self, values: dict[str, Any]) -> None:
        section: dict[str, Any] = {}
        if self._path:
            section |= {"enabled": True, "enableSubchart": True}
        entries = [entry_of(each, self._findings) for each in self._own]
        if self._own and all(each.annotations.get(HELM_FORM) == "map" for each in self._own):
            section["deployments"] = {each.pop("name"): each for each in entries}
        else:
            section["deployments"] = entries
        section |= self._pull_secrets()
        section |= self._service_account(entries)
        _merge(values, self._path, section)
        self._instance(values)
        self._workspace(values)

    def _pull_secrets(self) -> dict[str, Any]:
        lists = [msgspec.to_builtins(each.spec.imagePullSecrets or []) for each in self._own]
        together = [dict(each) for each in {tuple(one.items()): None for names in lists for one in names}]
        if any(each != together for each in lists):
            said = "the chart has them for all locations together"
            self._findings.append(Finding("changed", "imagePullSecrets", said))
        return {"imagePullSecrets": together} if together else {}

    def _service_account(self, entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        names = [each.spec.serviceAccountName or None for each in self._own]
        plain = f"{plain_fullname(self._release)}-user-deployments"
        common = max(set(names), key=names.count) if names else None
        for location, entry, name in zip(self._own, entries, names, strict=True):
            if name != common and name:
                entry["serviceAccount"] = self._account(name)
                said = "charts before 1.9 have one service account for all"
                self._findings.append(Finding("changed", f"{location.name}.spec.serviceAccountName", said))
        if common is None or (common == plain and not self._annotations(common)):
            return {}
        account = self._account(common)
        if common == plain:
            del account["name"]
        return {"serviceAccount": account}

    def _account(self, name: str) -> dict[str, Any]:
        annotations = self._annotations(name)
        plain = f"{plain_fullname(self._release)}-user-deployments"
        create = name in self._accounts or name == plain
        return {"create": create, "name": name, **({"annotations": annotations} if annotations else {})}

    def _annotations(self, name: str) -> dict[str, str]:
        found = self._accounts.get(name, {}).get("annotations", {})
        return {
            key: value for key, value in found.items() if key not in (HELM_KEY, "helm.sh/resource-policy")
        }

    def _instance(self, values: dict[str, Any]) -> None:
        found = [each.spec.instance for each in self._own if each.spec.instance]
        instances = {msgspec.json.encode(each): each for each in found}
        if len(instances) > 1:
            said = "the chart has one instance for all: that of the first location is taken"
            self._findings.append(Finding("changed", "instance", said))
        for instance in list(instances.values())[:1]:
            secret = instance.postgresqlSecret or None
            said_values = {
                "dagsterHome": (instance.home or HOME, HOME),
                "postgresqlSecretName": (secret.name if secret else POSTGRESQL_SECRET, POSTGRESQL_SECRET),
                "postgresqlSecretPasswordKey": (secret.key if secret else POSTGRESQL_KEY, POSTGRESQL_KEY),
                "celeryConfigSecretName": (instance.celeryConfigSecret or CELERY_SECRET, CELERY_SECRET),
            }
            changed = {name: value for name, (value, usual) in said_values.items() if value != usual}
            if changed:
                _merge(values, "global", changed)

    def _workspace(self, values: dict[str, Any]) -> None:
        """A list of servers, where the chart's own would not have the right names."""
        named = [each for each in self._own if each.location_name != each.name]
        if not named and not self._external:
            return
        if not self._path:
            said = "the workspace of the official chart's release has to name it"
            self._findings += [
                Finding("lost", f"{each.name}.spec.location_name", said) for each in (*named, *self._external)
            ]
            return
        servers = [{"host": each.name, "port": each.port, "name": each.location_name} for each in self._own]
        servers += [_server(each) for each in self._external]
        around = self._path.rpartition(".")[0]
        path = f"{around}.dagsterWebserver" if around else "dagsterWebserver"
        _merge(values, path, {"workspace": {"enabled": True, "servers": servers}})


def _server(location: CodeLocation) -> dict[str, Any]:
    server = location.spec.server
    if not server:
        raise ReefError(f"{location.name} has no server")
    ssl = {"ssl": True} if server.ssl else {}
    return {"host": server.host, "port": server.port, "name": location.location_name, **ssl}


def _merge(tree: dict[str, Any], path: str, value: Mapping[str, Any]) -> None:
    for name in path.split(".") if path else ():
        tree = tree.setdefault(name, {})
    tree.update(value)


def accounts_of(documents: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The metadata of the service accounts among documents that `reef import helm` wrote, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for each in documents:
        metadata = each.get("metadata") if each.get("kind") == "ServiceAccount" else None
        if isinstance(metadata, dict) and HELM_KEY in (metadata.get("annotations") or {}):
            found[str(metadata.get("name"))] = metadata
    return found
