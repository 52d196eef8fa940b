"""Progress of long work: a bar on standard error for people, nothing for programs."""

from __future__ import annotations

import sys
from typing import Any

import click


class Silence:
    def begin(self, label: str, total: int) -> None: ...
    def step(self) -> None: ...
    def end(self) -> None: ...


class Bar:
    def __init__(self) -> None:
        self._bar: Any = None

    def begin(self, label: str, total: int) -> None:
        self._bar = click.progressbar(length=total, label=label, file=sys.stderr)
        self._bar.render_progress()

    def step(self) -> None:
        if self._bar is not None:
            self._bar.update(1)

    def end(self) -> None:
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None
