"""Entries of Dagster's page that show new code that does not load: each stands for a location, whatever is asked."""

from __future__ import annotations

from world import World

from reef.wire import messages


async def entry_of(world: World) -> str:
    """`sales` is warm and serves `daily`; its newest code does not load and has an entry of its own."""
    await world.locations("sales", "books")
    assert (await world.call("sales")).ok
    world.code("sales", "raises: no such table\n")
    await world.reload("sales")
    await world.clock.advance(1.1)
    (entry,) = world.entries()
    world.did("sales")
    return entry


async def test_a_call_that_must_be_passed_on_goes_to_the_location(world: World) -> None:
    entry = await entry_of(world)
    assert world.version("sales") in (await world.call(entry)).text


async def test_a_call_whose_child_takes_no_connections_gets_a_new_child(world: World) -> None:
    entry = await entry_of(world)
    world.code("sales", "jobs: daily\n")
    world.hosting.loses_socket("sales")
    assert world.version("sales") in (await world.call(entry)).text
    await world.clock.advance(1)
    assert sorted(world.did("sales")) == ["serve", "stop"]


async def test_a_refresh_of_state_probes_the_location(world: World) -> None:
    entry = await entry_of(world)
    world.code("sales", "jobs: mended\n")
    reply = await world.call(entry, "ReloadCodeWithState")
    assert reply.ok
    assert world.did("sales")[:2] == ["probe", "shows"]
    assert messages.reply_text(reply.reply, 2).decode() == world.status("sales")["server_id"]


async def test_a_reload_reloads_the_location(world: World) -> None:
    entry = await entry_of(world)
    world.code("sales", "jobs: mended\n")
    await world.reload(entry)
    await world.clock.advance(1)
    assert world.did("sales") == ["probe", "shows", "stop"]


async def test_a_run_that_was_started_there_keeps_the_child(world: World) -> None:
    entry = await entry_of(world)
    assert (await world.run_starts(entry, "r1")).ok
    await world.clock.advance(600)
    assert world.status("sales")["live_runs"] == ["r1"]
    assert world.status("sales")["calls"] == 2


async def test_a_run_is_cancelled_there(world: World) -> None:
    entry = await entry_of(world)
    await world.run_starts("sales", "r1")
    assert await world.run_is_cancelled(entry, "r1")


async def test_an_entry_that_is_gone_is_nobodys(world: World) -> None:
    entry = await entry_of(world)
    world.code("sales", "jobs: mended\n")
    await world.reload("sales")
    await world.clock.advance(1.1)
    assert entry not in world.host.gateway.board.locations()
    assert (await world.call("sales")).ok
