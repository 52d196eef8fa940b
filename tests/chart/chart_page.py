"""The table of docs/chart.md, from the chart's values and their schema.

.venv/bin/python tests/chart/chart_page.py            prints the table
.venv/bin/python tests/chart/chart_page.py --write    puts it into the page
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "reef"
PAGE = ROOT / "docs" / "chart.md"
HEADING = ["| value | default | what it does |", "|---|---|---|"]


def values() -> dict[str, Any]:
    found = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def schema() -> dict[str, Any]:
    found = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def rows() -> Iterator[tuple[str, object, str]]:
    """(path, default, description) of each value, in the order of values.yaml."""
    yield from _below("", values(), schema())


def _below(
    before: str, given: Mapping[str, Any], told: Mapping[str, Any]
) -> Iterator[tuple[str, object, str]]:
    for name, default in given.items():
        part = told["properties"][name]
        path = f"{before}{name}"
        # What Kubernetes defines is one value: its parts are Kubernetes' own.
        if isinstance(default, dict) and "properties" in part and name != "resources":
            yield from _below(f"{path}.", default, part)
        else:
            yield path, default, part["description"]


def table() -> list[str]:
    return HEADING + [f"| `{path}` | `{json.dumps(default)}` | {text} |" for path, default, text in rows()]


def written() -> list[str]:
    """What the page has."""
    return [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]


def main() -> None:
    text = "\n".join(table())
    if "--write" not in sys.argv:
        print(text)
        return
    page = PAGE.read_text("utf-8")
    PAGE.write_text(page.replace("\n".join(written()), text), "utf-8")


if __name__ == "__main__":
    main()
