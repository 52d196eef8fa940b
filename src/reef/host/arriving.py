"""A location comes to the fleet, or its place changes: what must be there before it is served."""

from __future__ import annotations

from collections.abc import Mapping

from reef.environments import EnvironmentProblem
from reef.gateway import CallLimits, ListenAddress
from reef.gateway.contract import Endpoint
from reef.host.assembly import Assembly
from reef.locations.place import CodeLocation
from reef.releasing.polling import Poller
from reef.releasing.probing import Loaded
from reef.snapshots.record import synthesized_load_error
from reef.versions.local import Stamp


class Arrival:
    def __init__(self, parts: Assembly) -> None:
        self._parts = parts
        self._attendants = parts.attendants

    async def listen(self, addresses: Mapping[str, ListenAddress]) -> None:
        """Open the listeners of these locations; what was promoted for them is answered from the first call on."""
        gateway = self._parts.gateway
        for name, address in addresses.items():
            place = self._parts.control.locations[name]
            await gateway.open(name, address, CallLimits(concurrent=place.spec.max_concurrent_calls))
            if place.served is not None:
                gateway.serve(name, place.served.as_served())

    async def refuse(self, place: CodeLocation) -> None:
        """Where its interpreter or a setting cannot be used, it is served as the load error that this is."""
        environment = self._parts.planner.environment_of(place)
        reason = place.spec.broken
        if isinstance(environment, EnvironmentProblem):
            reason = f"{environment.reason}; hint: {environment.hint}"
        place.wish.judge(reason)
        if reason is None:
            return
        place.release.note_error(reason)
        if place.served is None or place.served.load_error is not None:
            recording = synthesized_load_error(reason, place.name)
            loaded = Loaded(Stamp("unusable", "", "", {}), recording, None, 0.0)
            await self._parts.control.prober.judge(place, loaded, show_error=True)

    def attend(self, place: CodeLocation) -> None:
        """Begin what its placement needs; what an earlier placement needed ends."""
        self.leave_alone(place)
        placement = place.spec.placement
        server = place.spec.server
        place.serving.use_server(
            None if server is None else Endpoint(server.target(), "external", "", ssl=server.ssl)
        )
        if place.wish.unusable is not None or placement == "packed":
            return
        control = self._parts.control
        attendants = self._attendants[place.name] = [control.spawn(Poller(control.prober).run(place))]
        if placement == "standing":
            attendants.append(control.spawn(control.keep_up(place)))

    def leave_alone(self, place: CodeLocation) -> None:
        """End what its placement needed."""
        for task in self._attendants.pop(place.name, []):
            task.cancel()
