"""A location that hangs takes nobody's turn for long."""

from __future__ import annotations

import asyncio

from deadlines import scaled
from reef.turns import Turns


def test_no_more_than_so_many_at_once() -> None:
    async def scene() -> int:
        turns, now, most = Turns(3, patience_s=60.0), 0, 0

        async def work() -> None:
            nonlocal now, most
            async with turns.turn():
                now += 1
                most = max(most, now)
                await asyncio.sleep(0)
                now -= 1

        await asyncio.gather(*(work() for _ in range(50)))
        return most

    assert asyncio.run(scene()) == 3


def test_work_that_hangs_gives_its_turn_back_and_goes_on() -> None:
    async def scene() -> list[str]:
        turns, done, release = Turns(1, patience_s=0.05), [], asyncio.Event()

        async def hanging() -> None:
            async with turns.turn():
                await release.wait()
                done.append("hanging")

        async def quick() -> None:
            async with turns.turn():
                done.append("quick")

        first = asyncio.create_task(hanging())
        await asyncio.wait_for(asyncio.gather(quick(), quick()), scaled(10.0))
        release.set()
        await first
        await asyncio.wait_for(quick(), scaled(10.0))  # and the turn is given back only once
        return done

    assert asyncio.run(scene()) == ["quick", "quick", "hanging", "quick"]


def test_what_is_urgent_by_the_time_a_turn_is_free_goes_first() -> None:
    async def scene() -> list[str]:
        turns, done, wanted, release = Turns(1, patience_s=60.0), [], set(), asyncio.Event()

        async def work(name: str) -> None:
            async with turns.turn(urgent=lambda: name in wanted):
                await release.wait()
                done.append(name)

        tasks = [asyncio.create_task(work(name)) for name in "abcd"]
        await asyncio.sleep(0)
        wanted.add("c")  # while it waits
        release.set()
        await asyncio.wait_for(asyncio.gather(*tasks), scaled(10.0))
        return done

    assert asyncio.run(scene()) == ["a", "c", "b", "d"]


def test_who_is_cancelled_while_waiting_neither_takes_nor_loses_a_turn() -> None:
    async def scene() -> list[str]:
        turns, done = Turns(1, patience_s=60.0), []
        held = asyncio.Event()

        async def work(name: str) -> None:
            async with turns.turn():
                if name == "a":
                    await held.wait()
                done.append(name)

        tasks = {name: asyncio.create_task(work(name)) for name in "abcd"}
        await asyncio.sleep(0)
        tasks["b"].cancel()  # it waits
        held.set()
        await tasks["a"]
        tasks["c"].cancel()  # it has just been given its turn
        await asyncio.wait_for(tasks["d"], scaled(10.0))
        await asyncio.wait_for(work("e"), scaled(10.0))
        both = asyncio.gather(work("f"), work("g"))  # and there is still only one turn
        assert turns._free == 1
        await asyncio.wait_for(both, scaled(10.0))
        assert turns._free == 1
        return done

    assert [name for name in asyncio.run(scene()) if name in "ade"] == ["a", "d", "e"]
