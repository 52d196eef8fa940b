"""What the page's buttons do on a cluster: a CodeLocation is annotated, and the controller acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reef.cluster.client import Client
from reef.kube.errand_annotation import Verb
from reef.remote import versions
from reef.remote.errands import run_errand
from reef.remote.reaching import Remote
from reef.web.told import Do

ERRAND_S = 60.0


class ClusterButtons:
    """Belongs to one event loop. Each raises ReefError for what cannot be asked for."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._remote = Remote(client, namespace)

    def verbs(self) -> dict[str, Do]:
        """Name of a button -> what it does."""
        return {"wake": self._wake, "sleep": self._sleep, "reload": self._reload, "rollback": self._roll_back}

    async def _wake(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return await self._errand("wake", request)

    async def _sleep(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return await self._errand("sleep", request)

    async def _errand(self, verb: Verb, request: Mapping[str, Any]) -> dict[str, Any]:
        """As soon as the controller has answered."""
        done = await run_errand(self._remote, str(request["location"]), verb, ERRAND_S)
        return {"state": done.state, "note": done.note or None}

    async def _reload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        location = await self._remote.location(str(request["location"]))
        await versions.try_again(self._remote, location)
        return {"asked": "the controller tries it again; the timeline says what becomes of it"}

    async def _roll_back(self, request: Mapping[str, Any]) -> dict[str, Any]:
        location = await self._remote.location(str(request["location"]))
        version = versions.target(location, request.get("version"))
        await versions.roll_back(self._remote, location["metadata"]["name"], version)
        return {"asked": f"the controller goes back to {version[:12]}; the timeline says when it is served"}
