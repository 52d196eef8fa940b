"""What the API server answers to a list and to a watch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx2
import msgspec

from reef.cluster.errors import ClusterError, refused
from reef.cluster.kinds import Document


class Listing(NamedTuple):
    """`version` is that of the list: a watch from it on misses nothing."""

    items: list[Document]
    version: str


class _Metadata(msgspec.Struct, rename={"next": "continue", "version": "resourceVersion"}):
    version: str = ""
    next: str = ""


class Page(msgspec.Struct):
    metadata: _Metadata
    items: list[Document] | None = None


class _Event(msgspec.Struct):
    type: str
    object: Document


async def events(answer: httpx2.Response) -> AsyncIterator[tuple[str, Document]]:
    rest = b""
    async for piece in answer.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            event = msgspec.json.decode(line, type=_Event)
            if event.type == "ERROR":
                raise _told(event.object)
            yield event.type, event.object


def _told(status: Document) -> ClusterError:
    return refused(int(status.get("code") or 500), msgspec.json.encode(status))
