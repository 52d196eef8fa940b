"""The same files, read by Reef and by the real Dagster, give the same names, targets and paths."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deadlines import scaled
from reef.fleet import read
from reef.fleet.model import Location
from reef.fleet.write_workspace import workspace_yaml

# Prints, for each folder named on the command line, what Dagster makes of it while it runs there.
_ASK = """
import json, os, sys
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._core.workspace.load_target import PyProjectFileTarget

FIELDS = ("python_file", "module_name", "package_name", "autoload_defs_module_name", "attribute",
          "working_directory", "executable_path")

def seen(origin):
    if isinstance(origin, GrpcServerCodeLocationOrigin):
        return {"name": origin.location_name, "host": origin.host, "port": origin.port,
                "socket": origin.socket, "ssl": bool(origin.use_ssl)}
    target = origin.loadable_target_origin
    return {"name": origin.location_name, **{field: getattr(target, field) for field in FIELDS}}

answers = {}
for folder, files in json.load(sys.stdin).items():
    os.chdir(folder)
    if files == ["pyproject.toml"]:
        origins = PyProjectFileTarget("pyproject.toml").create_origins()
    else:
        origins = location_origins_from_yaml_paths(files)
    answers[folder] = [seen(origin) for origin in origins]
json.dump(answers, sys.stdout)
"""

_WORKSPACES = {
    "strings": """
load_from:
  - python_file: defs.py
  - python_file: sub/../other.py
  - python_file: /abs/third.py
  - python_module: pkg.module
  - python_package: pkg
  - autoload_defs_module: pkg.defs
""",
    "maps": """
load_from:
  - python_file: {relative_path: defs.py}
  - python_file: {relative_path: sub/defs.py, attribute: my_defs}
  - python_file: {relative_path: ../up.py, working_directory: .., location_name: "a name / with ü"}
  - python_file: {relative_path: x.py, working_directory: /abs/wd, executable_path: ~/venv/bin/python}
  - python_file: {relative_path: y.py, working_directory: "", executable_path: "", location_name: ""}
  - python_module: {module_name: m}
  - python_module: {module_name: n, attribute: a, working_directory: wd, executable_path: rel/bin/python}
  - python_package: {package_name: p, attribute: b, location_name: P, working_directory: /abs}
  - autoload_defs_module: {module_name: auto, working_directory: w2, location_name: AUTO}
""",
    "servers": """
load_from:
  - grpc_server: {port: 4000}
  - grpc_server: {host: far.away, port: 4001, ssl: true}
  - grpc_server: {socket: /run/x.sock, location_name: sock}
  - grpc_server: {socket: /run/unnamed.sock}
  - grpc_server: {host: {env: FAR_HOST}, port: {env: FAR_PORT}, location_name: {env: FAR_NAME}}
""",
    "aliases": """
load_from:
  - python_module: &shared {module_name: one, working_directory: wd}
  - python_module: {<<: *shared, module_name: two}
  - python_file: {relative_path: a.py, location_name: 2024-01-01}
""",
    "nothing": "load_from: []\n",
}
_PROJECTS = {
    "module": '[tool.dagster]\nmodule_name = "a.b"\ncode_location_name = "A"\n',
    "unnamed": '[tool.dagster]\nmodule_name = "a.b"\n',
    "modules": '[tool.dagster]\nmodules = [{type = "module", name = "a"}, {type = "other", name = "x"}, '
    '{type = "module", name = "b"}]\n',
}
_ENV = {"FAR_HOST": "h", "FAR_PORT": "5000", "FAR_NAME": "from env"}


def _ours(location: Location) -> dict[str, object]:
    if location.server:
        server = location.server
        where = {"host": server.host, "port": server.port, "socket": server.socket, "ssl": server.ssl}
        return {"name": location.name, **where}
    assert location.code
    python = location.python if location.python_explicit else None
    return {"name": location.name, **vars(location.code), "executable_path": python}


def _absolute(origin: dict[str, object], cwd: str) -> dict[str, object]:
    """Dagster hands these on as written, to processes that start in its own working directory."""
    for field in ("working_directory", "executable_path"):
        if origin.get(field):
            origin[field] = os.path.join(cwd, str(origin[field]))
    return origin


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Folder -> the files to read in it."""
    root = tmp_path_factory.mktemp("like-dagster")
    found: dict[str, list[str]] = {}
    for name, text in _WORKSPACES.items():
        (folder := root / name).mkdir()
        (folder / "workspace.yaml").write_text(text)
        found[str(folder)] = [str(folder / "workspace.yaml")]
    for name, text in _PROJECTS.items():
        (folder := root / name).mkdir()
        (folder / "pyproject.toml").write_text(text)
        found[str(folder)] = ["pyproject.toml"]
    (exported := root / "exported").mkdir()
    maps = read(str(root / "maps"), _ENV, sys.executable)
    (exported / "workspace.yaml").write_text(workspace_yaml(maps).text)
    found[str(exported)] = [str(exported / "workspace.yaml")]
    (elsewhere := root / "elsewhere").mkdir()
    found[str(elsewhere)] = [str(root / "maps/workspace.yaml"), str(root / "servers/workspace.yaml")]
    return found


@pytest.fixture(scope="module")
def dagster_says(folders: dict[str, list[str]]) -> dict[str, list[dict[str, object]]]:
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        input=json.dumps(folders),
        env={**os.environ, **_ENV},
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers: dict[str, list[dict[str, object]]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("name", [*_WORKSPACES, *_PROJECTS, "exported", "elsewhere"])
def test_reef_resolves_as_dagster_does(
    name: str,
    folders: dict[str, list[str]],
    dagster_says: dict[str, list[dict[str, object]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = next(each for each in folders if Path(each).name == name)
    monkeypatch.chdir(folder)
    fleet = read(folders[folder], {**os.environ, **_ENV}, sys.executable)
    expected = [_absolute(origin, folder) for origin in dagster_says[folder]]
    assert [_ours(location) for location in fleet.locations] == expected
    assert all(location.cwd == folder for location in fleet.locations if location.code)
