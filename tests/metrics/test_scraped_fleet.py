"""A real Prometheus scrapes a real fleet: each panel of the dashboards has data, each rule is evaluated."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from reefs import Reef, write_location
from scraping_prometheus import Prometheus
from shared_hosts import Start

from deadlines import scaled, until
from reef.metrics.grafana import dashboards
from reef.metrics.panels import Query

HOSTILE = 'a "name" \\ with {signs}'
FLEET = f"""
memory_budget: 2Gi
defaults: {{owner: finance}}
locations:
  ticking: {{code: ticking/defs.py, working_directory: ticking, idle_timeout: 1s, revalidate: every 1h}}
  {json.dumps(HOSTILE)}: {{code: quiet/defs.py, working_directory: quiet, owner: 'o"1'}}
  broken: {{code: broken/defs.py, working_directory: broken}}
"""
OPEN_METRICS = "application/openmetrics-text"


@pytest.fixture(scope="module")
def reef(folder: Path, start: Start) -> Reef:
    """One ticks, and sleeps after each tick; one does not load."""
    write_location(folder / "ticking", "ticking", sensor="RUNNING")
    write_location(folder / "quiet", "quiet")
    write_location(folder / "broken", "broken", before="import no_such_package")
    (folder / "reef.yaml").write_text(FLEET)
    return start("up", folder / "reef.yaml", folder / "s", "--no-webserver").until_up()


@pytest.fixture(scope="module")
def address(reef: Reef) -> str:
    return str(reef.status()["reef_page"]).removeprefix("http://")


@pytest.fixture(scope="module")
def prometheus(folder: Path, address: str) -> Iterator[Prometheus]:
    found = Prometheus(folder / "p", [address])
    yield found
    found.end()


def scrape(address: str) -> bytes:
    request = urllib.request.Request(f"http://{address}/metrics", headers={"accept": OPEN_METRICS})
    with urllib.request.urlopen(request, timeout=scaled(20)) as response:
        assert response.headers["content-type"].startswith(OPEN_METRICS)
        body: bytes = response.read()
    return body


def test_the_strict_parser_reads_it(address: str) -> None:
    samples = {
        (sample.name, sample.labels.get("location")): sample
        for family in text_string_to_metric_families(scrape(address).decode())
        for sample in family.samples
    }
    assert samples["reef_location_memory_private_bytes", HOSTILE].labels["owner"] == 'o"1'
    assert samples["reef_location_load_failed", "broken"].value == 1
    assert samples["reef_location_snapshot_bytes", "ticking"].value > 1000
    assert samples["reef_location_snapshot_revalidate_seconds", "ticking"].value == 3600


def filled_in(query: Query) -> str:
    """As Grafana sends it, with the choices made."""
    expr = query.expr.replace("$__rate_interval", "10s")
    return expr.replace("$owner", ".*").replace("$location", "ticking")


def test_each_panel_of_fleet_and_location_has_data(prometheus: Prometheus) -> None:
    queries = {
        f"{board.title}, {panel.title}, {query.legend}": filled_in(query)
        for name, board in dashboards().items()
        for row in board.rows
        for panel in row.panels
        for query in panel.queries
        if name != "cluster"
    }
    assert len(queries) > 50

    def empty() -> dict[str, str]:
        for title in [title for title, expr in queries.items() if prometheus.numbers(expr)]:
            del queries[title]
        return queries

    try:
        until(lambda: not empty(), 60)
    except AssertionError:
        raise AssertionError(f"no data for {queries}") from None


def test_what_was_scraped_is_what_happened(prometheus: Prometheus) -> None:
    def one(expr: str) -> float:
        numbers = prometheus.numbers(expr)
        return numbers[0] if numbers else 0.0

    reason = 'reef_location_wakes_total{location="ticking",reason="SyncExternalSensorExecution"}'
    until(lambda: one(reason) >= 2, 60, "for two wakes by ticks")
    assert one('reef_location_ticks_total{location="ticking",kind="sensor",outcome="ok"}') >= 2
    assert one('reef_location_cpu_seconds_total{location="ticking"}') > 0
    assert one("count(count by (location) (reef_location_state))") == 3
    assert one('sum by (location) (reef_location_state{location="ticking"})') == 1
    asleep = one('reef_location_state_seconds_total{location="ticking",state="asleep"}')
    assert 0 < asleep < one("time() - max(process_start_time_seconds)")


def test_prometheus_evaluates_each_rule(prometheus: Prometheus) -> None:
    def unwell() -> list[object]:
        return [rule for rule in prometheus.rules() if rule["health"] != "ok"]

    until(lambda: not unwell(), 30)
    firing = 'ALERTS{alertname="ReefLocationDoesNotLoad",location="broken"}'
    until(lambda: prometheus.ask(firing), 30, "for the alert of the one that does not load")
    assert prometheus.numbers('reef:owner_memory_used_bytes{owner="finance"}')


def test_a_scrape_while_the_host_ends_is_whole_or_refused(reef: Reef, address: str) -> None:
    bodies: list[bytes] = []
    began = threading.Event()

    def scrape_to_the_end() -> None:
        while True:
            try:
                bodies.append(scrape(address))
            except (urllib.error.URLError, ConnectionError):
                return
            began.set()

    scrapers = [threading.Thread(target=scrape_to_the_end) for _ in range(3)]
    for scraper in scrapers:
        scraper.start()
    assert began.wait(scaled(20))
    took = reef.stop(30)
    for scraper in scrapers:
        scraper.join(scaled(20))
    assert reef.process.returncode == 0, reef.said()
    assert took < scaled(15)
    assert all(body.endswith(b"# EOF\n") for body in bodies)
    assert "Traceback" not in reef.said()
    assert "Traceback" not in (reef.state / "logs" / "reef.log").read_text()
