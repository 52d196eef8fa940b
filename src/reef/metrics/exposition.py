"""Samples as text: Prometheus' own format and OpenMetrics.

`prometheus_client` makes an object of each sample and takes 0.7 s for the 80,000 of a thousand locations: more than
twice what a scrape may take (benchmarks/metrics.py has both side by side). In the tests its strict parser reads what
is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

from reef.metrics.definitions import BY_NAME, METRICS
from reef.metrics.metric import Metric
from reef.metrics.tally import Counted, Key

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def is_open_metrics(accept: str | None) -> bool:
    """Whether the one who asks wants OpenMetrics: it names it, and does not refuse it (`q=0`)."""
    for part in (accept or "").split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media == "application/openmetrics-text":
            return all(piece.replace(" ", "") not in ("q=0", "q=0.0") for piece in parameters)
    return False


def escaped(text: str) -> str:
    """As a label's value. What is no character becomes a question mark, so that the whole stays readable."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def labels(names: Sequence[str], values: Sequence[str]) -> str:
    """`a="x",b="y"`."""
    return ",".join(f'{name}="{escaped(value)}"' for name, value in zip(names, values, strict=True))


def of_location(name: str, owner: str | None) -> str:
    """What begins the labels of each of a location's samples."""
    return labels(("location", "owner"), (name, owner or ""))


@lru_cache(maxsize=8192)
def _own_labels(key: Key) -> tuple[Metric, str]:
    metric = BY_NAME[key[0]]
    return metric, labels(metric.by, key[1:])


@lru_cache(maxsize=64)
def _edges(buckets: tuple[float, ...]) -> tuple[str, ...]:
    return (*(f'le="{float(edge)}"' for edge in buckets), 'le="+Inf"')


def _joined(where: str, own: str) -> str:
    return f"{where},{own}" if where and own else where or own


def number(value: float) -> str:
    """Whole numbers without a point."""
    whole = int(value)
    return str(whole) if value == whole else repr(value)


class Page:
    """The samples of one scrape. Those of a metric stay together, whatever the order in which they come."""

    def __init__(self) -> None:
        self._rows: dict[str, list[str]] = {metric.name: [] for metric in METRICS}

    def put(self, metric: Metric, value: float, where: str = "", *values: str) -> None:
        """`where` is what `of_location` made, "" for the host."""
        name = metric.name
        both = _joined(where, _own_labels((name, *values))[1]) if values else where
        self._rows[name].append(f"{name}{{{both}}} {number(value)}\n")

    def put_counted(self, counted: Counted, where: str = "") -> None:
        """All that was counted of a location, or of the host."""
        rows = self._rows
        for key, value in list(counted.numbers.items()):
            name = key[0]
            rows[name].append(f"{name}{{{_joined(where, _own_labels(key)[1])}}} {number(value)}\n")
        for key, buckets in list(counted.histograms.items()):
            metric, own = _own_labels(key)
            self._put_histogram(metric, list(buckets), _joined(where, own))

    def _put_histogram(self, metric: Metric, buckets: list[float], both: str) -> None:
        name, comma = metric.name, "," if both else ""
        sums = [int(up_to) for up_to in accumulate(buckets[:-1])]
        begin = f"{name}_bucket{{{both}{comma}"
        rows = [
            f"{begin}{edge}}} {up_to}\n" for edge, up_to in zip(_edges(metric.buckets), sums, strict=True)
        ]
        rows.append(f"{name}_sum{{{both}}} {buckets[-1]!r}\n{name}_count{{{both}}} {sums[-1]}\n")
        self._rows[name].append("".join(rows))

    def text(self, *, open_metrics: bool) -> bytes:
        """Metrics without a sample are left out."""
        pieces: list[str] = []
        for metric in METRICS:
            if rows := self._rows[metric.name]:
                pieces += _head(metric, open_metrics=open_metrics)
                pieces += rows
        if open_metrics:
            pieces.append("# EOF\n")
        return "".join(pieces).encode()


def _head(metric: Metric, *, open_metrics: bool) -> Iterable[str]:
    help_text = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
    if not open_metrics:
        kind = "gauge" if metric.kind == "info" else metric.kind
        return (f"# HELP {metric.name} {help_text}\n", f"# TYPE {metric.name} {kind}\n")
    help_text = help_text.replace('"', '\\"')
    lines = [f"# HELP {metric.family} {help_text}\n", f"# TYPE {metric.family} {metric.kind}\n"]
    if metric.unit and metric.family.endswith(f"_{metric.unit}"):
        lines.append(f"# UNIT {metric.family} {metric.unit}\n")
    return lines
