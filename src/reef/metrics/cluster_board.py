"""The dashboard of what only Reef on Kubernetes has: requests, pods, images."""

from __future__ import annotations

from reef.metrics import of_hosts as host
from reef.metrics import of_locations as loc
from reef.metrics import of_pods as pods
from reef.metrics.metric import Metric
from reef.metrics.panels import Dashboard, Row, Variable, areas, bars, figure, lines
from reef.metrics.promql import rate, select, summed
from reef.metrics.recording import CPU_OF_REQUEST, MEMORY_OF_REQUEST, MEMORY_USED

OWNER = 'owner=~"$owner"'


def _sum(metric: Metric, *by: str) -> str:
    return summed(select(metric, OWNER), *by)


def _most(metric: Metric) -> str:
    return f"topk(15, {summed(select(metric, OWNER), 'location', how='max')})"


def _requests() -> Row:
    used, asked = ("used", f"sum({MEMORY_USED}{{{OWNER}}})"), ("requested", _sum(pods.MEMORY_REQUEST))
    memory = ("{{owner}}", _sum(pods.MEMORY_REQUEST, "owner"))
    cpu = ("{{owner}}", _sum(pods.CPU_REQUEST, "owner"))
    low_memory = f"bottomk(15, {MEMORY_OF_REQUEST}{{{OWNER}}})"
    low_cpu = f"bottomk(15, {CPU_OF_REQUEST}{{{OWNER}}})"
    return Row(
        "Use against requests",
        (
            lines("Memory", used, asked, unit="bytes", about=pods.MEMORY_REQUEST.help),
            bars("Least use of requested memory", low_memory, "percentunit", "The most of a day."),
            bars("Least use of requested processors", low_cpu, "percentunit", "The mean of a day."),
            areas("Requested memory by owner", memory, unit="bytes", about=pods.MEMORY_REQUEST.help),
            areas("Requested processors by owner", cpu, unit="none", about=pods.CPU_REQUEST.help),
            areas("Pods of their own", ("{{phase}}", _sum(pods.PODS, "phase")), about=pods.PODS.help),
        ),
    )


def _starts() -> Row:
    looks = ("{{outcome}}", rate(host.LOOKS, "", "outcome"))
    return Row(
        "Images and starts",
        (
            bars("Slowest pulls", _most(pods.PULL_SECONDS), "s", pods.PULL_SECONDS.help),
            bars("Largest images", _most(pods.IMAGE_BYTES), "bytes", pods.IMAGE_BYTES.help),
            bars(
                "Until the container was started",
                _most(pods.CONTAINER_STARTED),
                "s",
                pods.CONTAINER_STARTED.help,
            ),
            lines("Looks of the controller", looks, unit="ops", about=host.LOOKS.help),
            figure("Leaders", summed(select(host.LEADS)), about=host.LEADS.help),
        ),
    )


def cluster_board() -> Dashboard:
    about = "What code locations ask of the cluster, beside what they use, and how long their pods take."
    variables = (Variable("owner", loc.INFO.name, "owner"),)
    return Dashboard("reef-cluster", "Reef: on Kubernetes", about, variables, (_requests(), _starts()))
