"""A library that runs in a process of its own, as a resource."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg
import grpc
from pydantic import Field, PrivateAttr

from reef.calls_of_services import FOLDER, METHOD, SIZES, variable_of
from reef.dagster.errors import CallFailed, CallRefused, CallTimeout, ServiceBusy, ServiceUnavailable

PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0


class SharedService(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Calls functions of a shared service: `postal.call("parse_address", "10 Main St")`.

    Arguments and results are plain data: None, texts, numbers, bytes, lists, and maps with texts as keys. A
    call waits while the service wakes, and while it is busy, but never longer than `timeout_s`.
    """

    name: str = Field(description="As `services` of the fleet's reef.yaml names it.")
    address: str = Field(default="", description="Another server's: host:port, or unix:PATH.")
    timeout_s: float = Field(default=60.0, description="The most that one call, or one batch, may take.")
    batch: int = Field(default=100, ge=1, description="How many arguments `map` sends at once.")
    _channel: Any = PrivateAttr(default=None)
    _pid: int = PrivateAttr(default=0)

    def call(self, function: str, *args: Any, **named: Any) -> Any:
        """What the function returns. Raises the exceptions of `reef.dagster`."""
        return next(self._results(function, [(args, named)]))

    def map(self, function: str, arguments: Iterable[Any]) -> Iterator[Any]:
        """The function's result for each, in their order; some hundred travel together.

        Raises what `call` raises, after the results before it."""
        waiting: list[Any] = []
        for argument in arguments:
            waiting.append(((argument,), {}))
            if len(waiting) >= self.batch:
                yield from self._results(function, waiting)
                waiting = []
        if waiting:
            yield from self._results(function, waiting)

    def _results(self, function: str, calls: Sequence[tuple[Sequence[Any], dict[str, Any]]]) -> Iterator[Any]:
        """The calls are made at once; one that failed raises when it is its turn."""
        sent = [[list(args), named] for args, named in calls]
        body = json.dumps({"function": function, "calls": _plain(sent, function)}).encode()
        reply = json.loads(self._sent(function, body), object_hook=_decoded)
        return (_value(one, function) for one in reply["results"])

    def _sent(self, function: str, body: bytes) -> bytes:
        deadline = time.monotonic() + self.timeout_s
        pause_s = PAUSE_S
        while True:
            left_s = deadline - time.monotonic()
            try:
                reply: bytes = self._reached().unary_unary(METHOD)(body, timeout=max(0.001, left_s))
                return reply
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED or left_s <= pause_s:
                    raise self._told(function, error) from None
            time.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)

    def _reached(self) -> Any:
        """A channel of this process: one that was made before a fork is of no use."""
        if self._channel is None or self._pid != os.getpid():
            self._channel, self._pid = grpc.insecure_channel(self._target(), options=SIZES), os.getpid()
        return self._channel

    def _target(self) -> str:
        if self.address:
            return self.address
        variable = variable_of(self.name)
        if address := os.environ.get(variable):
            return address
        folder = os.environ.get(FOLDER)
        if not folder:
            raise ServiceUnavailable(
                f"{self.name}: no address, and neither {variable} nor {FOLDER} is set: "
                "this process was not started by Reef"
            )
        return f"unix:{folder}/{self.name}.sock"

    def _told(self, function: str, error: Any) -> Exception:
        code, said = error.code(), f"{self.name}.{function}: {error.details()}"
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return CallTimeout(f"{self.name}.{function} did not answer within {self.timeout_s:g} s")
        return ServiceBusy(said) if code is grpc.StatusCode.RESOURCE_EXHAUSTED else ServiceUnavailable(said)


def _value(one: dict[str, Any], function: str) -> Any:
    error = one.get("error")
    if error is None:
        return one["value"]
    if error["kind"] == "raised":
        raise CallFailed(function, error["type"], error["message"], error["trace"])
    raise CallRefused(error["message"])


def _plain(value: Any, function: str) -> Any:
    if value is None or isinstance(value, (str, bool)) or type(value) in (int, float):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one, function) for one in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        if value.keys() == {"$bytes"}:
            raise CallRefused(
                f"{function}: an argument is a map with the key $bytes alone, which stands for bytes"
            )
        return {key: _plain(one, function) for key, one in value.items()}
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    kind = f"{type(value).__module__}.{type(value).__name__}"
    raise CallRefused(f"{function}: an argument is {kind}, which is no plain data")


def _decoded(found: dict[str, Any]) -> Any:
    return base64.b64decode(found["$bytes"]) if found.keys() == {"$bytes"} else found
