"""Density: what N locations take under Reef, under one server each, and under one workspace.yaml.

Memory is PSS of everything but webserver, daemon and the measuring client. Asleep: every zygote built and the host
complete. Warm: after a repository read, an execution plan and a sensor tick in each. With an instance: the
servers know a DAGSTER_HOME and the tick reads `context.instance`.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

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


@dataclass
class Bench:
    args: argparse.Namespace
    running: Processes
    report: Report
    bars: Bars
    client: Client
    home: Path
    fleets: dict[str, MeasuredFleet] = field(default_factory=dict)
    idle_standing_mb: float | None = None
    pandas_learnt: bool = False
    # of the second start, where it was measured there; MB: all of Reef, and a warm location's own
    asleep_mb: float | None = None
    no_instance: tuple[float, float] | None = None
    with_instance: tuple[float, float] | None = None

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
        home = running.folder / "home"
        home.mkdir()
        bench = Bench(
            args,
            running,
            report,
            bars_for(measure.python_version(args.python)),
            Client(running, args.python),
            home,
        )
        bench.client.do("prepare", home=str(home))
        for part in bench.parts:
            measure.say(f"part: {part}")
            globals()[f"measure_{part}"](bench)
    return emit(report, args)


def measure_start(bench: Bench) -> None:
    """Until the webserver shows all: Reef's first and second start, and one workspace.yaml."""
    fleet, report = bench.fleet("one", bench.count), bench.report
    group = f"until the webserver shows all {bench.count}"
    first = report.figure(group, "Reef, first start", _reef_start(bench, fleet)[0], "s")
    share = bench.args.quick and {"memory", "instance"} <= set(bench.parts)
    seconds, servers = _reef_start(bench, fleet, keep_measuring=share)
    second = report.figure(group, "Reef, second start", seconds, "s")
    monolith = report.figure(
        group, "one workspace.yaml", _monolith(bench, fleet), "s", estimated=bench.args.quick
    )
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
    if keep_measuring:
        _measure_shown(bench, host)
    host.end()
    return seconds, alive


def _measure_shown(bench: Bench, host: ReefHost) -> None:
    """Quick: the host of the second start is measured asleep and warm, too. Its locations know an instance, and the
    first of their ticks does not read it: no less than without one, and for the second tick no less than new ones."""
    host.until_asleep()
    bench.asleep_mb = host.memory().pss / MB
    bench.no_instance = _warmed(bench, host, None)
    bench.with_instance = _warmed(bench, host, str(host.home))


def _warmed(bench: Bench, host: ReefHost, home: str | None) -> tuple[float, float]:
    """MB with every location warm: all of Reef, and what is a location's own in the middle."""
    bench.client.do("warm", targets=list(host.targets().values()), home=home)
    return host.memory().pss / MB, _median_private(host)


def _monolith(bench: Bench, fleet: MeasuredFleet) -> float:
    seconds, used = monolith_seconds(bench.running, bench.args.python, fleet.first(bench.sample))
    if bench.sample == bench.count:
        bench.report.figure("memory", "one workspace.yaml, webserver's half", used.pss / MB, "MB")
        return seconds
    boot, _ = monolith_seconds(bench.running, bench.args.python, ())
    used = measure.multiply(used, bench.sample, bench.count)
    bench.report.figure("memory", "one workspace.yaml, webserver's half", used.pss / MB, "MB", estimated=True)
    return boot + (seconds - boot) * bench.count / bench.sample


def measure_memory(bench: Bench) -> None:
    """Asleep and warm, without an instance, in one environment."""
    fleet = bench.fleet("one", bench.count)
    if bench.asleep_mb is None or bench.no_instance is None:
        host = _memory_host(bench, home=None)
        host.until_asleep()
        bench.asleep_mb = host.memory().pss / MB
        bench.no_instance = _warmed(bench, host, None)
        host.end()
    warm, own = bench.no_instance
    idle, standing = _standing(bench, fleet, home=None)
    bench.idle_standing_mb = idle
    _compare(bench, "asleep, one environment", bench.asleep_mb, idle, bench.bars.asleep_ratio)
    _compare(bench, "warm, no instance", warm, standing, bench.bars.warm_ratio)
    bench.report.figure("warm, no instance", "Reef, own memory of a location", own, "MB")


def measure_instance(bench: Bench) -> None:
    """Warm, with an instance opened in each."""
    fleet = bench.fleet("one", bench.count)
    if bench.with_instance is None:
        host = _memory_host(bench, home=str(bench.home))
        host.until_asleep()
        bench.with_instance = _warmed(bench, host, str(bench.home))
        host.end()
    warm, own = bench.with_instance
    _idle, standing = _standing(bench, fleet, home=str(bench.home))
    _compare(bench, "warm, with an instance", warm, standing, bench.bars.warm_instance_ratio)
    bench.report.figure("warm, with an instance", "Reef, own memory of a location", own, "MB")


