"""Rollout: a library that 50 locations share is changed, and all of them serve it; the same with standing servers and
with one workspace.yaml. And: calls meanwhile, an upgraded distribution, one saved file.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import measure
import replies
from bars import ROLLOUT
from dagster_side import Client, Standing, Target, free_port, job_descriptions, monolith_seconds, until_shown
from fleetgen import MeasuredLocation
from processes import Processes, processes
from reefhost import ReefHost, understands
from replies import Rollout
from report import Report, arguments, emit, setting_of
from rolloutfleet import RolloutFleet, write_rollout_fleet

QUICK_SAMPLE = 4
QUICK_CALLS = 500
AT_ONCE = 4  # standing servers that are starting at any moment: more of them take longer, on two cores
SAVES = 5
PARALLEL = 4
QUICK_PARALLEL = 2


@dataclass
class Bench:
    args: argparse.Namespace
    running: Processes
    report: Report
    fleet: RolloutFleet
    client: Client
    second: Client  # calls while the first one does
    rollouts: list[Rollout] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)  # a location that a deploy did not promote, and why

    @property
    def quick(self) -> bool:
        return bool(self.args.quick)

    @property
    def count(self) -> int:
        return len(self.fleet.locations)

    @property
    def names(self) -> list[str]:
        return [location.name for location in self.fleet.locations]

    @property
    def sampled(self) -> tuple[MeasuredLocation, ...]:
        """Those that the other side is measured on."""
        return self.fleet.locations[: QUICK_SAMPLE if self.quick else None]

    @property
    def times(self) -> float:
        return self.count / len(self.sampled)

    def host(self, **options: Any) -> ReefHost:
        return ReefHost(self.running, self.fleet.spec(), self.running.folder / "state", **options)

    def roll(self, host: ReefHost) -> float:
        """Change the library and deploy; seconds from before the save until `reef deploy` has ended."""
        return self._timed(host, self.fleet.change_library)

    def upgrade(self, host: ReefHost) -> float:
        """Install the next version of the wheel, which is not timed, and deploy."""
        self.fleet.upgrade_wheel()
        return self._timed(host, lambda: self.fleet.library)

    def _timed(self, host: ReefHost, change: Callable[[], int]) -> float:
        started = time.monotonic()
        version = change()
        done = host.deploy("--changed")
        over = time.monotonic()
        self.rollouts.append(Rollout(version, started, over))
        saved_at = time.time() - (over - started)
        left_out = [name for name in self.names if not _promoted(done["results"].get(name))]
        self.partial += [_why_not(host, name, done["results"].get(name), saved_at) for name in left_out]
        return over - started


def _promoted(event: Mapping[str, Any] | None) -> bool:
    return event is not None and event["state"] == "promoted"


def _why_not(host: ReefHost, name: str, event: Mapping[str, Any] | None, saved_at: float) -> str:
    """What the deploy said of a location, or how it came that the deploy had nothing to do there."""
    if event is not None:
        return f"{name}: {event['state']}: {event.get('reason') or 'no reason was given'}"
    last = host.history(name)[0]
    return (
        f"{name}: was not in the deploy: {last['version']} was promoted {last['time'] - saved_at:.2f} s "
        f"after the save, by {last['by'] or 'a wake, not by a deploy'}: {last['why']}"
    )


def main() -> int:
    parser = arguments(__doc__.splitlines()[0], locations=50, rounds=3, calls=20_000)
    args = parser.parse_args()
    measure.compile_environment(args.python)
    measure.compile_environment(sys.executable)
    report = Report(f"Rollout: a change under {args.locations} code locations", setting_of(args))
    with processes("reef-rollout-") as running:
        fleet = write_rollout_fleet(running.folder / "fleet", args.locations, args.python)
        measure.compile_environment(fleet.python)
        clients = Client(running, fleet.python), Client(running, fleet.python)
        bench = Bench(args, running, report, fleet, *clients)
        reef = measure_reef(bench)
        judge_against(bench, reef, measure_standing(bench), measure_monolith(bench))
    return emit(report, args)


# -- Reef --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seconds:
    library: float
    distribution: float


def measure_reef(bench: Bench) -> Seconds:
    """Rollouts with nothing else going on; then saves and calls beside a webserver and a daemon. Quick: saves first,
    since the later start of the two need not load everything."""
    rounds = 1 if bench.quick else int(bench.args.rounds)
    if bench.quick:
        _saves(bench)
    host = bench.host()
    host.until_ready(bench.count)
    host.until_asleep()
    bench.client.do("warm", targets=list(host.targets().values()))  # as the standing servers are up
    library = [bench.roll(host) for _ in range(rounds)]
    if bench.quick:
        measure_traffic(bench, host)
    distribution = [bench.upgrade(host) for _ in range(rounds)]
    _none(bench.report, "locations that a timed deploy did not promote", bench.partial)
    host.end()
    if not bench.quick:
        _saves(bench)
        with _up(bench, daemon=True) as (host, _port):
            measure_traffic(bench, host)
            _judge_daemon(bench, host)
    return Seconds(statistics.median(library), statistics.median(distribution))


def _saves(bench: Bench) -> None:
    """Beside a webserver, with `--watch`."""
    watches = understands("up", "--watch")
    with _up(bench, words=("--watch",) if watches else ()) as (host, port):
        measure_saves(bench, host, port, watches)


@contextmanager
def _up(bench: Bench, **options: Any) -> Iterator[tuple[ReefHost, int]]:
    port = free_port()
    host = bench.host(port=port, **options)
    until_shown(port, bench.count, 300.0, host.process)
    measure.wait_for(host.zygote_pids, "the zygotes stand", 60.0)
    yield host, port
    host.end()


def measure_saves(bench: Bench, host: ReefHost, port: int, watches: bool) -> None:
    """One location's own file is saved: until it is served, and until the webserver shows it."""
    served, shown = [], []
    for number, location in enumerate(bench.fleet.locations[: 1 if bench.quick else SAVES]):
        mark = f"change-v{number + 2}"
        target = host.targets()[location.name]
        saved = time.monotonic()
        bench.fleet.change_one(location, number + 2)
        with ThreadPoolExecutor(1) as pool:
            deploying = None if watches else pool.submit(host.deploy, location.name)
            ask = {"target": target, "mark": mark, "deadline_s": 60}
            served.append(bench.client.do("until_mark", kind="repository", **ask) - saved)
            bench.client.do("until_mark", kind="tick", **ask)
            shown.append(until_described(port, location, mark) - saved)
            if deploying is not None:
                deploying.result()
    group = "one file of one location saved"
    bench.report.figure(group, "Reef, median until served", statistics.median(served), "s")
    bench.report.figure(group, "Reef, longest until served", max(served), "s")
    bench.report.figure(group, "Reef, longest until the webserver shows it", max(shown), "s")
    bench.report.at_most("a saved file is served", max(served), ROLLOUT.save_served_s, "s")
    bench.report.at_most("the webserver shows a saved file", max(shown), ROLLOUT.save_shown_s, "s")
    if not watches:
        bench.report.notes.append("Saved files were deployed by `reef deploy LOCATION`: no `--watch` here.")


