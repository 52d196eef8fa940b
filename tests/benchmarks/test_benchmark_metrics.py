"""What the benchmark of metrics measures is what it says, and a scrape stays within its time."""

from __future__ import annotations

import asyncio
import time

from prometheus_client.openmetrics.parser import text_string_to_metric_families

import metrics_alone
from deadlines import scaled
from reef.events import Slept, Woken
from reef.gateway.contract import CallEnded
from reef.metrics import Metrics
from reef.metrics.calls import CallCounts
from reef.metrics.cpu import CpuMeter
from reef.metrics.hearing import Hearing
from reef.metrics.live import LivePlaces
from reef.metrics.tally import Tally

OPEN_METRICS = "application/openmetrics-text"


def after_a_day(count: int) -> Metrics:
    places, tally = metrics_alone.places_of(count), Tally()
    hearing, cpu, counts = Hearing(tally, places), CpuMeter(places), CallCounts(tally, places.__contains__)
    for name in places:
        for method, lane in metrics_alone.DAY:
            counts.observe(CallEnded(name, method, lane, 0.01, "OK"))
        child = places[name].child
        assert child is not None
        hearing.hear(Woken(name, child, 0.1, False))
        hearing.hear(Slept(name, child, "idle for 60 s"))
    return Metrics(tally, (LivePlaces(tally, places, cpu, lambda _name: 0).put,), (cpu.look,))


def test_the_day_is_in_all_lanes() -> None:
    _, body = asyncio.run(after_a_day(3).render(OPEN_METRICS))
    calls = [
        sample.labels
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name == "reef_location_calls_total"
    ]
    assert {one["lane"] for one in calls} == {"answered", "recorded", "forwarded", "by_run", "held"}
    assert len(calls) == 3 * len(metrics_alone.DAY)
    assert "other" not in {one["method"] for one in calls}


def test_a_scrape_of_a_thousand_locations_takes_less_than_its_bar() -> None:
    """Of the processor: what others take of it here says nothing."""
    metrics = after_a_day(1000)

    async def scrape() -> float:
        await metrics.render(OPEN_METRICS)
        began = time.process_time()
        await metrics.render(OPEN_METRICS)
        return time.process_time() - began

    assert asyncio.run(scrape()) < scaled(0.3)
