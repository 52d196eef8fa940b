"""What Prometheus is to calculate once for all who ask."""

from __future__ import annotations

from dataclasses import dataclass

from reef.metrics import of_hosts as host
from reef.metrics import of_locations as loc
from reef.metrics import of_pods as pods
from reef.metrics.promql import quantile, rate, select, summed

LOCATION = ("namespace", "location", "owner")
STATES = "reef:locations:by_state"
OF_LIMIT = "reef:location_memory:of_limit"
COLD_P95 = "reef:location_cold_start_seconds:p95_1h"
TICKS_FAILING = "reef:location_ticks:failed_share_15m"
MEMORY_USED = "reef:location_memory_used_bytes"
CPU_USED = "reef:location_cpu_used_cores:rate5m"
MEMORY_OF_REQUEST = "reef:location_memory:of_request_max_1d"
CPU_OF_REQUEST = "reef:location_cpu:of_request_avg_1d"
OWNER_MEMORY = "reef:owner_memory_used_bytes"
OWNER_CPU = "reef:owner_cpu_used_cores:rate5m"
LAG_P99 = "reef:host_event_loop_lag_seconds:p99_5m"


@dataclass(frozen=True)
class Recording:
    record: str
    expr: str


def _of_pods(cadvisor: str) -> str:
    """What kubelet measured of the containers of pods that locations have for themselves."""
    named = f'label_replace({cadvisor}, "location_pod", "$1", "pod", "(.+)")'
    of_pods = summed(select(pods.POD_INFO), *LOCATION, "location_pod", how="max")
    join = "on (namespace, location_pod) group_left (location, owner)"
    return summed(f"{named} * {join} {of_pods}", *LOCATION)


def _memory_used() -> str:
    """Reef measures what it serves in packs; of a pod of its own kubelet knows more."""
    of_pods = _of_pods('container_memory_working_set_bytes{container!=""}')
    return f"{of_pods} or {summed(select(loc.PSS), *LOCATION)}"


def _of_limit() -> str:
    """Of the limit that Reef keeps, else of the container's, which the kernel keeps."""
    ours = summed(f"{select(loc.PRIVATE)} / {select(loc.LIMIT)}", *LOCATION, how="max")
    return f"{ours} or {MEMORY_USED} / {summed(select(pods.POD_MEMORY_LIMIT), *LOCATION, how='max')}"


def _cpu_used() -> str:
    seconds = 'rate(container_cpu_usage_seconds_total{container!=""}[5m])'
    return f"{_of_pods(seconds)} or {rate(loc.CPU, '', *LOCATION, window='5m')}"


def recordings() -> tuple[Recording, ...]:
    """Each uses only those before it."""
    failed = rate(loc.TICKS, 'outcome="failed"', *LOCATION, window="15m")
    memory_request = summed(select(pods.MEMORY_REQUEST), *LOCATION)
    cpu_request = summed(select(pods.CPU_REQUEST), *LOCATION)
    return (
        Recording(STATES, summed(select(loc.STATE), "namespace", "state")),
        Recording(COLD_P95, quantile(0.95, loc.COLD_START, "", *LOCATION, window="1h")),
        Recording(TICKS_FAILING, f"{failed} / ({rate(loc.TICKS, '', *LOCATION, window='15m')} > 0)"),
        Recording(MEMORY_USED, _memory_used()),
        Recording(CPU_USED, _cpu_used()),
        Recording(OF_LIMIT, _of_limit()),
        Recording(MEMORY_OF_REQUEST, f"max_over_time({MEMORY_USED}[1d]) / {memory_request}"),
        Recording(CPU_OF_REQUEST, f"avg_over_time({CPU_USED}[1d]) / {cpu_request}"),
        Recording(OWNER_MEMORY, f"sum by (namespace, owner) ({MEMORY_USED})"),
        Recording(OWNER_CPU, f"sum by (namespace, owner) ({CPU_USED})"),
        Recording(LAG_P99, quantile(0.99, host.LOOP_LAG, "", "namespace", "job", "instance", window="5m")),
    )
