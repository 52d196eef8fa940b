"""Each field of a dashboard is one that Grafana's own models know, at the place where they know it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from reef.metrics.grafana import dashboards, grafana_json


@pytest.fixture(scope="module", autouse=True)
def _models_of_panels() -> None:
    register_default_plugins()


def not_understood(board: dict[str, Any]) -> list[str]:
    """Paths of fields that the models drop or change: what Grafana would not read."""
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(board)))
    return list(_differences(board, read, ""))


def _differences(ours: object, theirs: object, path: str) -> Iterator[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from _differences(value, theirs[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(one, other, f"{path}/{index}")
    elif ours != theirs:
        yield path


@pytest.mark.parametrize("name", ["fleet", "location", "cluster"])
def test_grafanas_models_read_every_field(name: str) -> None:
    assert not_understood(grafana_json(dashboards()[name])) == []


def test_a_field_with_another_name_is_found() -> None:
    board = grafana_json(dashboards()["fleet"])
    panels = [panel for panel in board["panels"] if panel["type"] == "timeseries"]
    custom = panels[0]["fieldConfig"]["defaults"]["custom"]
    custom["lineWidht"] = custom.pop("lineWidth", 1)
    panels[1]["fieldConfig"]["defaults"]["units"] = "bytes"
    panels[2]["targets"][0]["expression"] = panels[2]["targets"][0].pop("expr")
    found = [path.rpartition("/")[2] for path in not_understood(board)]
    assert found == ["lineWidht", "units", "expression"]
