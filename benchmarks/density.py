"""Density: what N locations take under Reef, under one server each, and under one workspace.yaml.

Memory is PSS of everything but webserver, daemon and the measuring client. Asleep: every zygote built and the host
complete. Warm: after a repository read, an execution plan and a sensor tick in each. With an instance: the
servers know a DAGSTER_HOME and the tick reads `context.instance`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property
from threading import Event
from typing import Any, TypeVar

import fleetgen
import measure
from bars import Bars, bars_for
from dagster_side import Client, Standing, free_port, monolith_seconds, until_shown
from fleetgen import MeasuredFleet
from measure import MB
from processes import Processes, processes
from reefhost import ReefHost, write_spec
from report import Report, arguments, emit, setting_of

PARTS = ("start", "memory", "instance", "environments", "pandas", "scale")
QUICK_SAMPLE = 4
PANDAS_SAMPLE = 2
REST_LOOKS = 4  # a server gives back what its calls took a second or two after the last of them
T = TypeVar("T")


@dataclass
class Bench:
    args: argparse.Namespace
    running: Processes
    report: Report
    bars: Bars
    fleets: dict[str, MeasuredFleet] = field(default_factory=dict)
    taken: dict[str, Any] = field(default_factory=dict)  # by the name of what takes it
    beside: ThreadPoolExecutor = field(default_factory=ThreadPoolExecutor)  # quick: what is not timed

    @cached_property
    def client(self) -> Client:
        """Started by its first use: its own start is not to be in what is timed."""
        return Client(self.running, str(self.args.python))

    @cached_property
    def instance(self) -> str:
        """A DAGSTER_HOME whose databases are made: fifty servers that do so together race."""
        home = self.running.folder / "home"
        home.mkdir()
        self.client.do("prepare", home=str(home))
        return str(home)

    @property
    def count(self) -> int:
        return int(self.args.locations)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.args.part or PARTS)

    @property
    def sample(self) -> int:
        """How many the other side is measured on."""
        return QUICK_SAMPLE if self.args.quick else self.count

    @property
    def in_a_hurry(self) -> bool:
        """Quick, and nothing left out: what one part starts serves others, and what may run together does."""
        return bool(self.args.quick) and self.parts == PARTS

    def take(self, what: Callable[[Bench], T]) -> T:
        """What it measures, once."""
        name = what.__name__
        if name not in self.taken:
            self.taken[name] = what(self)
        found = self.taken[name]
        return found.result() if isinstance(found, Future) else found  # type: ignore[no-any-return]

    def fleet(self, name: str, count: int, **kind: object) -> MeasuredFleet:
        """Written once under each name: a second start must find the same files."""
        if name not in self.fleets:
            self.fleets[name] = self._write(name, count, kind)
        return self.fleets[name]

    def _write(self, name: str, count: int, kind: dict[str, object]) -> MeasuredFleet:
        python = str(kind.pop("python", self.args.python))
        return fleetgen.write_fleet(self.running.folder / name, count, python=python, **kind)  # type: ignore[arg-type]

    def host(self, fleet: MeasuredFleet, name: str, **options: object) -> ReefHost:
        spec = write_spec(fleet.folder, fleet.locations, fleet.python)
        return ReefHost(self.running, spec, self.running.folder / f"state-{name}", **options)  # type: ignore[arg-type]


def main() -> int:
    parser = arguments(__doc__.splitlines()[0], locations=50, scale_locations=500)
    parser.add_argument("--part", action="append", choices=PARTS, help="measure this alone (can be repeated)")
    args = parser.parse_args()
    measure.compile_environment(args.python)
    measure.compile_environment(sys.executable)
    report = Report(f"Density: {args.locations} code locations", setting_of(args))
    with processes("reef-density-") as running:
        bench = Bench(args, running, report, bars_for(measure.python_version(args.python)))
        with bench.beside:
            for part in bench.parts:
                measure.say(f"part: {part}")
                globals()[f"measure_{part}"](bench)
                if part == "start" and bench.in_a_hurry:
                    _take_the_rest(bench)
    return emit(report, args)


def _take_the_rest(bench: Bench) -> None:
    """Quick: what is not timed, on both cores, the longest way first. The host with an environment each is measured
    when the others have ended: a page that more processes share would count for less."""
    pool = bench.beside
    bench.taken["pandas_taught"] = pool.submit(pandas_taught, bench)
    ready = Event()
    beside = [pool.submit(pandas_reef, bench), pool.submit(_standing_all, bench, ready)]
    bench.taken["pandas_reef"] = beside[0]
    for index, name in enumerate(("standing_plain", "standing_instance", "standing_pandas")):
        bench.taken[name] = pool.submit(lambda index=index: beside[1].result()[index])
    bench.taken["environments_asleep"] = environments_asleep(bench, ready.set, lambda: wait(beside))


def _standing_all(bench: Bench, ready: Event) -> list[Any]:
    """Begins when the longest way beside it has come far. The same servers first without an instance, then with one: no
    more than such as have known it from their start."""
    ready.wait()
    servers = Standing(bench.running)
    servers.start_all(bench.fleet("one", bench.count).first(bench.sample), bench.client)
    idle = _multiplied(bench, servers)
    bench.client.do("warm", targets=servers.targets)
    warm = _multiplied(bench, servers)
    bench.client.do("ticks_at_once", targets=servers.targets, home=bench.instance)
    with_instance = _multiplied(bench, servers)
    servers.end()
    return [(idle, warm), (idle, with_instance), standing_pandas(bench)]


def _multiplied(bench: Bench, servers: Standing) -> float:
    """MB of all, from those that are measured."""
    return measure.multiply(servers.memory(), bench.sample, bench.count).pss / MB


def measure_start(bench: Bench) -> None:
    """Until the webserver shows all: Reef's first and second start, and one workspace.yaml."""
    fleet, report = bench.fleet("one", bench.count), bench.report
    group = f"until the webserver shows all {bench.count}"
    # in a hurry it comes first, so that a host may end beside what follows
    monolith = _monolith(bench, fleet) if bench.in_a_hurry else None
    first = report.figure(group, "Reef, first start", _reef_start(bench, fleet)[0], "s")
    seconds, servers = _reef_start(bench, fleet, keep_measuring=bench.in_a_hurry)
    second = report.figure(group, "Reef, second start", seconds, "s")
    monolith = monolith if monolith is not None else _monolith(bench, fleet)
    report.figure(group, "one workspace.yaml", monolith, "s", estimated=bench.args.quick)
    report.at_least(
        "first start, times sooner than the monolith", monolith / first, bench.bars.first_start_times, "x"
    )
    report.at_least(
        "second start, times sooner than the monolith", monolith / second, bench.bars.second_start_times, "x"
    )
    report.at_most("second start, child processes alive", servers, 0, "")


