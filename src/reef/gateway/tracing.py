"""Where a call can be traced: as a whole, and each step of it. Nobody is traced unless somebody brings what does it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from reef.gateway.call import Call
from reef.gateway.status import Metadata


class Traces(Protocol):
    """Around what is traced, in the call's own task; what is raised inside goes on. None of the three fails."""

    def call(self, call: Call) -> AbstractContextManager[object]:
        """Around all that is done for a call."""
        ...

    def step(self, name: str, attributes: Mapping[str, str]) -> AbstractContextManager[object]:
        """Around one step of the call that is under way in this task."""
        ...

    def headers(self) -> Metadata:
        """What tells the one who is asked next of which trace it is."""
        ...


class NoTraces:
    _nothing = nullcontext()

    def call(self, call: Call) -> AbstractContextManager[object]:
        return self._nothing

    def step(self, name: str, attributes: Mapping[str, str]) -> AbstractContextManager[object]:
        return self._nothing

    def headers(self) -> Metadata:
        return ()


NO_TRACES = NoTraces()
