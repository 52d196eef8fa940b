"""What a probe pod says of a version: whether it loads, and everything that Dagster will ask."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc.aio

from reef.controller.peering import PackPeer
from reef.peers.messages import LOCATION_KEY, SERVER_KEY, ProbeReply
from reef.snapshots.record import Recording, RecordingFailed, record, synthesized_load_error
from reef.wire.client import RawClient
from reef.wire.lanes import path_of
from reef.wire.messages import EMPTY
from reef.words import describe

LEAST_RECORDING_S = 5.0


@dataclass(frozen=True)
class Probed:
    """One probe's result. `recording.load_error` is set where the code did not load; `reply` is what its agent saw."""

    recording: Recording
    reply: ProbeReply
    seconds: float


class ProbeClient(RawClient):
    """Calls of Dagster's API to the server that a pack host's probe started. Closing it leaves the channel open."""

    def __init__(self, channel: grpc.aio.Channel, name: str) -> None:
        self._channel = channel
        self._metadata = ((LOCATION_KEY, name), (SERVER_KEY, "probe"))

    async def call(self, name: str, request: bytes = EMPTY, *, timeout_s: float) -> bytes:
        method = self._channel.unary_unary(path_of(name), None, None)
        reply: bytes = await method(request, timeout=timeout_s, metadata=self._metadata)
        return reply

    async def stream(self, name: str, request: bytes = EMPTY, *, timeout_s: float) -> AsyncIterator[bytes]:
        method = self._channel.unary_stream(path_of(name), None, None)
        async for event in method(request, timeout=timeout_s, metadata=self._metadata):
            yield event

    async def close(self) -> None:
        return


async def probed(peer: PackPeer, name: str, timeout_s: float) -> Probed:
    """Load it and record it, all within `timeout_s`. Raises PeerUnreachable where the pack host does not answer; never
    for what the code does."""
    began = time.monotonic()
    reply = await peer.probe(name, timeout_s)
    if reply.failed is not None:
        return Probed(synthesized_load_error(reply.failed, name), reply, time.monotonic() - began)
    left = max(LEAST_RECORDING_S, timeout_s - (time.monotonic() - began))

    def connect(_target: str, *, ssl: bool = False) -> RawClient:
        del ssl
        return ProbeClient(peer.channel(), name)

    try:
        recording = await record("probe", left, connect=connect)
    except RecordingFailed as failure:
        recording = synthesized_load_error(describe(failure), name)
    return Probed(recording, reply, time.monotonic() - began)
