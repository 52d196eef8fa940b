"""The one table of all metrics. Exposition, docs/metrics.md, the dashboards and the alerts follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from reef.metrics import of_hosts, of_locations, of_pods
from reef.metrics.metric import Metric


def _in(module: ModuleType) -> tuple[Metric, ...]:
    return tuple(found for found in vars(module).values() if isinstance(found, Metric))


METRICS: tuple[Metric, ...] = (*_in(of_locations), *_in(of_pods), *_in(of_hosts))
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}
