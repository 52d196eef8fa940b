"""Queries, made from definitions: a metric that is renamed or loses a label renames or breaks here, not in Grafana."""

from __future__ import annotations

from collections.abc import Iterable

from reef.metrics.metric import Metric

OF_TARGET = ("job", "instance", "namespace")
"""Labels that a scraper adds. Where a query sums over hosts they go, but `namespace`: two Reefs stay apart."""


def select(metric: Metric, where: str = "", *, sample: str = "") -> str:
    """The metric itself; `where` are matchers (`state="warm"`), `sample` is a histogram's `_bucket`, `_sum`, `_count`.

    Raises ValueError for a label that the metric does not have."""
    _must_have(metric, _labels_in(where))
    return f"{metric.name}{sample}{{{where}}}" if where else f"{metric.name}{sample}"


def _labels_in(where: str) -> list[str]:
    """Values may hold commas only where they are quoted: ours do not."""
    return [piece.split("=")[0].rstrip("!").strip() for piece in where.split(",") if piece]


def summed(what: str, *by: str, how: str = "sum") -> str:
    return f"{how} by ({', '.join(by)}) ({what})" if by else f"{how}({what})"


def rate(
    metric: Metric, where: str = "", *by: str, window: str = "$__rate_interval", sample: str = ""
) -> str:
    """A second, summed by these labels."""
    _must_have(metric, by)
    return summed(f"rate({select(metric, where, sample=sample)}[{window}])", *by)


def increase(metric: Metric, window: str, where: str = "", *by: str) -> str:
    _must_have(metric, by)
    return summed(f"increase({select(metric, where)}[{window}])", *by)


def quantile(
    share: float, metric: Metric, where: str = "", *by: str, window: str = "$__rate_interval"
) -> str:
    """Of a histogram."""
    inner = rate(metric, where, *by, "le", window=window, sample="_bucket")
    return f"histogram_quantile({share}, {inner})"


def _must_have(metric: Metric, labels: Iterable[str]) -> None:
    for label in labels:
        if label not in (*metric.labels, *OF_TARGET, "le"):
            raise ValueError(f"{metric.name} has no label {label!r}: {metric.labels}")
