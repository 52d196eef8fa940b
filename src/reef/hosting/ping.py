"""Readiness: an answered RPC."""

from __future__ import annotations

import asyncio
import time

import grpc

PING = "/api.DagsterApi/Ping"
_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 20),
    ("grpc.max_reconnect_backoff_ms", 100),
    ("grpc.use_local_subchannel_pool", 1),
)


async def answered(socket_path: str, timeout_s: float) -> None:
    """Returns once the code server has answered. Raises TimeoutError."""
    end = time.monotonic() + timeout_s
    async with grpc.aio.insecure_channel(f"unix:{socket_path}", options=_OPTIONS) as channel:
        ping = channel.unary_unary(PING, None, None)
        while (left := end - time.monotonic()) > 0:
            try:
                await ping(b"", timeout=left, wait_for_ready=True)
                return
            except grpc.aio.AioRpcError:
                await asyncio.sleep(0.01)
    raise TimeoutError
