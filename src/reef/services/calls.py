"""Whatever is called of one shared service, passed to who keeps it."""

from __future__ import annotations

from typing import Any, Protocol

import grpc
import grpc.aio

from reef.services.keeper import Refused
from reef.words import describe


class TakesCalls(Protocol):
    async def call(self, request: bytes, timeout_s: float | None) -> bytes:
        """Raises Refused."""
        ...


class Removed:
    """A service that is offered no longer."""

    async def call(self, request: bytes, timeout_s: float | None) -> bytes:
        raise Refused(grpc.StatusCode.UNAVAILABLE, "it was removed from the fleet")


class ServiceCalls(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    def __init__(self, keeper: TakesCalls) -> None:
        self._handler = grpc.unary_unary_rpc_method_handler(self._call)
        self._keeper = keeper

    def use(self, keeper: TakesCalls) -> None:
        """Calls that come from now on are for this one."""
        self._keeper = keeper

    def service(self, details: Any) -> Any:
        return self._handler

    async def _call(self, request: bytes, context: Any) -> bytes:
        try:
            return await self._keeper.call(request, context.time_remaining())
        except Refused as why:
            await context.abort(why.code, describe(why))
            raise
