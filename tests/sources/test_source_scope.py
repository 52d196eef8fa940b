"""What belongs to a location: its narrowest own folder, and what its load was seen to read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reef.fleet import inheriting
from reef.fleet.model import CodeTarget, Fleet, Location
from reef.hosting.contract import LoadReport
from reef.sources import own_names, scope_of, source_root
from reef.sources import scope as scope_module


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    for name in (
        "sales/defs.py",
        "hr/__init__.py",
        "hr/defs.py",
        "lib/shared.py",
        "single.py",
        "src/pkg/__init__.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def location(repo: Path, **code: str) -> Location:
    return Location("x", code=CodeTarget(**code), cwd=str(repo), python="/p")


def report(**seen: object) -> LoadReport:
    full: dict[str, object] = {"modules": {}, "files_read": (), "dirs_listed": (), "env_read": {}}
    return LoadReport(**(full | {"threads": 1, "load_s": 0.1, "private_bytes": 1} | seen))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "root"),
    [
        ({"python_file": "{}/sales/defs.py"}, "sales"),
        ({"python_file": "{}/sales/defs.py", "working_directory": "{}"}, "sales"),
        ({"module_name": "hr.defs"}, "hr"),
        ({"package_name": "hr"}, "hr"),
        ({"module_name": "single"}, "."),
        ({"module_name": "pkg", "working_directory": "{}/src"}, "src/pkg"),
        ({"autoload_defs_module_name": "pkg.defs", "working_directory": "{}/src"}, "src/pkg"),
        ({"working_directory": "{}/src"}, "src"),
    ],
)
def test_the_root_is_the_narrowest_own_folder(repo: Path, code: dict[str, str], root: str) -> None:
    found = source_root(location(repo, **{name: value.format(repo) for name, value in code.items()}))
    assert found == os.path.normpath(repo / root)


def test_an_installed_module_has_no_root_of_its_own(repo: Path) -> None:
    assert source_root(location(repo, module_name="installed_only")) is None


def test_a_module_is_found_on_pythonpath(repo: Path) -> None:
    place = Location("x", code=CodeTarget(module_name="pkg"), cwd=str(repo), env={"PYTHONPATH": "src"})
    assert source_root(place) == str(repo / "src/pkg")


def test_before_a_load_the_root_and_the_env_files(repo: Path) -> None:
    found = scope_of(location(repo, python_file=f"{repo}/sales/defs.py", working_directory=str(repo)))
    assert found.roots == (str(repo / "sales"),)
    assert found.files == (f"{repo}/.env", f"{repo}/sales/defs.py")


def test_what_the_load_read_counts_unless_it_is_the_systems(repo: Path, tmp_path: Path) -> None:
    mine = repo / "hr/config.yaml"
    mine.write_text("")
    seen = report(
        modules={
            "lib.shared": f"{repo}/lib/shared.py",
            "os": "",
            "c": f"{repo}/lib/__pycache__/c.cpython-311.pyc",
        },
        files_read=(
            str(mine),
            "/etc/hosts",
            "/proc/self/maps",
            "/usr/share/zoneinfo/UTC",
            f"{repo}/gone",
            f"{repo}/st/db",
        ),
        dirs_listed=(f"{repo}/hr", f"{repo}/lib", str(repo), f"{repo}/st"),
    )
    (repo / "st").mkdir()
    (repo / "st/db").write_text("")
    place = location(repo, python_file=f"{repo}/sales/defs.py")
    found = scope_of(place, seen, ignore=(str(repo / "st"),))
    assert set(found.files) == {f"{repo}/.env", f"{repo}/sales/defs.py", f"{repo}/lib/shared.py", str(mine)}
    assert found.folders == (f"{repo}/hr",)


def test_folders_that_are_nobodys_project_are_not_taken_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "defs.py").write_text("")
    found = scope_of(location(tmp_path, python_file=f"{tmp_path}/defs.py"))
    assert found.roots == ()
    assert f"{tmp_path}/defs.py" in found.files
    assert scope_module.too_wide("/")
    assert scope_module.too_wide("/tmp")


def test_own_names_are_what_comes_before_site_packages(repo: Path) -> None:
    place = Location("x", code=CodeTarget(module_name="hr"), cwd=str(repo), env={"PYTHONPATH": f"{repo}/src"})
    assert own_names(place) == {"hr", "single", "pkg"}  # `sales` and `lib` are namespaces: installed ones win


def test_the_hosts_own_pythonpath_is_each_locations(tmp_path: Path) -> None:
    """As in images that set it: what lies there is the location's source, and hides what is installed."""
    (tmp_path / "app" / "src" / "hr").mkdir(parents=True)
    (tmp_path / "app" / "src" / "hr" / "__init__.py").touch()
    (tmp_path / "app" / "src" / "six.py").touch()
    code = CodeTarget(module_name="hr")
    own = Location("own", code=code, cwd="/", env={"PYTHONPATH": "/elsewhere"})
    external = Location("external", placement="external")
    fleet = Fleet(
        (Location("x", code=code, cwd="/"), own, external), source="reef.yaml", kind="reef", default_python=""
    )
    x, *others = inheriting(fleet, {"PYTHONPATH": str(tmp_path / "app" / "src")}).locations
    assert others == [own, external]
    assert source_root(x) == str(tmp_path / "app" / "src" / "hr")
    assert {"hr", "six"} <= own_names(x)
    assert inheriting(fleet, {}) is fleet
