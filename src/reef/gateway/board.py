"""What the gateway answers, and what is under way in it: all of it that others than callers touch."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from reef.background import Background
from reef.errors import ReefError
from reef.gateway.channels import Channels, Credentials
from reef.gateway.contract import Served
from reef.gateway.recorded import Recorded
from reef.gateway.route import Route
from reef.gateway.served import Answers
from reef.gateway.slots import CallLimits
from reef.snapshots import SnapshotStore
from reef.wire.limits import MessageLimits, message_limits

log = logging.getLogger("reef.gateway")

READERS = 2
ID_LAG_S = 2.0  # from a client's ListRepositories to its GetServerId
LIST_LAG_S = 10.0  # the same where the lists differ: one that loads fifty locations at once may be that slow


class Board:
    """All methods on the event loop; none blocks it. It knows nobody who wakes, and no listener."""

    def __init__(
        self,
        store: SnapshotStore,
        *,
        limits: MessageLimits | None = None,
        id_lag_s: float = ID_LAG_S,
        list_lag_s: float = LIST_LAG_S,
        credentials: Credentials | None = None,
    ) -> None:
        self.limits = limits or message_limits()
        self.executor = ThreadPoolExecutor(READERS, thread_name_prefix="reef-snapshots")
        self.channels = Channels(self.limits.receive, credentials)
        self.recorded = Recorded(store, self.executor)
        self.routes: dict[str, Route] = {}
        # Location -> those that stand for it.
        self._of: defaultdict[str, list[Route]] = defaultdict(list)
        self._id_lag_s = id_lag_s
        self._list_lag_s = max(id_lag_s, list_lag_s)
        self._comparing = Background(log, "comparing two lists of repositories")

    def add(self, route: Route) -> None:
        """Raises ReefError where there is one of its name."""
        if route.name in self.routes:
            raise ReefError(f"code location {route.name!r} is listened for already")
        self.routes[route.name] = route
        self._of[route.location].append(route)

    def remove(self, name: str) -> Route | None:
        route = self.routes.pop(name, None)
        if route is not None:
            route.stop_waiting()
            self._of[route.location].remove(route)
        return route

    # -- what is answered --------------------------------------------------------------------------

    def hold(self, name: str, generation: int, served: Served) -> None:
        """Have this ready, and go on answering what is shown. What is older than the newest is passed over."""
        self.routes[name].hold(generation, Answers.of(served))

    def show(self, name: str, generation: int) -> bool:
        """Answer what is held of this generation, from the next call on. False where it is not held here: then this
        gateway must not answer for the location until it is.

        The new server id follows up to two seconds later where a client may just be loading the old version, up
        to ten where the list of repositories differs.
        """
        route = self.routes[name]
        new = route.take(generation)
        if new is None and route.generation < generation:
            return False
        route.frost.thaw(generation)
        if new is None:
            return True
        if before := route.switch(new, self._list_lag_s):
            self._comparing.spawn(self._hasten(route, before, new))
        return True

    def freeze(self, name: str, generation: int, seconds: float) -> float | None:
        """From now on answers of this location wait, until this generation is shown or called off, `seconds` at most;
        then they end UNAVAILABLE. Forwarded calls go on. Returns how many seconds ago it was last asked for its list of
        repositories, None for never."""
        route = self.routes[name]
        if generation > route.generation:
            route.frost.freeze(generation, seconds)
        return None if route.listed_at is None else time.monotonic() - route.listed_at

    def unresolved(self) -> tuple[str, ...]:
        """Locations whose freeze is over without a word."""
        return tuple(name for name, route in self.routes.items() if route.frost.is_over)

    def thaw(self, name: str, generation: int) -> None:
        """This generation will not be shown: go on as before."""
        self.routes[name].frost.thaw(generation)

    def serve(self, name: str, served: Served) -> None:
        """Both in one: with a single gateway there is nobody to wait for between the two."""
        generation = self.routes[name].newest + 1
        self.hold(name, generation, served)
        self.show(name, generation)

    async def _hasten(self, route: Route, before: tuple[Answers, ...], new: Answers) -> None:
        if not any([await self.recorded.lists_differ(old, new) for old in before]):
            route.hasten(new, self._id_lag_s)

    def served(self, name: str) -> Served | None:
        """What is answered now; None for nothing, and for what is not listened for any more: a scrape's thread may ask
        while a listener closes."""
        route = self.routes.get(name)
        answers = route.answers if route else None
        return answers.served if answers else None

    def locations(self) -> tuple[str, ...]:
        """The names of all that is listened for."""
        return tuple(self.routes)

    # -- what is under way -------------------------------------------------------------------------

    def in_flight(self, location: str) -> int:
        """Forwarded calls that are held, queued or under way, by whatever name they came."""
        return sum(route.slots.in_flight for route in self._of.get(location, ()))

    def asked_at(self, name: str) -> float:
        """When any call of it last ended, polls too (time.monotonic()); 0.0 for never."""
        route = self.routes.get(name)
        return route.asked_at if route else 0.0

    def limit(self, name: str, limits: CallLimits) -> None:
        """How many calls it gets at once, from the next call on."""
        route = self.routes.get(name)
        if route is not None and route.limits != limits:
            route.limits = limits
            route.slots.use(limits)

    def in_flight_to(self, server: str) -> int:
        """Calls under way to one server, by whatever lane."""
        return self.channels.in_flight_to(server)

    def ended(self, server: str) -> None:
        """That server is no more."""
        self.channels.drop(server)

    async def aclose(self) -> None:
        """Idempotent."""
        await self._comparing.close()
        await self.channels.aclose()
        self.executor.shutdown(wait=False, cancel_futures=True)
