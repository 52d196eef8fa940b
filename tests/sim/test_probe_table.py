"""Probe, judge, promote: what becomes of code that was loaded beside what is served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from world import World

from reef.hosting.contract import StartFailed


@dataclass(frozen=True)
class Row:
    """`sales` serves `daily` and sleeps; what is `given` happens, then a person presses Reload."""

    name: str
    given: Callable[[World], object]
    does: str
    page: tuple[str, ...] | str = ("daily",)
    said: str | None = None  # in `last_error`; None: nothing
    promoted: bool = False


def new(text: str) -> Callable[[World], None]:
    return lambda world: world.code("sales", text)


def once_while_it_loads(world: World) -> None:
    """Somebody saves the file once more after the first load has read it."""
    world.code_changes("sales", says="first")
    then = iter([lambda: world.code_changes("sales", says="second")])
    world.hosting.while_starting("sales", lambda: next(then, lambda: None)(), "probe")


def never_rests(world: World) -> None:
    world.hosting.while_starting("sales", lambda: world.code_changes("sales", says="again"), "probe")


def grows(world: World) -> None:
    """Its definitions are made when they are asked for, and take more memory than it may have."""
    world.code_changes("sales")
    world.hosting.holds("sales", "ExternalRepository", "probe")
    world.hosting.grows("sales", 900 << 20, "probe")


def dies(at: str) -> Callable[[World], None]:
    def given(world: World) -> None:
        world.code_changes("sales")
        world.hosting.dies_next("sales", at, "probe")

    return given


def cannot_start(world: World) -> None:
    world.code_changes("sales")
    world.hosting.fails_next("sales", StartFailed("out of pids"), "probe")


def hangs_while_recorded(world: World) -> None:
    world.code_changes("sales")
    world.hosting.holds("sales", "ListRepositories", "probe")


ROWS = [
    Row("it loads", new("jobs: weekly\n"), "probe shows", ("weekly",), promoted=True),
    Row("the same jobs in other code", new("jobs: daily\nx\n"), "probe shows", promoted=True),
    Row("it does not load", new("raises: no such table\n"), "probe", said="ValueError: no such table"),
    Row("it defines no repository", new("repositories: none\n"), "probe", said="no repository"),
    Row("its process ends by itself", new("exits: 7\n"), "probe", said="exit status 7"),
    Row("its process cannot be started", cannot_start, "probe", said="out of pids"),
    Row("it hangs while it loads", new("hangs: yes\n"), "probe", said="it did not answer within 30 s"),
    Row(
        "it hangs while it is recorded",
        hangs_while_recorded,
        "probe",
        said="it did not load within its load_timeout of 30 s",
    ),
    Row("it dies before it lists", dies("ListRepositories"), "probe", said="UNAVAILABLE: Socket closed"),
    Row("it dies before it is read", dies("ExternalRepository"), "probe", said="UNAVAILABLE: Socket closed"),
    Row("it outgrows its limit", grows, "probe", said="its memory limit of 500 MiB is exceeded (900 MiB"),
    Row(
        "it is saved once more while it loads",
        once_while_it_loads,
        "probe probe shows",
        ("daily: second",),
        promoted=True,
    ),
    Row("nothing changed and nobody reloaded others", lambda w: None, "probe"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_reload(world: World, row: Row) -> None:
    await world.locations("sales", "books", load_timeout_s=30.0, memory_limit_bytes=500 << 20)
    before, identity = world.version("sales"), await world.id_of("sales")
    world.did("sales")
    row.given(world)
    await world.reload("sales")
    assert world.did("sales") == row.does.split()
    assert await world.page("sales") == row.page
    assert (row.said or "None") in str(world.status("sales")["last_error"])
    assert (world.version("sales") != before) is row.promoted
    await world.clock.advance(11)  # by then no client can still be between list and id
    assert (await world.id_of("sales") != identity) is row.promoted
    assert len(await world.history("sales")) == 1 + row.promoted
    assert world.children("sales") == []
    assert world.hosting.alive("sales", "probe") == []
    assert world.did("books") == ["probe", "shows"]


# -- the first version ----------------------------------------------------------------------------------


async def test_the_first_version_that_does_not_load_is_shown_as_its_error(world: World) -> None:
    world.code("sales", "raises: no such table\n")
    await world.locations("sales", "books")
    assert await world.page("sales") == "ValueError: no such table"
    assert await world.page("books") == ("daily",)
    assert world.entries() == []


async def test_the_same_error_again_is_no_news(world: World) -> None:
    world.code("sales", "raises: no such table\n")
    await world.locations("sales")
    before = await world.id_of("sales")
    world.did("sales")
    await world.reef_reload("sales")
    assert world.did("sales") == ["probe"]  # it would be shown anew: its traceback differs
    assert await world.id_of("sales") == before


async def test_a_slow_first_load_is_said_to_be_loading(world: World) -> None:
    """Dagster's webserver loads one location after the other: it must not wait for this one."""
    world.code("sales", "jobs: daily\nloads_s: 60\n")
    await world.locations("sales", "books")
    assert "still loading after 20 s" in await world.page("sales")
    await world.clock.advance(60)
    assert await world.page("sales") == ("daily",)
    assert world.did("sales") == ["probe", "shows", "shows"]