def _reef_start(bench: Bench, fleet: MeasuredFleet, *, keep_measuring: bool = False) -> tuple[float, int]:
    """(`reef up` → webserver shows all, code servers alive then)."""
    port, started = free_port(), time.monotonic()
    host = bench.host(fleet, "one", port=port)
    seconds = until_shown(port, bench.count, 300.0, host.process) - started
    alive = len(host.server_pids())
    bench.client  # noqa: B018  (starts while this host ends)
    if keep_measuring:
        _measure_shown(bench, host)
        bench.beside.submit(host.end)
    else:
        host.end()
    return seconds, alive


def _measure_shown(bench: Bench, host: ReefHost) -> None:
    """Quick: the host of the second start is measured asleep and warm, too. Its locations know an instance, and the
    first of their ticks does not read it: no less than without one, and for the second tick no less than new ones. What
    they give back when they rest is not waited for."""
    host.until_asleep()
    asleep = host.settled_memory().pss / MB
    bench.taken["reef_plain"] = (asleep, *_warmed(bench, host, None, looks=1))
    bench.client.do("ticks_at_once", targets=list(host.targets().values()), home=str(host.home))
    bench.taken["reef_instance"] = host.memory().pss / MB, _median_private(host)


def _warmed(bench: Bench, host: ReefHost, home: str | None, looks: int = REST_LOOKS) -> tuple[float, float]:
    """MB with every location warm and at rest: all of Reef, and what is a location's own in the middle."""
    bench.client.do("warm", targets=list(host.targets().values()), home=home)
    return host.settled_memory(looks).pss / MB, _median_private(host)


