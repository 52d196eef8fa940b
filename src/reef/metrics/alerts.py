"""When somebody should look. Each says what is wrong, where, and what to ask Reef next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reef.metrics import of_hosts as host
from reef.metrics import of_locations as loc
from reef.metrics.promql import increase, select, summed
from reef.metrics.recording import (
    COLD_P95,
    CPU_OF_REQUEST,
    LAG_P99,
    LOCATION,
    MEMORY_OF_REQUEST,
    OF_LIMIT,
    TICKS_FAILING,
)

NAMED = "{{ $labels.location }}"


@dataclass(frozen=True)
class Alert:
    """`lasting` is how long it must be so (`5m`)."""

    name: str
    expr: str
    lasting: str
    severity: Literal["critical", "warning", "info"]
    summary: str
    what_to_do: str


def alerts() -> tuple[Alert, ...]:
    return (*_of_code(), *_of_memory(), *_of_requests(), *_of_hosts())


def _of_code() -> tuple[Alert, ...]:
    crashes = (
        f"{increase(loc.CRASHES, '15m', '', *LOCATION)} + {increase(loc.WAKE_FAILURES, '15m', '', *LOCATION)}"
    )
    failed = increase(loc.TICKS, "15m", 'outcome="failed"', *LOCATION)
    age = f"time() - {summed(select(loc.RECORDED_AT), *LOCATION, how='max')}"
    wanted = summed(select(loc.REVALIDATE), *LOCATION, how="max")
    return (
        Alert(
            "ReefLocationDoesNotLoad",
            f"{summed(select(loc.LOAD_FAILED), *LOCATION, how='max')} == 1",
            "5m",
            "warning",
            f"The newest code of {NAMED} does not load",
            "`reef status` has the error and `reef logs LOCATION` the traceback. An older version goes on "
            "being served where there is one.",
        ),
        Alert(
            "ReefLocationCrashLoop",
            f"{crashes} >= 3",
            "0m",
            "critical",
            f"The server of {NAMED} ended or failed to start {{{{ $value | humanize }}}} times in 15 minutes",
            "`reef logs LOCATION` has what it wrote last. Its calls are held or fail meanwhile; other "
            "locations are not touched.",
        ),
        Alert(
            "ReefColdStartsSlow",
            f"{COLD_P95} > 10",
            "15m",
            "warning",
            f"Cold starts of {NAMED} take {{{{ $value | humanizeDuration }}}} (p95 of an hour)",
            "A held call waits that long. `reef status --json` says under `not_forked_because` why it is not"
            " forked; a longer `idle_timeout` or `placement: standing` keeps it warm.",
        ),
        Alert(
            "ReefSnapshotStale",
            f"{age} > 3 * {wanted}",
            "5m",
            "warning",
            f"The recorded answers of {NAMED} are {{{{ $value | humanizeDuration }}}} old",
            "They are to be looked at again more often (`revalidate`). The host's log says why that failed.",
        ),
        Alert(
            "ReefTicksFailing",
            f"{TICKS_FAILING} > 0.5 and {failed} >= 3",
            "0m",
            "warning",
            f"{{{{ $value | humanizePercentage }}}} of the ticks of {NAMED} failed in 15 minutes",
            "Dagster's page of the sensor or schedule has the error of each tick.",
        ),
    )


def _of_memory() -> tuple[Alert, ...]:
    private = summed(select(loc.PRIVATE), "namespace", "job", "instance")
    budget = summed(select(host.BUDGET), "namespace", "job", "instance", how="max")
    return (
        Alert(
            "ReefLocationNearMemoryLimit",
            f"{OF_LIMIT} > 0.9",
            "5m",
            "warning",
            f"{NAMED} uses {{{{ $value | humanizePercentage }}}} of its memory limit",
            "Above the limit its server is ended, or drained where it holds runs; a pod of its own is killed. "
            "Raise `memory_limit`, or find what grows.",
        ),
        Alert(
            "ReefMemoryBudgetExceeded",
            f"{private} > {budget}",
            "5m",
            "warning",
            "The servers of {{ $labels.instance }} take more than the fleet's memory budget",
            "Reef puts idle locations to sleep to keep it; what is left is busy, or holds runs. Raise "
            "`memory_budget`, or give the host fewer locations.",
        ),
    )


def _of_requests() -> tuple[Alert, ...]:
    advice = (
        "Lower the request to what is used, or let the location sleep: `placement: packed` or `on_demand`."
    )
    return (
        Alert(
            "ReefMemoryFarBelowRequest",
            f"{MEMORY_OF_REQUEST} < 0.1",
            "1h",
            "info",
            f"{NAMED} used at most {{{{ $value | humanizePercentage }}}} of the memory that it requests, in a day",
            advice,
        ),
        Alert(
            "ReefCpuFarBelowRequest",
            f"{CPU_OF_REQUEST} < 0.1",
            "1h",
            "info",
            f"{NAMED} used {{{{ $value | humanizePercentage }}}} of the processors that it requests, over a day",
            advice,
        ),
    )


def _of_hosts() -> tuple[Alert, ...]:
    return (
        Alert(
            "ReefFleetFileBroken",
            f"{select(host.FLEET_ERROR)} == 1",
            "5m",
            "warning",
            "The fleet's file of {{ $labels.instance }} cannot be taken as it is",
            "The fleet stays as it was. `reef status` has the error with file and line.",
        ),
        Alert(
            "ReefHostSlow",
            f"{LAG_P99} > 0.1",
            "10m",
            "warning",
            "The event loop of {{ $labels.instance }} is late by {{ $value | humanizeDuration }} (p99)",
            "Dagster's polls have two seconds. The machine has too little processor time for this host, or "
            "its disk is slow.",
        ),
    )
