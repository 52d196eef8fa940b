"""The calls of each location: who is served here, what is under way, and the channels that it goes over."""

from __future__ import annotations

import asyncio

from reef.gateway import CallLimits, ListenAddress
from reef.gateway.channels import Channels
from reef.gateway.route import Route
from reef.wire.limits import MessageLimits

SWEEP_EVERY_S = 30.0


class Lines:
    """Implements `gateway.contract.Traffic`. All methods on the event loop."""

    def __init__(self, limits: MessageLimits) -> None:
        self.channels = Channels(limits.receive)
        self._routes: dict[str, Route] = {}

    def open(self, name: str) -> None:
        self._routes[name] = new_route(name)

    def close(self, name: str) -> None:
        """Calls under way go on."""
        del self._routes[name]

    def route(self, name: str) -> Route | None:
        return self._routes.get(name)

    def in_flight(self, location: str) -> int:
        route = self._routes.get(location)
        return route.slots.in_flight if route else 0

    def in_flight_to(self, server: str) -> int:
        return self.channels.in_flight_to(server)

    def asked_at(self, name: str) -> float:
        route = self._routes.get(name)
        return route.asked_at if route else 0.0

    def ended(self, server: str) -> None:
        self.channels.drop(server)

    async def sweep(self) -> None:
        """Ends only when it is cancelled."""
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            self.channels.sweep()


def new_route(name: str) -> Route:
    """It has no listener of its own."""
    return Route(name, ListenAddress(), CallLimits())
