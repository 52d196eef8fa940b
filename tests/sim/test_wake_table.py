"""Wake: what a call to a location that sleeps makes happen, and what the caller gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from world import World

from reef.hosting.contract import StartFailed

Given = Callable[[World], object]


@dataclass(frozen=True)
class Row:
    """`sales` has been loaded and sleeps; what is `given` happens, then somebody calls it."""

    name: str
    given: Given
    does: str
    code: str = "OK"
    text: str = "sales"
    state: str = "warm"


def while_it_starts(world: World) -> None:
    """Somebody saves the file at each start, after the child has read it."""
    world.hosting.while_starting("sales", lambda: world.code_changes("sales"))


ROWS = [
    Row("cold", lambda w: None, "serve"),
    Row("changed code", lambda w: w.code_changes("sales"), "serve stop probe shows serve"),
    Row(
        "changed code that does not load",
        lambda w: w.code("sales", "raises: no such table\n"),
        "serve probe",
        "UNAVAILABLE",
        "its changed code does not load: ValueError: no such table",
        "failed",
    ),
    Row("changed packages", lambda w: w.packages_change(), "serve stop probe shows serve"),
    Row(
        "a start that fails",
        lambda w: w.hosting.fails_next("sales", StartFailed("out of pids")),
        "serve",
        "UNAVAILABLE",
        "code location 'sales' could not be started: out of pids",
        "failed",
    ),
    Row(
        "a start that hangs",
        lambda w: w.hosting.start_s.update(sales=1e9),
        "serve",
        "UNAVAILABLE",
        "it did not answer within 30 s",
        "failed",
    ),
    Row("a dead zygote", lambda w: setattr(w.hosting, "zygote_stands", False), "serve"),
    Row(
        "code that changes at each start",
        while_it_starts,
        "serve stop probe shows serve stop probe shows serve stop probe shows serve stop probe shows",
        "UNAVAILABLE",
        "its code kept changing while it was started",
        "failed",
    ),
    Row(
        "a child that dies at its first call",
        lambda w: w.hosting.dies_next("sales", "ExecutionPlanSnapshot"),
        "serve",
        "UNAVAILABLE",
        "Socket closed",
        "failed",
    ),
    Row(
        "its file is gone",
        lambda w: w.file("sales").unlink(),
        "serve probe",
        "UNAVAILABLE",
        "its changed code does not load",
        "failed",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_call(world: World, row: Row) -> None:
    await world.locations("sales", "books", load_timeout_s=30.0)
    world.did("sales")
    row.given(world)
    outcome = await world.call("sales")
    await world.settle()
    assert (outcome.code, world.did("sales")) == (row.code, row.does.split())
    assert row.text in outcome.text
    assert world.state_of("sales") == row.state
    assert world.did("books") == ["probe", "shows"]


# -- what never loaded ----------------------------------------------------------------------------------


async def test_code_that_never_loaded_starts_nothing_as_long_as_it_is_the_same(world: World) -> None:
    world.code("sales", "raises: no such table\n")
    await world.locations("sales")
    assert world.did("sales") == ["probe", "shows"]
    refused = await world.call("sales")
    assert refused.text == "code location 'sales' does not load: ValueError: no such table"
    assert world.did("sales") == []


async def test_code_that_never_loaded_is_probed_by_a_call_once_it_is_mended(world: World) -> None:
    world.code("sales", "raises: no such table\n")
    await world.locations("sales")
    world.did("sales")
    world.code("sales", "jobs: mended\n")
    assert (await world.call("sales")).ok
    assert world.did("sales") == ["probe", "shows", "serve"]
    assert await world.page("sales") == ("mended",)


async def test_a_half_saved_file_does_not_fail_the_call(world: World) -> None:
    """The editor finishes two seconds later, within the time that a file may still be being written."""
    await world.locations("sales")
    world.did("sales")
    world.code("sales", "raises: unexpected end of file\n")
    call = world.call("sales")
    await world.clock.advance(2)
    assert not call.done()
    world.code("sales", "jobs: whole\n")
    assert (await call).ok
    assert world.did("sales") == ["serve", "probe", "probe", "shows", "serve"]
    assert await world.page("sales") == ("whole",)


# -- pinned ---------------------------------------------------------------------------------------------


async def test_a_pinned_location_is_woken_from_its_copy_whatever_lies_there(world: World) -> None:
    await world.locations("sales")
    before = world.version("sales")
    await world.pin("sales")
    world.did("sales")
    world.code("sales", "raises: no such table\n")
    assert before in (await world.call("sales")).text
    assert world.did("sales") == ["serve"]
    assert world.last_start("sales").copy


async def test_a_pinned_location_whose_copy_is_gone_says_what_to_do(world: World) -> None:
    await world.locations("sales")
    await world.pin("sales")
    world.copies_are_lost()
    world.did("sales")
    refused = await world.call("sales")
    assert refused.code == "UNAVAILABLE"
    assert "it is pinned, but" in refused.text
    assert "`reef reload sales` serves what lies on the disk" in refused.text
    assert world.did("sales") == []


async def test_of_a_pinned_location_changed_packages_count(world: World) -> None:
    await world.locations("sales")
    await world.pin("sales")
    world.did("sales")
    world.packages_change()
    assert (await world.call("sales")).ok
    assert world.did("sales") == ["serve", "stop", "probe", "shows", "serve"]
    assert world.pinned("sales") == "a person said so"


# -- many calls -----------------------------------------------------------------------------------------


async def test_calls_that_come_together_share_one_start(world: World) -> None:
    await world.locations("sales")
    world.did("sales")
    calls = [world.call("sales") for _ in range(5)]
    await world.settle()
    assert (world.state_of("sales"), world.status("sales")["in_flight"]) == ("waking", 5)
    assert [(await call).code for call in calls] == ["OK"] * 5
    assert world.did("sales") == ["serve"]


async def test_a_caller_that_goes_away_ends_nobody_elses_wake(world: World) -> None:
    await world.locations("sales")
    world.did("sales")
    first, second = world.call("sales"), world.call("sales")
    await world.settle()
    first.cancel()
    assert (await second).ok
    assert world.did("sales") == ["serve"]


async def test_a_flood_fails_at_once_and_only_here(world: World) -> None:
    await world.locations("sales", "books", max_concurrent_calls=2)
    held = world.hosting.holds("sales", "ExecutionPlanSnapshot")
    calls = [world.call("sales") for _ in range(2 + 256)]
    await world.settle()
    too_many = await world.call("sales")
    assert too_many.code == "RESOURCE_EXHAUSTED"
    assert too_many.seconds < 0.01
    assert (await world.call("books")).ok
    held.set()
    assert {(await call).code for call in calls} == {"OK"}
    assert (await world.call("sales")).ok


async def test_only_so_many_calls_run_at_once(world: World) -> None:
    await world.locations("sales", max_concurrent_calls=2)
    held = world.hosting.holds("sales", "ExecutionPlanSnapshot")
    calls = [world.call("sales") for _ in range(5)]
    await world.clock.advance(1)
    assert world.hosting.alive("sales")[0].asked.count("ExecutionPlanSnapshot") == 2
    held.set()
    assert {(await call).code for call in calls} == {"OK"}


async def test_a_call_is_held_no_longer_than_its_deadline_and_the_wake_goes_on(world: World) -> None:
    await world.locations("sales")
    world.did("sales")
    world.hosting.start_s["sales"] = 10.0
    late = await world.call("sales", deadline_s=2.0)
    assert late.code == "DEADLINE_EXCEEDED"
    assert late.seconds == pytest.approx(2.0, abs=0.01)
    after = await world.call("sales")
    assert after.ok
    assert after.seconds == pytest.approx(8.0, abs=0.1)
    assert world.did("sales") == ["serve"]


# -- after failures -------------------------------------------------------------------------------------


async def test_after_a_failed_start_the_next_call_is_held_for_the_pause(world: World) -> None:
    await world.locations("sales")
    world.did("sales")
    world.hosting.fails_next("sales", StartFailed("out of pids"))
    await world.call("sales")
    second = await world.call("sales")
    assert second.ok
    assert 1.0 <= second.seconds < 1.2
    assert world.did("sales") == ["serve", "serve"]
    assert world.status("sales")["wakes"] == 1


async def test_pauses_grow_and_a_long_one_is_told_at_once(world: World) -> None:
    """Pauses of 1, 2, 4 and 8 s: the call that meets the last one is not held."""
    await world.locations("sales")
    world.did("sales")
    for _ in range(4):
        world.hosting.fails_next("sales", StartFailed("out of pids"))
    waited = [(await world.call("sales")).seconds for _ in range(4)]
    assert [int(seconds) for seconds in waited] == [0, 1, 2, 4]
    refused = await world.call("sales")
    assert refused.seconds < 0.01
    assert "failed to start 4 times in a row, next attempt in 8 s: out of pids" in refused.text
    assert world.did("sales") == ["serve"] * 4
    await world.clock.advance(8)
    assert (await world.call("sales")).ok


async def test_a_good_start_ends_the_row_of_failures(world: World) -> None:
    await world.locations("sales", idle_timeout_s=5.0)
    for _ in range(2):
        world.hosting.fails_next("sales", StartFailed("out of pids"))
        assert not (await world.call("sales")).ok
    assert (await world.call("sales")).ok
    await world.clock.advance(10)
    assert world.state_of("sales") == "asleep"
    world.hosting.fails_next("sales", StartFailed("out of pids"))
    await world.call("sales")
    assert 1.0 <= (await world.call("sales")).seconds < 1.2


# -- turns ----------------------------------------------------------------------------------------------


async def test_a_start_that_hangs_counts_no_longer_after_its_patience(world: World) -> None:
    await world.locations("sales", "books", fleet={"max_simultaneous_wakes": 1})
    world.hosting.start_s["sales"] = 1e9
    hanging = world.call("sales")
    await world.settle()
    other = await world.call("books")
    assert other.ok
    assert 5.0 <= other.seconds < 5.2
    assert not hanging.done()


async def test_no_more_starts_at_once_than_the_fleet_says(world: World) -> None:
    names = ("a", "b", "c")
    await world.locations(*names, fleet={"max_simultaneous_wakes": 2})
    for name in names:
        world.hosting.start_s[name] = 2.0
    calls = [world.call(name) for name in names]
    await world.clock.advance(1)
    assert world.hosting.starting == 2
    assert [(await call).ok for call in calls] == [True] * 3


async def test_a_promotion_while_it_starts_replaces_the_child_before_it_serves(world: World) -> None:
    await world.locations("sales")
    old = world.version("sales")
    world.did("sales")
    world.hosting.start_s["sales"] = 3.0
    call = world.call("sales")
    await world.settle()
    world.hosting.start_s["sales"] = 0.5
    world.code_changes("sales")
    reload = world.call("sales", "ReloadCode")
    outcome = await call
    await reload
    assert old not in outcome.text
    assert world.version("sales") in outcome.text
    assert world.did("sales") == ["serve", "probe", "shows", "stop", "serve"]


async def test_a_child_that_takes_no_connections_is_replaced_within_the_call(world: World) -> None:
    await world.locations("sales")
    await world.call("sales")
    world.did("sales")
    world.hosting.loses_socket("sales")
    assert (await world.call("sales")).ok
    await world.clock.advance(1)
    assert sorted(world.did("sales")) == ["serve", "stop"]
    assert len(world.children("sales")) == 1
