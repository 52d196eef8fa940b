"""Reef's page: first paint of a large fleet in Chromium, what it costs while somebody looks and while nobody does.

The first paint is that of headless Chromium (its own measurement, first contentful paint) and the moment the last row
is there. What the page costs a host is measured on real ones, with and without it in turn, while their locations are
polled as webserver and daemon do.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import fleetgen
import measure
from dagster_side import Client
from measure import MB, percentile
from processes import Processes, processes
from reefhost import ReefHost, write_spec
from report import Report, arguments, emit, setting_of

PAINT_MS, LOOKING_NOBODY_PART, COST_MB = 1000.0, 1.0, 25.0
COST_PART = 2.0
CALLERS = 2  # webserver and daemon
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAINTED = """() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const [page] = performance.getEntriesByType("navigation");
  return paint ? { paint: paint.startTime, ready: page.domContentLoadedEventEnd } : null;
}"""


def main() -> int:
    parser = arguments(__doc__.splitlines()[0], locations=500, polled=200, rounds=15)
    args = parser.parse_args()
    measure.compile_environment(args.python)
    report = Report("The page", setting_of(args))
    with processes("reef-page-") as running:
        _painting(running, report, args.locations, 5 if args.quick else args.rounds)
        _alone(running, report, args.locations, 20.0 if args.quick else 60.0)
        _on_a_host(running, report, args, min(args.polled, 50) if args.quick else args.polled)
    return emit(report, args)


def _started(running: Processes, locations: int) -> tuple[Any, str]:
    folder = running.folder / f"page-{time.monotonic_ns()}"
    folder.mkdir()
    command = [sys.executable, str(Path(__file__).with_name("page_alone.py")), str(locations), str(folder)]
    process = running.start(command, log=folder.name, env=measure.environ())
    log = running.folder / f"{folder.name}.log"
    address = measure.wait_for(lambda: log.read_text().strip() or None, "the page is there", 60.0)
    return process, address.splitlines()[-1]


def _painting(running: Processes, report: Report, locations: int, rounds: int) -> None:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        report.notes.append("No Chromium here: nothing was painted.")
        return
    from playwright.sync_api import sync_playwright

    process, address = _started(running, locations)
    painted, ready = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for _ in range(rounds + 1):
            context = browser.new_context(viewport={"width": 1440, "height": 900})  # nothing is cached
            page = context.new_page()
            page.goto(address)
            page.wait_for_function(f"document.querySelectorAll('tr[data-name]').length === {locations}")
            found = page.wait_for_function(PAINTED).json_value()
            painted.append(found["paint"])
            ready.append(found["ready"])
            context.close()
        browser.close()
    group = f"a page of {locations} locations in headless Chromium"
    report.figure(group, "first paint, p50", percentile(painted[1:], 50), "ms")
    report.figure(group, "first paint, slowest", max(painted[1:]), "ms")
    report.figure(group, "first paint of a listener that was never asked", painted[0], "ms")
    report.figure(group, "sortable and live, p50", percentile(ready[1:], 50), "ms")
    report.at_most(f"first paint of {locations} locations, p50", percentile(painted[1:], 50), PAINT_MS, "ms")
    running.end(process)


def _alone(running: Processes, report: Report, locations: int, seconds: float) -> None:
    """The page's own work, of a fleet of which a twentieth changes each second."""
    process, address = _started(running, locations)
    group = f"CPU of the page of {locations} locations, part of a core"
    nobody = _part(process.pid, seconds)
    report.figure(group, "nobody looks", nobody, "%")
    report.at_most("CPU while nobody looks", nobody, LOOKING_NOBODY_PART, "%")
    with _Looking(address):
        report.figure(group, "one looks", _part(process.pid, seconds), "%")
    running.end(process)


class _Looking:
    """A browser's part of a live page: reads what is sent."""

    def __init__(self, address: str) -> None:
        import threading
        import urllib.request

        page = urllib.request.urlopen(address + "/").read().decode()
        epoch = page.partition('data-epoch="')[2].partition('"')[0]
        since = page.partition('data-generation="')[2].partition('"')[0]
        self._stream = urllib.request.urlopen(f"{address}/api/live/fleet?epoch={epoch}&since={since}")
        self._thread = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        try:
            for _ in self._stream:
                pass
        except (OSError, ValueError, AttributeError):
            pass

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stream.fp.raw._sock.shutdown(2)
        self._thread.join()


def _part(pid: int, seconds: float) -> float:
    """Percent of a core over so many seconds."""
    before, began = measure.cpu_seconds([pid]), time.monotonic()
    time.sleep(seconds)
    return 100 * (measure.cpu_seconds([pid]) - before) / (time.monotonic() - began)


def _on_a_host(running: Processes, report: Report, args: argparse.Namespace, count: int) -> None:
    """The same fleet, asleep and polled, on a host with the page and on one without, in turn."""
    fleet = fleetgen.write_fleet(running.folder / "fleet", count, python=args.python, assets=1)
    spec = write_spec(fleet.folder, fleet.locations, args.python)
    client = Client(running, args.python)
    seconds, turns = (10.0, 2) if args.quick else (30.0, 3)
    cpu: dict[str, list[float]] = {"--page": [], "--no-page": []}
    memory: dict[str, list[float]] = {"--page": [], "--no-page": []}
    _once(running, client, spec, count, "--page", 1.0)  # the first start probes
    for _ in range(turns):
        for option in cpu:
            used, held = _once(running, client, spec, count, option, seconds)
            cpu[option].append(used)
            memory[option].append(held)
    group = f"a host of {count} sleeping locations that are polled"
    for option, words in (("--no-page", "without the page"), ("--page", "with it")):
        report.figure(group, f"CPU, {words}", percentile(cpu[option], 50), "%")
        report.figure(group, f"memory, {words}", percentile(memory[option], 50), "MB")
    more_cpu = percentile(cpu["--page"], 50) - percentile(cpu["--no-page"], 50)
    more_mb = percentile(memory["--page"], 50) - percentile(memory["--no-page"], 50)
    report.at_most(f"the page adds to a host of {count} polled locations", more_cpu, COST_PART, "%")
    report.at_most(f"and takes, once somebody has looked at {count}", more_mb, COST_MB, "MB")


def _once(
    running: Processes, client: Client, spec: Any, count: int, option: str, seconds: float
) -> tuple[float, float]:
    """Percent of a core while polled, and MB of the host afterwards; one looked at the page before, and left."""
    host = ReefHost(running, spec, running.folder / "state", words=[option])
    status = host.until_ready(count)
    host.until_asleep()
    if status["reef_page"]:
        with _Looking(status["reef_page"]):
            time.sleep(2)
    targets = list(host.targets().values())
    client.do("poll", targets=targets, seconds=2, callers=CALLERS, most=2 * count * CALLERS)
    before, began = measure.cpu_seconds([host.pid]), time.monotonic()
    client.do("poll", targets=targets, seconds=seconds, callers=CALLERS, most=int(seconds * count * CALLERS))
    used = 100 * (measure.cpu_seconds([host.pid]) - before) / (time.monotonic() - began)
    held = host.host_memory().pss / MB
    host.end()
    return used, held


if __name__ == "__main__":
    sys.exit(main())
