"""Preloading: building a zygote beside importing once, what its checks take, cold start where libraries are left out.

Two fleets: one with polars, which starts threads when it is imported and so is left out, and one with pandas, which is
preloaded although it changes what others use. Of each, some locations import the library and one does not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import fleetgen
import measure
from dagster_side import Client
from fleetgen import MeasuredFleet
from measure import percentile
from processes import Processes, processes
from reef.hosting.launch import GUEST, LOAD_GUEST
from reef.hosting.plan import WarmedModule, ZygotePlan
from reef.hosting.warmup import warm_up
from reef.hosting.zygote import ADDED_ENV, Built, Tuning, build
from reefhost import ReefHost, write_spec
from report import Report, arguments, emit, setting_of

BUILD_BAR, CHECKS_BAR, COLD_BAR_MS = 2.0, 0.20, 350.0
LIGHT = "light"

_IMPORTS = (
    LOAD_GUEST
    + """
import importlib, json, time
how, request = sys.argv[2], json.load(sys.stdin)
from _reef_guest import preload
cpu, wall = time.process_time(), time.perf_counter()
if how == "checked":
    preloading = preload.Preloading(request["modules"], [], request["shared"], request["distributions"])
    with preloading.under_way():
        preloading.shared([])
        preloading.rest([], [])
else:
    for name in request["modules"]:
        preload._import(name, {})
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall]))
"""
)


@dataclass(frozen=True)
class Imports:
    """What the locations of a fleet import, in order, and what every server imports before its location's code."""

    modules: tuple[str, ...]
    shared: tuple[str, ...]
    distributions: dict[str, str]


def main() -> int:
    args = arguments(__doc__.splitlines()[0], heavy_locations=4, rounds=5).parse_args()
    measure.compile_environment(sys.executable)
    report = Report("Preloading: what a zygote takes and what is left out", setting_of(args))
    with processes("reef-preload-") as running:
        for library in ("polars", "pandas"):
            _measure(running, args, report, library)
    return emit(report, args)


def _measure(running: Processes, args: argparse.Namespace, report: Report, library: str) -> None:
    python = fleetgen.with_library(args.python, library, fleetgen.kept_environments(report.setting))
    measure.compile_environment(python)
    fleet = _fleet(running.folder / library, python, library, args.heavy_locations)
    imports = asyncio.run(_imports(running, fleet, library))
    _judge_building(running, args, report, library, python, imports)
    _judge_cold_start(running, args, report, library, fleet)


def _fleet(folder: Path, python: str, library: str, heavy: int) -> MeasuredFleet:
    """`heavy` locations that import the library, and one named `light` that does not."""
    fleet = fleetgen.write_fleet(folder, heavy + 1, python=python)
    for location in fleet.first(heavy):
        file = Path(location.file)
        file.write_text(f"import {library}  # noqa: F401\n{file.read_text()}")
    return fleet


async def _imports(running: Processes, fleet: MeasuredFleet, library: str) -> Imports:
    log, env = str(running.folder / f"warm-{library}.log"), measure.environ()
    every = await warm_up(fleet.python, env, "/", log)
    heavy = await warm_up(fleet.python, env, "/", log, ["-f", fleet.locations[0].file])
    own = Path(fleet.folder)
    asked = {one.name: one for one in (*every.modules, *heavy.modules) if _can_be_preloaded(one, own)}
    return Imports(
        tuple(asked),
        tuple(one.name for one in every.modules if one.name in asked),
        _distributions(fleet.python, asked),
    )


def _can_be_preloaded(module: WarmedModule, folder: Path) -> bool:
    return bool(module.file) and not Path(module.file).is_relative_to(folder)


def _distributions(python: str, modules: dict[str, WarmedModule]) -> dict[str, str]:
    ask = "import importlib.metadata as m, json; print(json.dumps(m.packages_distributions()))"
    done = subprocess.run(
        [python, "-c", ask], env=measure.environ(), capture_output=True, text=True, check=True
    )
    tops = {name.partition(".")[0] for name in modules}
    return {top: owners[0] for top, owners in json.loads(done.stdout).items() if top in tops}


