"""Where CodeLocations would run if files were applied, as far as can be told from outside of the controller."""

from __future__ import annotations

from collections.abc import Sequence

from reef.cluster.kinds import Document
from reef.controller.known import read_known
from reef.controller.wishes import wish_of
from reef.decide.placements.fleets import Placed, Seen, placed
from reef.decide.placements.wish import Placement
from reef.kube.model import CodeLocation
from reef.remote.controllers import told
from reef.remote.reaching import Remote

SHARED = "REEF_PACKS_SHARED_BY_OWNERS"


async def placements(remote: Remote, wanted: Sequence[CodeLocation], there: Sequence[Document]) -> Placed:
    """Of all locations of the namespace, by the names of their objects. What a server costs is known to the controller
    alone: where calls decide, it may choose otherwise. Raises ReefError."""
    found = {each["metadata"]["name"]: read_known(each).location for each in there}
    found.update({each.name: each for each in wanted})
    wishes = [wish_of(each, name) for name, each in sorted(found.items()) if each is not None]
    return placed(wishes, await _share(remote), _seen(there))


def _seen(there: Sequence[Document]) -> Seen:
    where: dict[str, Placement] = {}
    packs = {}
    for each in there:
        name, status = each["metadata"]["name"], each.get("status") or {}
        chosen = (status.get("placement") or {}).get("chosen")
        if chosen in ("packed", "on_demand", "standing", "external"):
            where[name] = chosen
        if pack := (status.get("serving") or {}).get("pack"):
            packs[name] = str(pack).rpartition("-")[0]
    return Seen({}, where, packs)


async def _share(remote: Remote) -> bool:
    """Whether locations of several owners may share a pack."""
    return (await told(remote)).get(SHARED) == "true"