def _monolith(bench: Bench, fleet: MeasuredFleet) -> float:
    """Quick: of the time for a sample, what a location takes is multiplied, the webserver's own boot is not."""
    boot = 0.0 if bench.sample == bench.count else monolith_seconds(bench.running, bench.args.python, ())[0]
    seconds, used = monolith_seconds(bench.running, bench.args.python, fleet.first(bench.sample))
    if bench.sample == bench.count:
        bench.report.figure("memory", "one workspace.yaml, webserver's half", used.pss / MB, "MB")
        return seconds
    used = measure.multiply(used, bench.sample, bench.count)
    bench.report.figure("memory", "one workspace.yaml, webserver's half", used.pss / MB, "MB", estimated=True)
    return boot + (seconds - boot) * bench.count / bench.sample


def measure_memory(bench: Bench) -> None:
    """Asleep and warm, without an instance, in one environment."""
    asleep, warm, own = bench.take(reef_plain)
    idle, standing = bench.take(standing_plain)
    _compare(bench, "asleep, one environment", asleep, idle, bench.bars.asleep_ratio)
    _compare(bench, "warm, no instance", warm, standing, bench.bars.warm_ratio)
    bench.report.figure("warm, no instance", "Reef, own memory of a location", own, "MB")


def reef_plain(bench: Bench) -> tuple[float, float, float]:
    """MB: asleep, warm, a warm location's own."""
    host = _memory_host(bench, home=None)
    host.until_asleep()
    asleep = host.settled_memory().pss / MB
    warm, own = _warmed(bench, host, None)
    host.end()
    return asleep, warm, own


def standing_plain(bench: Bench) -> tuple[float, float]:
    """MB: as started, warm."""
    return _standing(bench, bench.fleet("one", bench.count), home=None)


def measure_instance(bench: Bench) -> None:
    """Warm, with an instance opened in each."""
    warm, own = bench.take(reef_instance)
    _idle, standing = bench.take(standing_instance)
    _compare(bench, "warm, with an instance", warm, standing, bench.bars.warm_instance_ratio)
    bench.report.figure("warm, with an instance", "Reef, own memory of a location", own, "MB")


def reef_instance(bench: Bench) -> tuple[float, float]:
    """MB: warm, a warm location's own."""
    host = _memory_host(bench, home=bench.instance)
    host.until_asleep()
    found = _warmed(bench, host, bench.instance)
    host.end()
    return found


def standing_instance(bench: Bench) -> tuple[float, float]:
    return _standing(bench, bench.fleet("one", bench.count), home=bench.instance)


def _memory_host(bench: Bench, home: str | None) -> ReefHost:
    host = bench.host(bench.fleet("one", bench.count), "one", home=home)
    host.until_ready(bench.count)
    return host


def measure_environments(bench: Bench) -> None:
    """Asleep, each location in an environment of its own: Dagster's files hard-linked, a wheel of its own."""
    asleep, zygotes = bench.take(environments_asleep)
    bench.report.figure("asleep, an environment each", "Reef, zygotes", zygotes, "")
    # quick: the same files, so the same servers
    idle, _warm = bench.take(standing_plain if bench.in_a_hurry else standing_environments)
    _compare(bench, "asleep, an environment each", asleep, idle, bench.bars.asleep_ratio)


def environments_asleep(
    bench: Bench, ready: Callable[[], object] = lambda: None, before: Callable[[], object] = lambda: None
) -> tuple[float, int]:
    """MB, and how many zygotes; measured once `before` has returned. `ready` is told in any case."""
    try:
        host = bench.host(_environments_fleet(bench), "many")
        status = host.until_ready(bench.count)
    finally:
        ready()
    host.until_asleep()
    before()
    asleep = host.settled_memory().pss / MB
    host.end()
    return asleep, len(status["zygotes"])


def standing_environments(bench: Bench) -> tuple[float, float]:
    return _standing(bench, _environments_fleet(bench), home=None)


