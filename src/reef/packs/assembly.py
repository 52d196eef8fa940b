"""Putting the parts of a pack host together: the one place where they meet."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reef.background import Background
from reef.events import Events
from reef.gateway.contract import CallEnded, CallStarted, WakeRefused
from reef.gateway.forward import Forwarder
from reef.gateway.observers import Observers
from reef.gateway.tracing import NO_TRACES, Traces
from reef.host.event_log import log_event
from reef.hosting.contract import HostingEvents
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings
from reef.metrics import Metrics
from reef.packs.api import PackApi, Side
from reef.packs.configuration import Configurations
from reef.packs.desk import PackDesk, ProbeDesk
from reef.packs.fleet import PackFleet
from reef.packs.ground import Given, Ground, MakeGround
from reef.packs.holding import Holds
from reef.packs.lines import Lines
from reef.packs.metrics import pack_metrics
from reef.packs.pack_servers import PackServers
from reef.packs.probes import Probes
from reef.packs.releases import Configured
from reef.packs.service import PackService
from reef.packs.settings import PackSettings
from reef.packs.unseen_runs import UnseenRuns
from reef.serving.adopting import Adopter
from reef.serving.budget import Budget
from reef.serving.calls import Calls
from reef.serving.exits import Exits
from reef.serving.loop import ServingLoop
from reef.serving.resting import Rester
from reef.serving.runs import RunProcess
from reef.serving.waking import Waker
from reef.statedir import HostLock, StateDir
from reef.wire.limits import MessageLimits

if TYPE_CHECKING:
    from reef.traces.otel import OtelTraces

log = logging.getLogger("reef.packs")


@dataclass(frozen=True)
class Assembly:
    """What the host itself uses of its parts."""

    background: Background
    ground: Ground
    lines: Lines
    rester: Rester
    fleet: PackFleet
    holds: Holds
    servers: PackServers
    loop: ServingLoop
    adopter: Adopter
    probes: Probes
    configurations: Configurations
    service: PackService
    api: PackApi
    metrics: Metrics


def assemble(
    settings: PackSettings,
    make_ground: MakeGround,
    state: StateDir,
    lock: HostLock,
    limits: MessageLimits,
    tracing: OtelTraces | None = None,
) -> Assembly:
    """Make every part; nothing listens and nothing is started yet."""
    places: dict[str, CodeLocation] = {}
    events, runs = Events(log_event), UnseenRuns(state)
    background = Background(log, "background work", expected=(WakeRefused,))
    exits = Exits(places, runs, background, events, _orphans_over)
    ground = make_ground(Given(settings, lock, HostingEvents(on_exit=exits.on_exit)))
    hosting, lines = ground.hosting, Lines(limits)
    rester = Rester(hosting, lines, runs, events)
    fleet = PackFleet(places, ground, lines, rester, events)
    waker = Waker(
        Surroundings(state, {}, None),
        hosting,
        Configured(places),
        events,
        max(4, 2 * (os.cpu_count() or 2)),
        make_spec=lambda spec, _around, purpose, version, _copy: ground.make_spec(
            fleet.locations[spec.name], version, purpose
        ),
        cpu_s=ground.cpu_s,
    )

    def forgive(name: str) -> None:
        if (place := places.get(name)) is not None:
            rester.take_over(place, other=False)

    holds = Holds(forgive)
    servers = PackServers(places, holds, hosting, waker, rester, runs, background, events)
    probes = Probes(ground, lambda: fleet.locations, lines)
    configurations = Configurations(settings.config, state.root)
    calls = Calls(places, runs, background, events)
    service = PackService(configurations, fleet, servers, ground, lines, rester, holds, probes)
    if tracing is not None:
        events.subscribe(tracing.hear)
    traces: Traces = tracing or NO_TRACES
    desk = PackDesk(servers, Forwarder(servers, lines.channels, traces), fleet.server_id)
    counted = pack_metrics(places, ground, events)
    observed = Observers(calls.observe, counted.observe)
    api = PackApi(
        Side(frozenset(("gateway", "controller")), desk, observed, lines.route, traces),
        Side(
            frozenset(("controller",)),
            ProbeDesk(Forwarder(probes, lines.channels)),
            _nobody_counts,
            probes.route,
        ),
    )
    return Assembly(
        background,
        ground,
        lines,
        rester,
        fleet,
        holds,
        servers,
        ServingLoop(places, hosting, lines, rester, servers, Budget(None), background),
        Adopter(places, hosting, rester, exits, runs, background, events),
        probes,
        configurations,
        service,
        api,
        counted.metrics,
    )


async def _orphans_over(_runs: list[RunProcess]) -> None:
    """No run is known here whose server is gone."""


def _nobody_counts(_event: CallStarted | CallEnded) -> None:
    """A probe's calls say nothing of how the location is used."""
