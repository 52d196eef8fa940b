"""A location whose answers wait: between two versions, from the moment on that another gateway may show the new one."""

from __future__ import annotations

import asyncio
import time

import grpc

from reef.gateway.call import Call
from reef.gateway.status import Ended


class Frost:
    """Of one location. `generation` is the one that is waited for, None while nothing waits."""

    def __init__(self) -> None:
        self.generation: int | None = None
        self._until = 0.0  # time.monotonic()
        self._thawed = asyncio.Event()

    def freeze(self, generation: int, seconds: float) -> None:
        """Answers wait for this generation, `seconds` at most. An earlier freeze goes on as this one."""
        if self.generation is not None:
            generation = max(generation, self.generation)
        self.generation = generation
        self._until = time.monotonic() + seconds
        self._thawed.clear()

    def thaw(self, generation: int) -> None:
        """This generation was told; what is older than the one that is waited for is not."""
        if self.generation is not None and generation >= self.generation:
            self.generation = None
            self._thawed.set()

    @property
    def is_over(self) -> bool:
        """Whether the time is over and nobody has told a generation."""
        return self.generation is not None and time.monotonic() >= self._until

    async def wait(self, call: Call) -> None:
        """Until answers may leave, within the caller's deadline. Raises Ended where no generation is told in time."""
        while self.generation is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise Ended(
                    grpc.StatusCode.UNAVAILABLE,
                    f"code location {call.location!r} is between two versions, and this gateway was not told which "
                    "one is served; ask again",
                )
            try:
                async with asyncio.timeout(left):
                    await call.within(self._thawed.wait())
            except TimeoutError:
                continue