def _environments_fleet(bench: Bench) -> MeasuredFleet:
    kept = fleetgen.kept_environments(bench.report.setting) / f"envs-{bench.count}"
    return bench.fleet("many", bench.count, environments="many", kept=kept)


def _pandas_fleet(bench: Bench) -> MeasuredFleet:
    if "pandas" not in bench.fleets:
        python = fleetgen.with_library(
            bench.args.python, "pandas", fleetgen.kept_environments(bench.report.setting)
        )
        measure.compile_environment(python)
        bench.fleet("pandas", PANDAS_SAMPLE, python=python, pandas=True)
    return bench.fleets["pandas"]


def measure_pandas(bench: Bench) -> None:
    """One warm location that imports pandas: what is its own, under Reef and standing."""
    own, standing = bench.take(pandas_reef), bench.take(standing_pandas)
    group = "a warm pandas location, its own memory"
    bench.report.figure(group, "Reef", own, "MB")
    bench.report.figure(group, "standing", standing, "MB")
    if bench.bars.pandas_ratio is not None:
        bench.report.at_most(f"{group}, Reef / standing", own / standing, bench.bars.pandas_ratio, "")


def pandas_taught(bench: Bench) -> MeasuredFleet:
    """What a first start sees its locations import, the next one preloads."""
    fleet = _pandas_fleet(bench)
    first = bench.host(fleet, "pandas")
    first.until_ready(PANDAS_SAMPLE)
    first.end()
    return fleet


def pandas_reef(bench: Bench) -> float:
    """MB of a warm location's own."""
    host = bench.host(bench.take(pandas_taught), "pandas")
    host.until_ready(PANDAS_SAMPLE)
    host.until_asleep()
    own = _warmed(bench, host, None)[1]
    host.end()
    return own


def standing_pandas(bench: Bench) -> float:
    """The same of standing servers."""
    servers = Standing(bench.running)
    sample = _pandas_fleet(bench).first(1 if bench.args.quick else PANDAS_SAMPLE)
    servers.start_all(sample, bench.client)
    bench.client.do("warm", targets=servers.targets)
    own = servers.memory().private / len(sample) / MB
    servers.end()
    return own


def measure_scale(bench: Bench) -> None:
    """Many more locations, the host's side only, with no webserver."""
    if bench.args.quick:
        bench.report.notes.append("The 500-location row is measured by full runs only.")
        return
    count = int(bench.args.scale_locations)
    host = bench.host(bench.fleet("scale", count), "scale")
    host.until_ready(count, deadline_s=900)
    host.until_asleep()
    asleep = bench.report.figure(f"{count} locations", "Reef, asleep", host.settled_memory().pss / MB, "MB")
    bench.client.do("warm", targets=list(host.targets().values()))
    warm = bench.report.figure(
        f"{count} locations", "Reef, warm", host.settled_memory(REST_LOOKS).pss / MB, "MB"
    )
    host.end()
    if bench.bars.scale:
        bench.report.at_most(
            f"{count} locations asleep, whole of Reef", asleep, bench.bars.scale_asleep_mb, "MB"
        )
        bench.report.at_most(f"{count} locations warm, whole of Reef", warm, bench.bars.scale_warm_mb, "MB")


def _standing(bench: Bench, fleet: MeasuredFleet, home: str | None) -> tuple[float, float]:
    """MB of one standing server for each location: as started, and warm."""
    servers = Standing(bench.running, home)
    servers.start_all(fleet.first(bench.sample), bench.client)
    idle = _multiplied(bench, servers)
    bench.client.do("warm", targets=servers.targets, home=home)
    warm = _multiplied(bench, servers)
    servers.end()
    return idle, warm


def _compare(bench: Bench, group: str, reef: float, standing: float, bar: float) -> None:
    bench.report.figure(group, "Reef, all of it", reef, "MB")
    bench.report.figure(group, "a standing server each", standing, "MB", estimated=bench.sample < bench.count)
    bench.report.at_most(f"{group}: Reef / standing", reef / standing, bar, "")


def _median_private(host: ReefHost) -> float:
    own = [measure.memory([pid]).private / MB for pid in host.server_pids().values()]
    return measure.percentile(own, 50)


if __name__ == "__main__":
    sys.exit(main())
