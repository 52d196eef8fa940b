"""The fleet that is rolled out: locations in folders of their own, a library that all share, a wheel in their venv.

What a location answers names the library's version and the wheel's (`library-v3`, `wheel-v1`): in its ticks, in its
execution plan, in its repository data. So a reply can be told right or wrong.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

import yaml

from fleetgen import ASSETS, MeasuredLocation
from reef.demo import Environment, Package, make_environments
from reef.demo.wheels import build_wheel

WHEEL = "rollout-wheel"

_LIBRARY = Template('''\
"""What all teams share: the way their assets are made."""

import dagster as dg
import rollout_wheel

MARK = "library-v$version"
MARKS = f"{MARK}, {rollout_wheel.MARK}"


def asset_named(name, upstream, team):
    @dg.asset(
        name=name,
        deps=upstream,
        description=f"Made with {MARK}.",
        op_tags={"library": MARK},
        metadata={"library": MARK, "table": f"warehouse.{name}"},
        tags={"team": team},
        kinds={"python", "postgres"},
    )
    def made() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"library": MARK})

    return made
''')

_LOCATION = Template('''\
"""Location $name; change $change of its own."""

import dagster as dg
import team_library

NAMES = [f"${name}_{index:02}" for index in range($assets)]
steps = [
    team_library.asset_named(name, NAMES[max(index - 1, 0) : index], "team-$team")
    for index, name in enumerate(NAMES)
]
all_steps = dg.define_asset_job(
    "${name}_job",
    selection=[step.key for step in steps],
    description=f"{team_library.MARKS}, change-v$change",
)
nightly = dg.ScheduleDefinition(name="${name}_nightly", job=all_steps, cron_schedule="0 3 * * *")


@dg.sensor(
    job=all_steps,
    name="${name}_sensor",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def watch(context: dg.SensorEvaluationContext):
    return dg.SkipReason(f"{team_library.MARKS}, change-v$change")


defs = dg.Definitions(assets=steps, jobs=[all_steps], schedules=[nightly], sensors=[watch])
''')


@dataclass
class RolloutFleet:
    """Its files, and the versions that they have now."""

    folder: Path
    python: str
    locations: tuple[MeasuredLocation, ...]
    library: int = 0
    wheel: int = 0

    @property
    def working_directory(self) -> str:
        return str(self.folder / "shared")

    def change_library(self) -> int:
        """The next version of the shared library, in its file as an editor saves it; its number."""
        self.library += 1
        file = self.folder / "shared" / "team_library.py"
        beside = file.with_suffix(".new")
        beside.write_text(_LIBRARY.substitute(version=self.library))
        beside.replace(file)
        return self.library

    def upgrade_wheel(self) -> int:
        """Install the next version of the wheel, as `uv pip install -U` (or pip) does it; its number."""
        self.wheel += 1
        package = _package(self.wheel)
        built = build_wheel(package, self.folder / "wheelhouse")
        _install(self.python, built)
        return self.wheel

    def change_one(self, location: MeasuredLocation, change: int) -> None:
        """Save a change to one location's own file."""
        _write_location(Path(location.file), location.name, change)

    def spec(self) -> Path:
        """Its reef.yaml. Nothing sleeps by itself."""
        places = {
            x.name: {"code": x.file, "working_directory": self.working_directory} for x in self.locations
        }
        document = {"python": self.python, "defaults": {"idle_timeout": "never"}, "locations": places}
        file = self.folder / "reef.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        return file


def write_rollout_fleet(folder: Path, count: int, python: str) -> RolloutFleet:
    """An environment like that of `python`, with the wheel in it, and `count` locations."""
    folder = folder.resolve()
    made = make_environments(python, folder / "envs", [Environment("fleet", (_package(1),))])
    locations = []
    for number in range(count):
        name = f"loc_{number:04}"
        file = folder / "locations" / name / "definitions.py"
        file.parent.mkdir(parents=True)
        _write_location(file, name, 1, number)
        locations.append(MeasuredLocation(name, str(file), made.pythons["fleet"]))
    (folder / "shared").mkdir()
    fleet = RolloutFleet(folder, made.pythons["fleet"], tuple(locations), wheel=1)
    fleet.change_library()
    return fleet


def _write_location(file: Path, name: str, change: int, number: int = 0) -> None:
    text = _LOCATION.substitute(name=name, change=change, assets=ASSETS, team=number % 8)
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.replace(file)


def _package(version: int) -> Package:
    source = f'"""A shared library that is installed."""\nMARK = "wheel-v{version}"\n'
    return Package(WHEEL, f"{version}.0.0", source)


def _install(python: str, wheel: Path) -> None:
    """With the uv beside Reef's interpreter; no index is asked."""
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv) if uv.exists() else "uv", "pip", "install", "-q", "--python", python, "-U"]
    subprocess.run([*command, "--offline", "--no-index", "--no-deps", str(wheel)], check=True)
