"""Hosts whose learned zygotes stand: a fleet's first probes fork from a draft, which knows no location's imports."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from installed import HERE
from reefs import Reef, until


def until_learned(reef: Reef, seconds: float = 300.0) -> Reef:
    until(lambda: has_learned(reef), seconds, "for the learned zygote")
    return reef


def has_learned(reef: Reef) -> bool:
    log = (reef.state / "logs" / "reef.log").read_text(errors="replace")
    assert "could not be built" not in log, log[-2000:]
    return bool(reef.learned_zygotes())


def write_cases(folder: Path, python: Path, cases: Mapping[str, Mapping[str, str]]) -> Path:
    """Case -> location -> its file among the case's; the spec of one fleet of them all."""
    rows = []
    for case, locations in cases.items():
        shutil.copytree(HERE / "cases" / case, folder / case)
        rows += [
            f"  {name}: {{code: {case}/{file}.py, idle_timeout: 1s}}\n" for name, file in locations.items()
        ]
    spec = folder / "reef.yaml"
    spec.write_text(f"defaults: {{python: {python}}}\nlocations:\n{''.join(rows)}")
    return spec
