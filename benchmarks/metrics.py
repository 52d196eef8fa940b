"""Metrics: what they add in processor time and memory to a gateway that is polled, and how long a scrape takes.

The same gateway with metrics and without, polled by one client as Dagster polls. With
metrics, a scrape every 15 seconds belongs to the cost. The same samples, written by `prometheus_client`, stand beside.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import measure
from dagster_side import Client, Target
from measure import MB
from processes import Processes, processes
from report import Report, arguments, emit, setting_of

CALLERS = 2  # webserver and daemon
SCRAPE_EVERY_S = 15
OPEN_METRICS = {"accept": "application/openmetrics-text; version=1.0.0"}
CPU_BAR, MEMORY_BAR_MB, SCRAPE_BAR_MS = 2.0, 25.0, 300.0


@dataclass
class Side:
    """One gateway. `cpu_s` and `polls` grow by each turn."""

    process: subprocess.Popen[str]
    port: int
    targets: list[Target]
    cpu_s: float = 0.0
    polls: int = 0

    def scrape(self, **headers: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/metrics", headers=headers)
        with urllib.request.urlopen(request) as response:
            body: bytes = response.read()
        return body

    def used(self) -> float:
        return measure.cpu_seconds([self.process.pid])

    def mb(self) -> float:
        return measure.memory([self.process.pid]).pss / MB


def main() -> int:
    parser = arguments(__doc__.splitlines()[0], polled=200, scraped=1000, turns=4)
    args = parser.parse_args()
    measure.compile_environment(args.python)
    measure.compile_environment(sys.executable)
    report = Report("Metrics", setting_of(args))
    with processes("reef-metrics-") as running:
        client = Client(running, args.python)
        _cost(running, client, report, args)
        _scrapes(running, report, args)
    return emit(report, args)


def _side(running: Processes, name: str, count: int, word: str) -> Side:
    folder = Path(running.folder / name)
    folder.mkdir()
    script = Path(__file__).with_name("metrics_alone.py")
    command = [sys.executable, str(script), str(folder), str(count), word]
    process = running.start(command, log=name, pipe=True)
    assert process.stdout is not None
    said = process.stdout.readline().split()
    assert said[:1] == ["listening"], (running.folder / f"{name}.log").read_text()[-2000:]
    targets: list[Target] = [
        {"name": f"loc_{n:04}", "socket": str(folder / f"loc_{n:04}.sock")} for n in range(count)
    ]
    return Side(process, int(said[1]), targets)


def _cost(running: Processes, client: Client, report: Report, args: argparse.Namespace) -> None:
    count = args.polled
    off, on = _side(running, "off", count, "off"), _side(running, "on", count, "on")
    for side in (off, on):
        client.do("poll", targets=side.targets[:50], seconds=1, callers=1, most=100)
    for _ in range(2 if args.quick else args.turns):
        for side in (off, on):
            before = side.used()
            polled = client.do(
                "poll", targets=side.targets, seconds=3 if args.quick else 15, callers=CALLERS, most=20_000
            )
            side.cpu_s += side.used() - before
            side.polls += polled["polls"]
    a_scrape, idle = _scrape_cpu(on), _idle_cpu(on, off, 5 if args.quick else 20)
    a_second = count * CALLERS
    counting = on.cpu_s / on.polls * a_second - off.cpu_s / off.polls * a_second
    group = f"{count} locations, polled {a_second} times a second"
    report.figure(group, "CPU of a second without metrics", off.cpu_s / off.polls * a_second * 1000, "ms")
    report.figure(group, "CPU of a second with metrics", on.cpu_s / on.polls * a_second * 1000, "ms")
    report.figure(group, "CPU of a scrape", a_scrape * 1000, "ms")
    report.figure(group, "CPU of a second at rest, more than without", idle * 1000, "ms")
    memory = (off.mb(), on.mb())
    report.figure(group, "memory without metrics", memory[0], "MB")
    report.figure(group, "memory with metrics and HTTP, after scrapes", memory[1], "MB")
    cost = (max(0.0, counting) + max(0.0, idle) + a_scrape / SCRAPE_EVERY_S) * 100
    report.at_most(f"metrics take of a core at {count} polled locations", cost, CPU_BAR, "%")
    report.at_most(
        f"metrics take of memory at {count} polled locations", memory[1] - memory[0], MEMORY_BAR_MB, "MB"
    )
    for side in (off, on):
        running.end(side.process)


def _scrape_cpu(side: Side, times: int = 20) -> float:
    """Seconds of one."""
    side.scrape(**OPEN_METRICS)
    before = side.used()
    for _ in range(times):
        side.scrape(**OPEN_METRICS)
    return (side.used() - before) / times


def _idle_cpu(on: Side, off: Side, seconds: float) -> float:
    """What a second costs while nobody asks."""
    before = on.used() - off.used()
    time.sleep(seconds)
    return (on.used() - off.used() - before) / seconds


def _scrapes(running: Processes, report: Report, args: argparse.Namespace) -> None:
    count = args.scraped
    side = _side(running, "many", count, "on")
    group = f"a scrape of {count} locations"
    side.scrape()
    for words, headers in (("text", {}), ("OpenMetrics", OPEN_METRICS)):
        took = []
        for _ in range(5 if args.quick else 20):
            began = time.perf_counter()
            body = side.scrape(**headers)
            took.append((time.perf_counter() - began) * 1000)
        report.figure(group, f"Reef, {words}, p50", statistics.median(took), "ms")
        report.figure(group, f"Reef, {words}, slowest", max(took), "ms")
        report.at_most(f"{group}, {words}, p50", statistics.median(took), SCRAPE_BAR_MS, "ms")
    report.figure(group, "Reef, OpenMetrics, CPU", _scrape_cpu(side, 5) * 1000, "ms")
    report.figure(group, "samples", body.count(b"\n") - body.count(b"# "), "samples")
    report.figure(group, "size", len(body) / MB, "MB")
    report.figure(group, "prometheus_client, OpenMetrics, without HTTP", _by_the_library(body), "ms")
    running.end(side.process)


def _by_the_library(body: bytes) -> float:
    """Milliseconds in which `prometheus_client` writes the same samples."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.openmetrics.exposition import generate_latest
    from prometheus_client.openmetrics.parser import text_string_to_metric_families

    families = list(text_string_to_metric_families(body.decode()))

    class Found:
        def collect(self) -> list[object]:
            return families

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Found())  # type: ignore[arg-type]
    began = time.perf_counter()
    generate_latest(registry)
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
