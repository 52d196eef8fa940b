"""The values that switch the chart's own user deployments off, while its webserver and daemon stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reef.fleet.document import Item
from reef.kube.helm.section import Section
from reef.kube.helm.tree import entry


def values_off(root: Item, sections: Sequence[Section], workspace_map: str) -> dict[str, Any]:
    """Values to give last. The webserver and the daemon then read the workspace of a ConfigMap."""
    off: dict[str, Any] = {}
    for section in sections:
        if not section.is_subchart:
            _put(off, section.key, {"deployments": []})
            continue
        around = _item_at(root, section.around)
        _put(off, section.right_key, {"enabled": True, "enableSubchart": False})
        workspace = {"workspace": {"enabled": True, "servers": [], "externalConfigmap": workspace_map}}
        webserver = (
            "dagit"
            if entry(around, "dagit") and not entry(around, "dagsterWebserver")
            else "dagsterWebserver"
        )
        _put(off, f"{section.around}.{webserver}" if section.around else webserver, workspace)
    return off


def _item_at(root: Item, path: str) -> Item | None:
    return entry(root, *path.split(".")) if path else root


def _put(tree: dict[str, Any], path: str, value: dict[str, Any]) -> None:
    for name in path.split(".") if path else ():
        tree = tree.setdefault(name, {})
    tree.update(value)
