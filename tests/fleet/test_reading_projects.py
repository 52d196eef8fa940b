"""Projects and workspaces of `dg`, projects with [tool.dagster]. Where `dg` is meant, its own answers are recorded:
`dg` 1.13.27 made the expected entries below from the same files, into the workspace file that `dg dev` uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reef.errors import ReefError
from reef.fleet import read
from reef.fleet.model import CodeTarget

_PYTHON = "/usr/bin/python3"
_DG_FILES = {
    "dg.toml": 'directory_type = "workspace"\n[workspace]\n'
    + "".join(
        f'[[workspace.projects]]\npath = "projects/{each}"\n' for each in ("shop", "flat", "named", "special")
    ),
    "projects/shop/pyproject.toml": '[project]\nname = "shop"\n[tool.dg]\ndirectory_type = "project"\n'
    '[tool.dg.project]\nroot_module = "shop"\n',
    "projects/shop/src/shop/definitions.py": "",
    "projects/flat/dg.toml": 'directory_type = "project"\n[project]\nroot_module = "flat"\n'
    'code_location_target_module = "flat.main"\n',
    "projects/flat/flat/__init__.py": "",
    "projects/named/pyproject.toml": '[tool.dg]\ndirectory_type = "project"\nproject.root_module = "deep.er"\n'
    'project.code_location_name = "a name / x"\nproject.defs_module = "deep.er.d"\n',
    "projects/named/src/deep/er/__init__.py": "",
    "projects/special/pyproject.toml": '[tool.dg]\ndirectory_type = "project"\nproject.root_module = "special"\n',
    "projects/special/src/special.py": "",
    "projects/special/.env": "DG_PROJECT_PYTHON_EXECUTABLE=../shop/.venv/bin/python\nWHAT=special\n",
}
# location_name, module_name, working_directory, executable_path: what `dg` answered, below the workspace's folder.
_DG_SAYS = [
    ("shop", "shop.definitions", "projects/shop/src", "projects/shop/.venv/bin/python"),
    ("flat", "flat.main", "projects/flat", "projects/flat/.venv/bin/python"),
    ("a name / x", "deep.er.definitions", "projects/named/src/deep", "projects/named/.venv/bin/python"),
    ("special", "special.definitions", "projects/special/src", "projects/special/../shop/.venv/bin/python"),
]


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    _write(tmp_path, _DG_FILES)
    for name in ("shop", "flat", "named"):
        (home := tmp_path / f"projects/{name}/.venv/bin").mkdir(parents=True)
        (home / "python").symlink_to(_PYTHON)
    return tmp_path


@pytest.mark.parametrize("path", [None, ".", "dg.toml"])
def test_a_dg_workspace_is_what_dg_makes_of_it(
    path: str | None, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    fleet = read(path, {}, _PYTHON)
    found = [
        (each.name, each.code.module_name, each.code.working_directory, each.python)
        for each in fleet.locations
        if each.code
    ]
    assert found == [
        (name, module, f"{workspace}/{d}", f"{workspace}/{p}") for name, module, d, p in _DG_SAYS
    ]
    assert all(each.python_explicit and each.cwd == str(workspace) for each in fleet.locations)
    assert [str(each.where) for each in fleet.locations] == [
        "dg.toml:4",
        "dg.toml:6",
        "dg.toml:8",
        "dg.toml:10",
    ]
    assert fleet.kind == "dg"
    assert fleet.warnings == ()
    special = fleet.locations[3]
    assert special.env["WHAT"] == "special"
    assert special.env_files == (f"{workspace}/projects/special/.env",)
    found = {f"{workspace}/{name}" for name in _DG_FILES if name.endswith(("toml", ".env"))}
    awaited = {path for each in fleet.locations for path in each.awaited_files}
    assert awaited == {f"{workspace}/projects/{name}/.env" for name in ("shop", "flat", "named")}
    assert set(fleet.files) == found | awaited


def test_a_project_without_a_venv_takes_the_default_interpreter(workspace: Path) -> None:
    (workspace / "projects/flat/.venv/bin/python").unlink()
    flat = read(str(workspace), {}, _PYTHON).locations[1]
    assert (flat.python, flat.python_explicit, flat.broken) == (_PYTHON, False, None)


def test_a_broken_project_does_not_stop_the_others(workspace: Path) -> None:
    (workspace / "projects/shop/.venv/bin/python").unlink()  # the one that `special` names
    (workspace / "projects/flat/dg.toml").write_text("directory_type = ")
    (workspace / "projects/named/src/deep/er/__init__.py").rename(workspace / "gone")
    (workspace / "projects/named/src/deep/er").rmdir()
    fleet = read(str(workspace), {}, _PYTHON)
    assert [each.name for each in fleet.locations] == ["shop", "flat", "a name / x", "special"]
    shop, flat, named, special = (each.broken for each in fleet.locations)
    assert shop is None
    assert flat is not None
    assert f"{workspace}/projects/flat/dg.toml:1: is not valid TOML" in flat
    assert named is not None
    assert f'pyproject.toml:3: tool.dg.project.root_module = "deep.er": there is no {workspace}' in named
    assert special is not None
    assert 'DG_PROJECT_PYTHON_EXECUTABLE = "../shop/.venv/bin/python"' in special
    assert "does not exist" in special


def test_a_workspace_names_a_project_that_is_not_there(workspace: Path) -> None:
    (workspace / "projects/flat/dg.toml").unlink()
    flat = read(str(workspace), {}, _PYTHON).locations[1]
    assert flat.name == "flat"
    assert (flat.broken or "").startswith(
        f'{workspace}/dg.toml:6: workspace.projects[1].path = "projects/flat" has no dg.toml'
    )


def test_a_single_project_is_called_as_dg_calls_it_and_says_so(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace / "projects/shop")
    fleet = read(None, {}, _PYTHON)
    (shop,) = fleet.locations
    folder = f"{workspace}/projects/shop"
    assert (shop.name, shop.python, shop.cwd) == ("shop", f"{folder}/.venv/bin/python", folder)
    assert shop.code == CodeTarget(module_name="shop.definitions", working_directory=f"{folder}/src")
    assert "`dagster dev` calls it 'shop.definitions'" in fleet.warnings[0]


def test_autoload_defs_of_an_older_dg(tmp_path: Path) -> None:
    settings = (
        '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "m"\nautoload_defs = true\n'
    )
    _write(tmp_path, {"pyproject.toml": settings, "m/__init__.py": ""})
    (location,) = read(str(tmp_path), {}, _PYTHON).locations
    assert location.code == CodeTarget(autoload_defs_module_name="m.defs", working_directory=str(tmp_path))


@pytest.mark.parametrize("also", ["workspace.yaml", "workspace.yml"])
def test_a_project_comes_before_a_workspace_file_as_in_dagster(also: str, tmp_path: Path) -> None:
    _write(tmp_path, {"pyproject.toml": '[tool.dagster]\nmodule_name = "a.b"\n', also: "load_from: []\n"})
    fleet = read(str(tmp_path), {}, _PYTHON)
    assert (fleet.kind, [each.name for each in fleet.locations]) == ("project", ["a.b"])
    assert f"{tmp_path}/{also} is not read" in fleet.warnings[0]
    (tmp_path / "pyproject.toml").write_text("[tool.dagster]\n[tool.ruff]\nline-length = 80\n")
    assert read(str(tmp_path), {}, _PYTHON).kind == "workspace"
    _write(tmp_path, {"reef.yaml": "locations: {}\n"})
    assert read(str(tmp_path), {}, _PYTHON).kind == "reef"


def test_a_workspace_file_in_a_named_folder_is_read_as_if_dagster_ran_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(
        tmp_path,
        {"in/workspace.yaml": "load_from:\n  - python_module: {module_name: m, working_directory: w}\n"},
    )
    monkeypatch.chdir(tmp_path)
    folder, file = read("in", {}, _PYTHON).locations[0], read("in/workspace.yaml", {}, _PYTHON).locations[0]
    assert folder.code == CodeTarget(module_name="m", working_directory=f"{tmp_path}/in/w")
    assert file.code == CodeTarget(module_name="m", working_directory=f"{tmp_path}/w")
    assert (folder.cwd, file.cwd) == (f"{tmp_path}/in", str(tmp_path))


def test_variables_of_a_workspace_file_may_come_from_the_dotenv_beside_dagster(tmp_path: Path) -> None:
    entry = "load_from:\n  - grpc_server: {host: {env: H}, port: {env: P}, location_name: g}\n"
    _write(tmp_path, {"workspace.yaml": entry, ".env": "H=from-file\n"})
    fleet = read(str(tmp_path), {"H": "outer", "P": "7"}, _PYTHON)
    (location,) = fleet.locations
    assert location.server is not None
    assert (location.server.host, location.server.port) == ("from-file", 7)
    assert os.path.join(tmp_path, ".env") in fleet.files


def test_a_workspace_location_that_lacks_something(tmp_path: Path) -> None:
    text = """
