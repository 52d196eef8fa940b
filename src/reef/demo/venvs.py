"""Environments that share the base interpreter's Dagster and differ in what else they hold."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reef.demo.wheels import Package, build_wheel, install_wheel
from reef.errors import ReefError

_SCRIPT = Path(__file__).with_name("clone.py")
INSTALL_TIMEOUT_S = 180.0


@dataclass(frozen=True)
class Environment:
    """What one environment holds beside Dagster; `fetched` from an index if the base lacks it."""

    name: str
    packages: tuple[Package, ...] = ()
    fetched: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """The interpreters by environment name, and one line for each thing that could not be had."""

    pythons: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def make_environments(base: str, folder: Path, wanted: Sequence[Environment]) -> Made:
    """Make each wanted environment below `folder`. ReefError if the base interpreter cannot be cloned."""
    pythons: dict[str, str] = {}
    warnings: list[str] = []
    for fetched, group in _by_fetched(wanted).items():
        reply = _clone(base, [str(folder / env.name) for env in group], ("dagster", *fetched))
        for env in group:
            target = str(folder / env.name)
            pythons[env.name] = reply["python"][target]
            _install(env.packages, folder / "wheelhouse", Path(reply["site"][target]))
            if missing := [name for name in reply["missing"] if name in fetched]:
                warnings += _fetch(pythons[env.name], missing)
    return Made(pythons, tuple(warnings))


def _by_fetched(wanted: Iterable[Environment]) -> dict[tuple[str, ...], list[Environment]]:
    groups: dict[tuple[str, ...], list[Environment]] = {}
    for env in wanted:
        groups.setdefault(env.fetched, []).append(env)
    return groups


def _clone(base: str, targets: list[str], roots: Sequence[str]) -> dict[str, dict[str, str]]:
    request = json.dumps({"targets": targets, "roots": list(roots)})
    done = subprocess.run([base, "-I", str(_SCRIPT)], input=request, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise ReefError(f"environments could not be made from {base}: {last}")
    reply: dict[str, dict[str, str]] = json.loads(done.stdout)
    if "dagster" in reply["missing"]:
        raise ReefError(f"{base} has no Dagster", hint=f"{base} -m pip install dagster dagster-webserver")
    return reply


def _install(packages: Iterable[Package], wheelhouse: Path, site: Path) -> None:
    for package in packages:
        install_wheel(build_wheel(package, wheelhouse), site)


def _fetch(python: str, names: Sequence[str]) -> list[str]:
    """Install from a package index; a line for the user if that fails."""
    uv = shutil.which("uv")
    tool = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", python] if uv else _pip(python)
    command = [*tool, *names]
    failed = f"{', '.join(names)} could not be installed; to try again: {' '.join(command)}"
    try:
        done = subprocess.run(command, capture_output=True, timeout=INSTALL_TIMEOUT_S, env=_clean_environ())
    except (OSError, subprocess.TimeoutExpired):
        return [failed]
    return [failed] if done.returncode else []


def _pip(python: str) -> list[str]:
    return ["pip", "--python", python, "install", "-q", "--disable-pip-version-check"]


def _clean_environ() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONPATH")}
