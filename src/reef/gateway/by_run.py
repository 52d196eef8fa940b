"""Calls about runs go to the children that may hold them, old and new; asleep means no runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reef.gateway.call import Call
from reef.gateway.contract import Servers
from reef.gateway.forward import Forwarder
from reef.gateway.status import Ended
from reef.wire import messages
from reef.wire.fields import WireError


@dataclass(frozen=True)
class Asked:
    """What each child said: raw replies, and how those that failed did."""

    replies: tuple[bytes, ...] = ()
    failures: tuple[Ended, ...] = ()


class ByRun:
    def __init__(self, servers: Servers, forwarder: Forwarder) -> None:
        self._servers = servers
        self._forwarder = forwarder

    async def current_runs(self, call: Call, request: bytes) -> bytes:
        """GetCurrentRuns: the union. A child that does not answer is not left out silently: its failure is told."""
        asked = await self._ask(call, request)
        if asked.failures:
            raise asked.failures[0]
        return union(asked.replies)

    async def can_cancel(self, call: Call, request: bytes) -> bytes:
        run_id = messages.cancel_run_id(request)
        asked = await self._ask(call, request)
        if (reply := first(asked.replies, messages.can_cancel)) is not None:
            return reply
        if await self._servers.can_cancel_orphan(call.location, run_id):
            return messages.can_cancel_reply(True)
        return refused(asked, messages.can_cancel_reply(False))

    async def cancel(self, call: Call, request: bytes) -> bytes:
        call.run_id = run_id = messages.cancel_run_id(request)
        asked = await self._ask(call, request)
        if (reply := first(asked.replies, messages.succeeded)) is not None:
            return reply
        if await self._servers.cancel_orphan(call.location, run_id):
            return messages.cancelled_reply(True)
        return refused(asked, messages.cancelled_reply(False))

    async def _ask(self, call: Call, request: bytes) -> Asked:
        endpoints = await self._servers.run_endpoints(call.location)
        call.enter(call.rpc.awake if endpoints else call.rpc.asleep)
        outcomes = await asyncio.gather(
            *(self._forwarder.ask(endpoint, call, request) for endpoint in endpoints), return_exceptions=True
        )
        return sorted_out(outcomes)


def sorted_out(outcomes: Sequence[bytes | BaseException]) -> Asked:
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Ended):
            raise outcome
    return Asked(
        tuple(outcome for outcome in outcomes if isinstance(outcome, bytes)),
        tuple(outcome for outcome in outcomes if isinstance(outcome, Ended)),
    )


def union(replies: Sequence[bytes]) -> bytes:
    """One GetCurrentRunsReply of all; a single one passes untouched."""
    if len(replies) == 1:
        return replies[0]
    runs = [run for reply in replies for run in messages.current_runs_of(reply)]
    return messages.current_runs_reply(tuple(dict.fromkeys(runs)))


def first(replies: Sequence[bytes], is_yes: Callable[[bytes], bool]) -> bytes | None:
    """The first reply that says yes; one that cannot be read does not."""
    for reply in replies:
        try:
            if is_yes(reply):
                return reply
        except WireError:
            continue
    return None


def refused(asked: Asked, nobody: bytes) -> bytes:
    """Nobody said yes: what a child said, else how it failed, else what a server without runs says."""
    if asked.replies:
        return asked.replies[0]
    if asked.failures:
        raise asked.failures[0]
    return nobody
