"""Deploys: waves, the gate between them, halts, and what is taken up again after the host was killed."""

from __future__ import annotations

from typing import Any

import pytest
from world import World

from reef.errors import ReefError

THREE = ("a", "b", "c")
WAVES: dict[str, Any] = {"waves": ["1", "2", "100%"], "soak": "30s"}
OLD, NEW = ("daily",), ("daily: new",)


async def changed(world: World, *names: str) -> None:
    """Three locations whose code comes by deploy, all but named ones with new code that loads."""
    await world.locations(*THREE, fleet={"promote": "on_deploy"})
    await world.clock.advance(1)
    world.code_changes(*(names or THREE), says="new")
    for name in THREE:
        world.did(name)


async def pages(world: World) -> list[Any]:
    return [await world.page(name) for name in THREE]


# -- one wave -------------------------------------------------------------------------------------------


async def test_everything_that_is_asked_for_is_promoted(world: World) -> None:
    await changed(world)
    over = await world.deploy_over(await world.deploy())
    assert (over.outcome, over.states) == ("finished", dict.fromkeys(THREE, "promoted"))
    assert await pages(world) == [NEW] * 3
    assert [world.did(name) for name in THREE] == [["probe", "shows"]] * 3
    assert world.pinned("a") == "new code comes by `reef deploy` only"


async def test_only_what_changed_is_probed(world: World) -> None:
    await changed(world, "b")
    over = await world.deploy_over(await world.deploy("changed"))
    assert over.states == {"b": "promoted"}
    assert [world.did(name) for name in THREE] == [[], ["probe", "shows"], []]


async def test_what_did_not_change_is_unchanged(world: World) -> None:
    await changed(world, "b")
    over = await world.deploy_over(await world.deploy())
    assert over.states == {"a": "unchanged", "b": "promoted", "c": "unchanged"}


async def test_what_does_not_load_is_refused_and_the_others_go_on(world: World) -> None:
    await changed(world, "a", "c")
    world.code("b", "raises: no such table\n")
    over = await world.deploy_over(await world.deploy())
    assert over.states == {"a": "promoted", "b": "refused", "c": "promoted"}
    assert over.reason("b") == "ValueError: no such table"
    assert await pages(world) == [NEW, OLD, NEW]


async def test_a_refused_location_stays_at_what_it_serves_whoever_calls_it(world: World) -> None:
    await world.locations(*THREE)
    await world.clock.advance(1)
    world.code("b", "raises: no such table\n")
    await world.deploy_over(await world.deploy(["b"]))
    assert world.pinned("b") == "a deploy refused newer code"
    assert (await world.call("b")).ok
    assert world.last_start("b").copy


async def test_jobs_that_go_are_refused_unless_that_is_allowed(world: World) -> None:
    await changed(world)
    world.code("a", "jobs: weekly\n")
    over = await world.deploy_over(await world.deploy(["a"]))
    assert over.states == {"a": "refused"}
    assert "daily" in over.reason("a")
    assert await world.page("a") == OLD
    again = await world.deploy_over(await world.deploy(["a"], allow_removals=True))
    assert (again.states, await world.page("a")) == ({"a": "promoted"}, ("weekly",))


async def test_a_full_disk_refuses_and_keeps_what_is_served(world: World) -> None:
    world.expected_errors = True
    await changed(world)
    with world.disk_full():
        over = await world.deploy_over(await world.deploy())
    assert set(over.states.values()) == {"refused"}
    assert await pages(world) == [OLD] * 3


async def test_the_history_names_the_deploy(world: World) -> None:
    await changed(world)
    deploy = await world.deploy(**WAVES)
    await world.deploy_over(deploy)
    last = [(await world.history(name))[-1] for name in THREE]
    assert [(one["by"], one["wave"]) for one in last] == [(deploy, 1), (deploy, 2), (deploy, 3)]


async def test_an_unknown_location_is_refused_before_anything_begins(world: World) -> None:
    await changed(world)
    with pytest.raises(ReefError, match="no code location 'd'"):
        await world.deploy(["a", "d"])
    assert await pages(world) == [OLD] * 3


# -- waves ----------------------------------------------------------------------------------------------


async def test_each_wave_is_watched_before_the_next(world: World) -> None:
    await changed(world)
    deploy = await world.deploy(**WAVES)
    shown = []
    for _ in range(3):
        await world.clock.advance(15)
        shown.append(await pages(world))
        await world.clock.advance(16)
    assert shown == [[NEW, OLD, OLD], [NEW, NEW, OLD], [NEW, NEW, NEW]]
    over = await world.deploy_over(deploy)
    assert (over.outcome, over.waves()) == ("finished", [["a"], ["b"], ["c"]])


