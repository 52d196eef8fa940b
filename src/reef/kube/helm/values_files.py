"""Reading values files: what each is, unwrapped, merged as Helm merges them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from reef.errors import ReefError, Where
from reef.fleet.document import Item, parse_document, parse_documents
from reef.fleet.text import read_text, shown
from reef.kube.helm.merge import merged
from reef.kube.helm.templates import file_kind, template_kind
from reef.kube.helm.tree import entry, text
from reef.kube.helm.wrappers import Release, unwrapped


def read_release(paths: Sequence[str]) -> Release:
    """The values of all files together. Raises ReefError for a template, and for what is no YAML."""
    releases = [_release(path) for path in paths]
    values = merged(releases[0].values, *(each.values for each in releases[1:]))
    return Release(
        values,
        next((each.name for each in releases if each.name), None),
        next((each.namespace for each in releases if each.namespace), None),
        next((each.chart_version for each in releases if each.chart_version), None),
    )


def _release(path: str) -> Release:
    release = unwrapped(read_values(path), os.path.dirname(path), read_values)
    if release.chart_version is None:
        release = replace(release, chart_version=_chart_beside(path))
    return release


def read_values(path: str) -> Item:
    """The document of one file. Raises ReefError that says which template language a template is in."""
    content = read_text(path)
    if what := file_kind(content):
        raise ReefError(f"is {what}", where=Where(shown(path)))
    try:
        return parse_document(content, shown(path))
    except ReefError as error:
        if what := template_kind(content) or _several(content, path):
            raise ReefError(f"is {what}", where=error.where) from None
        raise


def _several(content: str, path: str) -> str | None:
    """What a file of several documents is."""
    try:
        documents = parse_documents(content, shown(path))
    except ReefError:
        return None
    kinds = sorted({kind for each in documents if (kind := text(each, "kind"))})
    return f"a file of Kubernetes objects ({', '.join(kinds)}), not values of a chart" if kinds else None


def _chart_beside(path: str) -> str | None:
    """The version of Dagster's chart that the Chart.yaml beside a values file names."""
    chart = os.path.join(os.path.dirname(path), "Chart.yaml")
    if not os.path.isfile(chart):
        return None
    try:
        document = parse_document(read_text(chart), shown(chart))
    except ReefError:
        return None
    if (text(document, "name") or "").startswith("dagster") and entry(document, "dependencies") is None:
        return text(document, "version")
    dependencies = entry(document, "dependencies")
    for each in dependencies.elements if dependencies else ():
        if (text(each, "name") or "") in ("dagster", "dagster-user-deployments"):
            version = text(each, "version")
            return version if version and version[0].isdigit() else None
    return None
