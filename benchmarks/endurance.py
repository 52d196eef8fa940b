"""Endurance: an hour's ticks and a thousand forks and sleeps, compressed; memory must not grow, nothing may hang."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import fleetgen
import measure
from bars import bars_for
from dagster_side import Client
from measure import MB
from processes import processes
from reefhost import ReefHost, write_spec
from report import Report, arguments, emit, setting_of

HOST_DRIFT_MB = 5.0
QUICK_ASSETS = 5  # a load takes less time: what is counted are forks


@dataclass(frozen=True)
class Level:
    """MB, with every location asleep."""

    host: float
    zygotes: float


def main() -> int:
    args = arguments(__doc__.splitlines()[0], locations=25, forks=1000, ticks=6000).parse_args()
    ticks = args.ticks // 10 if args.quick else args.ticks
    measure.compile_environment(args.python)
    report = Report("Endurance", setting_of(args))
    with processes("reef-endurance-") as running:
        clients = [Client(running, args.python) for _ in range(2)]
        assets = QUICK_ASSETS if args.quick else fleetgen.ASSETS
        fleet = fleetgen.write_fleet(
            running.folder / "fleet", args.locations, python=args.python, assets=assets
        )
        spec = write_spec(fleet.folder, fleet.locations, fleet.python)
        host = ReefHost(running, spec, running.folder / "state")
        host.until_ready(args.locations)
        host.until_asleep()  # its start is over: at its end the host gives back what only the start took
        _run(report, host, clients, args.forks, ticks)
        host.end()
    if args.quick:
        report.notes.append(
            f"Quick: {ticks} ticks, and {assets} assets a location instead of {fleetgen.ASSETS}."
        )
    _judge_bars(report, args.python)
    return emit(report, args)


def _run(report: Report, host: ReefHost, clients: list[Client], forks: int, ticks: int) -> None:
    targets, client = list(host.targets().values()), clients[0]
    rounds = -(-forks // len(targets))
    _cycles(host, clients, targets, max(1, rounds // 10))
    before = _level(host)
    _cycles(host, clients, targets, rounds)
    after = _level(host)
    count = rounds * len(targets)
    report.figure("forks and sleeps", "Reef, forks", count, "")
    _figures(report, f"after {count} forks and sleeps", before, after)
    _remains(report, host)
    for target in targets:
        client.do("warm", targets=[target])
    warm = measure.memory(measure.tree(host.pid)).pss / MB
    _hour(client, targets, ticks)
    report.figure(f"warm, over {ticks} ticks", "Reef, before", warm, "MB")
    report.figure(
        f"warm, over {ticks} ticks", "Reef, after", measure.memory(measure.tree(host.pid)).pss / MB, "MB"
    )
    _figures(report, f"after {ticks} ticks", after, _level(host))


def _cycles(host: ReefHost, clients: list[Client], targets: list[dict[str, Any]], rounds: int) -> None:
    """Fork and sleep each location so many times: a half of them is forked while the other is ending."""
    halves = [targets[number :: len(clients)] for number in range(len(clients))]

    def cycle(client: Client, half: list[dict[str, Any]]) -> None:
        for _ in range(rounds):
            client.do("ticks_at_once", targets=half)
            host.sleep([target["name"] for target in half])

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(cycle, clients, halves))


def _hour(client: Client, targets: list[dict[str, Any]], ticks: int) -> None:
    """What an hour of 30 s sensors asks, one location after the other, without the waiting."""
    for number in range(ticks):
        client.do("tick", target=targets[number % len(targets)])


def _level(host: ReefHost) -> Level:
    host.until_asleep()
    zygotes = host.zygote_pids()
    return Level(host.host_memory().pss / MB, measure.memory(zygotes).pss / MB)


def _figures(report: Report, group: str, before: Level, after: Level) -> None:
    report.figure(group, "Reef, zygote drift", after.zygotes - before.zygotes, "MB")
    report.figure(group, "Reef, host drift", after.host - before.host, "MB")


def _remains(report: Report, host: ReefHost) -> None:
    """What a thousand children have left behind: nothing but host and zygotes may be alive."""
    alive = measure.tree(host.pid)
    dead = measure.zombies(alive)
    hung = [pid for pid in alive if pid != host.pid and pid not in host.zygote_pids() and pid not in dead]
    report.figure("left behind", "Reef, hung children", len(hung), "")
    report.figure("left behind", "Reef, zombies", len(dead), "")


def _judge_bars(report: Report, python: str) -> None:
    bars = bars_for(measure.python_version(python))
    found = {(figure.group, figure.label): figure.value for figure in report.figures}
    for (group, label), value in found.items():
        if label.endswith("zygote drift"):
            report.at_most(f"zygote drift {group}", value, bars.zygote_drift_mb, "MB")
        elif label.endswith("host drift"):
            report.at_most(f"host drift {group}", value, HOST_DRIFT_MB, "MB")
        elif group == "left behind":
            report.at_most(label.removeprefix("Reef, "), value, 0, "")


if __name__ == "__main__":
    sys.exit(main())
