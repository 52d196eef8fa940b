"""What pods used and requested, asked of a Prometheus that has cAdvisor's and kube-state-metrics' figures.

An hour is one point of each query: its median, its 95th percentile and its highest scrape. A peak between two scrapes
is not seen; that a container was killed because of it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from reef.decide.sizing.proposal import Has
from reef.decide.sizing.stretches import DAY_S, Spread, Stretch
from reef.decide.sizing.used import Watch
from reef.errors import ReefError
from reef.usage.history import HOUR_S, Seen
from reef.usage.prometheus import Labels, Prometheus

CHART_CONTAINER = "dagster-user-deployments"
_BY = "max by (namespace, pod, container)"
_HASH = "[bcdfghjklmnpqrstvwxz2456789]"
_POD = re.compile(rf"-(?:[0-9a-f]{{6,10}}|{_HASH}{{6,10}})-[a-z0-9]{{5}}$")
_MATCHER = re.compile(r'^\s*[a-zA-Z_][a-zA-Z0-9_]*\s*(=|!=|=~|!~)\s*"(?:[^"\\]|\\.)*"\s*$')
_FIGURES = {
    "whole50": "quantile_over_time(0.5, {memory}[1h])",
    "whole95": "quantile_over_time(0.95, {memory}[1h])",
    "whole": "max_over_time({memory}[1h])",
    "cpu50": "quantile_over_time(0.5, {cpu}[1h:1m])",
    "cpu95": "quantile_over_time(0.95, {cpu}[1h:1m])",
    "cpu": "max_over_time({cpu}[1h:1m])",
    "awake": "count_over_time({memory}[1h:1m]) * 60",
}


@dataclass(frozen=True)
class Pods:
    """Whose figures are asked for: of one namespace, of the containers that further matchers of PromQL select."""

    namespace: str | None = None
    selector: str | None = None

    def matchers(self) -> str:
        """Raises ReefError."""
        found = [each for each in _split(self.selector or "") if each.strip()]
        for each in found:
            if not _MATCHER.match(each):
                hint = """such as 'cluster="prod",pod=~"dagster-.*"'"""
                raise ReefError(f"--selector: {each.strip()!r} is no matcher of PromQL", hint=hint)
        names = {re.split(r"[=!]", each)[0].strip() for each in found}
        if "container" not in names:
            found.insert(0, f'container="{CHART_CONTAINER}"')
        if self.namespace is not None:
            found.insert(0, f'namespace="{_escaped(self.namespace)}"')
        return ",".join(each.strip() for each in found)


@dataclass
class Workload:
    """The pods of one Deployment together."""

    name: str
    namespace: str
    has: Has = field(default_factory=Has)
    seen: Seen = field(default_factory=lambda: Seen((), Watch()))


def workloads(source: Prometheus, pods: Pods, since: float, until: float) -> list[Workload]:
    """Raises ReefError, also where the query of memory or of processor time finds nothing."""
    matchers = pods.matchers()
    memory = f"container_memory_working_set_bytes{{{matchers}}}"
    cpu = f"rate(container_cpu_usage_seconds_total{{{matchers}}}[5m])"
    begin, end = _whole_hours(since, until)
    hours: dict[tuple[str, str], dict[int, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for name, template in _FIGURES.items():
        query = f"{_BY} ({template.format(memory=memory, cpu=cpu)})"
        answer = source.over(query, begin, end, HOUR_S)
        if not answer:
            raise _nothing(source, pods, query, until)
        for labels, points in answer:
            for when, value in points:
                known = hours[_workload(labels)][int(when) - HOUR_S]
                known[name] = max(known.get(name, 0.0), value)
    has, killed = _requested(source, matchers, until), _killed(source, matchers, since, until)
    found = []
    for key in sorted(hours):
        stretches = _stretches(hours[key], killed.get(key, 0), has.get(key, Has()))
        if stretches:
            found.append(Workload(key[1], key[0], has.get(key, Has()), Seen(stretches, _watch(stretches))))
    return found


def location_of(workload: str, names: Mapping[str, object] | None = None) -> str:
    """The name that the chart's values have for a Deployment: the longest of `names` that it ends with, else what
    stands behind the sub-chart's name in it."""
    if names is not None:
        fits = [name for name in names if workload == name or workload.endswith(f"-{name}")]
        if fits:
            return max(fits, key=len)
    return workload.rpartition(f"{CHART_CONTAINER}-")[2]