def _judge_building(
    running: Processes, args: argparse.Namespace, report: Report, library: str, python: str, imports: Imports
) -> None:
    """In turn, each in fresh processes: build the zygote with nothing known of it, import everything once, and once
    more with the checks and nothing else."""
    rounds = 3 if args.quick else args.rounds
    built, whole, cpu, plain, bare, checked = [], [], [], [], [], []
    for _ in range(rounds):
        plain.append(_import_all(python, imports, "plain"))
        one, took, used = asyncio.run(_build(running, python, imports))
        built.append(one), whole.append(took), cpu.append(used)
        bare.append(_import_all(python, imports, "bare"))
        checked.append(_import_all(python, imports, "checked"))
    group = f"{library}: {len(imports.modules):,} modules in one zygote"
    once = report.figure(group, "importing all of them once", statistics.median(x[1] for x in plain), "s")
    building = report.figure(group, "building, all rounds", statistics.median(whole), "s")
    report.figure(group, "rounds", max(one.rounds for one in built), "")
    report.figure(group, "modules left out", max(len(one.left_out) for one in built), "")
    checks = statistics.median(x[0] for x in checked) - statistics.median(x[0] for x in bare)
    report.figure(group, "checks, CPU", max(checks, 0.0), "s")
    share = checks / statistics.median(cpu)
    report.figure(group, "checks, part of the CPU of building", max(share, 0.0), "")
    report.at_most(f"{library}: building / importing everything once", building / once, BUILD_BAR, "x")
    report.at_most(f"{library}: checks, part of building", share, CHECKS_BAR, "")


async def _build(running: Processes, python: str, imports: Imports) -> tuple[Built, float, float]:
    """Also seconds until it can fork, and the CPU seconds of all its processes."""
    plan = ZygotePlan(
        "measured", python, measure.environ(), imports.modules, ("heavy", LIGHT), shared=imports.shared,
        distributions=imports.distributions,
    )  # fmt: skip
    before, started = _of_ended(), time.monotonic()
    zygote = await build(plan, str(running.folder / "zygote.log"), Tuning())
    took = time.monotonic() - started
    used = measure.cpu_seconds([zygote.process.pid]) + _of_ended() - before
    await zygote.end()
    return zygote.built, took, used


def _of_ended() -> float:
    """CPU seconds of the processes that we have started and waited for."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _import_all(python: str, imports: Imports, how: str) -> tuple[float, float]:
    """CPU and wall seconds, without the interpreter's own start."""
    request = {
        "modules": imports.modules, "shared": imports.shared, "distributions": imports.distributions,
    }  # fmt: skip
    done = subprocess.run(
        [python, "-c", _IMPORTS, GUEST, how], input=json.dumps(request), env=measure.environ(**ADDED_ENV),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    cpu, wall = json.loads(done.stdout.splitlines()[-1])
    return cpu, wall


def _judge_cold_start(
    running: Processes, args: argparse.Namespace, report: Report, library: str, fleet: MeasuredFleet
) -> None:
    """Ticks that meet a sleeping location, once the zygote stands that was learned from the fleet's loads."""
    client = Client(running, args.python)
    spec = write_spec(fleet.folder, fleet.locations, fleet.python)
    host = ReefHost(running, spec, running.folder / f"state-{library}")
    host.until_ready(len(fleet.locations))
    measure.wait_for(lambda: _has_learned(host), "the learned zygote", 120.0, every_s=0.2)
    heavy, light = fleet.locations[0].name, fleet.locations[-1].name
    group = f"{library}: a tick that meets a sleeping location"
    ticks = 5 if args.quick else 20
    for name, label in ((light, f"one without {library}"), (heavy, f"one with {library}")):
        took = [_tick(host, client, name) for _ in range(ticks)]
        p50 = report.figure(group, f"{label}, p50", percentile(took, 50) * 1000, "ms")
        report.figure(group, f"{label}, longest", max(took) * 1000, "ms")
        if name == light:
            report.at_most(f"{library}: cold start of a location without it, p50", p50, COLD_BAR_MS, "ms")
    host.end()


def _has_learned(host: ReefHost) -> bool:
    zygotes = (host.status() or {"zygotes": []})["zygotes"]
    return bool(zygotes) and not any(one["key"].startswith("draft-") for one in zygotes)


def _tick(host: ReefHost, client: Client, name: str) -> float:
    host.until_asleep()
    return float(client.do("tick", target=host.targets()[name], home=None))


if __name__ == "__main__":
    sys.exit(main())
