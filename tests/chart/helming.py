"""Calls of helm."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from deadlines import scaled
from lab import programs

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "reef"
KUBERNETES = "1.36.0"  # helm's own idea of a cluster is years old
NAMESPACE = "dagster"
NO_HELM = "no helm: put one on PATH, or build that of the test cluster with `make cluster`"
Document = dict[str, Any]


def helm_program() -> Path | None:
    """That of the lab where it is built, else the one on PATH."""
    built = programs.program("helm")
    if built.is_file():
        return built
    found = shutil.which("helm")
    return Path(found) if found else None


def called(
    helm: Path, *arguments: str, values: Mapping[str, Any] | None = None
) -> subprocess.CompletedProcess[str]:
    """`values` are given as a file on stdin, so that every kind of value arrives as it is."""
    command = [str(helm), *arguments, *(["-f", "-"] if values is not None else [])]
    told = json.dumps(values) if values is not None else None
    return subprocess.run(command, input=told, capture_output=True, text=True, timeout=scaled(60))


def rendered(helm: Path, values: Mapping[str, Any] | None = None) -> list[Document]:
    """All objects of `helm template`."""
    done = called(
        helm,
        "template",
        "reef",
        str(CHART),
        "-n",
        NAMESPACE,
        "--kube-version",
        KUBERNETES,
        values=values or {},
    )
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def refused(helm: Path, values: Mapping[str, Any]) -> str:
    """What helm says of values that cannot be used."""
    done = called(helm, "template", "reef", str(CHART), "--kube-version", KUBERNETES, values=values)
    assert done.returncode != 0, "helm took them"
    assert not done.stdout
    return done.stderr


def named(objects: list[Document], kind: str, name: str) -> Document:
    (found,) = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def nested(path: str, value: object) -> dict[str, Any]:
    """`a.b.c` -> {a: {b: {c: value}}}."""
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def pods_of(objects: list[Document]) -> Iterator[Document]:
    """The pod template of each Deployment."""
    for each in objects:
        if each["kind"] == "Deployment":
            yield each["spec"]["template"]
