"""A new content of the fleet's file, taken over while the host runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from reef.decide.reconcile import FleetChanges, too_empty
from reef.decide.services_changed import ServicesChanged
from reef.errors import ReefError
from reef.fleet.model import Fleet
from reef.host.known import KnownLocations
from reef.host.reconciling import Reconciler


class ChangingFleet:
    def __init__(
        self,
        known: KnownLocations,
        reconciler: Reconciler,
        services: Callable[[Fleet], Awaitable[str]],
        say_change: Callable[[FleetChanges], None],
        say: Callable[[str], None],
    ) -> None:
        self._known = known
        self._reconciler = reconciler
        self._services = services
        self._say_change = say_change
        self._say = say

    async def take(self, fleet: Fleet) -> None:
        """Raises ReefError where nothing is done for it."""
        names = {spec.name: spec for spec in fleet.locations}
        if too_empty(self._known.specs(), names):
            raise ReefError(
                f"{fleet.source} lists no location any more",
                hint="nothing is removed for it; stop Reef if that is what you want",
            )
        # First: new code may call a new service while it loads.
        if said := await self._services(fleet):
            self._say(said)
        self._say_change(await self._reconciler.apply(fleet))


def fleet_change(found: FleetChanges) -> str:
    """One line for people."""
    old_of = dict(found.renamed)
    parts = [
        *(f"{name} added" for name in found.added if name not in old_of),
        *(f"{old} is now {name}" for name, old in old_of.items()),
        *(f"{name} removed" for name in found.removed if name not in old_of.values()),
        *(f"{name} changed" for name in found.changed),
    ]
    daemon = "; Dagster's daemon looks for that once a minute" if found.names_differ else ""
    more = f" and {len(parts) - 10} more" if len(parts) > 10 else ""
    return f"the fleet changed: {', '.join(parts[:10])}{more}{daemon}"


def services_change(found: ServicesChanged) -> str:
    """One line for people; "" where nothing has changed."""
    parts = [
        *(f"{name} added" for name in found.added),
        *(f"{name} removed" for name in found.removed),
        *(f"{name} changed" for name in found.changed),
    ]
    return f"shared services changed: {', '.join(parts)}" if parts else ""