async def test_a_location_that_waits_for_its_wave_is_not_promoted_by_a_call(world: World) -> None:
    await world.locations(*THREE)
    await world.clock.advance(1)
    world.code_changes(*THREE, says="new")
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(5)
    assert world.pinned("c") == f"waits for wave 3 of deploy {deploy}"
    assert (await world.call("c")).ok
    await world.reload("c")
    assert await world.page("c") == OLD
    await world.deploy_over(deploy)
    assert (await world.page("c"), world.pinned("c")) == (NEW, None)


async def test_a_location_that_cannot_wait_for_its_wave_is_named(world: World) -> None:
    """Nothing can be kept of a version that read what is outside its source: it follows its code meanwhile."""
    table = world.folder / "table.csv"
    table.write_text("1,2")
    world.code("c", f"jobs: daily\nreads: {table}\n")
    await world.locations(*THREE)
    await world.clock.advance(1)
    world.code_changes(*THREE, says="new")
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(5)
    told = [one for one in (await world.deploy_now(deploy)).events if one["state"] == "not pinned"]
    assert [one["location"] for one in told] == ["c"]
    assert f"its load read {table}, which is outside its source" in told[0]["reason"]
    assert (await world.call("c")).ok
    assert await pages(world) == [NEW, OLD, NEW]
    assert (await world.deploy_over(deploy)).outcome == "finished"


async def test_one_deploy_at_a_time(world: World) -> None:
    await changed(world)
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(5)
    assert f"deploy {deploy} has been under way for 5 s, 2 of its 3 locations" in await world.deploy_busy()
    await world.deploy_over(deploy)
    assert await world.deploy_busy() == ""


# -- halts ----------------------------------------------------------------------------------------------


async def test_a_refusal_halts_the_waves(world: World) -> None:
    await changed(world, "b", "c")
    world.code("a", "raises: no such table\n")
    over = await world.deploy_over(await world.deploy(**WAVES))
    assert over.outcome == "halted"
    assert over.halted() == {"a": "ValueError: no such table"}
    assert over.states == {"a": "refused", "b": "not reached", "c": "not reached"}
    assert await pages(world) == [OLD] * 3


async def test_a_server_that_dies_while_it_is_watched_halts(world: World) -> None:
    world.expected_errors = True
    await changed(world)
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(5)
    assert (await world.call("a")).ok
    world.hosting.dies("a")
    over = await world.deploy_over(deploy)
    assert over.outcome == "halted"
    assert "was killed by SIGKILL" in over.halted()["a"]
    assert await pages(world) == [NEW, OLD, OLD]
    assert world.pinned("b") == f"deploy {deploy} was halted before its turn"


async def test_a_call_that_fails_with_the_new_version_halts(world: World) -> None:
    await changed(world)
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(5)
    world.hosting.holds("a", "ExecutionPlanSnapshot")
    late = await world.call("a", deadline_s=5.0)
    assert late.code == "DEADLINE_EXCEEDED"
    over = await world.deploy_over(deploy)
    assert (over.outcome, set(over.halted())) == ("halted", {"a"})


async def test_a_call_that_failed_so_before_halts_nothing(world: World) -> None:
    await changed(world)
    world.hosting.holds("a", "ExecutionPlanSnapshot")
    await world.call("a", deadline_s=5.0)
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(5)
    await world.call("a", deadline_s=5.0)
    assert (await world.deploy_over(deploy)).outcome == "finished"


async def test_a_location_of_a_later_wave_halts_nothing(world: World) -> None:
    await changed(world)
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(5)
    await world.call("c")
    world.hosting.dies("c")
    assert (await world.deploy_over(deploy)).outcome == "finished"


async def test_after_a_halt_what_was_promoted_goes_back_if_it_is_so_asked(world: World) -> None:
    await changed(world, "a", "b")
    world.code("c", "raises: no such table\n")
    before = [world.version(name) for name in THREE]
    deploy = await world.deploy(**WAVES, rollback_on_halt=True)
    over = await world.deploy_over(deploy)
    assert over.outcome == "halted"
    assert over.states == {"a": "rolled back", "b": "rolled back", "c": "refused"}
    assert await pages(world) == [OLD] * 3
    assert [world.version(name) for name in THREE] == before


async def test_an_abandoned_deploy_leaves_what_it_promoted(world: World) -> None:
    await world.locations(*THREE)
    await world.clock.advance(1)
    world.code_changes(*THREE, says="new")
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(5)
    await world.abandon()
    over = await world.deploy_over(deploy)
    assert over.outcome == "abandoned"
    assert [world.pinned(name) for name in THREE] == [None] * 3
    assert await pages(world) == [NEW, OLD, OLD]
    assert (await world.call("c")).ok  # follows its code again
    assert await world.page("c") == NEW


