"""What a scraper reads, judged by the strict parser of `prometheus_client` and by promtool."""

from __future__ import annotations

import asyncio
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text
from prometheus_programs import promtool

from deadlines import scaled
from reef.gateway.contract import CallEnded, FailedTick
from reef.metrics import Metrics, of_hosts, of_locations
from reef.metrics.calls import CallCounts
from reef.metrics.definitions import BY_NAME, METRICS
from reef.metrics.exposition import Page, is_open_metrics, of_location
from reef.metrics.tally import MOST_SERIES, Tally

HOSTILE = (
    'a"} 1\nreef_location_state{location="b',
    "back\\slash\\n",
    "line\nfeed\r\ttab",
    "# HELP reef nothing",
    "{}=,'\"",
    "é ☃ 𝄞",
    "\udcff\ud800",
    "",
    "x" * 5000,
)


def all_metrics(*names: str) -> Page:
    """One sample, or one histogram, of each metric that there is."""
    page, tally = Page(), Tally()
    for name in names:
        where = of_location(name, name[::-1])
        for metric in METRICS:
            values = tuple(f"{label} of {name}" for label in metric.by)
            if metric.kind == "histogram":
                tally.observe(tally.of(name), metric, *values, seconds=0.3)
            elif metric.of_location:
                page.put(metric, 1 if metric.kind == "info" else 1.5, where, *values)
        numbers = tally.of(name)
        numbers.numbers.clear()
        page.put_counted(numbers, where)
    return page


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    readable = name.encode("utf-8", "replace").decode()
    page = all_metrics(name)
    for body, parse in ((page.text(open_metrics=False), text), (page.text(open_metrics=True), open_metrics)):
        samples = [sample for family in parse(body.decode()) for sample in family.samples]
        assert {sample.labels["location"] for sample in samples} == {readable}
        assert {sample.labels["owner"] for sample in samples} == {readable[::-1]}


def test_each_kind_is_what_its_definition_says() -> None:
    kinds = {
        family.name: family.type
        for family in open_metrics(all_metrics("a", "b").text(open_metrics=True).decode())
    }
    assert kinds == {one.family: one.kind for one in METRICS if one.of_location or one.kind == "histogram"}


def test_a_histogram_counts_up_to_each_edge() -> None:
    page, tally = Page(), Tally()
    for seconds in (0.001, 0.0005, 0.3, 99.0):
        tally.observe(tally.host, of_hosts.LOOP_LAG, seconds=seconds)
    page.put_counted(tally.host)
    (family,) = text(page.text(open_metrics=False).decode())
    found = {sample.labels.get("le", sample.name): sample.value for sample in family.samples}
    assert (found["0.001"], found["0.005"], found["0.25"], found["1.0"], found["+Inf"]) == (2, 2, 2, 3, 4)
    assert found[f"{of_hosts.LOOP_LAG.name}_sum"] == pytest.approx(99.3015)


def test_labels_without_end_end_in_other() -> None:
    tally = Tally()
    for number in range(10_000):
        tally.add(tally.of("sales"), of_locations.WAKES, f"invented {number}")
        tally.observe(tally.of("sales"), of_locations.CALL_SECONDS, f"lane {number}", seconds=1.0)
    assert len(tally.of("sales").numbers) <= MOST_SERIES + 1
    assert len(tally.of("sales").histograms) == MOST_SERIES
    assert tally.of("sales").numbers[(of_locations.WAKES.name, "other")] > 9_000
    assert tally.host.numbers[(of_hosts.MERGED.name,)] > 19_000


def test_calls_of_nobody_are_not_counted() -> None:
    tally = Tally()
    CallCounts(tally, lambda name: name == "sales").observe(CallEnded("other", "Ping", "answered", 0.1, "OK"))
    assert tally.known() == ()


def test_a_failed_tick_is_one_also_inside_an_ok_reply() -> None:
    tally = Tally()
    counts = CallCounts(tally, lambda _: True)
    method, lane = "SyncExternalSensorExecution", "forwarded"
    counts.observe(
        CallEnded("sales", method, lane, 0.1, "OK", failed_tick=FailedTick("s", "ValueError", "no"))
    )
    counts.observe(CallEnded("sales", method, lane, 0.1, "UNAVAILABLE"))
    counts.observe(CallEnded("sales", method, lane, 0.1, "OK"))
    numbers = tally.of("sales").numbers
    assert numbers[(of_locations.TICKS.name, "sensor", "failed")] == 2
    assert numbers[(of_locations.TICKS.name, "sensor", "ok")] == 1


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, False),
        ("*/*", False),
        ("text/plain", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
        ("application/openmetrics-text;q=0, text/plain", False),
        (";;;,,,=", False),
    ],
)  # fmt: skip
def test_who_asks_gets_the_format_that_it_names(accept: str | None, wanted: bool) -> None:
    assert is_open_metrics(accept) == wanted


def test_a_source_that_fails_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_page: Page) -> None:
        raise OSError("induced")

    metrics = Metrics(Tally(), (broken, lambda page: page.put(of_hosts.ZYGOTES, 3)))
    for _ in range(3):
        content_type, body = asyncio.run(metrics.render())
    assert content_type.startswith("text/plain")
    assert b"reef_host_zygotes{} 3" in body
    assert len([record for record in caplog.records if "incomplete" in record.message]) == 1


def test_promtool_has_nothing_against_it() -> None:
    body = all_metrics("sales", 'with "quotes"').text(open_metrics=False)
    done = subprocess.run(
        [promtool(), "check", "metrics"], input=body, capture_output=True, timeout=scaled(30)
    )
    assert (done.returncode, done.stdout.decode() + done.stderr.decode()) == (0, "")


def test_names_are_those_of_the_conventions() -> None:
    for metric in METRICS:
        assert metric.name.startswith(("reef_", "process_")), metric
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric
        assert metric.name.endswith("_info") == (metric.kind == "info"), metric
        unit = metric.unit if metric.unit != "" else None
        assert unit is None or metric.family.endswith(f"_{unit}"), metric
        assert metric.help.endswith("."), metric
    assert len(BY_NAME) == len(METRICS)