load_from:
  - python_module: {module_name: a, executable_path: no/python}
  - python_module: {module_name: b, executable_path: no-such-command}
  - grpc_server: {host: {env: NOT_SET}, port: 1, location_name: c}
  - python_module: d
"""
    _write(tmp_path, {"workspace.yaml": text})
    broken = [each.broken or "" for each in read(str(tmp_path), {}, _PYTHON).locations]
    file = f"{tmp_path}/workspace.yaml"
    assert broken[0].startswith(f'{file}:3: load_from[0].python_module.executable_path = "no/python", ')
    assert broken[1].startswith(f'{file}:4: load_from[1].python_module.executable_path = "no-such-command", ')
    assert broken[2].startswith(
        f"{file}:5: load_from[2].grpc_server.host names the environment variable NOT_SET"
    )
    assert broken[3] == ""


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("pyproject.toml", "[tool.dagster\n", "pyproject.toml:1: is not valid TOML"),
        ("pyproject.toml", '[tool.dagster]\nmodule_name = 3\n', "pyproject.toml:2: tool.dagster.module_name = 3, must"),
        (
            "pyproject.toml",
            '[tool.dagster]\nmodule_name = "a"\nmodules = [{type = "module", name = "b"}]\n',
            "pyproject.toml:3: tool.dagster.modules and module_name exclude each other",
        ),
        ("pyproject.toml", "[tool.dagster]\nmodules = []\n", "pyproject.toml:2: tool.dagster.modules must not be"),
        ("pyproject.toml", '[tool.dagster]\nmodules = ["a"]\n', "tool.dagster.modules must be a list of tables"),
        ("pyproject.toml", '[tool.dagster]\nmodules = [{name = "a"}]\n', "tool.dagster.modules[0].type is missing"),
        (
            "pyproject.toml",
            '[tool.dagster]\ncode_location_name = "x"\n'
            'modules = [{type = "module", name = "a"}, {type = "module", name = "b"}]\n',
            "two locations are called 'x'",
        ),
        ("dg.toml", 'directory_type = "folder"\n', 'dg.toml:1: directory_type = "folder", must be project'),
        ("dg.toml", 'directory_type = "project"\n[project]\n', "dg.toml:2: project.root_module is missing"),
        ("dg.toml", 'directory_type = "workspace"\nworkspace.projects = "x"\n', "workspace.projects must be a list"),
        ("dg.toml", 'directory_type = "workspace"\n[[workspace.projects]]\n', "workspace.projects[0].path is missing"),
    ],
)  # fmt: skip
def test_mistakes(
    file: str, text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(file).write_text(text)
    with pytest.raises(ReefError) as caught:
        read(None, {}, _PYTHON)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("file", "message"), [("defs.py", "is code, not a list of locations"), ("other.toml", "names no code")]
)
def test_a_file_that_names_no_fleet(file: str, message: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("")
    with pytest.raises(ReefError, match=message):
        read(str(tmp_path / file), {}, _PYTHON)
