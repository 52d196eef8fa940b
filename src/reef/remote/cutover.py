"""`reef cutover`: one Service after the other leads to gateways, or back to the pods of then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc.aio

from reef.cluster.errors import NotFound
from reef.cluster.kinds import DEPLOYMENT, POD, SERVICE, Document
from reef.kube import labels
from reef.kube.objects.adopted import KEEP, before_cutover, is_back, read_before, way_back
from reef.kube.objects.owners import MadeBy, made_by
from reef.kube.seen.reading import pod_seen
from reef.remote.cutting import (
    State,
    check_back,
    check_forward,
    is_cut_over,
    needs_nothing,
    service_port,
)
from reef.remote.reaching import Remote
from reef.wire.client import get_server_id

LOOK_S = 0.3
ANSWER_S = 2.0


@dataclass(frozen=True)
class CutoverPatience:
    """Seconds: until the controller has changed a Service, until a server answers through it, and for how long a
    Service has to stay as it was put back."""

    controller: float = 60.0
    answer: float = 15.0
    steady: float = 3.0


@dataclass(frozen=True)
class Result:
    """What became of one location. `answers`: whether its server was asked through the Service; None: it cannot be
    reached from here."""

    name: str
    state: State
    owner: MadeBy | None = None
    reason: str = ""
    answers: bool | None = None


class Failed(Exception):
    """Something was changed, and is not as it should be. The text is for people."""


class Cutover:
    """Each method raises ClusterError, CutoverRefused (nothing was changed) or Failed."""

    def __init__(
        self, remote: Remote, tell: Callable[[str], None], patience: CutoverPatience = CutoverPatience()
    ) -> None:
        self._remote = remote
        self._tell = tell
        self._patience = patience

    async def service(self, name: str) -> Document | None:
        try:
            return await self._remote.client.get(SERVICE, name, self._remote.namespace)
        except NotFound:
            return None

    async def gateways_ready(self) -> int:
        chosen = ",".join(f"{key}={value}" for key, value in labels.GATEWAYS.items())
        pods = await self._remote.listed(POD, chosen)
        return sum(pod_seen(each).is_ready("gateway") for each in pods)

    async def check(self, location: Document, sync_cannot_undo: bool) -> Result | None:
        """None where it can be cut over; what there is to say where it is already."""
        name = location["metadata"]["name"]
        service = await self.service(name)
        if needs_nothing(location, service):
            return Result(name, "unchanged", made_by(service) if service else None, "Reef has it already")
        check_forward(location, service, await self.gateways_ready(), sync_cannot_undo)
        return None

    async def forward(self, name: str, sync_cannot_undo: bool) -> Result:
        """It is looked at anew: what was checked may have been a while ago."""
        location, service = await self._remote.location(name), await self.service(name)
        service = check_forward(location, service, await self.gateways_ready(), sync_cannot_undo)
        owner, reachable = made_by(service), await self._answers(location, service)
        if not is_cut_over(location, service):
            await self._remote.annotate(name, **{labels.BEFORE_CUTOVER: before_cutover(service)})
        if owner.program in ("helm", "flux-helm"):
            await self._note(name, "keep")
        await self._remote.annotate(name, **{labels.CUTOVER: "true"})
        self._tell(f"{name}: waiting for the controller")
        if not await self._becomes(name, lambda found: is_cut_over(location, found)):
            await self._note(name, read_before(before_cutover(service))[KEEP])
            await self._remote.annotate(name, **{labels.CUTOVER: None, labels.BEFORE_CUTOVER: None})
            raise Failed("the controller did not lead its Service to gateways; `reef logs` has its log")
        if reachable and not await self._answers_again(name):
            raise Failed(f"nothing answers through its Service; back with `reef cutover --back {name}`")
        return Result(name, "cut_over", owner, answers=True if reachable else None)

    async def back(self, name: str) -> Result:
        """The controller may change it once more, in a look that began before it was told: it is put back again."""
        location, service = await self._remote.location(name), await self.service(name)
        deployments = await self._remote.listed(DEPLOYMENT)
        service, before = check_back(location, service, deployments, self._remote.namespace)
        reachable = await self._answers(location, service)
        await self._remote.annotate(name, **{labels.CUTOVER: None})
        found = await self._put_back(name, service, before)
        if reachable and not await self._answers_again(name):
            raise Failed("nothing answers through its Service")
        await self._remote.annotate(name, **{labels.BEFORE_CUTOVER: None})
        return Result(name, "back", made_by(found), answers=True if reachable else None)

    async def _put_back(self, name: str, service: Document, before: Mapping[str, Any]) -> Document:
        """The Service, once it has stayed so for a while."""
        deadline = time.monotonic() + self._patience.controller
        found: Document | None = await self._patched(name, way_back(service, before))
        since = time.monotonic()
        while time.monotonic() - since < self._patience.steady:
            await asyncio.sleep(LOOK_S)
            found = await self.service(name)
            if found is None:
                raise Failed("its Service is gone")
            if not is_back(found, before):
                if time.monotonic() > deadline:
                    raise Failed("its Service does not stay as it is put back: somebody else changes it")
                await self._patched(name, way_back(found, before))
                since = time.monotonic()
        assert found is not None
        return found

    async def _patched(self, name: str, patch: Mapping[str, Any]) -> Document:
        return await self._remote.client.patch(SERVICE, name, patch, self._remote.namespace)

    async def _note(self, name: str, policy: str | None) -> None:
        await self._patched(name, {"metadata": {"annotations": {KEEP: policy}}})

    async def _becomes(self, name: str, is_so: Callable[[Document], bool]) -> bool:
        deadline = time.monotonic() + self._patience.controller
        while time.monotonic() < deadline:
            found = await self.service(name)
            if found is not None and is_so(found):
                return True
            await asyncio.sleep(LOOK_S)
        return False

    async def _answers(self, location: Document, service: Document) -> bool:
        """Whether a code server answers at the Service's address: from outside of a cluster none does."""
        address = service["spec"].get("clusterIP")
        if not address or address == "None":
            return False
        host = f"[{address}]" if ":" in address else address
        try:
            return bool(await get_server_id(f"{host}:{service_port(location)}", timeout_s=ANSWER_S))
        except (grpc.aio.AioRpcError, OSError, ValueError):
            return False

    async def _answers_again(self, name: str) -> bool:
        deadline = time.monotonic() + self._patience.answer
        while time.monotonic() < deadline:
            service = await self.service(name)
            if service is not None and await self._answers(await self._remote.location(name), service):
                return True
            await asyncio.sleep(LOOK_S)
        return False
