"""A location that hangs takes nobody's turn for long."""

from __future__ import annotations

import asyncio

from reef.control.turns import Turns


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
        await asyncio.wait_for(asyncio.gather(quick(), quick()), 10.0)
        release.set()
        await first
        await asyncio.wait_for(quick(), 10.0)  # and the turn is given back only once
        return done

    assert asyncio.run(scene()) == ["quick", "quick", "hanging", "quick"]
