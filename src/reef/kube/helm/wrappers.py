"""Values inside other files: a kustomization, a Flux HelmRelease, an Argo CD Application."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from reef.errors import ReefError
from reef.fleet.document import Item, parse_document
from reef.kube.helm.merge import merged
from reef.kube.helm.tree import entry, text

_CHARTS = ("dagster", "dagster-user-deployments")


@dataclass(frozen=True)
class Release:
    """Values, and what is known of the release that they are for."""

    values: Item
    name: str | None = None
    namespace: str | None = None
    chart_version: str | None = None


def unwrapped(root: Item, folder: str, read: Callable[[str], Item]) -> Release:
    """The values in a document, or the document itself. `read` reads a values file that it names. Raises ReefError."""
    kind, api = text(root, "kind") or "", text(root, "apiVersion") or ""
    if kind == "HelmChartInflationGenerator":
        return _inflated(root, folder, read)
    if entry(root, "helmCharts") is not None or (kind == "Kustomization" and "kustomize" in api):
        return _kustomization(root, folder, read)
    if kind == "HelmRelease":
        return _flux(root)
    if kind == "Application" and "argoproj" in api:
        return _argo(root)
    return Release(root)


def _kustomization(root: Item, folder: str, read: Callable[[str], Item]) -> Release:
    charts = entry(root, "helmCharts")
    if charts is None:
        raise root.error("is a kustomization without helmCharts", "name the values file that it uses")
    ours = [each for each in charts.elements if text(each, "name") in _CHARTS] or [
        each for each in charts.elements if entry(each, "valuesInline", "dagster-user-deployments")
    ]
    if not ours:
        names = ", ".join(text(each, "name") or "?" for each in charts.elements)
        raise charts.error(f"has no chart called dagster: it has {names or 'none'}")
    if len(ours) > 1:
        raise ours[1].error(
            "is a second chart of Dagster", "import them one at a time, each as a file of values"
        )
    release = _inflated(ours[0], folder, read)
    return replace(release, namespace=release.namespace or text(root, "namespace"))


def _inflated(chart: Item, folder: str, read: Callable[[str], Item]) -> Release:
    inline = entry(chart, "valuesInline")
    files = [
        entry(chart, "valuesFile"),
        *(extra.elements if (extra := entry(chart, "additionalValuesFiles")) else ()),
    ]
    documents = [read(os.path.join(folder, str(each.value))) for each in files if each is not None]
    if not documents and inline is None:
        raise chart.error("has neither valuesInline nor valuesFile")
    wins = text(chart, "valuesMerge") or "override"
    if inline is not None and wins == "replace":
        documents = [inline]
    elif inline is not None:
        documents = [inline, *documents] if wins == "merge" else [*documents, inline]
    return Release(
        merged(documents[0], *documents[1:]),
        text(chart, "releaseName"),
        text(chart, "namespace"),
        text(chart, "version"),
    )


def _flux(root: Item) -> Release:
    values = entry(root, "spec", "values")
    if values is None:
        raise root.error("is a HelmRelease without spec.values", "name the file that its valuesFrom has")
    return Release(
        values,
        text(root, "spec", "releaseName") or text(root, "metadata", "name"),
        text(root, "spec", "targetNamespace") or text(root, "metadata", "namespace"),
        text(root, "spec", "chart", "spec", "version"),
    )


def _argo(root: Item) -> Release:
    several = entry(root, "spec", "sources")
    sources = several.elements if several else tuple(filter(None, [entry(root, "spec", "source")]))
    for source in sources:
        values = entry(source, "helm", "valuesObject") or _parsed(entry(source, "helm", "values"))
        if values is not None:
            return Release(
                values,
                text(source, "helm", "releaseName") or text(root, "metadata", "name"),
                text(root, "spec", "destination", "namespace"),
                text(source, "targetRevision"),
            )
    raise root.error("is an Application without helm.values or helm.valuesObject", "name its values file")


def _parsed(item: Item | None) -> Item | None:
    """YAML in a string of YAML; its lines are those of the file."""
    if item is None:
        return None
    if not isinstance(item.value, str):
        raise item.invalid("a string of YAML")
    line = item.where.line or 0
    try:
        return parse_document("\n" * line + item.value, item.where.file)
    except ReefError as error:
        raise item.error(f"is a string that {error.message}", error.hint) from None
