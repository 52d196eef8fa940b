"""Calls between peers over gRPC: one message in, one message out, and a role that may ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
import grpc.aio
import msgspec

from reef.peers.messages import Role
from reef.peers.roles import caller

_Reply = TypeVar("_Reply", bound=msgspec.Struct)


@dataclass(frozen=True)
class Method:
    """What answers one method of a service: the type of its request, and a coroutine function from one to a reply."""

    name: str
    request: type[msgspec.Struct]
    answer: Callable[[Any], Awaitable[msgspec.Struct]]


class Service(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """The methods of one service; callers of other roles get PERMISSION_DENIED."""

    def __init__(self, name: str, methods: Collection[Method], allowed: Collection[Role]) -> None:
        self._methods = {f"/{name}/{method.name}": method for method in methods}
        self._allowed = frozenset(allowed)

    def service(self, details: Any) -> Any:
        method = self._methods.get(details.method)
        if method is None:
            return None
        return grpc.unary_unary_rpc_method_handler(self._handler(method))

    def _handler(self, method: Method) -> Callable[[bytes, Any], Awaitable[bytes]]:
        async def handle(body: bytes, context: Any) -> bytes:
            role = caller(context)
            if role not in self._allowed:
                who = f"a {role}" if role else "a caller without a certificate of Reef"
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"{who} may not call {method.name}")
            try:
                request = msgspec.msgpack.decode(body, type=method.request)
            except msgspec.MsgspecError as error:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{method.name}: {error}")
            return msgspec.msgpack.encode(await method.answer(request))

        return handle


async def ask(
    channel: grpc.aio.Channel,
    service: str,
    method: str,
    request: msgspec.Struct,
    reply: type[_Reply],
    timeout_s: float,
) -> _Reply:
    """Raises grpc.aio.AioRpcError."""
    call = channel.unary_unary(f"/{service}/{method}", None, None)
    answer = await call(msgspec.msgpack.encode(request), timeout=timeout_s)
    return msgspec.msgpack.decode(answer, type=reply)
