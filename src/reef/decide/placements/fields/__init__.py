"""The table: what becomes of every field of a pod and a container when its location runs in a pack.

Every field that is kept has rows for its parts; all others hold for whatever is in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from reef.decide.placements.fields.container import CONTAINER
from reef.decide.placements.fields.pod import POD
from reef.decide.placements.fields.row import Row, Verdict
from reef.decide.placements.fields.security import SECURITY
from reef.decide.placements.fields.volumes import VOLUMES

KUBERNETES = "1.36"  # the API whose fields the table has
TABLE: tuple[Row, ...] = POD + SECURITY + VOLUMES + CONTAINER


def _by_path() -> Mapping[str, tuple[Row, ...]]:
    found: dict[str, tuple[Row, ...]] = {}
    for row in TABLE:
        found[row.path] = (*found.get(row.path, ()), row)
    return MappingProxyType(found)


BY_PATH: Mapping[str, tuple[Row, ...]] = _by_path()

__all__ = ["BY_PATH", "KUBERNETES", "TABLE", "Row", "Verdict"]
