"""Cold start: from a sensor tick that meets a sleeping location to its answer, and a standing server's start.

Every tick goes through the gateway on a new channel, as Dagster's daemon makes it, and finds the location asleep.
"""

from __future__ import annotations

import argparse
import sys
import time

import fleetgen
import measure
from bars import bars_for
from dagster_side import Client, Standing
from fleetgen import MeasuredFleet
from measure import percentile
from processes import Processes, processes
from reefhost import ReefHost, write_spec
from report import Report, arguments, emit, setting_of

Times = list[float]
WARM_AT_ONCE = 10


def main() -> int:
    args = arguments(__doc__.splitlines()[0], locations=50, rounds=4).parse_args()
    measure.compile_environment(args.python)
    measure.compile_environment(sys.executable)
    report = Report("Cold start: held call to answer", setting_of(args))
    with processes("reef-cold-") as running:
        client = Client(running, args.python)
        home = running.folder / "home"
        home.mkdir()
        client.do("prepare", home=str(home))
        fleet = fleetgen.write_fleet(running.folder / "fleet", args.locations, python=args.python)
        plain, at_once = _reef_plain(running, args, client, fleet)
        instance = _reef_instance(running, args, client, fleet, str(home))
        standing = _standing_starts(running, client, fleet, 4 if args.quick else 10)
    _judge(report, args, plain, instance, at_once, standing)
    return emit(report, args)


def _reef_plain(
    running: Processes, args: argparse.Namespace, client: Client, fleet: MeasuredFleet
) -> tuple[Times, Times]:
    """Ticks one at a time, then all at once; each meets a sleeping location."""
    host = _host(running, fleet, None)
    rounds = 1 if args.quick else args.rounds
    one_by_one = [took for _ in range(rounds) for took in _ticks(host, client, None)]
    host.until_asleep()
    at_once: Times = client.do("ticks_at_once", targets=list(host.targets().values())[:50])
    host.end()
    return one_by_one, at_once


def _reef_instance(
    running: Processes, args: argparse.Namespace, client: Client, fleet: MeasuredFleet, home: str
) -> Times:
    host = _host(running, fleet, home)
    took = _ticks(host, client, home)
    host.end()
    return took


def _host(running: Processes, fleet: MeasuredFleet, home: str | None) -> ReefHost:
    spec = write_spec(fleet.folder, fleet.locations, fleet.python)
    host = ReefHost(running, spec, running.folder / "state", home=home)
    host.until_ready(len(fleet.locations))
    return host


def _ticks(host: ReefHost, client: Client, home: str | None) -> Times:
    """One tick for each location, one after the other, each asleep before. At most ten are warm at a time."""
    host.until_asleep()
    took, targets = [], list(host.targets().items())
    for at in range(0, len(targets), WARM_AT_ONCE):
        some = dict(targets[at : at + WARM_AT_ONCE])
        took += [client.do("tick", target=target, home=home) for target in some.values()]
        host.sleep(some)
        measure.wait_for(lambda: not host.server_pids(), "all sleep again", 30.0)
    return took


def _standing_starts(running: Processes, client: Client, fleet: MeasuredFleet, count: int) -> Times:
    """Seconds from starting `dagster api grpc` to the same tick's answer, one server at a time."""
    took = []
    for location in fleet.first(count):
        server = Standing(running)
        started = time.monotonic()
        target = server.start(location)
        took.append(client.do("first_tick", target=target, deadline_s=120) - started)
        server.end()
    return took


def _judge(
    report: Report, args: argparse.Namespace, plain: Times, instance: Times, at_once: Times, standing: Times
) -> None:
    bars, group = bars_for(measure.python_version(args.python)), "a tick that meets a sleeping location"
    p50 = report.figure(group, "Reef, p50", percentile(plain, 50) * 1000, "ms")
    p99 = report.figure(group, "Reef, p99", percentile(plain, 99) * 1000, "ms")
    reads = report.figure(group, "Reef, reading the instance, p50", percentile(instance, 50) * 1000, "ms")
    report.figure(group, "Reef, reading the instance, p99", percentile(instance, 99) * 1000, "ms")
    start = report.figure(group, "starting a standing server, p50", percentile(standing, 50) * 1000, "ms")
    last = report.figure(f"{len(at_once)} at once", "Reef, last answer", max(at_once), "s")
    report.figure(f"{len(at_once)} at once", "Reef, median answer", percentile(at_once, 50), "s")
    report.notes.append(
        f"{len(plain)} ticks, {len(instance)} with the instance, {len(standing)} standing starts."
    )
    report.at_most("cold start p50", p50, bars.cold_p50_ms, "ms")
    report.at_most("cold start p99", p99, bars.cold_p99_ms, "ms")
    report.at_most("cold start p50 / a standing server's start", p50 / start, bars.cold_ratio, "")
    report.at_most("cold start that reads the instance, p50", reads, bars.cold_instance_p50_ms, "ms")
    report.at_most(f"{len(at_once)} at once, all answered", last, bars.fifty_at_once_s, "s")


if __name__ == "__main__":
    sys.exit(main())
