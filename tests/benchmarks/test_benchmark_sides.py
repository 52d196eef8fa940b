"""The measured fleets and Dagster's own side, with real servers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import measure
from dagster_side import Client, Standing
from deadlines import scaled
from fleetgen import MeasuredFleet, write_fleet
from processes import Processes, processes


@pytest.fixture(scope="module")
def running() -> Iterator[Processes]:
    with processes("reef-test-") as started:
        yield started


@pytest.fixture(scope="module")
def client(running: Processes) -> Client:
    return Client(running, sys.executable)


@pytest.fixture(scope="module")
def fleet(running: Processes) -> MeasuredFleet:
    return write_fleet(running.folder / "fleet", 2, python=sys.executable, environments="many")


def test_a_standing_server_answers_both_kinds_of_tick(
    running: Processes, client: Client, fleet: MeasuredFleet
) -> None:
    home = running.folder / "home"
    home.mkdir()
    client.do("prepare", home=str(home))
    servers = Standing(running)
    servers.start_all(fleet.locations, client)
    sizes = client.do("warm", targets=servers.targets)
    assert all(size > 10_000 for size in sizes)
    assert client.do("tick", target=servers.targets[0], home=str(home)) > 0
    assert servers.memory().private > 50 * measure.MB
    pids = [process.pid for process in servers.processes]
    servers.end()
    assert not any(measure.start_ticks(pid) for pid in pids)


def test_a_failing_tick_is_an_error_not_a_figure(
    client: Client, running: Processes, fleet: MeasuredFleet
) -> None:
    broken = Path(fleet.locations[0].file)
    broken.write_text(
        broken.read_text().replace('return dg.SkipReason("loc_0000 has', 'raise ValueError("no')
    )
    servers = Standing(running)
    servers.start(fleet.locations[0])
    with pytest.raises(RuntimeError, match="tick of loc_0000 failed"):
        client.do("first_tick", target=servers.targets[0], deadline_s=scaled(60))
    servers.end()


def test_each_environment_holds_its_own_package_and_shares_dagster(fleet: MeasuredFleet) -> None:
    first, second = fleet.locations
    assert first.python != second.python
    sites = [next(Path(place.python).parents[1].glob("lib/*/site-packages")) for place in fleet.locations]
    assert len({(site / "dagster" / "__init__.py").stat().st_ino for site in sites}) == 1
    assert [(site / f"{place.name}_own").is_dir() for site, place in zip(sites, fleet.locations, strict=True)] == [
        True, True,
    ]  # fmt: skip
