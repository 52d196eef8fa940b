"""The package as it is published: what is in it, and that it works alone."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
from lone import lone_python

from deadlines import scaled

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def alone(built: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has the wheel's content and what it depends on: no Dagster, no checkout."""
    folder = tmp_path_factory.mktemp("alone") / "venv"
    python = lone_python(folder)
    there = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (there / "reef.pth").unlink()
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(there)
    return python


def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        entry_points = wheel.read("dagster_reef-0.1.0.dist-info/entry_points.txt").decode()
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "reef").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == sources
    assert {"reef/py.typed", "reef/guest/zygote.py", "reef/demo/render.py"} <= names
    assert "dagster_reef-0.1.0.dist-info/licenses/LICENSE" in names
    assert "reef = reef.cli.main:main" in entry_points


def test_the_source_distribution_holds_what_builds_it(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "src/reef/py.typed"} <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


def reef(python: str, folder: Path, *words: str) -> str:
    command = [python, "-m", "reef.cli.main", *words]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=scaled(60))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_works_where_nobody_has_dagster(alone: str, tmp_path: Path) -> None:
    asked = subprocess.run([alone, "-c", "import dagster"], capture_output=True, text=True)
    assert "ModuleNotFoundError" in asked.stderr
    (tmp_path / "sales.py").write_text("")
    workspace = "load_from:\n- python_file: {relative_path: sales.py, location_name: sales}\n"
    (tmp_path / "workspace.yaml").write_text(workspace)
    assert "up" in reef(alone, tmp_path, "--help")
    reef(alone, tmp_path, "init")
    assert "sales" in (tmp_path / "reef.yaml").read_text()
    assert "location_name: sales" in reef(alone, tmp_path, "export", "workspace")
    assert '"$schema"' in reef(alone, tmp_path, "schema")
    where = reef_file(alone)
    assert where.startswith(str(Path(alone).parents[1])), where


def reef_file(python: str) -> str:
    code = "import reef; print(reef.__file__)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd="/").stdout
