"""The fleet that these tests start: four locations that load, one that does not; one ticks every second."""

from __future__ import annotations

from pathlib import Path

from reefs import write_location


def write_fleet(folder: Path) -> Path:
    """Four that load, one that does not; one ticks every second."""
    write_location(folder / "ticking", "ticking", sensor="RUNNING")
    write_location(folder / "quiet", "quiet", marker=str(folder / "slow-started"))
    write_location(folder / "third", "third", executor="multiprocess_executor")
    write_location(folder / "with space", "spaced")
    write_location(folder / "broken", "broken", before="import no_such_package")
    workspace = folder / "workspace.yaml"
    names = [("ticking", "ticking"), ("quiet", "quiet"), ("third", "third"), ("with space", "a name / with signs"),
             ("broken", "broken")]  # fmt: skip
    lines = ["load_from:"]
    for where, name in names:
        lines += [
            "- python_file:",
            f"    relative_path: {where}/defs.py",
            f"    location_name: {name!r}",
            f"    working_directory: {where}",
        ]
    workspace.write_text("\n".join(lines) + "\n")
    return workspace
