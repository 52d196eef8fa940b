"""The front that speaks the code-server API for every location."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from reef.background import Background
from reef.errors import ReefError
from reef.gateway.address import ListenAddress, prepare, protect
from reef.gateway.channels import Channels
from reef.gateway.contract import CallEnded, CallStarted, Control, Observer, Served
from reef.gateway.desk import Desk, OnMissing
from reef.gateway.forward import Forwarder
from reef.gateway.listener import bound, started
from reef.gateway.place import Place
from reef.gateway.recorded import Recorded
from reef.gateway.served import Answers
from reef.gateway.slots import CallLimits
from reef.snapshots import SnapshotStore
from reef.wire.limits import MessageLimits, message_limits
from reef.words import describe

SWEEP_EVERY_S = 30.0
READERS = 2
ID_LAG_S = 2.0  # from a client's ListRepositories to its GetServerId
LIST_LAG_S = 10.0  # the same where the lists differ: one that loads fifty locations at once may be that slow

log = logging.getLogger("reef.gateway")


class Gateway:
    """All methods on the event loop; none blocks it.

    `on_missing(location, digest)` is told once when a served snapshot turns out to be gone or damaged; calls are
    then forwarded until a new one is served.
    """

    def __init__(
        self,
        control: Control,
        store: SnapshotStore,
        observer: Observer,
        *,
        limits: MessageLimits | None = None,
        id_lag_s: float = ID_LAG_S,
        list_lag_s: float = LIST_LAG_S,
        on_missing: OnMissing = lambda _location, _digest: None,
    ) -> None:
        self._limits = limits or message_limits()
        self._observer = _harmless(observer)
        self._id_lag_s = id_lag_s
        self._list_lag_s = max(id_lag_s, list_lag_s)
        self._executor = ThreadPoolExecutor(READERS, thread_name_prefix="reef-snapshots")
        self._channels = Channels(self._limits.receive)
        self._recorded = Recorded(store, self._executor)
        self._desk = Desk(control, self._recorded, Forwarder(control, self._channels), on_missing)
        self._background = Background(log, "background work of the gateway")
        self._places: dict[str, Place] = {}
        self._sweeps = False

    async def open(self, location: str, address: ListenAddress, limits: CallLimits | None = None) -> None:
        """Listen for a location. Calls that need it wait until `serve` was called for it.

        Raises ReefError where the address is taken or the location is open already.
        """
        if location in self._places:
            raise ReefError(f"code location {location!r} is listened for already")
        place = self._places[location] = Place(location, address, limits or CallLimits())
        try:
            await self._in_thread(prepare, address)
            place.server = bound(place, self._desk, self._observer, self._limits)
            await started(place.server)
            await self._in_thread(protect, address)
        except BaseException as error:
            await self.close(location)
            if isinstance(error, RuntimeError):
                raise ReefError(f"{address.target} cannot be listened on: {describe(error)}") from None
            raise
        if not self._sweeps:
            self._sweeps = True
            self._background.spawn(self._sweep())

    async def close(self, location: str, grace_s: float = 0.0) -> None:
        """Stop listening; calls under way have `grace_s` to end. Does nothing for one that is not open."""
        place = self._places.pop(location, None)
        if place is None:
            return
        place.stop_waiting()
        if place.server is not None:
            await place.server.stop(grace_s)

    def serve(self, location: str, served: Served) -> None:
        """Switch what is answered from the next call on.

        The new server id follows up to two seconds later where a client may just be loading the old version, up
        to ten where the list of repositories differs.
        """
        place, new = self._places[location], Answers.of(served)
        if before := place.switch(new, self._list_lag_s):
            self._background.spawn(self._hasten(place, before, new))

    async def _hasten(self, place: Place, before: tuple[Answers, ...], new: Answers) -> None:
        if not any([await self._recorded.lists_differ(old, new) for old in before]):
            place.hasten(new, self._id_lag_s)

    def served(self, location: str) -> Served | None:
        """What is answered now."""
        answers = self._places[location].answers
        return answers.served if answers else None

    def locations(self) -> tuple[str, ...]:
        return tuple(self._places)

    def in_flight(self, location: str) -> int:
        """Forwarded calls that are held, queued or under way; 0 for a location that is not open."""
        place = self._places.get(location)
        return place.slots.in_flight if place else 0

    def asked_at(self, location: str) -> float:
        """When any call of it last ended, polls too (time.monotonic()); 0.0 for never."""
        place = self._places.get(location)
        return place.asked_at if place else 0.0

    def limit(self, location: str, limits: CallLimits) -> None:
        """How many calls it gets at once, from the next call on."""
        place = self._places.get(location)
        if place is not None and place.limits != limits:
            place.limits = limits
            place.slots.use(limits)

    def in_flight_to(self, target: str) -> int:
        """Calls under way to one gRPC target, by whatever lane."""
        return self._channels.in_flight_to(target)

    def ended(self, target: str) -> None:
        """The server at that gRPC target is no more."""
        self._channels.drop(target)

    async def aclose(self, grace_s: float) -> None:
        """Stop all listeners together, then everything else. Idempotent."""
        await self._background.close()
        await asyncio.gather(*(self.close(location, grace_s) for location in self.locations()))
        await self._desk.aclose()
        await self._channels.aclose()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: object, address: ListenAddress) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, work, address)  # type: ignore[arg-type]

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            self._channels.sweep()


def _harmless(observer: Observer) -> Observer:
    """An observer that fails does not fail the call."""

    def observe(event: CallStarted | CallEnded) -> None:
        try:
            observer(event)
        except Exception:
            log.exception("an observer failed at %s", event)

    return observe
