"""Wheels put into an environment as an installer puts those of an index there: no `direct_url.json`."""

from __future__ import annotations

import sys
import venv
from collections.abc import Iterable
from pathlib import Path

from corpus import Wheel
from tiny_venvs import build_wheel

from reef.demo.wheels import install_wheel


def make_environment(folder: Path, wheels: Iterable[Wheel]) -> Path:
    """A new virtual environment with these wheels, and nothing else, in it; its interpreter."""
    venv.create(folder, symlinks=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    add_wheels(site, folder / "wheels", wheels)
    return folder / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def add_wheels(site: Path, house: Path, wheels: Iterable[Wheel]) -> None:
    house.mkdir(exist_ok=True)
    for wheel in wheels:
        install_wheel(build_wheel(house, wheel.name, "1.0", wheel.files), site)
