"""Loads locations, as they are and with some files as they would be. Blocks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reef.doctor.findings import Loaded
from reef.doctor.fixing.proof import Measured, measured
from reef.doctor.loading import TIMEOUT_S, environ_of, load_once
from reef.fleet.model import Location

Load = Callable[[Location, Mapping[str, str]], Loaded]
TIMES = 2  # the first load may have to compile, and definitions may be others each time


def loader(environ: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> Load:
    """`environ`: Reef's own variables. The loads take `instead`: real path of a file -> path of what is
    loaded instead."""

    def load(spec: Location, instead: Mapping[str, str]) -> Loaded:
        assert spec.code is not None
        return load_once(
            spec.python,
            spec.code,
            spec.cwd,
            environ_of(spec, environ),
            location=spec.name,
            instead=instead,
            timeout_s=spec.load_timeout_s or timeout_s,
        )

    return load


@dataclass
class Bench:
    """Measures locations, and remembers what each was before the next move."""

    load: Load
    specs: Mapping[str, Location]
    _loads: dict[str, list[Loaded]] = field(default_factory=dict)

    def before(self, name: str) -> Measured:
        if name not in self._loads:
            self._loads[name] = [self.load(self.specs[name], {}) for _ in range(TIMES)]
        return measured(self._loads[name])

    def after(self, name: str, contents: Mapping[str, bytes], times: int = TIMES) -> list[Loaded]:
        """Loads with the files' `contents` in place of their own; nothing is written to them."""
        with tempfile.TemporaryDirectory(prefix="reef-doctor-") as folder:
            instead = {}
            for number, (path, content) in enumerate(contents.items()):
                instead[path] = os.path.join(folder, f"{number}.py")
                Path(instead[path]).write_bytes(content)
            return [self.load(self.specs[name], instead) for _ in range(times)]

    def once(self, name: str) -> Measured:
        """As it is on the disk now."""
        return measured([self.load(self.specs[name], {})])

    def became(self, name: str, loads: list[Loaded]) -> None:
        """What was measured after a move that stays is the state before the next one."""
        self._loads[name] = loads
