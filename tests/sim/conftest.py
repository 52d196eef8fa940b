"""Coroutines are tests here: each runs in simulated time, in a world of its own."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "hosting"))

from sim_clock import simulate
from world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.leave()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    known = inspect.signature(pyfuncitem.obj).parameters
    given = {name: value for name, value in pyfuncitem.funcargs.items() if name in known}
    simulate(_to_its_end(pyfuncitem.obj, given))
    return True


async def _to_its_end(test: Any, given: dict[str, Any]) -> None:
    await test(**given)
    if isinstance(world := given.get("world"), World):
        await world.close()
