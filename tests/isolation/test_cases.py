"""Invariant 18 as users met it: libraries that patch, set or start something, in a fleet whose others never asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eyes import Eyes
from installed import HERE, environment
from learned import until_learned, write_case
from plain_servers import plain_environment, plain_server, tick
from reefs import Reef

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Start = Callable[..., Reef]


@pytest.fixture(scope="module")
def interpreter() -> Path:
    return environment("grequests", "numpy", "polars")


@pytest.fixture(scope="module")
def served(folder: Path, start: Start, interpreter: Path) -> Callable[..., Reef]:
    """served(case, locations): a host of the case's locations whose learned zygote stands."""

    def begin(case: str, locations: dict[str, str], verb: str = "serve") -> Reef:
        place = folder / case[:3]
        place.mkdir()
        spec = write_case(case, place, interpreter, locations)
        (place / "home").mkdir()
        home = ("--dagster-home", str(place / "home"))
        return until_learned(start(verb, spec, place / "s", *home).until_up(200))

    return begin


def ticks(reef: Reef, name: str, times: int = 2) -> list[Any]:
    """What its sensor says, woken anew each time."""
    said = []
    for _ in range(times):
        reef.command("sleep", name)
        said.append(Eyes(reef, name).tick(timeout=100))
    return said


@pytest.fixture(scope="module")
def patched(served: Callable[..., Reef]) -> Reef:
    return served("patches_socket", {"pull1": "pull1", "pull2": "pull2", "ledger": "ledger"}, "up")


def test_a_library_that_patches_sockets_reaches_nobody_else(patched: Reef) -> None:
    assert ticks(patched, "ledger") == [{"socket": "socket", "gevent": False}] * 2
    assert patched.row("ledger")["not_forked_because"] is None


def test_a_launch_beside_it_is_answered_and_its_run_ends_well(patched: Reef) -> None:
    run = patched.launch("ledger", "close_books")
    assert patched.run_ends(run, 120) == "SUCCESS"


def test_what_was_recorded_beside_it_is_as_in_a_server_of_its_own(patched: Reef) -> None:
    assert "new version" not in patched.command("reload", "ledger").stdout
    (node,) = Eyes(patched, "ledger").repository().asset_nodes
    assert {name: value.value for name, value in node.metadata.items()} == {
        "socket": "socket",
        "gevent": "False",
    }


@pytest.fixture(scope="module")
def fresh(folder: Path, interpreter: Path) -> Callable[[str], Any]:
    """What a location of the case "sets state" says in a server of its own that Dagster's command started."""

    def said(name: str) -> Any:
        place = folder / f"fresh-{name}"
        place.mkdir()
        (place / "defs.py").write_text((HERE / "cases" / "sets_state" / f"{name}.py").read_text())
        with plain_server(interpreter, place, plain_environment(interpreter)) as client:
            return json.loads(tick(client, place))

    return said


def test_a_library_that_sets_state_sets_it_for_who_imports_it(
    served: Callable[..., Reef], fresh: Callable[[str], Any]
) -> None:
    locations = {"lean1": "lean", "lean2": "lean", "lean3": "lean", "quiet1": "quiet", "quiet2": "quiet"}
    reef = served("sets_state", locations)
    quiet, lean = fresh("quiet"), fresh("lean")
    assert quiet["precision"] == [28, 28]
    assert lean["precision"] == [6, 6]
    for name, file in locations.items():
        assert ticks(reef, name) == [{"quiet": quiet, "lean": lean}[file]] * 2, name
        assert reef.row(name)["not_forked_because"] is None
    assert all("rehearsal" in zygote["features"] for zygote in reef.status()["zygotes"])
    assert "acme-lean" in json.dumps(reef.status()["zygotes"])


def test_a_library_that_starts_threads_takes_the_zygote_from_nobody(served: Callable[..., Reef]) -> None:
    reef = served("starts_threads", {"frames1": "frames", "frames2": "frames", "light": "light"})
    assert ticks(reef, "light") == [{"polars": False}] * 2
    assert ticks(reef, "frames1") == [2, 2]
    for name in ("light", "frames1"):
        assert reef.row(name)["not_forked_because"] is None
    assert "polars" in json.dumps(reef.status()["zygotes"])
    assert "polars" in reef.command("status").stdout
    assert "polars" in (reef.state / "logs" / "reef.log").read_text()


def test_c_code_that_is_preloaded_serves_one_that_imports_a_patching_library_first(
    served: Callable[..., Reef],
) -> None:
    """numpy refuses to be loaded twice in a process, and the zygote has loaded it."""
    reef = served("c_code", {"patched": "patched", "counting1": "counting", "counting2": "counting"})
    for name in ("patched", "counting1"):
        assert ticks(reef, name) == [{"sum": 6}] * 2
        assert reef.row(name)["not_forked_because"] is None
