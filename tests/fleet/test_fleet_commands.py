"""`reef init`, `reef export workspace` and `reef schema`, as a person types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deadlines import scaled
from reef.fleet import read

_WORKSPACE = """
load_from:
  - python_file: {relative_path: sales/defs.py, location_name: sales & more}
  - python_module: {module_name: m, executable_path: no/python}
  - grpc_server: {port: 4000}
  - grpc_server: {host: {env: REEF_TEST_NOT_SET}, port: 4001, location_name: far}
"""


def _reef(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from reef.cli.main import main; main()", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=scaled(30),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "workspace.yaml").write_text(_WORKSPACE)
    return tmp_path


def test_init_writes_a_reef_yaml_that_is_the_same_fleet(folder: Path) -> None:
    done = _reef(folder, "init")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "reef.yaml: 3 locations from workspace.yaml, 1 left out as comments" in done.stderr
    assert "workspace.yaml:4: load_from[1].python_module.executable_path" in done.stderr
    text = (folder / "reef.yaml").read_text()
    assert "\n  # far: {}\n" in text
    fleet = read(str(folder), {}, sys.executable)
    assert fleet.kind == "reef"
    assert [each.name for each in fleet.locations] == ["sales & more", "m", "grpc:localhost:4000"]


def test_init_refuses_to_replace_without_force(folder: Path) -> None:
    (folder / "reef.yaml").write_text("locations: {mine: {code: m}}\n")
    done = _reef(folder, "init")
    assert done.returncode == 2
    assert "reef.yaml: is there already\nhint: --force replaces it" in done.stderr
    assert "mine" in (folder / "reef.yaml").read_text()
    assert _reef(folder, "init", "--force").returncode == 0
    assert "sales & more:" in (folder / "reef.yaml").read_text()
    assert sorted(os.listdir(folder)) == ["reef.yaml", "workspace.yaml"]


def test_init_as_json_and_to_another_place(folder: Path) -> None:
    (folder / "out").mkdir()
    done = _reef(folder, "init", "workspace.yaml", "-o", "out/fleet.yaml", "--json")
    said = json.loads(done.stdout)
    assert said.pop("warnings")[0].startswith("workspace.yaml:4: ")
    assert said == {
        "file": f"{folder}/out/fleet.yaml",
        "source": f"{folder}/workspace.yaml",
        "kind": "workspace",
        "locations": ["sales & more", "m", "grpc:localhost:4000"],
        "left_out": ["far"],
    }
    first = read(str(folder / "out/fleet.yaml"), {}, sys.executable).locations[0]
    assert first.code is not None
    assert first.code.python_file == f"{folder}/sales/defs.py"
    assert first.cwd == str(folder)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reef.yaml"], "reef.yaml: is a reef.yaml already"),
        (["nope"], "nope: does not exist"),
        (
            ["workspace.yaml", "-o", "no/folder/reef.yaml"],
            "no/folder/reef.yaml: cannot be written: No such file",
        ),
    ],
)
def test_init_with_mistakes(arguments: list[str], message: str, folder: Path) -> None:
    (folder / "reef.yaml").write_text("locations: {}\n")
    done = _reef(folder, "init", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_init_makes_one_fleet_of_several_workspace_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"load_from:\n  - python_module: {name}\n")
    assert _reef(tmp_path, "init", "a.yaml", "b.yaml").returncode == 0
    assert [each.name for each in read(str(tmp_path), {}, sys.executable).locations] == ["a", "b"]


def test_export_goes_back_to_plain_dagster(folder: Path) -> None:
    (folder / "reef.yaml").write_text("locations:\n  a: {code: m, env: {A: b}}\n  g: {server: {port: 1}}\n")
    done = _reef(folder, "export", "workspace")
    assert done.returncode == 0
    assert done.stderr == "warning: workspace.yaml cannot say env: lost for a\n"
    assert yaml.safe_load(done.stdout)["load_from"] == [
        {"python_module": {"module_name": "m", "location_name": "a"}},
        {"grpc_server": {"host": "localhost", "port": 1, "location_name": "g"}},
    ]
    assert _reef(folder, "export", "workspace", "reef.yaml", "-o", "w.yaml").stdout == ""
    assert (folder / "w.yaml").read_text() == done.stdout
    assert "cannot be written" in _reef(folder, "export", "workspace", "-o", "no/w.yaml").stderr


def test_schema_prints_json(folder: Path) -> None:
    schema = json.loads(_reef(folder, "schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
