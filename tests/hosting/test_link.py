"""Messages between host and guest arrive whole, whoever stops waiting for them."""

from __future__ import annotations

import asyncio
import json
import socket
import struct

from deadlines import scaled
from reef.hosting.link import Link


def packed(message: dict[str, object]) -> bytes:
    body = json.dumps(message).encode()
    return struct.pack("!I", len(body)) + body


def test_who_is_cancelled_in_the_middle_of_a_message_takes_nothing_away() -> None:
    """A report that came after such a message was never read: what its load had read was not known."""

    async def talk() -> list[object]:
        ours, theirs = socket.socketpair()
        link, data = Link(ours), packed({"event": "listening"}) + packed({"event": "report"})
        for cut in (1, 4, 7):
            waiting = asyncio.create_task(link.receive())
            await asyncio.sleep(0)
            theirs.send(data[:cut])
            while not link._buffer:
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            theirs.send(data[cut:])
            got = [await link.receive(), await link.receive()]
            assert got == [{"event": "listening"}, {"event": "report"}]
        theirs.close()
        last = await link.receive()
        link.close()
        return [last]

    assert asyncio.run(talk()) == [None]


def test_who_waits_while_it_is_closed_hears_of_it() -> None:
    async def talk() -> object:
        ours, theirs = socket.socketpair()
        link = Link(ours)
        waiting = asyncio.create_task(link.receive())
        await asyncio.sleep(0)
        link.close()
        theirs.close()
        return await asyncio.wait_for(waiting, scaled(5))

    assert asyncio.run(talk()) is None


def test_large_messages() -> None:
    async def talk() -> object:
        ours, theirs = socket.socketpair()
        link, text = Link(ours), "x" * 3_000_000
        sending = asyncio.get_running_loop().run_in_executor(None, theirs.sendall, packed({"text": text}))
        message = await link.receive()
        await sending
        link.close()
        theirs.close()
        return message == {"text": text}

    assert asyncio.run(talk()) is True
