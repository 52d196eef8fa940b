"""For each alert a story in which it fires and one in which it does not, as `promtool test rules` takes them.

A series is `name{labels}` with its values, one a minute (`0+1x10` counts up, `1x60` stays); in two minutes where
it takes a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SALES = 'location="sales",owner="finance"'
CONTROLLER = 'namespace="dagster",pod="reef-controller-1"'
KUBELET = 'namespace="dagster",pod="sales-7c",container="server"'
HOST = 'job="reef",instance="one:3200"'


@dataclass(frozen=True)
class Story:
    """`fires` are the labels that the alert has at `at`, beside its severity; None: it does not fire. `value` is what
    its summary says where it says one."""

    alert: str
    series: dict[str, str]
    at: str
    fires: dict[str, str] | None
    summary: str = ""

    @property
    def takes_a_day(self) -> bool:
        """A sample each two minutes is then enough."""
        return self.at.endswith("h")


LOCATION = {"location": "sales", "owner": "finance"}

STORIES = (
    Story(
        "ReefLocationDoesNotLoad",
        {f"reef_location_load_failed{{{HOST},{SALES}}}": "1x20"},
        "10m",
        LOCATION,
        "The newest code of sales does not load",
    ),
    Story("ReefLocationDoesNotLoad", {f"reef_location_load_failed{{{HOST},{SALES}}}": "1x3 0x20"}, "10m", None),
    Story(
        "ReefLocationCrashLoop",
        {
            f'reef_location_crashes_total{{{HOST},{SALES},cause="signal"}}': "0x5 1 2 3 4 4x20",
            f'reef_location_crashes_total{{{HOST},{SALES},cause="exit"}}': "0x40",
            f"reef_location_wake_failures_total{{{HOST},{SALES}}}": "0x40",
        },
        "15m",
        LOCATION,
        "The server of sales ended or failed to start 4 times in 15 minutes",
    ),
    Story(
        "ReefLocationCrashLoop",
        {
            f'reef_location_crashes_total{{{HOST},{SALES},cause="signal"}}': "0x5 1x40",
            f"reef_location_wake_failures_total{{{HOST},{SALES}}}": "0x40",
        },
        "15m",
        None,
    ),
    Story(
        "ReefLocationNearMemoryLimit",
        {
            f"reef_location_memory_private_bytes{{{HOST},{SALES}}}": "95x20",
            f"reef_location_memory_limit_bytes{{{HOST},{SALES}}}": "100x20",
        },
        "10m",
        LOCATION,
        "sales uses 95% of its memory limit",
    ),
    Story(
        "ReefLocationNearMemoryLimit",
        {
            f"reef_location_memory_private_bytes{{{HOST},{SALES}}}": "50x20",
            f"reef_location_memory_limit_bytes{{{HOST},{SALES}}}": "100x20",
        },
        "10m",
        None,
    ),
    Story(
        "ReefLocationNearMemoryLimit",
        {
            f"container_memory_working_set_bytes{{{KUBELET}}}": "95x20",
            f'reef_location_pod_info{{{CONTROLLER},{SALES},location_pod="sales-7c"}}': "1x20",
            f"reef_location_pod_memory_limit_bytes{{{CONTROLLER},{SALES}}}": "100x20",
        },
        "10m",
        {"namespace": "dagster", **LOCATION},
        "sales uses 95% of its memory limit",
    ),
    Story(
        "ReefColdStartsSlow",
        {
            f'reef_location_cold_start_seconds_bucket{{{HOST},{SALES},le="10.0"}}': "0x120",
            f'reef_location_cold_start_seconds_bucket{{{HOST},{SALES},le="30.0"}}': "0+1x120",
            f'reef_location_cold_start_seconds_bucket{{{HOST},{SALES},le="+Inf"}}': "0+1x120",
        },
        "60m",
        LOCATION,
        "Cold starts of sales take 29s (p95 of an hour)",
    ),
    Story(
        "ReefColdStartsSlow",
        {
            f'reef_location_cold_start_seconds_bucket{{{HOST},{SALES},le="0.1"}}': "0+1x120",
            f'reef_location_cold_start_seconds_bucket{{{HOST},{SALES},le="+Inf"}}': "0+1x120",
        },
        "60m",
        None,
    ),
    Story(
        "ReefSnapshotStale",
        {
            f"reef_location_snapshot_timestamp_seconds{{{HOST},{SALES}}}": "0x60",
            f"reef_location_snapshot_revalidate_seconds{{{HOST},{SALES}}}": "300x60",
        },
        "30m",
        LOCATION,
        "The recorded answers of sales are 30m 0s old",
    ),
    Story(
        "ReefSnapshotStale",
        {
            f"reef_location_snapshot_timestamp_seconds{{{HOST},{SALES}}}": "0+60x60",
            f"reef_location_snapshot_revalidate_seconds{{{HOST},{SALES}}}": "300x60",
        },
        "30m",
        None,
    ),
    Story(
        "ReefTicksFailing",
        {
            f'reef_location_ticks_total{{{HOST},{SALES},kind="sensor",outcome="failed"}}': "0+2x30",
            f'reef_location_ticks_total{{{HOST},{SALES},kind="sensor",outcome="ok"}}': "0x30",
        },
        "20m",
        LOCATION,
        "100% of the ticks of sales failed in 15 minutes",
    ),
    Story(
        "ReefTicksFailing",
        {
            f'reef_location_ticks_total{{{HOST},{SALES},kind="sensor",outcome="failed"}}': "0x5 1x25",
            f'reef_location_ticks_total{{{HOST},{SALES},kind="sensor",outcome="ok"}}': "0+2x30",
        },
        "20m",
        None,
    ),
    Story(
        "ReefMemoryBudgetExceeded",
        {
            f"reef_location_memory_private_bytes{{{HOST},{SALES}}}": "70x20",
            f'reef_location_memory_private_bytes{{{HOST},location="b",owner=""}}': "50x20",
            f"reef_host_memory_budget_bytes{{{HOST}}}": "100x20",
        },
        "10m",
        {"job": "reef", "instance": "one:3200"},
        "The servers of one:3200 take more than the fleet's memory budget",
    ),
    Story(
        "ReefMemoryBudgetExceeded",
        {
            f"reef_location_memory_private_bytes{{{HOST},{SALES}}}": "70x20",
            f"reef_host_memory_budget_bytes{{{HOST}}}": "100x20",
            'reef_host_memory_budget_bytes{job="reef",instance="two:3200"}': "10x20",
        },
        "10m",
        None,
    ),
    Story(
        "ReefMemoryFarBelowRequest",
        {
            f'reef_location_memory_pss_bytes{{namespace="dagster",pod="pack-1",{SALES}}}': "5x800",
            f'reef_location_memory_request_bytes{{{CONTROLLER},{SALES}}}': "100x800",
        },
        "26h",
        {"namespace": "dagster", **LOCATION},
        "sales used at most 5% of the memory that it requests, in a day",
    ),
    # A pod of its own: kubelet measures it, and one spike in the day is enough to need the request.
    Story(
        "ReefMemoryFarBelowRequest",
        {
            f'container_memory_working_set_bytes{{{KUBELET}}}': "5x400 60x20 5x380",
            f'reef_location_pod_info{{{CONTROLLER},{SALES},location_pod="sales-7c"}}': "1x800",
            f'reef_location_memory_request_bytes{{{CONTROLLER},{SALES}}}': "100x800",
        },
        "26h",
        None,
    ),
    Story(
        "ReefCpuFarBelowRequest",
        {
            f'container_cpu_usage_seconds_total{{{KUBELET}}}': "0+1.2x800",
            f'reef_location_pod_info{{{CONTROLLER},{SALES},location_pod="sales-7c"}}': "1x800",
            f'reef_location_cpu_request_cores{{{CONTROLLER},{SALES}}}': "0.5x800",
        },
        "26h",
        {"namespace": "dagster", **LOCATION},
        "sales used 2% of the processors that it requests, over a day",
    ),
    Story(
        "ReefCpuFarBelowRequest",
        {
            f'reef_location_cpu_seconds_total{{namespace="dagster",pod="pack-1",{SALES}}}': "0+12x800",
            f'reef_location_cpu_request_cores{{{CONTROLLER},{SALES}}}': "0.5x800",
        },
        "26h",
        None,
    ),
    Story(
        "ReefFleetFileBroken",
        {f"reef_host_fleet_file_error{{{HOST}}}": "1x20"},
        "10m",
        {"job": "reef", "instance": "one:3200"},
        "The fleet's file of one:3200 cannot be taken as it is",
    ),
    Story("ReefFleetFileBroken", {f"reef_host_fleet_file_error{{{HOST}}}": "0x20"}, "10m", None),
    Story(
        "ReefHostSlow",
        {
            f'reef_host_event_loop_lag_seconds_bucket{{{HOST},le="0.25"}}': "0x40",
            f'reef_host_event_loop_lag_seconds_bucket{{{HOST},le="1.0"}}': "0+60x40",
            f'reef_host_event_loop_lag_seconds_bucket{{{HOST},le="+Inf"}}': "0+60x40",
        },
        "30m",
        {"job": "reef", "instance": "one:3200"},
        "The event loop of one:3200 is late by 992.5ms (p99)",
    ),
    Story(
        "ReefHostSlow",
        {
            f'reef_host_event_loop_lag_seconds_bucket{{{HOST},le="0.005"}}': "0+60x40",
            f'reef_host_event_loop_lag_seconds_bucket{{{HOST},le="+Inf"}}': "0+60x40",
        },
        "30m",
        None,
    ),
)  # fmt: skip


def promtool_tests(rules_file: str, stories: Sequence[Story], interval: str, every: str) -> dict[str, Any]:
    """The file that `promtool test rules` reads: samples of this interval, looked at this often."""
    from reef.metrics.alerts import alerts

    known = {alert.name: alert for alert in alerts()}

    def expected(story: Story) -> list[dict[str, Any]]:
        if story.fires is None:
            return []
        alert = known[story.alert]
        said = {"summary": story.summary, "description": alert.what_to_do}
        return [{"exp_labels": {"severity": alert.severity, **story.fires}, "exp_annotations": said}]

    return {
        "rule_files": [rules_file],
        "evaluation_interval": every,
        "group_eval_order": [
            "reef.recording",
            "reef.alerts",
        ],  # else by chance, and what is recorded is stale by then
        "tests": [
            {
                "interval": interval,
                "input_series": [{"series": one, "values": values} for one, values in story.series.items()],
                "alert_rule_test": [
                    {"eval_time": story.at, "alertname": story.alert, "exp_alerts": expected(story)}
                ],
            }
            for story in stories
        ],
    }
