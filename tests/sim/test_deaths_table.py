"""A child, or the host, that dies at each step: what becomes of the calls, the runs and what is served."""

from __future__ import annotations

import math

import pytest
from world import World

from reef.hosting.contract import StartFailed
from reef.statedir import sweep_half_written


async def test_an_idle_child_that_dies_is_told_and_woken_by_the_next_call(world: World) -> None:
    await world.locations("sales")
    await world.call("sales")
    world.did("sales")
    world.hosting.dies("sales")
    await world.settle()
    assert world.status("sales")["last_error"] == (
        "its server was killed by SIGKILL, nobody at Reef asked for it"
    )
    again = await world.call("sales")
    assert again.ok
    assert 1.0 <= again.seconds < 1.2  # a death counts as a failure
    assert world.did("sales") == ["died", "serve"]


async def test_a_call_whose_server_dies_is_never_repeated(world: World) -> None:
    """A replayed StartRun would be a second run."""
    await world.locations("sales")
    held = world.hosting.holds("sales", "StartRun")
    starting = world.call("sales", "StartRun", b"\n\x1f" + b'{"pipeline_run_id": "r1"}      ')
    await world.clock.advance(1)
    world.hosting.dies("sales")
    failed = await starting
    held.set()
    assert (failed.code, failed.text) == ("UNAVAILABLE", "Socket closed")
    await world.clock.advance(5)
    assert world.did("sales") == ["probe", "shows", "serve", "died"]


async def test_of_many_calls_only_those_of_the_dead_server_fail(world: World) -> None:
    await world.locations("sales", max_concurrent_calls=2)
    world.hosting.holds("sales", "ExecutionPlanSnapshot")
    calls = [world.call("sales") for _ in range(4)]
    await world.clock.advance(1)
    world.hosting.holds("sales", "ExecutionPlanSnapshot").set()
    world.hosting.alive("sales")[0].waits.clear()
    world.hosting.dies("sales")
    assert sorted([(await call).code for call in calls]) == ["OK", "OK", "UNAVAILABLE", "UNAVAILABLE"]


async def test_a_child_that_dies_while_it_starts_fails_the_call_that_waited(world: World) -> None:
    await world.locations("sales")
    world.did("sales")
    world.hosting.fails_next("sales", StartFailed("the code server was killed by SIGSEGV", -11))
    refused = await world.call("sales")
    assert "SIGSEGV" in refused.text
    assert (world.children("sales"), world.did("sales")) == ([], ["serve"])


async def test_a_probe_that_dies_leaves_what_is_served(world: World) -> None:
    await world.locations("sales")
    await world.call("sales")
    world.did("sales")
    world.code_changes("sales")
    world.hosting.dies_next("sales", "GetServerId", "probe")
    await world.reload("sales")
    assert (world.did("sales"), await world.page("sales")) == (["probe"], ("daily",))
    assert world.state_of("sales") == "warm"


async def test_a_run_of_a_dead_server_is_told_to_dagster_when_it_is_over(world: World) -> None:
    await world.locations("sales")
    await world.run_starts("sales", "r1")
    world.run_is_found("sales", "r1")
    world.hosting.dies("sales")
    await world.settle()
    assert world.orphans_over == ["r1"]
    assert world.status("sales")["live_runs"] == []


async def test_a_draining_child_that_dies_is_not_a_failure_of_the_one_that_serves(world: World) -> None:
    await world.locations("sales", idle_timeout_s=1e6)
    await world.run_starts("sales", "r1")
    world.code_changes("sales")
    await world.reload("sales")
    await world.call("sales")
    old = world.children("sales")[0]
    world.did("sales")
    world.hosting.ends(old)
    await world.settle()
    assert (world.status("sales")["draining"], world.state_of("sales")) == (0, "warm")
    quick = await world.call("sales")
    assert quick.seconds < 0.01


async def test_its_memory_is_asked_for_while_it_dies(world: World) -> None:
    await world.locations("sales")
    await world.call("sales")
    world.hosting.dies("sales")
    await world.clock.advance(3)
    assert world.status("sales")["private_bytes"] == 0


# -- the host -------------------------------------------------------------------------------------------


async def test_a_host_that_dies_while_a_child_starts_leaves_none_behind(world: World) -> None:
    await world.locations("sales")
    world.hosting.start_s["sales"] = 5.0
    world.call("sales")
    await world.clock.advance(1)
    await world.dies()
    await world.starts_up()
    assert (world.children("sales"), world.state_of("sales")) == ([], "asleep")


