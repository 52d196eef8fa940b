"""The fleet as JSON: what `reef status --json` prints, with what is known over time besides."""

from __future__ import annotations

import dataclasses
from typing import Any

from reef.web.chronicle import Chronicle
from reef.web.series import Series


def fleet_json(status: dict[str, Any], chronicle: Chronicle, series: Series) -> dict[str, Any]:
    """Each location has `last_wake` (`at`, `why`, `took_s`, or None), `memory_kib` and `calls_each` (one each 15 s,
    oldest first); `over_time` has the fleet's `at`, `used`, `standing` (bytes) and `up`."""
    locations = [{**row, **_over_time(row["name"], chronicle, series)} for row in status["locations"]]
    return {
        **status,
        "locations": locations,
        "over_time": [dataclasses.asdict(one) for one in series.fleet()],
    }


def _over_time(name: str, chronicle: Chronicle, series: Series) -> dict[str, Any]:
    wake = chronicle.last_wake(name)
    return {
        "last_wake": dataclasses.asdict(wake) if wake else None,
        "memory_kib": series.memory(name),
        "calls_each": series.calls(name),
    }
