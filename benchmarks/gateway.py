"""Gateway: what it adds to a forwarded call, what a recorded answer takes, calls a second, CPU of being polled.

A forwarded call is a warm location's sensor tick, through the gateway and straight to the same server in turn. Being
polled is what Dagster does at rest: webserver and daemon each ask every location for its server id once a second,
each time on a new channel.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import fleetgen
import measure
from bars import bars_for
from dagster_side import Client, Target
from measure import MB, percentile
from processes import Processes, processes
from reefhost import ReefHost, write_spec
from report import Report, arguments, emit, setting_of

POLLED = (50, 200, 1000)
CALLERS = 2  # webserver and daemon
RECORDED_ASSETS = 20


def main() -> int:
    parser = arguments(__doc__.splitlines()[0], rounds=1000)
    parser.add_argument("--polled", type=int, nargs="+", default=POLLED, help="how many locations are polled")
    args = parser.parse_args()
    measure.compile_environment(args.python)
    measure.compile_environment(sys.executable)
    report = Report("Gateway", setting_of(args))
    with processes("reef-gateway-") as running:
        client = Client(running, args.python)
        _calls(running, client, report, args)
        for count in args.polled:
            _polling(running, client, report, count, *((4, 1500) if args.quick else (20, 20_000)))
    return emit(report, args)


def _calls(running: Processes, client: Client, report: Report, args: argparse.Namespace) -> None:
    fleet = fleetgen.write_fleet(running.folder / "fleet", 4, python=args.python, assets=RECORDED_ASSETS)
    host = ReefHost(running, write_spec(fleet.folder, fleet.locations, args.python), running.folder / "state")
    host.until_ready(4)
    targets = list(host.targets().values())
    sizes = client.do("warm", targets=targets)
    through = targets[0]
    direct = host.own_socket(through["name"], host.server_pids()[through["name"]])
    rounds = min(300, args.rounds) if args.quick else args.rounds
    bars = bars_for(measure.python_version(args.python))
    for kept, words, bar in (
        (True, "a kept channel", bars.added_kept_ms),
        (False, "a new channel", bars.added_new_ms),
    ):
        _added(client, report, [through, direct], rounds, kept, words, bar)
    _recorded(client, report, through, rounds, sizes[0], bars.recorded_ms)
    _throughput(client, report, targets, 2.0 if args.quick else 10.0)
    host.end()


def _added(
    client: Client, report: Report, pair: list[Target], rounds: int, kept: bool, words: str, bar: float
) -> None:
    client.do("latency", pairs=pair, kind="tick", rounds=30, kept=kept)
    took = client.do("latency", pairs=pair, kind="tick", rounds=rounds, kept=kept)
    through, direct = [row[0] * 1000 for row in took], [row[1] * 1000 for row in took]
    group = f"a sensor tick on {words}"
    report.figure(group, "straight to the server, p50", percentile(direct, 50), "ms")
    report.figure(group, "through Reef, p50", percentile(through, 50), "ms")
    report.figure(group, "straight to the server, p99", percentile(direct, 99), "ms")
    report.figure(group, "through Reef, p99", percentile(through, 99), "ms")
    added = percentile(through, 50) - percentile(direct, 50)
    report.at_most(f"the gateway adds to a forwarded call on {words}, p50", added, bar, "ms")


def _recorded(client: Client, report: Report, target: Target, rounds: int, size: int, bar: float) -> None:
    client.do("latency", pairs=[target], kind="repository", rounds=30, kept=True)
    kept = client.do("latency", pairs=[target], kind="repository", rounds=rounds, kept=True)
    fresh = client.do("latency", pairs=[target], kind="repository", rounds=rounds, kept=False)
    group = f"a recorded repository of {size / 1000:.0f} KB"
    p50 = report.figure(
        group, "Reef, kept channel, p50", percentile([row[0] for row in kept], 50) * 1000, "ms"
    )
    report.figure(group, "Reef, kept channel, p99", percentile([row[0] for row in kept], 99) * 1000, "ms")
    report.figure(group, "Reef, new channel, p50", percentile([row[0] for row in fresh], 50) * 1000, "ms")
    report.at_most(f"{group}, p50", p50, bar, "ms")


def _throughput(client: Client, report: Report, targets: list[Target], seconds: float) -> None:
    """With the client on the same cores, so half of the truth."""
    for kind, words in (
        ("id", "server ids"),
        ("repository", "recorded repositories"),
        ("tick", "sensor ticks"),
    ):
        rate = client.do("throughput", targets=targets, kind=kind, seconds=seconds, parallel=8)
        report.figure("calls a second, 8 at a time", f"Reef, {words}", rate, "calls/s")


def _polling(running: Processes, client: Client, report: Report, count: int, seconds: int, most: int) -> None:
    """CPU of the gateway alone while it is polled."""
    folder = Path(running.folder / f"p{count}")
    folder.mkdir()
    script = Path(__file__).with_name("gateway_alone.py")
    process = running.start([sys.executable, str(script), str(folder), str(count)], log="alone", pipe=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "listening\n", (running.folder / "alone.log").read_text()[-2000:]
    targets = [{"name": f"loc_{n:04}", "socket": str(folder / f"loc_{n:04}.sock")} for n in range(count)]
    client.do("poll", targets=targets[: min(count, 100)], seconds=1, callers=1, most=100)
    before = measure.cpu_seconds([process.pid])
    polled = client.do("poll", targets=targets, seconds=seconds, callers=CALLERS, most=most)
    used = measure.cpu_seconds([process.pid]) - before
    label = f"Reef, {count} locations"
    a_second = used / polled["polls"] * count * CALLERS
    report.figure("CPU of a second of being polled", label, a_second * 1000, "ms")
    report.figure("memory of the gateway alone", label, measure.memory([process.pid]).pss / MB, "MB")
    if polled["late_s"] > 1:
        report.notes.append(
            f"At {count} locations the polling client itself fell {polled['late_s']:.1f} s behind."
        )
    running.end(process)


if __name__ == "__main__":
    sys.exit(main())
