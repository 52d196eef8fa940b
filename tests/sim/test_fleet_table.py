"""The fleet's file changes while the host runs: what is loaded, kept, ended, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

from world import World


async def test_a_location_that_is_added_is_loaded_and_served(world: World) -> None:
    await world.locations("sales")
    world.did("sales")
    world.has("sales", "books")
    await world.fleet_changes()
    assert world.did("books") == ["probe", "shows"]
    assert (await world.call("books")).ok
    assert world.did("sales") == []


async def test_an_added_location_that_does_not_load_is_shown_as_its_error(world: World) -> None:
    await world.locations("sales")
    world.code("books", "raises: no such table\n")
    world.has("sales", "books")
    await world.fleet_changes()
    assert await world.page("books") == "ValueError: no such table"
    assert await world.page("sales") == ("daily",)


async def test_a_limit_counts_at_once_and_loads_nothing(world: World) -> None:
    await world.locations("sales", idle_timeout_s=1000.0)
    await world.call("sales")
    world.did("sales")
    world.settings("sales", idle_timeout_s=5.0)
    await world.fleet_changes()
    assert world.did("sales") == []
    await world.clock.advance(7)
    assert world.did("sales") == ["stop"]


async def test_a_variable_is_another_version_and_loads_it(world: World) -> None:
    await world.locations("sales", "books")
    before = world.version("sales")
    world.did("sales")
    world.did("books")
    world.settings("sales", env={"TABLE": "orders"})
    await world.fleet_changes()
    assert (world.did("sales"), world.did("books")) == (["probe", "shows"], [])
    assert world.version("sales") != before
    await world.call("sales")
    assert world.last_start("sales").env["TABLE"] == "orders"


async def test_where_code_comes_by_deploy_so_do_settings(world: World) -> None:
    await world.locations("sales", fleet={"promote": "on_deploy"})
    await world.clock.advance(1)
    world.did("sales")
    world.settings("sales", env={"TABLE": "orders"})
    await world.fleet_changes()
    assert world.did("sales") == []
    await world.call("sales")
    assert "TABLE" not in world.last_start("sales").env
    over = await world.deploy_over(await world.deploy())
    assert over.states == {"sales": "promoted"}
    await world.clock.advance(1)
    await world.call("sales")
    assert world.last_start("sales").env["TABLE"] == "orders"


async def test_promote_on_deploy_pins_what_is_served_and_on_change_lets_it_go(world: World) -> None:
    await world.locations("sales")
    await world.clock.advance(1)
    world.fleet = replace(world.fleet, promote="on_deploy")
    await world.fleet_changes()
    assert world.pinned("sales") == "new code comes by `reef deploy` only"
    world.fleet = replace(world.fleet, promote="on_change")
    await world.fleet_changes()
    assert world.pinned("sales") is None


async def test_a_location_that_comes_back_while_it_lingers_is_there_again(world: World) -> None:
    await world.locations("sales", "books")
    await world.call("sales")
    before = await world.id_of("sales")
    world.has("books")
    await world.fleet_changes()
    await world.clock.advance(3)
    world.has("sales", "books")
    await world.fleet_changes()
    await world.clock.advance(60)
    assert not world.status("sales")["leaving"]
    assert (await world.call("sales")).ok
    assert await world.id_of("sales") == before


async def test_a_smaller_budget_counts_at_once(world: World) -> None:
    await world.locations("a", "b", idle_timeout_s=1e6)
    await world.call("a")
    await world.call("b")
    await world.clock.advance(3)
    world.fleet = replace(world.fleet, memory_budget_bytes=60 << 20)
    await world.fleet_changes()
    await world.clock.advance(2)
    assert [world.state_of(name) for name in ("a", "b")] == ["asleep", "warm"]
