"""What containers printed, as the API server gets it from kubelet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from reef.cluster.client import Client
from reef.cluster.kinds import POD


@asynccontextmanager
async def log(
    client: Client,
    pod: str,
    container: str,
    namespace: str | None = None,
    *,
    lines: int | None = None,
    follow: bool = False,
    previous: bool = False,
) -> AsyncIterator[AsyncIterator[bytes]]:
    """Its last `lines` (None: all), each whole, and with `follow` what it will print. `previous` is of its process
    before the last restart. Raises ClusterError."""
    params = {"container": container, "tailLines": None if lines is None else str(lines)}
    params |= {"follow": "true" if follow else None, "previous": "true" if previous else None}
    path = POD.path(namespace or client.namespace, pod, "log")
    async with client.streaming(path, params) as answer:
        yield _lines(answer)


async def _lines(answer: httpx2.Response) -> AsyncIterator[bytes]:
    """With their ends; the last one may have none."""
    rest = b""
    async for piece in answer.aiter_bytes():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest
