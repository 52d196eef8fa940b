"""Ticks of schedules and sensors: whether one failed, told to the observer. The bytes pass untouched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

from reef.gateway.call import Call
from reef.gateway.contract import FailedTick
from reef.gateway.status import Ended
from reef.wire import messages, serdes
from reef.wire.fields import WireError
from reef.words import headline


class Ticking:
    """Around one execution of a schedule or sensor."""

    def __init__(self, call: Call, request: bytes) -> None:
        self._call = call
        self._request = request
        self._chunks: list[bytes] = []
        self._seen = False

    def look(self, reply: bytes) -> None:
        """A single reply."""
        if messages.may_be_tick_error(reply):
            self._returned(lambda: messages.tick_error(reply))

    def look_at_chunk(self, event: bytes) -> None:
        """One event of a stream. Only the chunks of what begins as an error are kept."""
        if self._chunks or (not self._seen and messages.may_be_tick_error(event)):
            self._chunks.append(event)
        self._seen = True

    def __enter__(self) -> Ticking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Ended):
            self._failed(error.code.name, error.details)
        elif isinstance(error, asyncio.CancelledError):
            if (code := self._call.cancelled_code()) != "CANCELLED":
                self._failed(code, "it took longer than its caller waits")
        elif error is None and self._chunks:
            self._returned(lambda: messages.streamed_tick_error(self._chunks))

    def _returned(self, read: Callable[[], serdes.ErrorInfo]) -> None:
        try:
            error = read()
        except WireError:
            return
        self._failed(error.classes(), error.innermost())

    def _failed(self, error: str, text: str) -> None:
        try:
            name = messages.tick_name(self._request)
        except WireError:
            name = ""
        self._call.failed_tick = FailedTick(name, error, headline(text))
