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
from reef.words import describe

_Reply = TypeVar("_Reply", bound=msgspec.Struct)


class PeerRefused(Exception):
    """What answers a method may raise it: the caller gets this status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Method:
    """What answers one method of a service: the type of its request, and a coroutine function from one to a reply.
    It may raise PeerRefused."""

    name: str
    request: type[msgspec.Struct]
    answer: Callable[[Any], Awaitable[msgspec.Struct]]


class Service(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """The methods of one service, for callers of these roles."""

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
            await admit(context, self._allowed, method.name)
            try:
                request = msgspec.msgpack.decode(body, type=method.request)
            except msgspec.MsgspecError as error:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{method.name}: {describe(error)}")
            try:
                reply = await method.answer(request)
            except PeerRefused as refused:
                await context.abort(refused.code, refused.details)
            return msgspec.msgpack.encode(reply)

        return handle


async def admit(context: Any, allowed: Collection[str], what: str) -> None:
    """Ends the call of whoever has another role (PERMISSION_DENIED) or none (UNAUTHENTICATED)."""
    role = caller(context)
    if role is None:
        code, who = grpc.StatusCode.UNAUTHENTICATED, "a caller without a certificate of Reef"
    elif role not in allowed:
        code, who = grpc.StatusCode.PERMISSION_DENIED, f"a {role}"
    else:
        return
    await context.abort(code, f"{who} may not call {what}")


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
