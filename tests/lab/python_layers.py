"""Layers with a Python of this machine, and with packages for it; bytecode compiled, as a lean image has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab import rootfs
from lab.errors import LabError
from lab.oci import Layer, LayerWriter
from lab.processes import run

HOME = "usr/local"  # where python.org's images have it, too
TREES = (
    "python",
    "packages",
    "server",
    "reef",
)  # folders of `work`, and the names of the layers made of them
LOCK = Path(__file__).parents[2] / "requirements.lock"
_NOT_NEEDED: tuple[str, ...] = (
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "lib2to3",
    "ensurepip",
    "site-packages",
)
_NOT_NEEDED += ("__pycache__", "config-*", "*.a", "_test*.so", "_tkinter*.so", "turtle.py")


def interpreter(python: Path, work: Path) -> Layer:
    """The interpreter and its standard library, moved to /usr/local; `work` keeps the tree for `packages`."""
    root = work / "python"
    prefix, name = _prefix_of(python)
    target = root / HOME
    library = target / "lib" / name
    shutil.copytree(
        prefix / "lib" / name, library, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_NEEDED)
    )
    (library / "site-packages").mkdir()
    (target / "bin").mkdir()
    shutil.copy2((prefix / "bin" / name).resolve(), target / "bin" / name)
    for link in ("python3", "python"):
        (target / "bin" / link).symlink_to(name)
    _compile(root)
    writer = LayerWriter(work / "python.tar")
    writer.tree(root)
    programs = [target / "bin" / name, *sorted((library / "lib-dynload").glob("*.so"))]
    rootfs.add_libraries(writer, programs)
    return writer.done()


def packages(work: Path, requirements: Sequence[str], tree: str = "packages") -> Layer:
    """What the interpreter of `work` gets installed, in the versions of requirements.lock."""
    python = work / "python" / HOME / "bin" / "python"
    root = work / tree
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if uv is None:
        raise LabError("uv is missing: `make install` brings it.")
    command = [uv, "pip", "install", "--quiet", "--python", str(python), "--prefix", str(root / HOME)]
    run(*command, "--constraint", LOCK, *requirements)
    _rename_interpreter(root / HOME / "bin", str(python.parent).encode())
    _compile(root, python)
    writer = LayerWriter(work / f"{tree}.tar")
    writer.tree(root)
    rootfs.add_libraries(writer, sorted(root.rglob("*.so")))
    return writer.done()


def beside(work: Path, root: Path, requirement: str) -> Layer:
    """One more package for the interpreter of images, as a layer of its own; `root` is a new folder for its tree. It is
    installed without what it needs."""
    library = f"python{sys.version_info.major}.{sys.version_info.minor}"
    target = root / HOME / "lib" / library / "site-packages"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    if uv is None:
        raise LabError("uv is missing: `make install` brings it.")
    command = (uv, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--target", target)
    run(*command, "--constraint", LOCK, requirement)
    _compile(root, Path(sys.executable))
    writer = LayerWriter(root.with_suffix(".tar"))
    writer.tree(root)
    return writer.done()


def code(source: Path, root: Path) -> Layer:
    """Reef itself, and its command; `root` is a new folder for the tree."""
    library = f"python{sys.version_info.major}.{sys.version_info.minor}"
    target = root / HOME / "lib" / library / "site-packages" / "reef"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    bin_folder = root / HOME / "bin"
    bin_folder.mkdir(parents=True)
    script = bin_folder / "reef"
    script.write_text(f"#!/{HOME}/bin/python\nfrom reef.cli.main import main\n\nmain()\n")
    script.chmod(0o755)
    _compile(root, Path(sys.executable))
    writer = LayerWriter(root.with_suffix(".tar"))
    writer.tree(root)
    return writer.done()


def _prefix_of(python: Path) -> tuple[Path, str]:
    code = "import sys; print(sys.base_prefix); print('python%d.%d' % sys.version_info[:2])"
    prefix, name = run(python, "-c", code).split()
    return Path(prefix), name


def _rename_interpreter(folder: Path, built_with: bytes) -> None:
    """The first line of installed scripts names the interpreter that they were installed with."""
    for script in folder.iterdir():
        content = script.read_bytes()
        if built_with in content:
            script.write_bytes(content.replace(built_with, f"/{HOME}/bin".encode()))


def _compile(root: Path, python: Path | None = None) -> None:
    """Without times of sources in it: a layer has none."""
    python = python or root / HOME / "bin" / "python"
    command = [
        python,
        "-m",
        "compileall",
        "-q",
        "--invalidation-mode",
        "unchecked-hash",
        "-s",
        root,
        "-p",
        "/",
        root,
    ]
    subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL)  # some packages have templates as .py
