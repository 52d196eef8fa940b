"""Reef's Dockerfile and the one for a location, as text, and what they install."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from dockerfiles import Stage, ignored_but, stages
from helming import ROOT

from deadlines import scaled

EXAMPLE = ROOT / "docs" / "examples" / "location"
BOTH = {"reef": ROOT / "Dockerfile", "location": EXAMPLE / "Dockerfile"}
MOST_MB = 150
BUILDS_CODE = ("gcc", "build-essential", "clang", "apt-get", "apk add", "cargo", "python3-dev")


@pytest.fixture(params=BOTH)
def two(request: pytest.FixtureRequest) -> tuple[Stage, Stage]:
    build, final = stages(BOTH[request.param])
    return build, final


def test_what_builds_is_not_in_the_image(two: tuple[Stage, Stage]) -> None:
    build, final = two
    assert build.name == "build"
    assert final.base == build.base == "${PYTHON_IMAGE}"
    (copied,) = [text for text in final.all("COPY") if text.startswith("--from=")]
    source, target = copied.removeprefix("--from=build ").split()
    assert source == target == (final.all("ENV")[0].split("=")[1].split("/bin")[0])
    commands = " ".join(final.all("RUN"))
    assert not [word for word in (*BUILDS_CODE, "pip", "uv") if word in commands]


def test_nothing_is_compiled_from_c(two: tuple[Stage, Stage]) -> None:
    assert not [word for word in BUILDS_CODE if word in " ".join(two[0].all("RUN"))]


def test_its_user_is_a_number_that_is_not_root(two: tuple[Stage, Stage]) -> None:
    """Kubelet refuses a name where `runAsNonRoot` is asked for."""
    (user,) = two[1].all("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


def test_bytecode_is_made_once(two: tuple[Stage, Stage]) -> None:
    assert "--compile-bytecode" in two[0].all("RUN")[-1]


def test_versions_are_those_of_the_lock() -> None:
    build, final = stages(BOTH["reef"])
    install = build.all("RUN")[-1]
    assert "requirements.lock > versions.txt" in install
    assert "--constraint versions.txt" in install
    assert final.all("ENTRYPOINT") == ['["reef"]']


def test_what_is_copied_is_not_ignored() -> None:
    copied = [text.split()[:-1] for text in stages(BOTH["reef"])[0].all("COPY")]
    assert ignored_but(ROOT / ".dockerignore") == {name for names in copied for name in names}
    assert all((ROOT / name).exists() for names in copied for name in names)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_reefs_image_adds_to_its_python(tmp_path: Path) -> None:
    """The build stage's own commands, with this Python in place of the image's. Skips without a package index."""
    uv = ROOT / ".venv" / "bin" / "uv"
    if not uv.exists():
        pytest.skip("no uv in .venv: make install")
    for name in ignored_but(ROOT / ".dockerignore"):
        source, kept = ROOT / name, shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=kept)
        else:
            shutil.copy(source, tmp_path / name)
    there = tmp_path / "opt"
    commands = stages(BOTH["reef"])[0].all("RUN")[-1].replace("/opt/reef", shlex.quote(str(there)))
    env = {**os.environ, "PATH": f"{uv.parent}:{os.environ['PATH']}", "UV_PYTHON": sys.executable}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        ["sh", "-ec", commands], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=scaled(300)
    )
    if done.returncode and re.search(r"error sending request|failed to fetch|dns error", done.stderr, re.I):
        pytest.skip("no package index")
    assert done.returncode == 0, done.stderr
    size = sum(path.lstat().st_blocks * 512 for path in there.rglob("*") if not path.is_dir())
    assert size < MOST_MB * 10**6
    unwanted = [each for each in there.rglob("*") if each.name in ("gcc", "cc", "dagster", "uv", "pip")]
    assert [each for each in unwanted if each.parent.name != "reef"] == []  # `reef.dagster` is for locations
    assert list(there.rglob("reef/**/__pycache__/*.pyc"))
    listed = subprocess.run([there / "bin" / "reef", "--version"], capture_output=True, text=True, check=True)
    assert version("dagster-reef") in listed.stdout
    freeze = subprocess.run(
        [uv, "pip", "freeze", "--python", there / "bin" / "python"],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = {line for line in freeze.stdout.split() if "==" in line}
    assert len(installed) > 10
    assert installed - locked() == set()


def locked() -> set[str]:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    return set(re.findall(r"^[\w.-]+==[^\s;]+", text, re.MULTILINE))


def test_the_example_asks_for_versions_that_were_tested() -> None:
    asked = {line for line in (EXAMPLE / "requirements.txt").read_text("utf-8").split("\n") if "==" in line}
    names = {line.partition("==")[0] for line in locked()}
    assert {"dagster", "dagster-postgres"} <= names
    assert {line for line in asked if line.partition("==")[0] in names} <= locked()
    libraries = {line.partition("==")[2] for line in asked if line.startswith("dagster-")}
    assert len(libraries) == 1  # Dagster's libraries are released together


def test_the_example_loads() -> None:
    from dagster import AssetKey, Definitions

    found = runpy.run_path(str(EXAMPLE / "definitions.py"))["defs"]
    assert isinstance(found, Definitions)
    Definitions.validate_loadable(found)
    assert found.resolve_all_asset_keys() == [AssetKey("orders")]


def test_the_example_starts_as_dagsters_chart_does() -> None:
    (command,) = stages(BOTH["location"])[1].all("CMD")
    assert command.startswith('["dagster", "api", "grpc"')
    assert "/opt/app/definitions.py" in command
