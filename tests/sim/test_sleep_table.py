"""Drain and sleep: which child is ended, when, and never one that somebody needs."""

from __future__ import annotations

import pytest
from world import World

MIB = 1 << 20


async def test_an_idle_location_sleeps_after_the_time_that_its_user_set(world: World) -> None:
    await world.locations("sales", idle_timeout_s=20.0)
    await world.call("sales")
    world.did("sales")
    await world.clock.advance(19)
    assert world.did("sales") == []
    await world.clock.advance(2)
    assert (world.did("sales"), world.state_of("sales")) == (["stop"], "asleep")


async def test_without_a_setting_it_sleeps_when_its_memory_cost_more_than_a_start(world: World) -> None:
    """0.05 s for 50 MiB pay for 8.6 s; ten seconds is the shortest."""
    await world.locations("sales")
    await world.call("sales")
    world.did("sales")
    await world.clock.advance(9)
    assert world.did("sales") == []
    await world.clock.advance(2.5)
    assert world.did("sales") == ["stop"]


async def test_a_location_that_starts_slowly_stays_between_its_calls(world: World) -> None:
    """A start of 5 s, a call each 40 s: it is warm for each of them but the first two."""
    await world.locations("sales")
    world.hosting.start_s["sales"] = 5.0
    waited = []
    for _ in range(6):
        waited.append((await world.call("sales")).seconds)
        await world.clock.advance(40)
    assert waited[2:] == pytest.approx([0.0] * 4, abs=0.01)
    await world.clock.advance(900)
    assert world.state_of("sales") == "asleep"


async def test_calls_begin_the_time_anew(world: World) -> None:
    await world.locations("sales", idle_timeout_s=20.0)
    for _ in range(5):
        await world.call("sales")
        await world.clock.advance(15)
    assert world.did("sales") == ["probe", "shows", "serve"]


async def test_recorded_answers_keep_nobody_awake(world: World) -> None:
    await world.locations("sales", idle_timeout_s=20.0)
    await world.call("sales")
    for _ in range(5):
        await world.clock.advance(5)
        await world.page("sales")
    assert world.state_of("sales") == "asleep"


async def test_a_call_under_way_keeps_its_child(world: World) -> None:
    await world.locations("sales", idle_timeout_s=5.0)
    held = world.hosting.holds("sales", "ExecutionPlanSnapshot")
    call = world.call("sales", deadline_s=None)
    await world.clock.advance(300)
    assert world.state_of("sales") == "warm"
    held.set()
    assert (await call).ok
    await world.clock.advance(7)
    assert world.state_of("sales") == "asleep"


async def test_live_runs_are_never_put_to_sleep(world: World) -> None:
    await world.locations("sales", idle_timeout_s=5.0)
    await world.run_starts("sales", "r1")
    world.did("sales")
    await world.clock.advance(3600)
    assert (world.did("sales"), world.status("sales")["live_runs"]) == ([], ["r1"])
    world.hosting.run_ends("r1")
    await world.clock.advance(12)
    assert world.did("sales") == ["stop"]


async def test_a_run_that_its_server_alone_knows_keeps_it_too(world: World) -> None:
    """It was started while no host looked: what a child says it holds is the truth."""
    await world.locations("sales", idle_timeout_s=5.0)
    await world.call("sales")
    world.hosting.alive("sales")[0].runs.append("r1")
    await world.clock.advance(60)
    assert world.state_of("sales") == "warm"


async def test_a_server_that_does_not_say_what_it_holds_keeps_its_runs(world: World) -> None:
    await world.locations("sales", idle_timeout_s=5.0)
    await world.run_starts("sales", "r1")
    world.hosting.loses_socket("sales")
    await world.clock.advance(60)
    assert world.status("sales")["live_runs"] == ["r1"]
    assert len(world.children("sales")) == 1


async def test_a_call_that_comes_while_it_is_put_to_sleep_is_answered(world: World) -> None:
    await world.locations("sales", idle_timeout_s=5.0)
    await world.call("sales")
    asked = world.hosting.holds("sales", "GetCurrentRuns")
    await world.clock.advance(6)
    assert world.hosting.alive("sales")[0].asked[-1] == "GetCurrentRuns"
    held = world.hosting.holds("sales", "ExecutionPlanSnapshot")
    call = world.call("sales")
    await world.settle()
    asked.set()
    await world.clock.advance(1)
    held.set()
    assert (await call).ok
    assert world.did("sales") == ["probe", "shows", "serve"]


