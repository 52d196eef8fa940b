"""The values that switch the chart's own user deployments off, while its webserver and daemon stay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from reef.fleet.document import Item
from reef.kube.helm.section import SUBCHART, Section
from reef.kube.helm.tree import entry


def values_off(
    root: Item, sections: Sequence[Section], workspace_map: str, chart_version: str | None = None
) -> dict[str, Any]:
    """Values to give last. The webserver and the daemon then read the workspace of a ConfigMap."""
    off: dict[str, Any] = {}
    for section in sections:
        if not section.is_subchart:
            _put(off, section.key, {"deployments": []})
            continue
        around = _item_at(root, section.around)
        _put(off, section.right_key, {"enabled": True, "enableSubchart": False})
        workspace = {"workspace": {"enabled": True, "servers": [], "externalConfigmap": workspace_map}}
        webserver = _webserver(around, chart_version)
        _put(off, f"{section.around}.{webserver}" if section.around else webserver, workspace)
    return off


def values_off_at(key: str, workspace_map: str) -> dict[str, Any]:
    """The same of a section at the dotted path `key`, where its file is not at hand."""
    off: dict[str, Any] = {}
    around, _, last = key.rpartition(".")
    if last != SUBCHART:
        _put(off, key, {"deployments": []})
        return off
    _put(off, key, {"enabled": True, "enableSubchart": False})
    workspace = {"workspace": {"enabled": True, "servers": [], "externalConfigmap": workspace_map}}
    _put(off, f"{around}.dagsterWebserver" if around else "dagsterWebserver", workspace)
    return off


def deployments_off_at(key: str, names: Sequence[str]) -> dict[str, Any]:
    """Values that take some deployments out of a section that has them as a map."""
    off: dict[str, Any] = {}
    _put(off, key, {"deployments": dict.fromkeys(names)})
    return off


def _webserver(around: Item | None, chart_version: str | None) -> str:
    """What the chart calls its webserver: `dagit` before 1.4, and for a while both."""
    numbers = [int(each) for each in re.findall(r"\d+", chart_version or "")[:2]]
    if len(numbers) == 2:
        return "dagit" if numbers < [1, 4] else "dagsterWebserver"
    return "dagit" if entry(around, "dagit") and not entry(around, "dagsterWebserver") else "dagsterWebserver"


def _item_at(root: Item, path: str) -> Item | None:
    return entry(root, *path.split(".")) if path else root


def _put(tree: dict[str, Any], path: str, value: dict[str, Any]) -> None:
    for name in path.split(".") if path else ():
        tree = tree.setdefault(name, {})
    tree.update(value)
