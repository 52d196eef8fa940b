"""The metrics of a pack host: its locations' servers. Gateways count calls, the controller has versions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reef.events import Events
from reef.gateway.contract import Observer
from reef.hosting.contract import Child
from reef.locations.place import CodeLocation
from reef.metrics import Metrics
from reef.metrics.cpu import CpuMeter
from reef.metrics.fleet import FleetMemory
from reef.metrics.hearing import Hearing
from reef.metrics.live import LivePlaces
from reef.metrics.own import OwnProcess
from reef.metrics.tally import Tally
from reef.packs.ground import Ground


@dataclass(frozen=True)
class Counted:
    """`observe` hears of calls: who asks is why a location wakes."""

    metrics: Metrics
    observe: Observer


def pack_metrics(places: Mapping[str, CodeLocation], ground: Ground, events: Events) -> Counted:
    """Subscribes to the host's events."""
    tally = Tally()

    async def read_cpu(children: Sequence[Child]) -> Mapping[str, float]:
        """A pid means nothing outside of its container: agents are asked."""
        found = await asyncio.gather(*(ground.cpu_s(child) for child in children), return_exceptions=True)
        pairs = zip(children, found, strict=True)
        return {child.id: seconds for child, seconds in pairs if isinstance(seconds, float)}

    hearing, cpu = Hearing(tally, places), CpuMeter(places, read_cpu)
    events.subscribe(hearing.hear)
    events.subscribe(cpu.hear)

    async def look() -> None:
        hearing.note_states()

    own = OwnProcess("pack")
    memory = FleetMemory(own, places, ground.hosting.zygotes)
    sources = (own.put, LivePlaces(tally, places, cpu, None).put, memory.put)
    return Counted(Metrics(tally, sources, (look, cpu.look)), hearing.observe)
