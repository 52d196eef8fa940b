"""Rules and dashboards as files of the chart, from the definitions.

.venv/bin/python tests/metrics/chart_files.py --write    writes those that differ
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from reef.metrics.grafana import dashboards, grafana_json
from reef.metrics.rules import rules_text

FOLDER = Path(__file__).parents[2] / "charts" / "reef" / "files"


def files() -> dict[str, str]:
    """Name -> content. Dashboards without spaces: a ConfigMap holds a megabyte."""
    found = {
        f"dashboard-{name}.json": json.dumps(grafana_json(board), separators=(",", ":")) + "\n"
        for name, board in dashboards().items()
    }
    return {"rules.yaml": rules_text(), **found}


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, "utf-8")
