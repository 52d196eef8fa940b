"""The listeners of locations."""

from __future__ import annotations

from collections.abc import Mapping

from reef.gateway import CallLimits, Gateway, ListenAddress
from reef.locations.place import CodeLocation


async def listen(
    gateway: Gateway, places: Mapping[str, CodeLocation], addresses: Mapping[str, ListenAddress]
) -> None:
    """Open the listeners of these locations; what was promoted for them is answered from the first call on."""
    for name, address in addresses.items():
        place = places[name]
        await gateway.open(name, address, CallLimits(concurrent=place.spec.max_concurrent_calls))
        if place.served is not None:
            gateway.board.serve(name, place.served.as_served())