def _stretches(hours: Mapping[int, Mapping[str, float]], kills: int, has: Has) -> tuple[Stretch, ...]:
    found = [
        Stretch(
            start=start,
            awake_s=min(HOUR_S, round(known.get("awake", HOUR_S))),
            whole=Spread(known.get("whole50", 0), known.get("whole95", 0), known["whole"]),
            cpu=Spread(known.get("cpu50", 0), known.get("cpu95", 0), known.get("cpu", 0)),
            cpu_s=known.get("cpu50", 0) * HOUR_S,
        )
        for start, known in sorted(hours.items())
        if known.get("whole")
    ]
    if found and kills:
        last = found[-1]
        at = has.memory_limit or max(each.whole.peak for each in found)
        found[-1] = Stretch(
            last.start,
            last.awake_s,
            whole=last.whole,
            cpu=last.cpu,
            cpu_s=last.cpu_s,
            kills=kills,
            killed_at=at,
        )
    return tuple(found)


def _watch(stretches: tuple[Stretch, ...]) -> Watch:
    days = frozenset(each.start // DAY_S for each in stretches)
    first, last = stretches[0].start, stretches[-1].start + HOUR_S
    return Watch(first, last, sum(each.awake_s for each in stretches), days)


def _requested(source: Prometheus, matchers: str, when: float) -> dict[tuple[str, str], Has]:
    """Empty where no kube-state-metrics is scraped."""
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for what in ("requests", "limits"):
        metric = f"kube_pod_container_resource_{what}{{{matchers}}}"
        query = f"max by (namespace, pod, container, resource) (last_over_time({metric}[1d]))"
        for labels, value in source.at(query, when):
            known = found[_workload(labels)]
            key = f"{labels.get('resource')} {what}"
            known[key] = max(known.get(key, 0.0), value)
    return {
        key: Has(
            known.get("memory requests"),
            known.get("memory limits"),
            known.get("cpu requests"),
            known.get("cpu limits"),
            "standing",
        )
        for key, known in found.items()
    }


def _killed(source: Prometheus, matchers: str, since: float, until: float) -> dict[tuple[str, str], int]:
    metric = f'kube_pod_container_status_last_terminated_reason{{reason="OOMKilled",{matchers}}}'
    query = f"{_BY} (max_over_time({metric}[{max(1, round((until - since) / HOUR_S))}h])) > 0"
    found: dict[tuple[str, str], int] = defaultdict(int)
    for labels, value in source.at(query, until):
        found[_workload(labels)] += round(value)
    return found


def _nothing(source: Prometheus, pods: Pods, query: str, when: float) -> ReefError:
    within = f'{{namespace="{_escaped(pods.namespace)}"}}' if pods.namespace is not None else ""
    there = source.at(f"count by (container) (container_memory_working_set_bytes{within})", when)
    names = sorted(filter(None, (labels.get("container") for labels, _ in there)))
    hint = (
        f"containers that it knows there: {', '.join(names[:12])}; --selector chooses others"
        if names
        else ("it has no figures of cAdvisor there: is kubelet scraped, and is --namespace right?")
    )
    return ReefError(f"the Prometheus has nothing for this query: {query}", hint=hint)


def _workload(labels: Labels) -> tuple[str, str]:
    return labels.get("namespace", ""), _POD.sub("", labels.get("pod", ""))


def _whole_hours(since: float, until: float) -> tuple[float, float]:
    return (since // HOUR_S + 1) * HOUR_S, until // HOUR_S * HOUR_S


def _split(selector: str) -> list[str]:
    """At the commas outside of quotes."""
    return re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+', selector)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
