"""The environment in which the doctor loads a location is that of its server, and its folders are the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reef.cli.doctor_run import Asked, read_fleet
from reef.doctor.fixing.fixing import roots_of
from reef.doctor.loading import environ_of
from reef.fleet.model import CodeTarget, Location
from reef.locations.specs import Surroundings, child_env
from reef.statedir import StateDir

ENVIRON = {
    "PATH": "/usr/bin:/bin",
    "PLAIN": "1",
    "PYTHONPATH": "/lib/shared",
    "REEF_SERVER": "x",
    "DAGSTER_LOCATION_NAME": "other",
    "DAGSTER_MODULE_NAME": "other",
    "DAGSTER_GRPC_PORT": "4000",
    "DAGSTER_HOME": "/home/dagster",
}


@pytest.mark.parametrize(
    ("environ", "own"),
    [
        ({}, {}),
        (ENVIRON, {}),
        (ENVIRON, {"PATH": "/own", "PLAIN": "2"}),
        (ENVIRON, {"DAGSTER_HOME": "/own", "DAGSTER_GRPC_SOCKET": "/own.sock"}),
    ],
)
def test_the_same_as_of_its_server(environ: dict[str, str], own: dict[str, str], tmp_path: Path) -> None:
    code = CodeTarget(module_name="sales")
    spec = Location("sales", code=code, python="/venv/bin/python", cwd="/", env=own)
    around = Surroundings(StateDir(tmp_path), environ, environ.get("DAGSTER_HOME"))
    assert environ_of(spec, environ) == child_env(spec, around)


def test_folders_on_the_path_of_python_are_part_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for the host, which has them among a version's source: --fix may change their files."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "defs.py").touch()
    (tmp_path / "project" / "reef.yaml").write_text("locations: {sales: {code: defs.py}}\n")
    (tmp_path / "common").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "common"))
    [sales] = read_fleet(Asked(path=str(tmp_path / "project"))).locations
    assert os.path.realpath(tmp_path / "common") in roots_of(sales)
