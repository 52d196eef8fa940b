"""Fleets to measure: N locations of 20 assets, one job, one schedule and one sensor each.

Also a command: `python benchmarks/fleetgen.py FOLDER --locations 50 [--python PATH] [--many-environments] [--pandas]`.

The sensor reads the Dagster instance when its cursor is `read-instance`, so that one fleet serves for both
kinds of tick. Every location's names and numbers differ, as those of fifty teams would.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import yaml

from reef.demo import Environment, Package, make_environments

ASSETS = 20

_CODE = Template('''\
"""Measured location $name."""

import dagster as dg
$imports
SHARE = $number / 97


def build(index: int) -> dg.AssetsDefinition:
    upstream = [f"${name}_{index - 1:02}"] if index else []

    @dg.asset(
        name=f"${name}_{index:02}",
        deps=upstream,
        group_name="$name",
        description=f"Step {index} of the $name pipeline: rows of the step before, times {SHARE:.4f}.",
        metadata={"step": index, "share": SHARE, "table": f"warehouse.$name.step_{index:02}"},
        tags={"team": "team-$team", "tier": str(index % 3)},
        kinds={"python", "postgres"},
    )
    def step(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"rows": int(index * SHARE * 1000)})

    return step


steps = [build(index) for index in range($assets)]
all_steps = dg.define_asset_job("${name}_job", selection=[step.key for step in steps])
nightly = dg.ScheduleDefinition(name="${name}_nightly", job=all_steps, cron_schedule="$minute 3 * * *")


@dg.sensor(job=all_steps, name="${name}_sensor")
def watch(context: dg.SensorEvaluationContext):
    if context.cursor == "read-instance":
        event = context.instance.get_latest_materialization_event(steps[0].key)
        return dg.SkipReason(f"last made: {event.timestamp if event else 'never'}")
    return dg.SkipReason("$name has nothing to do")


defs = dg.Definitions(assets=steps, jobs=[all_steps], schedules=[nightly], sensors=[watch])
''')

_TINY = '"""A package that one environment alone holds."""\nNUMBER = {number}\n'


@dataclass(frozen=True)
class MeasuredLocation:
    name: str
    file: str
    python: str

    @property
    def job(self) -> str:
        return f"{self.name}_job"

    @property
    def sensor(self) -> str:
        return f"{self.name}_sensor"


@dataclass(frozen=True)
class MeasuredFleet:
    folder: Path
    python: str
    locations: tuple[MeasuredLocation, ...]

    def first(self, count: int) -> tuple[MeasuredLocation, ...]:
        return self.locations[:count]


def write_fleet(
    folder: Path, count: int, *, python: str, environments: str = "one", pandas: bool = False,
    assets: int = ASSETS, kept: Path | None = None,
) -> MeasuredFleet:  # fmt: skip
    """Write `count` locations. `environments`: "one" for all, or "many", one for each (hard links of the base's),
    made below `kept` and found again there, or in the fleet's own folder."""
    folder = folder.resolve()
    (folder / "code").mkdir(parents=True, exist_ok=True)
    names = [f"loc_{number:04}" for number in range(count)]
    pythons = _pythons(kept or folder / "envs", names, python, environments)
    locations = []
    for number, name in enumerate(names):
        file = folder / "code" / f"{name}.py"
        file.write_text(_source(name, number, environments, pandas, assets))
        locations.append(MeasuredLocation(name, str(file), pythons[name]))
    return MeasuredFleet(folder, python, tuple(locations))


def workspace_yaml(locations: Sequence[MeasuredLocation], working_directory: str | None = None) -> str:
    """The plain Dagster workspace of these locations."""
    more = {"working_directory": working_directory} if working_directory else {}
    entries = [
        {
            "python_file": {
                "relative_path": x.file,
                "location_name": x.name,
                "executable_path": x.python,
                **more,
            }
        }
        for x in locations
    ]
    return yaml.safe_dump({"load_from": entries}, sort_keys=False)


def kept_environments(setting: Mapping[str, object]) -> Path:
    """Where environments lie that are made once for an interpreter; making them is not measured."""
    return Path.home() / ".cache" / "reef" / "benchmarks" / f"{setting['python']}-{setting['dagster']}"


def with_library(base: str, library: str, folder: Path) -> str:
    """An interpreter like `base` that has the library too; `base` itself where it has. Exits where there is none."""
    python = str(folder / library / "bin" / "python")
    if _is_made_of(mark := folder / f"{library}-of.json", made_of := [_identity(base)]):
        return python
    made = make_environments(base, folder, [Environment(library, fetched=(library,))])
    for warning in made.warnings:
        print(f"note: {warning}", file=sys.stderr)
    if made.pythons[library] == python and not made.warnings:
        mark.write_text(json.dumps(made_of))
    return made.pythons[library]


def _is_made_of(mark: Path, what: list[str]) -> bool:
    return mark.exists() and bool(json.loads(mark.read_text()) == what)


def _source(name: str, number: int, environments: str, pandas: bool, assets: int) -> str:
    imports = "import pandas as pd  # noqa: F401\n" if pandas else ""
    if environments == "many":
        imports += f"import {name}_own\n\nassert {name}_own.NUMBER == {number}\n"
    facts = {"name": name, "number": number, "assets": assets, "minute": number % 60, "team": number % 8}
    return _CODE.substitute(facts, imports=imports)


def _pythons(folder: Path, names: Sequence[str], python: str, environments: str) -> dict[str, str]:
    if environments == "one":
        return dict.fromkeys(names, python)
    mark, made_of = folder / "made-of.json", [_identity(python), *names]
    if _is_made_of(mark, made_of):
        return {name: str(folder / name / "bin" / "python") for name in names}
    shutil.rmtree(folder, ignore_errors=True)
    wanted = [
        Environment(name, (Package(f"{name}-own", "1.0.0", _TINY.format(number=number)),))
        for number, name in enumerate(names)
    ]
    pythons = dict(make_environments(python, folder, wanted).pythons)
    mark.write_text(json.dumps(made_of))
    return pythons


def _identity(python: str) -> str:
    """Changes with every installation into the interpreter's environment."""
    ask = "import os, sysconfig; p = sysconfig.get_path('purelib'); print(p, os.stat(p).st_mtime_ns)"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--locations", type=int, default=50)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--many-environments", action="store_true")
    parser.add_argument("--pandas", action="store_true")
    args = parser.parse_args()
    environments = "many" if args.many_environments else "one"
    python = with_library(args.python, "pandas", args.folder / "pandas") if args.pandas else args.python
    fleet = write_fleet(
        args.folder, args.locations, python=python, environments=environments, pandas=args.pandas
    )
    (fleet.folder / "workspace.yaml").write_text(workspace_yaml(fleet.locations))
    print(fleet.folder / "workspace.yaml")


if __name__ == "__main__":
    main()
