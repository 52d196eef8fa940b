"""Real virtual environments with tiny wheels in them; `dagster` too is one of ours, for speed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tiny_venvs import MakeVenv, build_wheel, install, run


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of wheels: two versions of dagster, two distributions in one namespace."""
    house = tmp_path_factory.mktemp("wheels")
    for version in ("1.0", "1.1"):
        text = f"version = {version!r}\ndef main(): ...\n"
        files = {"dagster/__init__.py": text, "dagster/core.py": f"# {version}\n", "dagster/data.json": "{}"}
        build_wheel(house, "dagster", version, files)
    build_wheel(house, "nsone", "1.0", {"shared_ns/one/__init__.py": "", "shared_ns/one/a.py": "A = 1\n"})
    build_wheel(house, "nstwo", "1.0", {"shared_ns/two.py": "B = 1\n", "nstwo_top.py": ""})
    return house


@pytest.fixture(scope="session")
def make_venv(house: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeVenv:
    """make_venv(name, *requirements) -> the folder of a new virtual environment."""

    def make(name: str, *requirements: str) -> Path:
        folder = tmp_path_factory.mktemp("venvs") / name
        run("uv", "venv", "-q", "--python", sys.executable, folder)
        if requirements:
            install(folder, house, *requirements)
        return folder

    return make


@pytest.fixture(scope="session")
def plain(make_venv: MakeVenv) -> Path:
    return make_venv("plain", "dagster==1.0", "nsone")


@pytest.fixture(scope="session")
def twin(make_venv: MakeVenv) -> Path:
    """Installed as `plain` is."""
    return make_venv("twin", "dagster==1.0", "nsone")
