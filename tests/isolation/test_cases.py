"""Invariant 18 as users met it: libraries that patch, set or start something, in a fleet whose others never asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eyes import Eyes
from installed import HERE, environment
from learned import until_learned, write_cases
from plain_servers import plain_environment, plain_server, tick
from reefs import Reef

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Start = Callable[..., Reef]
CASES = {
    "patches_socket": {"pull1": "pull1", "pull2": "pull2", "ledger": "ledger"},
    "sets_state": {"lean1": "lean", "lean2": "lean", "lean3": "lean", "quiet1": "quiet", "quiet2": "quiet"},
    "starts_threads": {"frames1": "frames", "frames2": "frames", "light": "light"},
    "c_code": {"patched": "patched", "counting1": "counting", "counting2": "counting"},
}
AT_ONCE = "run_coordinator: {module: dagster._core.run_coordinator, class: DefaultRunCoordinator}\n"


@pytest.fixture(scope="module")
def interpreter() -> Path:
    return environment("grequests", "numpy", "polars")


@pytest.fixture(scope="module")
def reef(folder: Path, start: Start, interpreter: Path) -> Reef:
    """One fleet of all the cases, whose learned zygote stands."""
    spec = write_cases(folder, interpreter, CASES)
    (home := folder / "home").mkdir()
    (home / "dagster.yaml").write_text(AT_ONCE)
    options = ("--no-daemon", "--dagster-home", str(home))
    return until_learned(start("up", spec, folder / "s", *options).until_up(200))


def ticks(reef: Reef, name: str, times: int = 2) -> list[Any]:
    """What its sensor says, woken anew each time."""
    said = []
    for _ in range(times):
        reef.command("sleep", name)
        said.append(Eyes(reef, name).tick(timeout=100))
    return said


def test_a_library_that_patches_sockets_reaches_nobody_else(reef: Reef) -> None:
    assert ticks(reef, "ledger") == [{"socket": "socket", "gevent": False}] * 2
    assert reef.row("ledger")["not_forked_because"] is None


def test_a_launch_beside_it_is_answered_and_its_run_ends_well(reef: Reef) -> None:
    run = reef.launch("ledger", "close_books")
    assert reef.run_ends(run, 120) == "SUCCESS"


def test_what_was_recorded_beside_it_is_as_in_a_server_of_its_own(reef: Reef) -> None:
    assert "new version" not in reef.command("reload", "ledger").stdout
    (node,) = Eyes(reef, "ledger").repository().asset_nodes
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
    reef: Reef, fresh: Callable[[str], Any]
) -> None:
    quiet, lean = fresh("quiet"), fresh("lean")
    assert quiet["precision"] == [28, 28]
    assert lean["precision"] == [6, 6]
    for name, file in CASES["sets_state"].items():
        assert ticks(reef, name) == [{"quiet": quiet, "lean": lean}[file]] * 2, name
        assert reef.row(name)["not_forked_because"] is None
    assert all("rehearsal" in zygote["features"] for zygote in reef.status()["zygotes"])
    assert "acme-lean" in json.dumps(reef.status()["zygotes"])


def test_a_library_that_starts_threads_takes_the_zygote_from_nobody(reef: Reef) -> None:
    assert ticks(reef, "light") == [{"polars": False}] * 2
    assert ticks(reef, "frames1") == [2, 2]
    for name in ("light", "frames1"):
        assert reef.row(name)["not_forked_because"] is None
    assert "polars" in json.dumps(reef.status()["zygotes"])
    assert "polars" in reef.command("status").stdout
    assert "polars" in (reef.state / "logs" / "reef.log").read_text()


def test_c_code_that_is_preloaded_serves_one_that_imports_a_patching_library_first(reef: Reef) -> None:
    """numpy refuses to be loaded twice in a process, and the zygote has loaded it."""
    for name in ("patched", "counting1"):
        assert ticks(reef, name) == [{"sum": 6}] * 2
        assert reef.row(name)["not_forked_because"] is None