def until_described(port: int, location: MeasuredLocation, mark: str) -> float:
    def shown() -> float | None:
        described = (job_descriptions(port) or {}).get((location.name, location.job), "")
        return time.monotonic() if mark in described else None

    return measure.wait_for(shown, f"the webserver shows {mark} of {location.name}", 60.0, every_s=0.02)


def measure_traffic(bench: Bench, host: ReefHost) -> None:
    """Calls without a pause, and rollout after rollout until enough were sent meanwhile. Between two of them every
    location is called once or twice, as a fleet in use is called between two deploys."""
    wanted = QUICK_CALLS if bench.quick else int(bench.args.calls)
    parallel = QUICK_PARALLEL if bench.quick else PARALLEL
    targets, folder = list(host.targets().values()), bench.running.folder / "traffic"
    folder.mkdir()
    if not bench.quick:  # there every location is called before the rollout, which wakes them too
        bench.client.do("warm", targets=targets)
    bench.rollouts.clear()
    seconds, meanwhile = [], 0
    with ThreadPoolExecutor(1) as pool:
        calling = pool.submit(
            bench.second.do, "traffic", targets=targets, folder=str(folder), parallel=parallel
        )
        try:
            while meanwhile < wanted and not calling.done():
                start = _until_called(bench, host, folder, parallel)
                seconds.append(bench.roll(host))
                meanwhile += _sent(folder) - start
        finally:
            (folder / "stop").touch()
        calls = calling.result()
    _judge_traffic(bench, calls, seconds)


def _sent(folder: Path) -> int:
    file = folder / "sent"
    return file.stat().st_size if file.exists() else 0


def _until_called(bench: Bench, host: ReefHost, folder: Path, parallel: int) -> int:
    """Every location was called and is warm; how many calls were sent by then. A location that is just waking when the
    library is saved finds the change by itself and promotes it: the deploy would have nothing to do there."""
    _until_sent(folder, 2 * bench.count + parallel)  # they end in any order
    measure.wait_for(lambda: len(host.server_pids()) == bench.count, "every location is warm", 120.0)
    return _sent(folder)


def _until_sent(folder: Path, more: int) -> None:
    before = _sent(folder)
    measure.wait_for(lambda: _sent(folder) >= before + more, f"{more} more calls", 120.0)