async def test_a_probe_that_hangs_counts_no_longer_after_its_patience(world: World) -> None:
    """Four at once: the fifth is loaded when the first four have had their ten seconds."""
    hanging = [f"hangs{number}" for number in range(4)]
    for name in hanging:
        world.code(name, "hangs: yes\n")
    began = world.clock.now()
    world.has(*hanging, "books", load_timeout_s=300.0)
    starting = world.begins()
    await world.clock.advance(9)
    assert "books" not in {spec.location for spec in world.hosting.starts}
    await world.clock.advance(2)
    assert await world.page("books") == ("daily",)
    assert world.clock.now() - began < 12
    assert not starting.done()


async def test_a_full_disk_at_the_first_load_is_told(world: World) -> None:
    world.expected_errors = True
    await world.locations("books")
    world.has("books", "sales")
    with world.disk_full():
        await world.fleet_changes()
    page = str(await world.page("sales"))
    assert "what it answers could not be stored" in page
    assert "No space left on device" in page


# -- what was served before -----------------------------------------------------------------------------


async def test_a_full_disk_keeps_what_is_served(world: World) -> None:
    world.expected_errors = True
    await world.locations("sales")
    world.did("sales")
    world.code_changes("sales")
    with world.disk_full():
        await world.reload("sales")
    assert world.did("sales") == ["probe"]
    assert await world.page("sales") == ("daily",)
    assert "could not be stored" in world.status("sales")["last_error"]
    await world.reload("sales")
    assert await world.page("sales") == ("daily: something new",)


async def test_code_that_never_rests_is_loaded_five_times_and_no_more(world: World) -> None:
    await world.locations("sales")
    world.did("sales")
    never_rests(world)
    await world.reload("sales")
    assert world.did("sales") == [*["probe"] * 5, "shows"]


async def test_show_shows_the_error_instead_of_the_version_before(world: World) -> None:
    await world.locations("sales", on_load_error="show")
    world.code("sales", "raises: no such table\n")
    await world.reload("sales")
    assert await world.page("sales") == "ValueError: no such table"
    world.code("sales", "jobs: mended\n")
    await world.reload("sales")
    assert await world.page("sales") == ("mended",)


async def test_code_that_does_not_load_gets_an_entry_of_its_own_until_it_does(world: World) -> None:
    await world.locations("sales")
    world.code("sales", "raises: no such table\n")
    await world.reload("sales")
    await world.clock.advance(1.1)
    (entry,) = world.entries()
    assert "no such table" in await world.page(entry)
    world.code("sales", "jobs: mended\n")
    await world.reload("sales")
    await world.clock.advance(1.1)
    assert world.entries() == []


async def test_a_warm_child_of_the_version_before_is_drained(world: World) -> None:
    await world.locations("sales")
    await world.call("sales")
    old = world.version("sales")
    world.did("sales")
    world.code_changes("sales")
    await world.reload("sales")
    await world.clock.advance(1)
    assert world.did("sales") == ["probe", "shows", "stop"]
    assert old not in (await world.call("sales")).text


async def test_a_version_that_starts_slowly_is_started_when_it_is_promoted(world: World) -> None:
    await world.locations("sales")
    world.hosting.start_s["sales"] = 4.0
    await world.call("sales")
    world.did("sales")
    world.code_changes("sales")
    await world.reload("sales")
    await world.clock.advance(6)
    assert sorted(world.did("sales")) == ["probe", "serve", "shows", "stop"]
    assert world.state_of("sales") == "warm"


async def test_reloads_that_come_while_one_loads_share_the_next_probe(world: World) -> None:
    """What is being loaded when they come may be older than what they are to find."""
    await world.locations("sales")
    world.did("sales")
    world.code_changes("sales")
    reloads = [world.call("sales", "ReloadCode") for _ in range(3)]
    for reload in reloads:
        await reload
    assert world.did("sales") == ["probe", "shows", "probe"]


async def test_a_reload_of_the_whole_workspace_probes_what_changed(world: World) -> None:
    names = ("a", "b", "c")
    await world.locations(*names)
    world.code_changes("b")
    for name in names:
        world.did(name)
    for name in names:
        await world.reload(name)
    assert [world.did(name) for name in names] == [["probe"], ["probe", "shows"], []]


