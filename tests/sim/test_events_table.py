"""What a host tells its subscribers: metrics and pages hear it without a change to what decides."""

from __future__ import annotations

from typing import Any

import pytest
from world import World

from reef import events
from reef.events import Event


class Heard:
    """A subscriber that keeps what it hears."""

    def __init__(self, world: World) -> None:
        self.events: list[Event] = []
        world.host.parts.events.subscribe(self.events.append)

    def of(self, location: str) -> list[str]:
        """The names of a location's events, in order; without the ends of probes' children, and without `Ending`."""
        mine = [one for one in self.events if getattr(one, "name", None) == location]
        return [
            type(one).__name__
            for one in mine
            if not (isinstance(one, events.Exited) and one.child.purpose == "probe")
            and not isinstance(one, events.Ending)
        ]

    def last(self, kind: type[Any]) -> Any:
        found = [one for one in self.events if isinstance(one, kind)]
        assert found, f"no {kind.__name__}"
        return found[-1]


async def heard(world: World, **settings: float) -> Heard:
    await world.locations("sales", **settings)
    return Heard(world)


async def test_a_wake_and_a_sleep(world: World) -> None:
    told = await heard(world, idle_timeout_s=30.0)
    assert (await world.call("sales")).ok
    await world.clock.advance(60)
    assert told.of("sales") == ["Woken", "Slept", "Exited"]
    woken, exited = told.last(events.Woken), told.last(events.Exited)
    assert (woken.child, woken.kept, exited.reason) == (exited.child, False, None)


async def test_who_measures_a_child_is_told_before_its_end(world: World) -> None:
    told = await heard(world, idle_timeout_s=30.0)
    await world.clock.advance(5)
    told.events.clear()
    await world.call("sales")
    world.code_changes("sales")
    await world.reload("sales")
    await world.clock.advance(60)
    ends = [
        (type(one).__name__, one.child.id, one.child.purpose)
        for one in told.events
        if isinstance(one, events.Ending | events.Exited)
    ]
    for _, child, purpose in ends:
        assert [name for name, *of in ends if of == [child, purpose]] == ["Ending", "Exited"]
    assert {purpose for *_, purpose in ends} == {"serve", "probe"}


async def test_a_wake_that_fails(world: World) -> None:
    told = await heard(world)
    world.code("sales", "raises: no such table\n")
    assert not (await world.call("sales", deadline_s=600.0)).ok
    failed = told.last(events.WakeFailed)
    assert "no such table" in failed.reason


async def test_a_promotion_beside_a_warm_child(world: World) -> None:
    told = await heard(world)
    await world.call("sales")
    world.code_changes("sales")
    await world.reload("sales")
    await world.clock.advance(5)
    assert told.of("sales") == ["Woken", "Probed", "VersionServed", "Draining", "Drained", "Exited"]
    served = told.last(events.VersionServed)
    assert served.before is not None
    assert served.before.version != served.now.version
    assert served.now.version.startswith(world.version("sales"))


async def test_a_version_that_is_refused(world: World) -> None:
    told = await heard(world)
    world.code("sales", "raises: no such table\n")
    await world.reload("sales")
    assert told.of("sales") == ["Probed", "VersionRefused"]


async def test_a_child_that_dies(world: World) -> None:
    told = await heard(world)
    await world.call("sales")
    world.hosting.dies("sales")
    await world.settle()
    exited = told.last(events.Exited)
    assert exited.reason is not None
    assert "SIGKILL" in exited.reason


async def test_a_child_over_its_limit(world: World) -> None:
    told = await heard(world, memory_limit_bytes=100 << 20)
    await world.call("sales")
    world.hosting.grows("sales", 200 << 20)
    await world.clock.advance(3)
    assert told.of("sales") == ["Woken", "OverLimit", "Exited"]


async def test_a_pin_and_its_end(world: World) -> None:
    told = await heard(world)
    await world.pin("sales")
    await world.reef_reload("sales")
    assert told.of("sales")[:2] == ["Pinned", "Unpinned"]


async def test_waves_of_a_deploy(world: World) -> None:
    await world.locations("sales", "books")
    told = Heard(world)
    world.code_changes("sales", "books")
    deploy = await world.deploy(waves=["1", "100%"], soak="5s")
    await world.deploy_over(deploy)
    of_deploy = [one for one in told.events if getattr(one, "deploy", None) == deploy]
    assert of_deploy == [
        events.DeployWavePassed(deploy, 1, 2),
        events.DeployWavePassed(deploy, 2, 2),
        events.DeployEnded(deploy, "finished"),
    ]


async def test_a_deploy_that_is_halted(world: World) -> None:
    await world.locations("sales", "books")
    told = Heard(world)
    world.code("books", "raises: no such table\n")
    world.code_changes("sales")
    deploy = await world.deploy(waves=["1", "100%"], soak="5s")
    await world.deploy_over(deploy)
    halted = told.last(events.DeployHalted)
    assert list(halted.reasons) == ["books"]
    assert told.last(events.DeployEnded) == events.DeployEnded(deploy, "halted")


async def test_a_fleet_that_changes(world: World) -> None:
    told = await heard(world)
    world.has("books")
    await world.fleet_changes()
    assert told.last(events.FleetChanged) == events.FleetChanged(("books",), ("sales",), ())
    await world.clock.advance(60)
    assert told.last(events.LocationGone) == events.LocationGone("sales")


async def test_a_subscriber_that_fails_keeps_nobody_from_hearing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.locations("sales")

    def fails(_event: Event) -> None:
        raise RuntimeError("a page that is gone")

    world.host.parts.events.subscribe(fails)
    told = Heard(world)
    world.expected_errors = True
    assert (await world.call("sales")).ok
    assert told.of("sales") == ["Woken"]
    assert "a page that is gone" in caplog.text