def _judge_traffic(bench: Bench, calls: list[dict[str, Any]], seconds: list[float]) -> None:
    report, meanwhile = bench.report, replies.during(calls, bench.rollouts)
    count, forwarded = replies.counts(meanwhile)
    group = "calls during rollouts"
    report.figure(group, "sent", count, "")
    report.figure(group, "forwarded", forwarded, "")
    report.figure(group, "rollouts", len(seconds), "")
    took = [(call["received"] - call["sent"]) * 1000 for call in meanwhile]
    report.figure("a call during a rollout", "p50", measure.percentile(took, 50), "ms")
    report.figure("a call during a rollout", "p99", measure.percentile(took, 99), "ms")
    report.figure("a call during a rollout", "longest", max(took), "ms")
    report.figure("a rollout with these calls", "Reef, median", statistics.median(seconds), "s")
    report.at_least("calls sent during rollouts", count, QUICK_CALLS if bench.quick else ROLLOUT.calls, "")
    if bench.quick:
        report.notes.append(f"Only {count} calls, and no daemon beside: full runs send {ROLLOUT.calls:,}.")
    report.at_least("part of them forwarded", forwarded / count, ROLLOUT.forwarded, "")
    _none(report, "locations without a forwarded call", replies.unforwarded(meanwhile, bench.names))
    _none(report, "failed calls", replies.failures(calls))
    _none(report, "replies of a version that was not current", replies.wrong(calls, bench.rollouts))


def _judge_daemon(bench: Bench, host: ReefHost) -> None:
    ticks = bench.client.do("daemon_ticks", home=str(host.home))
    bench.report.figure("the daemon beside", "sensors it ticked", ticks["sensors"], "")
    bench.report.figure("the daemon beside", "ticks", ticks["ticks"], "")
    bench.report.at_least("sensors that the daemon ticked", ticks["sensors"], bench.count, "")
    _none(bench.report, "failed ticks of the daemon", ticks["failed"])


def _none(report: Report, name: str, found: list[str]) -> None:
    report.at_most(name, len(found), 0, "")
    report.notes += [f"{name}: {text}" for text in found[:5]]


# -- the other side ----------------------------------------------------------------------------------


def measure_standing(bench: Bench) -> Seconds:
    """All old servers ended, all new ones answering. Quick: there are no old ones to end, which takes no longer."""
    servers = Standing(bench.running, working_directory=bench.fleet.working_directory)
    if bench.quick:
        library = recreate(bench, servers)
        servers.end()
        return Seconds(library, library)
    servers.start_all(bench.sampled, bench.client)
    bench.fleet.change_library()
    library = recreate(bench, servers)
    bench.fleet.upgrade_wheel()
    distribution = recreate(bench, servers)
    servers.end()
    return Seconds(library, distribution)


def recreate(bench: Bench, old: Standing) -> float:
    """Replace every server of `old` as fast as the machine can, multiplied up to the whole fleet."""
    started = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(bench.running.end, *old.processes)
        old.processes, old.targets = [], []
        starting: list[Target] = []
        for location in bench.sampled:
            while len(starting := [target for target in starting if not _listens(target)]) >= AT_ONCE:
                time.sleep(0.005)
            starting.append(old.start(location))
        bench.client.do("pings", targets=old.targets, deadline_s=180)
        ending.result()
    return (time.monotonic() - started) * bench.times


def _listens(target: Target) -> bool:
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(target["socket"]) == 0


def measure_monolith(bench: Bench) -> float:
    """From the start of a new webserver until it shows all; ending the old one is not counted."""
    folder = bench.fleet.working_directory
    seconds, _ = monolith_seconds(bench.running, bench.args.python, bench.sampled, working_directory=folder)
    if not bench.quick:
        return seconds
    boot, _ = monolith_seconds(bench.running, bench.args.python, ())
    return boot + (seconds - boot) * bench.times


def judge_against(bench: Bench, reef: Seconds, standing: Seconds, monolith: float) -> None:
    report, quick = bench.report, bench.quick
    group = f"a shared library changed under {bench.count}, all serve it"
    report.figure(group, "Reef", reef.library, "s")
    report.figure(group, "standing servers created again", standing.library, "s", estimated=quick)
    report.figure(group, "one workspace.yaml started again", monolith, "s", estimated=quick)
    group = f"a shared distribution upgraded under {bench.count}"
    report.figure(group, "Reef", reef.distribution, "s")
    report.figure(group, "standing servers created again", standing.distribution, "s", estimated=quick)
    report.at_most("library: Reef / standing", reef.library / standing.library, ROLLOUT.standing_ratio, "")
    report.at_most("library: Reef / monolith", reef.library / monolith, ROLLOUT.monolith_ratio, "")
    report.at_most(
        "distribution: Reef / standing",
        reef.distribution / standing.distribution,
        ROLLOUT.distribution_ratio,
        "",
    )


if __name__ == "__main__":
    sys.exit(main())
