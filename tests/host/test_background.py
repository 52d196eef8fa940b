"""Tasks that nobody awaits: their failures are told, and at the end nothing is lost that must not be."""

from __future__ import annotations

import asyncio
import logging

import pytest

from reef.background import Background

log = logging.getLogger("reef.test")


def background() -> Background:
    return Background(log, "the work", expected=(KeyError,))


async def fail(error: Exception) -> None:
    raise error


def test_a_failure_is_logged_once_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        owner = background()
        await asyncio.wait({owner.spawn(fail(ValueError("bad")))})
        await owner.close()

    asyncio.run(scene())
    (record,) = caplog.records
    assert record.getMessage() == "the work failed"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)


def test_what_somebody_else_is_told_of_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        owner = background()
        asked = owner.spawn(fail(KeyError("known")))
        await asyncio.wait({asked})
        await owner.close()
        assert isinstance(asked.exception(), KeyError)

    asyncio.run(scene())
    assert caplog.records == []


def test_close_awaits_what_must_finish_and_cancels_the_rest() -> None:
    async def scene() -> None:
        owner, done, may_go_on = background(), [], asyncio.Event()

        async def history() -> None:
            await may_go_on.wait()
            done.append("written")

        lasting = owner.spawn(history(), must_finish=True)
        endless = owner.spawn(asyncio.Event().wait())
        closing = asyncio.create_task(owner.close())
        await asyncio.wait({endless})
        assert endless.cancelled()
        assert not closing.done()
        may_go_on.set()
        await closing
        assert lasting.done()
        assert done == ["written"]

    asyncio.run(scene())


def test_close_ends_what_is_begun_meanwhile_too() -> None:
    async def scene() -> None:
        owner, begun = background(), []

        async def begins_more() -> None:
            begun.append(owner.spawn(asyncio.Event().wait()))

        owner.spawn(begins_more(), must_finish=True)
        await owner.close()
        assert [task.cancelled() for task in begun] == [True]

    asyncio.run(scene())


def test_close_returns_where_a_task_is_over_and_nobody_was_told_yet() -> None:
    """From Python 3.12 on, to gather such tasks gives way to nobody: closing went round for ever."""

    async def scene() -> None:
        owner = background()
        task = owner.spawn(asyncio.sleep(0, "result"))
        while not task.done():
            await asyncio.sleep(0)
        assert owner._tasks, "it is told of the end only when the event loop comes round"
        await owner.close()
        assert not owner._tasks

    asyncio.run(scene())


def test_a_task_that_is_over_is_held_no_longer() -> None:
    async def scene() -> None:
        owner = background()
        assert await owner.spawn(asyncio.sleep(0, "result")) == "result"
        await asyncio.sleep(0)
        assert not owner._tasks

    asyncio.run(scene())
