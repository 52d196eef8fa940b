"""All that `reef status` shows of a namespace."""

from __future__ import annotations

import asyncio
import time

from reef.cluster.kinds import POD, REPLICA_SET, SERVICE, Document
from reef.remote.places import OURS, Surroundings, surroundings
from reef.remote.reaching import Remote, chosen
from reef.remote.rows import Row, row


async def around(remote: Remote) -> Surroundings:
    """Pods and packs, as far as whoever asks may read them."""
    pods, sets = await asyncio.gather(remote.readable(POD, OURS), remote.readable(REPLICA_SET, OURS))
    return surroundings(pods, sets)


async def rows(remote: Remote, only: str | None = None) -> list[Row]:
    """Of all CodeLocations, or of one. Raises ReefError."""
    locations = await remote.locations()
    if only is not None:
        locations = [chosen(locations, only, remote.namespace)]
    there, services = await asyncio.gather(around(remote), remote.readable(SERVICE))
    by_name: dict[str, Document] = {each["metadata"]["name"]: each for each in services}
    now = time.time()
    return [row(each, there.of(each), by_name.get(each["metadata"]["name"]), now) for each in locations]
