"""A location comes to the fleet, or its place changes: what must be there before it is served."""

from __future__ import annotations

import asyncio
import logging

from reef.background import Background
from reef.environments import EnvironmentProblem
from reef.host.environments import FleetEnvironments
from reef.locations.place import CodeLocation
from reef.locations.serving import endpoint_at
from reef.releasing.polling import Poller
from reef.releasing.probing import Prober
from reef.releasing.releaser import Releaser

log = logging.getLogger("reef.control")


class Arrival:
    """`refuse`, then `attend`; `ready` is both and a probe."""

    def __init__(
        self,
        environments: FleetEnvironments,
        prober: Prober,
        releaser: Releaser,
        poller: Poller,
        background: Background,
    ) -> None:
        self._environments = environments
        self._prober = prober
        self._releaser = releaser
        self._poller = poller
        self._background = background
        self._polls: dict[str, asyncio.Task[None]] = {}

    async def refuse(self, place: CodeLocation) -> None:
        """Where its interpreter or a setting cannot be used, it is served as the load error that this is."""
        environment = self._environments.found.get(place.spec.python)
        reason = place.spec.broken
        if isinstance(environment, EnvironmentProblem):
            reason = f"{environment.reason}; hint: {environment.hint}"
        place.wish.judge(reason)
        if reason is None:
            return
        await self._prober.refuse_unusable(place, reason)

    def attend(self, place: CodeLocation) -> None:
        """Begin what its placement needs; what an earlier placement needed ends."""
        self.leave_alone(place)
        placement, server = place.spec.placement, place.spec.server
        place.serving.use_server(None if server is None else endpoint_at(server))
        if place.wish.unusable is not None or placement == "packed":
            return
        self._polls[place.name] = self._background.spawn(self._poller.run(place))
        place.serving.stay_up(placement == "standing")

    def leave_alone(self, place: CodeLocation) -> None:
        """End what its placement needed."""
        place.serving.stay_up(False)
        if (poll := self._polls.pop(place.name, None)) is not None:
            poll.cancel()

    async def ready(self, places: list[CodeLocation]) -> None:
        """Interpreters and zygotes first, then a probe of each; all are answered for when this returns."""
        hosted = [place for place in places if place.spec.server is None and place.spec.broken is None]
        if hosted:
            await self._environments.inspect({place.spec.python for place in hosted})
            await self._environments.plan()  # a zygote forks for the names that it was planned for
        await asyncio.gather(*(self._served(place) for place in places))
        if hosted:
            self._environments.learn()  # what they import is known only now

    async def _served(self, place: CodeLocation) -> None:
        try:
            await self.refuse(place)
            self.attend(place)
            if place.wish.unusable is None and place.external is None:
                await self._releaser.probe(place)
        except Exception as error:
            log.exception("%s: it could not be taken in", place.name)
            self._prober.note_unprobed(place, error)