async def test_a_client_that_asks_for_its_shutdown_puts_an_idle_one_to_sleep(world: World) -> None:
    await world.locations("sales", "books")
    await world.call("sales")
    await world.run_starts("books", "r1")
    for name in ("sales", "books"):
        assert (await world.call(name, "ShutdownServer")).ok
    await world.clock.advance(1)
    assert (world.state_of("sales"), world.state_of("books")) == ("asleep", "warm")


# -- memory ---------------------------------------------------------------------------------------------


async def test_the_budget_puts_the_least_lately_used_to_sleep(world: World) -> None:
    names = ("a", "b", "c")
    await world.locations(*names, fleet={"memory_budget_bytes": 120 * MIB}, idle_timeout_s=1e6)
    for name in names:
        await world.call(name)
        await world.clock.advance(0.2)
    await world.clock.advance(3)
    assert [world.state_of(name) for name in names] == ["asleep", "warm", "warm"]


async def test_the_budget_never_ends_one_with_a_run(world: World) -> None:
    await world.locations("a", "b", fleet={"memory_budget_bytes": 60 * MIB}, idle_timeout_s=1e6)
    await world.run_starts("a", "r1")
    await world.run_starts("b", "r2")
    await world.clock.advance(10)
    assert [world.state_of(name) for name in ("a", "b")] == ["warm", "warm"]
    world.hosting.run_ends("r2")
    await world.clock.advance(10)
    assert [world.state_of(name) for name in ("a", "b")] == ["warm", "asleep"]


async def test_a_server_over_its_limit_is_ended_and_the_reason_told(world: World) -> None:
    await world.locations("sales", memory_limit_bytes=200 * MIB)
    await world.call("sales")
    world.did("sales")
    world.hosting.grows("sales", 300 * MIB)
    await world.clock.advance(3)
    assert world.did("sales") == ["stop"]
    assert "limit of 200 MiB is exceeded (300 MiB private)" in world.status("sales")["last_error"]


async def test_a_server_over_its_limit_that_holds_a_run_is_drained(world: World) -> None:
    await world.locations("sales", memory_limit_bytes=200 * MIB)
    await world.run_starts("sales", "r1")
    world.did("sales")
    world.hosting.grows("sales", 300 * MIB)
    await world.clock.advance(60)
    assert (world.did("sales"), world.state_of("sales")) == ([], "draining")
    world.hosting.run_ends("r1")
    await world.clock.advance(2)
    assert world.did("sales") == ["stop"]


# -- drain ----------------------------------------------------------------------------------------------


async def test_a_drained_child_ends_its_calls_first(world: World) -> None:
    await world.locations("sales")
    old = world.version("sales")
    held = world.hosting.holds("sales", "ExecutionPlanSnapshot")
    call = world.call("sales", deadline_s=None)
    await world.clock.advance(1)
    world.did("sales")
    world.code_changes("sales")
    await world.reload("sales")
    await world.clock.advance(120)
    assert world.did("sales") == ["probe", "shows"]
    held.set()
    assert old in (await call).text
    await world.clock.advance(1)
    assert world.did("sales") == ["stop"]


async def test_a_drained_child_keeps_its_run_while_the_new_one_serves(world: World) -> None:
    await world.locations("sales", idle_timeout_s=1e6)
    await world.run_starts("sales", "r1")
    world.did("sales")
    world.code_changes("sales")
    await world.reload("sales")
    assert world.version("sales") in (await world.call("sales")).text
    await world.clock.advance(600)
    assert world.did("sales") == ["probe", "shows", "serve"]
    assert (world.status("sales")["draining"], world.status("sales")["live_runs"]) == (1, ["r1"])
    assert await world.run_is_cancelled("sales", "r1")
    await world.clock.advance(2)
    assert world.did("sales") == ["stop"]
    assert len(world.children("sales")) == 1


async def test_a_location_that_leaves_the_fleet_is_answered_for_until_nobody_asks(world: World) -> None:
    await world.locations("sales", "books")
    await world.call("sales")
    world.did("sales")
    world.has("books")
    await world.fleet_changes()
    for _ in range(4):
        await world.clock.advance(5)
        assert (await world.call("sales")).ok
    assert world.status("sales")["leaving"]
    await world.clock.advance(13)
    assert world.did("sales") == ["stop"]
    assert "sales" not in world.host.gateway.board.locations()
    assert await world.page("books") == ("daily",)


async def test_a_location_that_leaves_is_there_until_its_runs_are_over(world: World) -> None:
    await world.locations("sales", "books")
    await world.run_starts("sales", "r1")
    world.has("books")
    await world.fleet_changes()
    await world.clock.advance(300)
    assert world.status("sales")["live_runs"] == ["r1"]
    world.hosting.run_ends("r1")
    await world.clock.advance(30)
    assert "sales" not in world.host.gateway.board.locations()
