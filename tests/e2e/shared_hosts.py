"""Hosts that the tests of a module share; whatever happens, nothing of them is left. Fixtures, for a conftest."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef

Start = Callable[..., Reef]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Short: sockets' paths may have 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="reef-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def start(folder: Path) -> Iterator[Start]:
    """Start a host: `start("serve", path, state, *options)`, not waited for. That of `reef up` finds its own instance
    used before; with `storages=False` it is the first to open it."""
    started: list[Reef] = []

    def begin(verb: str, path: Path, state: Path, *options: str, **named: Any) -> Reef:
        named.setdefault("storages", verb == "up" and "--dagster-home" not in options)
        started.append(Reef(verb, path, state, *options, **named))
        return started[-1]

    yield begin
    for reef in started:
        reef.end_everything()
