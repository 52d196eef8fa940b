"""An interpreter that has Reef and what Reef itself depends on, and no Dagster. Made without a network."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sysconfig
import venv
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"


def lone_python(folder: Path) -> str:
    """A new virtual environment with links to the installed files of Reef's dependencies."""
    venv.create(folder, with_pip=False, symlinks=True)
    there = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    for name in _closure("dagster-reef"):
        for top in _tops(name):
            if not (there / top.name).exists():
                (there / top.name).symlink_to(top)
    (there / "reef.pth").write_text(f"{SOURCE}\n")
    return str(folder / "bin" / "python")


def _closure(root: str) -> set[str]:
    """The distributions that `root` needs, itself left out."""
    found: set[str] = set()
    left = [root]
    while left:
        for requirement in importlib.metadata.requires(left.pop()) or ():
            spec, _, marker = requirement.partition(";")
            name = re.split(r"[^A-Za-z0-9_.-]", spec.strip())[0]
            if "extra" not in marker and name not in found and _is_installed(name):
                found.add(name)
                left.append(name)
    return found


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _tops(name: str) -> set[Path]:
    """What it put directly into site-packages."""
    distribution = importlib.metadata.distribution(name)
    tops = {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
    return {Path(os.fspath(distribution.locate_file(top))) for top in tops}
