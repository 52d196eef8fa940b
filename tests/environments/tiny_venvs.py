"""Wheels and virtual environments for these tests."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

MakeVenv = Callable[..., Path]


def build_wheel(house: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    info = f"{name}-{version}.dist-info"
    full = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name}-run = {name}:main\n",
    }
    rows = [f"{path},sha256={_hash(text)},{len(text)}" for path, text in full.items()]
    full[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    path = house / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in full.items():
            archive.writestr(inside, text)
    return path


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def run(*command: str | Path) -> None:
    """`uv` is the one beside the Python that runs the tests, which need not be on the PATH."""
    env = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    env["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), env.get("PATH", os.defpath)))
    program = shutil.which(str(command[0]), path=env["PATH"]) or command[0]
    done = subprocess.run(
        [str(part) for part in (program, *command[1:])],
        capture_output=True,
        text=True,
        env=env | {"UV_LINK_MODE": "hardlink"},
    )
    assert done.returncode == 0, done.stderr


def install(venv: Path, house: Path, *requirements: str | Path) -> None:
    python = venv / "bin" / "python"
    offline = ("--offline", "--no-index", "--find-links", house)
    run("uv", "pip", "install", "-q", *offline, "--python", python, *requirements)
