from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hosts import Host, child_env

from reef.hosting.plan import WarmUp, ZygotePlan
from reef.hosting.warmup import warm_up


@pytest.fixture(scope="session")
def short_tmp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("h")


@pytest.fixture(scope="session")
def warmed(short_tmp: Path) -> WarmUp:
    """What the sample location imports under the tests' own interpreter."""
    return asyncio.run(warm_up(sys.executable, child_env(), "/", str(short_tmp / "warm.log")))


@pytest.fixture(scope="session")
def modules(warmed: WarmUp) -> tuple[str, ...]:
    return tuple(
        one.name for one in warmed.modules if one.file and not one.name.startswith(("sample_", "_reef_guest"))
    )


@pytest.fixture(scope="session")
def plan_for(modules: tuple[str, ...]) -> Callable[..., ZygotePlan]:
    def plan(*locations: str, key: str = "k", **more: object) -> ZygotePlan:
        given: dict[str, Any] = {"shared": modules, **more}
        return ZygotePlan(key, sys.executable, child_env(), modules, locations, **given)

    return plan


@pytest.fixture(scope="session")
def host(short_tmp: Path, plan_for: Callable[..., ZygotePlan]) -> Iterator[Host]:
    """Locations whose names begin with `f` fork, all others do not."""
    made = Host(short_tmp / "s")
    names = [f"f{number}" for number in range(60)]
    made.run(made.hosting.use([plan_for(*names)], {"x0": "asked for by a test"}))
    yield made
    made.close()


@pytest.fixture
def code(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "location.py"
        path.write_text(text)
        return path

    return write
