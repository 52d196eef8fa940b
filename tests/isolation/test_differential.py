"""Invariant 18: a forked server sees exactly the state of a fresh interpreter that imported the same modules.

Each location of a fleet over real libraries tells the state of its process: once in a server of its own that Dagster's
public command started, once in a child forked from the learned zygote. What may differ is in `allowed.py`.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from allowed import not_allowed
from eyes import Eyes
from installed import environment
from learned import until_learned
from plain_servers import plain_environment, plain_server, tick
from real_fleet import IMPORTS, REQUIREMENTS, write_fleet
from reefs import Reef
from state_of import State, differences

ASKED_FOR = "REEF_TEST_LIBRARIES"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not os.environ.get(ASKED_FOR),
        reason=f"25 locations of real libraries take minutes: {ASKED_FOR}=1 asks for them",
    ),
]

MOMENTS = ("load", "tick")
States = dict[tuple[str, str], State]


@pytest.fixture(scope="module", autouse=True)
def _same_hashes() -> Iterator[None]:
    """Texts that follow the order of sets are then equal; and no server is told to do without bytecode or buffers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONHASHSEED", "0")
        for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def interpreter() -> Path:
    return environment(*REQUIREMENTS)


@pytest.fixture(scope="module")
def spec(folder: Path, interpreter: Path) -> Path:
    return write_fleet(folder, interpreter)


@pytest.fixture(scope="module")
def plain(folder: Path, spec: Path, interpreter: Path) -> States:
    env = plain_environment(interpreter, STATES=str(folder / "states"), DAGSTER_HOME=str(folder / "home"))
    (folder / "home").mkdir(exist_ok=True)
    (folder / "states").mkdir()

    def look(name: str) -> None:
        with plain_server(interpreter, folder / name, env) as client:
            tick(client, folder / name)

    first, *others = IMPORTS
    look(first)  # makes the instance's databases, which two at once cannot
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(look, others))
    return taken(folder, "plain")


@pytest.fixture(scope="module")
def reef(folder: Path, spec: Path, start: Callable[..., Reef], plain: States) -> Reef:
    """A host in whose second life all children are forked from what the first has learned."""
    home = ("--dagster-home", str(folder / "home"))
    until_learned(start("serve", spec, folder / "s", *home).until_up(300)).stop(60)
    return until_learned(start("serve", spec, folder / "s", *home).until_up(300))


@pytest.fixture(scope="module")
def forked(folder: Path, reef: Reef) -> States:
    (folder / "states").mkdir()
    for name in IMPORTS:
        Eyes(reef, name).tick(timeout=100)
    return taken(folder, "forked")


def taken(folder: Path, name: str) -> States:
    """Moves the states away, so that the next ones are written by the next servers."""
    (folder / "states").rename(folder / name)
    return {
        (location, moment): json.loads((folder / name / f"{location}.{moment}").read_text())
        for location in IMPORTS
        for moment in MOMENTS
    }


@pytest.mark.parametrize("name", IMPORTS)
def test_it_is_forked_from_a_learned_zygote(forked: States, reef: Reef, name: str) -> None:
    """By now it may be asleep again; that its last wake was a fork is what no reason tells."""
    assert reef.row(name)["not_forked_because"] is None


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", IMPORTS)
def test_its_state_is_that_of_a_fresh_interpreter(
    plain: States, forked: States, name: str, moment: str
) -> None:
    found = differences(plain[name, moment], forked[name, moment])
    assert not_allowed(found) == {}


@pytest.mark.parametrize("name", IMPORTS)
def test_no_module_is_there_that_it_does_not_import(plain: States, forked: States, name: str) -> None:
    more = set(modules(forked[name, "tick"])) - set(modules(plain[name, "tick"]))
    assert sorted(one for one in more if not one.startswith("_reef_guest")) == []


@pytest.mark.parametrize("name", IMPORTS)
def test_what_it_imports_is_there(plain: States, forked: States, name: str) -> None:
    """Others that C code or an attribute had reached come when they are used (docs/flaws.md)."""
    asked = {one for one in modules(plain[name, "tick"]) if one.partition(".")[0] in imported(name)}
    assert asked
    missing = {one.partition(".")[0] for one in asked - set(modules(forked[name, "tick"])) if "." not in one}
    assert missing == set()


def imported(name: str) -> set[str]:
    """Top-level names that the location's own imports have."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(IMPORTS[name] or "import dagster")):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found or {"dagster"}


def modules(state: State) -> list[str]:
    return [key.removeprefix("modules.") for key in state if key.startswith("modules.")]