async def test_a_new_host_takes_up_the_child_that_serves_and_its_run(world: World) -> None:
    await world.locations("sales")
    await world.run_starts("sales", "r1")
    (child,) = world.children("sales")
    world.did("sales")
    await world.dies()
    await world.starts_up()
    assert world.children("sales") == [child]
    assert world.status("sales")["live_runs"] == ["r1"]
    await world.clock.advance(600)
    assert world.children("sales") == [child]


async def test_a_child_that_is_taken_up_is_idle_from_then_on(world: World) -> None:
    await world.locations("sales", idle_timeout_s=5000.0)
    await world.call("sales")
    await world.clock.advance(3600)
    await world.dies()
    await world.starts_up()
    world.did("sales")
    await world.clock.advance(4990)
    assert world.did("sales") == []
    await world.clock.advance(20)
    assert world.did("sales") == ["stop"]


async def test_a_new_host_drains_a_child_of_an_older_version(world: World) -> None:
    """The host died between the promotion and the end of the child of the version before."""
    await world.locations("sales")
    await world.run_starts("sales", "r1")
    world.code_changes("sales")
    await world.reload("sales")
    world.did("sales")
    await world.dies()
    await world.starts_up()
    assert world.version("sales") in (await world.call("sales")).text
    world.hosting.run_ends("r1")
    await world.clock.advance(1)
    assert world.did("sales") == ["shows", "serve", "stop"]


@pytest.mark.parametrize("piece", range(0, 24, 2))
async def test_a_host_killed_in_a_promotion_serves_the_old_version_or_the_new(
    world: World, piece: int
) -> None:
    """At each second piece of work on the disk; afterwards the next host promotes what lies there."""
    await world.locations("sales")
    old, old_id = world.version("sales"), await world.id_of("sales")
    world.code("sales", "jobs: weekly\n")
    await world.cut_off_at(piece, world.reload("sales"))
    world.did("sales")
    host = world.begins()
    await world.first_answers("sales")
    shown = await world.page("sales"), await world.id_of("sales") == old_id
    assert shown in [(("daily",), True), (("weekly",), False)]
    await host
    await world.clock.advance(12)
    assert await world.page("sales") == ("weekly",)
    assert world.version("sales") != old
    assert await world.history("sales")
    assert world.hosting.alive("sales", "probe") == []


async def test_invariant_14_a_host_killed_before_any_change_of_the_disk_of_a_promotion(world: World) -> None:
    """One location, promoted again and again by hosts that die earlier or later in it: old or new is served, whole and
    with its own server id, and once the new one was served the old one never is again."""
    await world.locations("sales", idle_timeout_s=math.inf)
    step, cut, ids = 0, True, {await world.id_of("sales")}
    while cut:
        assert (await world.call("sales")).ok  # warm, so that the old child is drained
        old, new = await look(world), (f"v{step}",)
        world.code("sales", f"jobs: v{step}\n")
        cut, steps = await world.cut_off_at_change(step, promotion(world))
        if not cut:
            await world.dies()
        host = world.begins()
        await world.first_answers("sales")
        seen = [await look(world)]
        while seen[-1][0] != new:
            await world.clock.advance(0.01)
            seen.append(await look(world))
            assert len(seen) < 5_000, (step, seen[-1])
        await host
        await world.clock.advance(12)
        seen.append(await look(world))
        pages = [page for page, _ in seen]
        assert set(pages) <= {old[0], new}, (step, steps)
        assert pages == sorted(pages, key=lambda page: page == new), (step, "it went back")
        for shown, its_id in seen:  # the id may follow its answers later
            assert its_id == old[1] or shown == new, (step, seen)
        for shown, its_id in (seen[0], seen[-1]):
            assert (its_id != old[1]) is (shown == new), (step, seen)
        ids_seen = [one for _, one in seen]
        assert ids_seen == sorted(ids_seen, key=lambda one: one != old[1]), (step, "an id came back")
        assert world.version("sales") in (await world.call("sales")).text
        assert [child.pid for child in world.children("sales")] == [world.status("sales")["pid"]]
        assert (await world.history("sales"))[-1]["version"].startswith(world.version("sales"))
        assert seen[-1][1] not in ids
        ids.add(seen[-1][1])
        step += 1
    for part in ("/served/", "/snapshots/", "/contents/"):
        assert any(part in one for one in steps), steps
    assert 15 < step < 60
    sweep_half_written(world.state)  # as whoever starts a host does first
    left = [path for path in world.state.root.rglob(".*") if path.is_file()]
    assert left == [], "half-written files of crashes pile up"


async def look(world: World) -> tuple[tuple[str, ...] | str, str]:
    """What is shown, and its server id."""
    return await world.page("sales"), await world.id_of("sales")


async def promotion(world: World) -> None:
    """With all that is written after it."""
    await world.reload("sales")
    await world.clock.advance(12)
