"""Hosts that a module's tests share; whatever happens, nothing of them is left."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
from reefs import Reef


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Short: sockets' paths may have 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="reef-watch-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def start(folder: Path) -> Iterator[Callable[..., Reef]]:
    """Start a host: `start("serve", path, state, *options)`, not waited for."""
    started: list[Reef] = []

    def begin(*words: Any, **named: Any) -> Reef:
        started.append(Reef(*words, **named))
        return started[-1]

    yield begin
    for reef in started:
        reef.end_everything()
