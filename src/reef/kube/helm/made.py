"""Objects that the sub-chart makes, which its pods and their runs need, and which go when it is switched off."""

from __future__ import annotations

from typing import Any

from reef.kube.group import HELM_KEY
from reef.kube.helm.chart import Chart
from reef.kube.helm.section import deployments_of
from reef.kube.helm.tree import entry, text
from reef.kube.helm.values import words

_ROLE = "rbac.authorization.k8s.io"
# Helm deletes what a release no longer has, but not an object with this annotation.
_KEEP = {"helm.sh/resource-policy": "keep"}
_READ = ["get", "watch", "list"]
_CHANGE = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
# As newer charts have them; before 1.8 they had every verb.
_RULES: list[dict[str, Any]] = [
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": _CHANGE},
    {"apiGroups": ["batch"], "resources": ["jobs/status"], "verbs": _READ},
    {"apiGroups": [""], "resources": ["pods", "events"], "verbs": _CHANGE},
    {"apiGroups": [""], "resources": ["pods/log", "pods/status"], "verbs": _READ},
]


def made_objects(chart: Chart) -> list[dict[str, Any]]:
    """Service accounts, and the role that lets them launch Jobs, as the chart would make them."""
    if not chart.section.is_subchart:
        return []  # a release of its own keeps them when its list of deployments is empty
    account = _of_section(chart)
    return [*account, *(_role(chart) if account else []), *_of_deployments(chart)]


def _of_section(chart: Chart) -> list[dict[str, Any]]:
    item = chart.section.item
    create = entry(item, "serviceAccount", "create")
    if create is not None and create.value is False:
        return []
    if chart.account_is_global:
        return []  # the chart around makes it, or somebody else
    annotations = entry(item, "serviceAccount", "annotations")
    return [_account(chart, chart.service_account, words(annotations) if annotations else None)]


def _of_deployments(chart: Chart) -> list[dict[str, Any]]:
    found = deployments_of(chart.section)
    items = (found.elements or tuple(found.entries.values())) if found else ()
    accounts = {}
    for item in items:
        create, name = entry(item, "serviceAccount", "create"), text(item, "serviceAccount", "name")
        if name and create is not None and create.value is True:
            annotations = entry(item, "serviceAccount", "annotations")
            accounts[name] = _account(chart, name, words(annotations) if annotations else None)
    return list(accounts.values())


def _account(chart: Chart, name: str, annotations: dict[str, str] | None) -> dict[str, Any]:
    metadata = _metadata(chart, name)
    metadata["annotations"] = {
        **(annotations or {}),
        **metadata["annotations"],
        HELM_KEY: chart.section.right_key,
    }
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _role(chart: Chart) -> list[dict[str, Any]]:
    rbac = entry(chart.section.item, "rbacEnabled")
    if rbac is not None and rbac.value is False:
        return []
    role, namespace = f"{chart.fullname}-role", chart.options.namespace
    # Without a namespace it is that of the binding.
    subject = {"kind": "ServiceAccount", "name": chart.service_account}
    if namespace:
        subject["namespace"] = namespace
    return [
        {"apiVersion": f"{_ROLE}/v1", "kind": "Role", "metadata": _metadata(chart, role), "rules": _RULES},
        {
            "apiVersion": f"{_ROLE}/v1",
            "kind": "RoleBinding",
            "metadata": _metadata(chart, f"{chart.fullname}-rolebinding"),
            "roleRef": {"apiGroup": _ROLE, "kind": "Role", "name": role},
            "subjects": [subject],
        },
    ]


def _metadata(chart: Chart, name: str) -> dict[str, Any]:
    namespace = {"namespace": chart.options.namespace} if chart.options.namespace else {}
    return {"name": name, **namespace, "annotations": dict(_KEEP)}