# -- definitions that change without the code ------------------------------------------------------------


OUTSIDE = "jobs: daily\noutside: tables\n"


async def test_reload_publishes_what_the_same_code_says_now(world: World) -> None:
    world.code("sales", OUTSIDE)
    await world.locations("sales")
    before, identity = world.version("sales"), await world.id_of("sales")
    world.hosting.outside["tables"] = ("orders",)
    await world.reload("sales")
    assert await world.page("sales") == ("daily", "orders")
    assert world.version("sales") == before
    await world.clock.advance(11)
    assert await world.id_of("sales") != identity
    last = (await world.history("sales"))[-1]
    assert last["definitions"]["added"] == {"jobs": ["orders"]}
    assert [why["kind"] for why in last["why"]] == ["definitions"]


async def test_a_wake_publishes_what_the_same_code_says_now(world: World) -> None:
    world.code("sales", OUTSIDE)
    await world.locations("sales", revalidate="on_wake")
    world.did("sales")
    world.hosting.outside["tables"] = ("orders",)
    assert (await world.call("sales")).ok
    await world.settle()
    assert world.did("sales") == ["serve", "shows"]
    assert await world.page("sales") == ("daily", "orders")


async def test_a_wake_that_finds_the_same_publishes_nothing(world: World) -> None:
    world.code("sales", OUTSIDE)
    await world.locations("sales", revalidate="on_wake")
    world.did("sales")
    await world.call("sales")
    await world.clock.advance(1)
    assert world.did("sales") == ["serve"]


async def test_at_intervals_until_it_is_unstable_and_then_seldom(world: World) -> None:
    """Three changes within a day: the fourth waits for ten minutes after the third."""
    world.code("sales", OUTSIDE)
    await world.locations("sales", revalidate=60.0)
    for number in range(3):
        world.hosting.outside["tables"] = (f"v{number}",)
        await world.clock.advance(70)
        assert await world.page("sales") == ("daily", f"v{number}")
    assert world.status("sales")["unstable"]
    third = (await world.history("sales"))[-1]["time"]
    world.hosting.outside["tables"] = ("v3",)
    await world.clock.advance(120)
    assert await world.page("sales") == ("daily", "v2")
    await world.clock.advance(600)
    assert await world.page("sales") == ("daily", "v3")
    assert 600 <= (await world.history("sales"))[-1]["time"] - third < 680


async def test_answers_that_are_lost_are_asked_of_the_code_and_recorded_anew(world: World) -> None:
    await world.locations("sales")
    world.did("sales")
    world.snapshots_are_lost()
    assert await world.page("sales") == ("daily",)
    await world.clock.advance(1)
    assert sorted(world.did("sales")) == ["probe", "serve"]
    assert await world.page("sales") == ("daily",)


# -- pinned ---------------------------------------------------------------------------------------------


async def test_a_pinned_location_is_reloaded_by_name_alone(world: World) -> None:
    await world.locations("sales")
    await world.pin("sales")
    world.did("sales")
    world.code_changes("sales")
    await world.reload("sales")
    assert (world.did("sales"), await world.page("sales")) == ([], ("daily",))
    await world.reef_reload("sales")
    assert world.did("sales") == ["probe", "shows"]
    assert (world.pinned("sales"), await world.page("sales")) == (None, ("daily: something new",))


async def test_where_code_comes_by_deploy_only_what_is_promoted_is_pinned(world: World) -> None:
    await world.locations("sales", fleet={"promote": "on_deploy"})
    await world.clock.advance(1)
    assert world.pinned("sales") == "new code comes by `reef deploy` only"
    world.code_changes("sales")
    await world.reload("sales")
    assert (await world.call("sales")).ok
    assert await world.page("sales") == ("daily",)


# -- a host that comes again ----------------------------------------------------------------------------


async def test_a_new_host_shows_the_same_without_loading_anything(world: World) -> None:
    await world.locations("sales")
    await world.call("sales")
    before = await world.id_of("sales")
    world.did("sales")
    await world.dies()
    await world.starts_up()
    assert (await world.id_of("sales"), world.state_of("sales")) == (before, "warm")
    assert world.did("sales") == ["shows"]


async def test_a_new_host_loads_what_changed_meanwhile(world: World) -> None:
    await world.locations("sales", "books")
    world.did("sales"), world.did("books")
    await world.dies()
    world.code_changes("sales")
    await world.starts_up()
    await world.clock.advance(1)
    assert world.did("sales") == ["shows", "probe", "shows"]
    assert world.did("books") == ["shows"]
