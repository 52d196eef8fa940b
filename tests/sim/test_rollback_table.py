"""Rollback: an earlier version is loaded from its copy beside what is served, and pinned."""

from __future__ import annotations

import pytest
from world import World

from reef.errors import ReefError


async def two_versions(world: World) -> tuple[str, str]:
    """`sales` has served `daily`, and serves `weekly` now; old and new version."""
    await world.locations("sales", "books")
    old = world.version("sales")
    world.code("sales", "jobs: weekly\n")
    await world.reload("sales")
    await world.clock.advance(1)
    world.did("sales")
    return old, world.version("sales")


async def test_back_to_what_was_served_before(world: World) -> None:
    old, new = await two_versions(world)
    event = await world.reef_rollback("sales")
    assert (event["state"], event["version"][:12], event["before"][:12]) == ("promoted", old, new)
    assert event["definitions"]["added"] == {"jobs": ["daily"]}
    assert world.did("sales") == ["probe", "shows"]
    assert await world.page("sales") == ("daily",)
    assert world.pinned("sales") == f"rolled back from {new}"
    assert [one["by"] for one in await world.history("sales")] == [None, None, "rollback"]


async def test_what_is_rolled_back_to_has_the_server_id_that_it_had(world: World) -> None:
    await world.locations("sales")
    first = await world.id_of("sales")
    world.code_changes("sales")
    await world.reload("sales")
    await world.clock.advance(11)
    assert await world.id_of("sales") != first
    await world.reef_rollback("sales")
    await world.clock.advance(11)
    assert await world.id_of("sales") == first


async def test_afterwards_calls_get_the_old_version_whatever_lies_there(world: World) -> None:
    old, _ = await two_versions(world)
    await world.call("sales")
    await world.reef_rollback("sales")
    await world.clock.advance(1)
    assert world.did("sales") == ["serve", "probe", "shows", "stop"]
    world.code("sales", "raises: no such table\n")
    assert old in (await world.call("sales")).text
    await world.reload("sales")
    assert await world.page("sales") == ("daily",)


async def test_a_reload_by_name_follows_the_disk_again(world: World) -> None:
    _, new = await two_versions(world)
    await world.reef_rollback("sales")
    await world.reef_reload("sales")
    assert (world.version("sales"), world.pinned("sales")) == (new, None)
    assert await world.page("sales") == ("weekly",)


async def test_the_beginning_of_a_version_is_enough(world: World) -> None:
    old, _ = await two_versions(world)
    world.code("sales", "jobs: hourly\n")
    await world.reload("sales")
    await world.clock.advance(1)
    event = await world.reef_rollback("sales", old[:6])
    assert (event["state"], await world.page("sales")) == ("promoted", ("daily",))


async def test_to_what_is_served_already_only_pins(world: World) -> None:
    _, new = await two_versions(world)
    event = await world.reef_rollback("sales", new)
    assert (event["state"], event["reason"]) == ("unchanged", "it is served already")
    assert world.did("sales") == []
    assert world.pinned("sales") == "rolled back to what was served"


async def test_an_unknown_version_is_refused_with_those_that_there_are(world: World) -> None:
    old, new = await two_versions(world)
    with pytest.raises(ReefError, match="is not kept") as refused:
        await world.reef_rollback("sales", "0000")
    assert old in str(refused.value.hint)
    assert new in str(refused.value.hint)


async def test_where_nothing_was_served_before_there_is_nothing_to_go_back_to(world: World) -> None:
    await world.locations("sales")
    await world.clock.advance(1)
    with pytest.raises(ReefError, match="no version of 'sales' was served before"):
        await world.reef_rollback("sales")


async def test_a_copy_that_is_gone_keeps_what_is_served(world: World) -> None:
    _, new = await two_versions(world)
    world.copies_are_lost()
    event = await world.reef_rollback("sales")
    assert event["state"] == "refused"
    assert (world.did("sales"), world.version("sales"), world.pinned("sales")) == ([], new, None)


async def test_packages_that_changed_since_keep_what_is_served(world: World) -> None:
    _, new = await two_versions(world)
    world.packages_change()
    event = await world.reef_rollback("sales")
    assert event["state"] == "refused"
    assert "is no longer what it was" in event["reason"]
    assert (world.did("sales"), world.version("sales")) == ([], new)


async def test_an_old_version_that_does_not_load_any_more_keeps_what_is_served(world: World) -> None:
    """Its code is the same; the database that it reads is another."""
    _, new = await two_versions(world)
    world.hosting.dies_next("sales", "ListRepositories", "probe")
    event = await world.reef_rollback("sales")
    assert event["state"] == "refused"
    assert "Socket closed" in event["reason"]
    assert (world.did("sales"), world.version("sales"), world.pinned("sales")) == (["probe"], new, None)


async def test_a_version_that_read_what_is_not_its_source_is_not_kept(world: World) -> None:
    table = world.folder / "table.csv"
    table.write_text("1,2")
    world.code("sales", f"jobs: daily\nreads: {table}\n")
    await world.locations("sales")
    world.code("sales", "jobs: weekly\n")
    await world.reload("sales")
    await world.clock.advance(1)
    event = await world.reef_rollback("sales")
    assert event["state"] == "refused"
    assert f"its load read {table}, which is outside its source" in event["reason"]


async def test_a_full_disk_keeps_what_is_served(world: World) -> None:
    _, new = await two_versions(world)
    with world.disk_full():
        event = await world.reef_rollback("sales")
    assert event["state"] == "refused"
    assert (world.version("sales"), world.pinned("sales")) == (new, None)


@pytest.mark.parametrize("piece", range(16))
async def test_a_host_killed_in_a_rollback_serves_one_of_both_whole(world: World, piece: int) -> None:
    """Before each piece of its work on the disk."""
    old, new = await two_versions(world)
    cut = await world.cut_off_at(piece, world.reef_rollback("sales"))
    if not cut:
        assert world.version("sales") == old
        return
    await world.starts_up()
    pinned = world.pinned("sales") is not None
    assert (world.version("sales"), pinned, await world.page("sales")) in [
        (old, True, ("daily",)),
        (new, False, ("weekly",)),
    ]
    assert world.version("sales") in (await world.call("sales")).text


async def test_a_version_that_was_gone_back_to_is_among_the_last_ones(world: World) -> None:
    """Five versions are kept besides the one that is served: the last five that were, not the last that were new."""
    await world.locations("sales")
    await world.clock.advance(1)
    first = world.version("sales")
    for number in range(7):
        world.code("sales", f"jobs: other{number}\n")
        await world.reef_reload("sales")
        await world.clock.advance(1)
        assert (await world.reef_rollback("sales"))["state"] == "promoted"
        assert world.version("sales") == first
