"""Pods of on-demand locations go when no gateway has needed them for a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

from reef.cluster.client import Client
from reef.cluster.kinds import DEPLOYMENT
from reef.controller.members import Members
from reef.controller.places import Places
from reef.controller.promoting import Promoter
from reef.controller.tasks import Tasks, Work
from reef.decide.cluster.own import OwnWanted
from reef.decide.cluster.sleeping import OnDemand, sleeping, together
from reef.fleet.units import span_s
from reef.kube.seen.state import DeploymentSeen
from reef.views import Costs

log = logging.getLogger("reef.controller")

REST_S = 15.0  # so long a gateway passes nothing to pods that may be on their way out
LOOK_S = 5.0  # while one is up


class Resting:
    """`look` is called at every look of the leader."""

    def __init__(
        self, client: Client, namespace: str, members: Members, promoter: Promoter, tasks: Tasks
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._members = members
        self._promoter = promoter
        self._tasks = tasks
        self._up_since: dict[str, float] = {}

    async def look(self, wanted: Places, deployments: Mapping[str, DeploymentSeen], now: float) -> bool:
        """Whether one is up, so that it is worth looking again soon."""
        up = [each for each in wanted.own if _may_rest(each, wanted) and _is_up(each, deployments)]
        self._up_since = {each.location: self._up_since.get(each.location, now) for each in up}
        if not up:
            return False
        said = [state.idle_since for state in await self._members.states()]
        views = [self._view(each, wanted, said) for each in up]
        by_name = {each.location: each for each in up}
        for each in sleeping(views, now):
            deployment = by_name[each.location].deployment
            self._tasks.begin(f"resting {each.location}", self._rest(each.location, deployment))
        return True

    def _view(self, each: OwnWanted, wanted: Places, said: list[dict[str, float | None]]) -> OnDemand:
        asked = wanted.running[each.location].asked
        kept = asked.book.kept.get(asked.book.version or "")
        timeout = asked.location.spec.idle_timeout
        view = OnDemand(
            name=each.location,
            replicas=1,
            gateways=max(1, len(self._promoter.members())),
            idle_since=together(said, each.location),
            up_since=self._up_since[each.location],
            idle_timeout_s=span_s(timeout) if timeout else None,
        )
        return view if kept is None else _with_costs(view, kept.costs())

    async def rest(self, name: str, deployment: str) -> bool:
        """Whether its pod goes: no gateway needs it. Raises PeerUnreachable and ClusterError."""
        members = self._promoter.members()
        rested = await asyncio.gather(*(member.peer.rest(name, REST_S) for member in members))
        if not all(rested):
            return False
        await self._client.scale(DEPLOYMENT, deployment, 0, self._namespace)
        log.info("the pod of %s goes: nobody needs it", name)
        return True

    def _rest(self, name: str, deployment: str) -> Work:
        return lambda: self.rest(name, deployment)


def _may_rest(each: OwnWanted, wanted: Places) -> bool:
    return each.placement == "on_demand" and not wanted.running[each.location].asked.known.paused


def _is_up(each: OwnWanted, deployments: Mapping[str, DeploymentSeen]) -> bool:
    there = deployments.get(each.deployment)
    return there is not None and there.wanted > 0


def _with_costs(view: OnDemand, costs: Costs) -> OnDemand:
    return replace(view, costs=costs)
