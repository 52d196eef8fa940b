"""workspace.yaml → fleet → reef.yaml → fleet → workspace.yaml → fleet: nothing is lost on the way."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from reef.fleet import read
from reef.fleet.model import CodeTarget, Fleet, Location
from reef.fleet.paths import undotted
from reef.fleet.write_reef import is_writable, reef_yaml
from reef.fleet.write_workspace import workspace_yaml

_PYTHON = "/usr/bin/python3"
_NAMES = (
    "a",
    "a b",
    "team/x",
    "Zürich ☃",
    "yes",
    "1.0",
    "null",
    "x: y",
    "# no",
    "'q\"",
    "2024-01-01",
    "<<",
    "=",
    "-",
)
_NAMES += (
    "x" * 200,
    "{a}",
    "~",
    "~root",
    "a.b",
    " led",
    "*star",
    "&amp",
    "!tag",
    "%dir",
    "@at",
    "`tick`",
    "0x1F",
)
_FILES = (
    "defs.py",
    "sub/defs.py",
    "sub/../defs.py",
    "../defs.py",
    "/abs/defs.py",
    "noext",
    "a b/ü.py",
    "~/x.py",
    "./d.py",
)
_MODULES = ("m", "a.b.c", "m.py", "ünï")
_FOLDERS = (None, "", ".", "wd", "../wd", "/abs/wd", "~wd", "a b")
_PYTHONS = (
    None,
    "/usr/bin/python3",
    "rel/bin/python",
    "/none/python",
    "python-nowhere",
    "~/bin/python",
    "venv/bin/python",
)
_ENVIRON = {"SET": "value of it", "PATH": "/usr/bin:/bin"}


def _entry(pick: random.Random, name: str) -> dict[str, object]:
    form = pick.choice(
        ["python_file", "python_module", "python_package", "autoload_defs_module", "grpc_server"]
    )
    if form == "grpc_server":
        where = pick.choice(
            [{"port": pick.randint(1, 65535)}, {"socket": pick.choice(["/run/s", "rel.sock"])}]
        )
        host = pick.choice([{}, {"host": "far"}, {"host": {"env": "SET"}}, {"host": {"env": "NOT_SET"}}])
        return {form: {**where, **host, **pick.choice([{}, {"ssl": True}]), "location_name": name}}
    key = {"python_file": "relative_path", "python_package": "package_name"}.get(form, "module_name")
    settings = {
        key: pick.choice(_FILES if form == "python_file" else _MODULES),
        "attribute": None
        if form == "autoload_defs_module"
        else pick.choice([None, None, "defs", {"env": "SET"}]),
        "working_directory": pick.choice(_FOLDERS),
        "executable_path": pick.choice(_PYTHONS),
        "location_name": name,
    }
    return {form: {key: value for key, value in settings.items() if value is not None}}


def _workspace(pick: random.Random) -> str:
    names = pick.sample(_NAMES, pick.randint(0, 8))
    entries: list[dict[str, object]] = [_entry(pick, name) for name in names]
    entries += [{"python_file": "unnamed.py"}, {"python_module": "unnamed"}, {"python_package": "pack"}]
    entries += [{"grpc_server": {"port": 4000}}, {"autoload_defs_module": "auto.defs"}]
    pick.shuffle(entries)
    return yaml.safe_dump(
        {"load_from": entries[: pick.randint(0, len(entries))]}, allow_unicode=pick.random() < 0.5
    )


def _comparable(fleet: Fleet) -> list[Location]:
    """Without what names the file and its lines; of a fault only that it is there. A `.` in a path is kept in what is
    read, as Dagster keeps it, but not written."""
    return [
        replace(
            location,
            where=None,
            broken=location.broken and "broken",
            cwd=undotted(location.cwd),
            code=None if location.code is None else _undotted_code(location.code),
        )
        for location in fleet.locations
        if is_writable(location)
    ]


def _undotted_code(code: CodeTarget) -> CodeTarget:
    directory, file = code.working_directory, code.python_file
    return replace(
        code,
        working_directory=directory and undotted(directory),
        python_file=file and undotted(file),
    )


@pytest.mark.parametrize("seed", range(60))
def test_a_workspace_through_reef_yaml_and_back(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick = random.Random(seed)
    (tmp_path / "fleet/venv/bin").mkdir(parents=True)
    (tmp_path / "fleet/venv/bin/python").symlink_to(_PYTHON)
    monkeypatch.chdir(tmp_path / "fleet" if seed % 2 else tmp_path)
    workspace = tmp_path / "fleet/workspace.yaml"
    workspace.write_text(_workspace(pick))
    first = read(str(workspace), _ENVIRON, _PYTHON)

    reef = tmp_path / pick.choice(["fleet", "."]) / "reef.yaml"
    reef.write_text(reef_yaml(first, str(reef.parent.resolve())))
    second = read(str(reef), {}, _PYTHON)
    assert _comparable(second) == _comparable(first)
    assert second.default_python == first.default_python

    back = tmp_path / "back.yaml"
    back.write_text(workspace_yaml(second).text)
    third = read(str(back), {}, _PYTHON)
    assert _comparable(third) == _comparable(first)


def test_a_dg_workspace_through_reef_yaml(tmp_path: Path) -> None:
    project = '[tool.dg]\ndirectory_type = "project"\nproject.root_module = "m"\n'
    for name in ("one", "two"):
        (tmp_path / name / "m").mkdir(parents=True)
        (tmp_path / name / "pyproject.toml").write_text(project)
        (tmp_path / name / ".env").write_text(f"NAME={name}\n")
        (tmp_path / name / ".venv/bin").mkdir(parents=True)
        (tmp_path / name / ".venv/bin/python").symlink_to(_PYTHON)
    projects = '[[workspace.projects]]\npath = "one"\n[[workspace.projects]]\npath = "two"\n'
    (tmp_path / "dg.toml").write_text('directory_type = "workspace"\n' + projects)
    first = read(str(tmp_path), {}, _PYTHON)
    text = reef_yaml(first, str(tmp_path))
    (tmp_path / "reef.yaml").write_text(text)
    assert _comparable(read(str(tmp_path), {}, _PYTHON)) == _comparable(first)
    assert str(tmp_path) not in text.split("locations:")[1], (
        "paths inside the folder are written relative to it"
    )


def test_what_a_workspace_file_cannot_say_is_told(tmp_path: Path) -> None:
    text = "locations:\n  a: {code: m, owner: o, env: {A: b}, memory_limit: 1Gi}\n  b: {code: m, owner: o}\n"
    (tmp_path / "reef.yaml").write_text(text)
    export = workspace_yaml(read(str(tmp_path), {}, _PYTHON))
    assert export.lost == {"env": ("a",), "memory_limit": ("a",), "owner": ("a", "b")}


def test_locations_that_run_elsewhere_are_exported_with_their_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    text = "locations:\n  a: {code: m}\n  b: {code: m}\n  c: {code: m, cwd: run}\n"
    text += "  d: {code: x.py, python: /usr/bin/env}\n"
    (tmp_path / "reef.yaml").write_text(text)
    export = workspace_yaml(read(str(tmp_path), {}, _PYTHON))
    entries = yaml.safe_load(export.text)["load_from"]
    assert export.start_in == str(tmp_path)
    assert entries[0] == {"python_module": {"module_name": "m", "location_name": "a"}}
    assert entries[2]["python_module"]["working_directory"] == f"{tmp_path}/run"
    assert entries[3]["python_file"] == {
        "relative_path": os.path.join(tmp_path, "x.py"),
        "working_directory": str(tmp_path),
        "location_name": "d",
        "executable_path": "/usr/bin/env",
    }