# -- a host that was killed -----------------------------------------------------------------------------


async def cut_off(world: World) -> str:
    """In the soak of the first wave."""
    await changed(world)
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(5)
    await world.dies()
    await world.starts_up()
    return deploy


async def test_a_deploy_that_was_cut_off_goes_on_where_it_was(world: World) -> None:
    deploy = await cut_off(world)
    assert "was cut off by the end of its host" in await world.deploy_busy()
    assert await pages(world) == [NEW, OLD, OLD]
    for name in THREE:
        world.did(name)
    assert await world.resume() == deploy
    over = await world.deploy_over(deploy)
    assert (over.outcome, over.states) == ("finished", dict.fromkeys(THREE, "promoted"))
    assert [world.did(name) for name in THREE] == [[], ["probe", "shows"], ["probe", "shows"]]


async def test_until_it_is_resumed_nothing_of_it_is_promoted(world: World) -> None:
    await cut_off(world)
    await world.clock.advance(600)
    assert (await world.call("b")).ok
    assert await pages(world) == [NEW, OLD, OLD]


async def test_a_deploy_that_was_cut_off_can_be_abandoned(world: World) -> None:
    deploy = await cut_off(world)
    assert await world.abandon() == deploy
    over = await world.deploy_over(deploy)
    assert (over.outcome, over.states["c"]) == ("abandoned", "not reached")
    assert await pages(world) == [NEW, OLD, OLD]
    assert await world.deploy_busy() == ""


@pytest.mark.parametrize("piece", [1, 3, 5, 7])
async def test_a_halt_is_remembered_by_the_next_host(world: World, piece: int) -> None:
    """What went wrong is not: so the halt is written down before anything goes back. Killed at pieces of that work."""
    world.expected_errors = True
    await changed(world)
    deploy = await world.deploy(**WAVES, rollback_on_halt=True)
    await world.clock.advance(5)
    await world.call("a")
    world.hosting.dies("a")
    assert await world.cut_off_at(piece, world.deploy_over(deploy))
    await world.starts_up()
    await world.resume()
    over = await world.deploy_over(deploy)
    assert (over.outcome, over.states["a"]) == ("halted", "rolled back")
    assert await pages(world) == [OLD] * 3


async def test_a_wave_that_passed_is_not_watched_again(world: World) -> None:
    await changed(world)
    deploy = await world.deploy(**WAVES)
    await world.clock.advance(35)
    await world.dies()
    await world.starts_up()
    began = world.clock.now()
    await world.resume()
    assert (await world.deploy_over(deploy)).outcome == "finished"
    assert world.clock.now() - began == pytest.approx(60, abs=2)  # the soaks of the second wave and the third


async def test_there_is_nothing_to_resume_after_a_whole_deploy(world: World) -> None:
    await changed(world)
    await world.deploy_over(await world.deploy())
    with pytest.raises(ReefError, match="there is no deploy to resume"):
        await world.resume()


async def to_its_end(world: World, **request: Any) -> None:
    await world.deploy_over(await world.deploy(**{"waves": ["1", "100%"], "soak": "1s", **request}))


@pytest.mark.parametrize("halts", [False, True], ids=["it goes through", "it halts and goes back"])
async def test_cut_off_before_any_piece_of_its_work_it_ends_as_one_that_was_not(
    world: World, halts: bool
) -> None:
    """Killed before each piece of work on the disk in turn, in one world, each time with other code."""
    two = ("a", "b")
    await world.locations(*two, fleet={"promote": "on_deploy"})
    await world.clock.advance(1)
    piece, cut, resumed = 0, True, 0
    while cut:
        before, new = [await world.page(name) for name in two], [(f"daily: new{piece}",)] * 2
        world.code_changes(*two, says=f"new{piece}")
        if halts:
            world.code("b", f"raises: {piece}\n")
        cut = await world.cut_off_at(piece, to_its_end(world, rollback_on_halt=halts))
        goes_on = True
        if cut:
            await world.starts_up()
            if goes_on := await world.deploy_unfinished():
                resumed += 1
                await world.deploy_over(await world.resume())
        after = [await world.page(name) for name in two]
        if goes_on:
            assert after == (before if halts else new)
        else:  # it had not begun, or was over
            assert after in (before, new)
        assert not any("waits" in str(world.pinned(name)) for name in two)
        piece += 1
    assert resumed > 20


async def test_what_is_served_stays_kept_however_many_deploys_are_refused(world: World) -> None:
    """Five versions are kept besides the one that is served."""
    await changed(world)
    before = world.version("a")
    for number in range(7):
        world.code("a", f"jobs: other{number}\n")
        assert (await world.deploy_over(await world.deploy(["a"]))).states == {"a": "refused"}
    assert before in (await world.call("a")).text
