"""docs/metrics.md has each metric, each alert and each recorded rule, as they are."""

from __future__ import annotations

from metrics_page import PAGE, tables, with_tables

from reef.metrics.alerts import alerts
from reef.metrics.definitions import METRICS


def test_the_page_is_that_of_the_definitions() -> None:
    text = PAGE.read_text("utf-8")
    assert text == with_tables(text), "run tests/metrics/metrics_page.py --write"


def test_each_metric_and_each_alert_has_a_row() -> None:
    text = "".join(tables().values())
    for name in [metric.name for metric in METRICS] + [alert.name for alert in alerts()]:
        assert text.count(f"| `{name}` |") == 1, name