def _memory_host(bench: Bench, home: str | None) -> ReefHost:
    host = bench.host(bench.fleet("one", bench.count), "one", home=home)
    host.until_ready(bench.count)
    return host


def measure_environments(bench: Bench) -> None:
    """Asleep, each location in an environment of its own: Dagster's files hard-linked, a wheel of its own."""
    kept = _cache(bench) / f"envs-{bench.count}"
    fleet = bench.fleet("many", bench.count, environments="many", kept=kept)
    host = bench.host(fleet, "many")
    if "pandas" in bench.parts:  # its first start teaches and is not measured: time to share
        _learn_pandas(bench)
    status = host.until_ready(bench.count)
    host.until_asleep()
    asleep = host.memory().pss / MB
    bench.report.figure("asleep, an environment each", "Reef, zygotes", len(status["zygotes"]), "")
    host.end()
    if bench.args.quick and bench.idle_standing_mb is not None:  # the same files, so the same servers
        idle = bench.idle_standing_mb
    else:
        idle, _warm = _standing(bench, fleet, home=None)
    _compare(bench, "asleep, an environment each", asleep, idle, bench.bars.asleep_ratio)


def _pandas_fleet(bench: Bench) -> MeasuredFleet:
    if "pandas" not in bench.fleets:
        python = fleetgen.with_pandas(bench.args.python, _cache(bench))
        measure.compile_environment(python)
        bench.fleet("pandas", QUICK_SAMPLE, python=python, pandas=True)
    return bench.fleets["pandas"]


def _learn_pandas(bench: Bench) -> None:
    """What a first start sees its locations import, the next one preloads."""
    if bench.pandas_learnt:
        return
    host = bench.host(_pandas_fleet(bench), "pandas")
    host.until_ready(QUICK_SAMPLE)
    host.until_asleep()
    host.end()
    bench.pandas_learnt = True


def measure_pandas(bench: Bench) -> None:
    """One warm location that imports pandas: what is its own, under Reef and standing."""
    fleet = _pandas_fleet(bench)
    _learn_pandas(bench)
    host = bench.host(fleet, "pandas")
    host.until_ready(QUICK_SAMPLE)
    host.until_asleep()
    own = _warmed(bench, host, None)[1]
    host.end()
    servers = Standing(bench.running)
    servers.start_all(fleet.first(2), bench.client)
    bench.client.do("warm", targets=servers.targets)
    standing = servers.memory().private / 2 / MB
    servers.end()
    group = "a warm pandas location, its own memory"
    bench.report.figure(group, "Reef", own, "MB")
    bench.report.figure(group, "standing", standing, "MB")
    if bench.bars.pandas_ratio is not None:
        bench.report.at_most(f"{group}, Reef / standing", own / standing, bench.bars.pandas_ratio, "")


def measure_scale(bench: Bench) -> None:
    """Many more locations, the host's side only, with no webserver."""
    if bench.args.quick:
        bench.report.notes.append("The 500-location row is measured by full runs only.")
        return
    count = int(bench.args.scale_locations)
    host = bench.host(bench.fleet("scale", count), "scale")
    host.until_ready(count, deadline_s=900)
    host.until_asleep()
    asleep = bench.report.figure(f"{count} locations", "Reef, asleep", host.memory().pss / MB, "MB")
    bench.client.do("warm", targets=list(host.targets().values()))
    warm = bench.report.figure(f"{count} locations", "Reef, warm", host.memory().pss / MB, "MB")
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
    idle = measure.multiply(servers.memory(), bench.sample, bench.count).pss / MB
    bench.client.do("warm", targets=servers.targets, home=home)
    warm = measure.multiply(servers.memory(), bench.sample, bench.count).pss / MB
    servers.end()
    return idle, warm


def _compare(bench: Bench, group: str, reef: float, standing: float, bar: float) -> None:
    bench.report.figure(group, "Reef, all of it", reef, "MB")
    bench.report.figure(group, "a standing server each", standing, "MB", estimated=bench.sample < bench.count)
    bench.report.at_most(f"{group}: Reef / standing", reef / standing, bar, "")


def _median_private(host: ReefHost) -> float:
    own = [measure.memory([pid]).private / MB for pid in host.server_pids().values()]
    return measure.percentile(own, 50)


def _cache(bench: Bench) -> Path:
    """What is made once for an interpreter, and not measured."""
    tag = f"{bench.report.setting['python']}-{bench.report.setting['dagster']}"
    return Path.home() / ".cache" / "reef" / "benchmarks" / tag


if __name__ == "__main__":
    sys.exit(main())
