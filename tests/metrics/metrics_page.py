"""The tables of docs/metrics.md, from the definitions.

.venv/bin/python tests/metrics/metrics_page.py            prints them
.venv/bin/python tests/metrics/metrics_page.py --write    puts them into the page
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from reef.metrics import of_hosts, of_locations, of_pods
from reef.metrics.alerts import alerts
from reef.metrics.definitions import METRICS
from reef.metrics.metric import Metric
from reef.metrics.recording import recordings

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
SECTIONS = {
    "Of a code location": of_locations,
    "Of its pods": of_pods,
    "Of a process of Reef, and of the fleet": of_hosts,
}


def tables() -> dict[str, str]:
    """Heading -> the table below it."""
    found = {heading: _metrics(vars(module).values()) for heading, module in SECTIONS.items()}
    found["Alerts"] = _table(("alert", "severity", "when, for how long", "what it says"), _alert_rows())
    found["Recorded"] = _table(
        ("rule", "expression"), ((f"`{r.record}`", f"`{_safe(r.expr)}`") for r in recordings())
    )
    return found


def _metrics(values: Iterable[object]) -> str:
    rows = [
        (
            f"`{metric.name}`",
            _type(metric),
            ", ".join(f"`{label}`" for label in metric.by),
            _of(metric),
            metric.help,
        )
        for metric in METRICS
        if metric in list(values)
    ]
    return _table(("metric", "type", "labels", "exported by", ""), rows)


def _type(metric: Metric) -> str:
    return f"{metric.kind}, {metric.unit}" if metric.unit else metric.kind


def _of(metric: Metric) -> str:
    return ", ".join({"pack": "pack host"}.get(role, role) for role in metric.roles)


def _alert_rows() -> Iterable[tuple[str, ...]]:
    for one in alerts():
        summary = re.sub(r"\{\{ \$(labels\.)?(\w+).*?\}\}", r"‹\2›", one.summary)
        yield (
            f"`{one.name}`",
            one.severity,
            f"`{_safe(one.expr)}` for {one.lasting}",
            f"{summary}. {one.what_to_do}",
        )


def _safe(text: str) -> str:
    return text.replace("|", "\\|")


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def with_tables(page: str) -> str:
    """The page, its tables those of now."""
    for heading, table in tables().items():
        pattern = rf"(^#+ {re.escape(heading)}\n(?:(?!\||#).*\n)*)(?:\|.*\n)*\n*"
        page, times = re.subn(
            pattern, lambda found, table=table: f"{found[1].rstrip()}\n\n{table}\n", page, flags=re.MULTILINE
        )
        assert times == 1, heading
    return page.rstrip() + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")
    else:
        for heading, table in tables().items():
            print(f"## {heading}\n\n{table}")
