"""The cgroups of the lab: one below the root of each hierarchy, with all that the nodes make."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from lab.errors import LabError

ROOT = Path("/sys/fs/cgroup")
_GONE_S = 30.0


def hierarchies() -> list[Path]:
    """cgroup v2: one. v1: one for each controller."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [
        path for path in sorted(ROOT.iterdir()) if (path / "cgroup.procs").exists() and not path.is_symlink()
    ]


def make(names: list[str]) -> None:
    for hierarchy in hierarchies():
        for name in names:
            _make(hierarchy, Path(name.strip("/")))


def _make(hierarchy: Path, name: Path) -> None:
    """Each level gets what its parent may use: v1's `cpuset` and v2's controllers are not handed down by themselves."""
    folder = hierarchy
    for part in name.parts:
        parent, folder = folder, folder / part
        controllers = parent / "cgroup.controllers"
        if controllers.exists():
            names = " ".join(f"+{one}" for one in controllers.read_text("ascii").split())
            (parent / "cgroup.subtree_control").write_text(names, "ascii")
        folder.mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):
            if (parent / file).exists() and not (folder / file).read_text("ascii").strip():
                (folder / file).write_text((parent / file).read_text("ascii"), "ascii")


def weigh(name: str, processes: int) -> None:
    """It gets as much of the processors as so many processes outside of it that want them at the same time. Without
    this, all that runs in it gets as much as one."""
    for hierarchy in hierarchies():
        shares, weight = hierarchy / name / "cpu.shares", hierarchy / name / "cpu.weight"
        if shares.exists():
            shares.write_text(str(1024 * processes), "ascii")
        elif weight.exists():
            weight.write_text(str(min(10_000, 100 * processes)), "ascii")


def remaining(name: str) -> list[Path]:
    return [path for hierarchy in hierarchies() for path in _below(hierarchy / name)]


def remove(name: str) -> None:
    """When its processes are gone; the kernel takes a moment to let go of them."""
    deadline = time.monotonic() + _GONE_S
    while left := remaining(name):
        for path in left:
            try:
                path.rmdir()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise LabError(f"The cgroup {path} cannot be removed: {error.strerror}.") from None
        time.sleep(0.02)


def _below(folder: Path) -> Iterator[Path]:
    """Deepest first."""
    for found, _, _ in os.walk(folder, topdown=False):
        yield Path(found)
