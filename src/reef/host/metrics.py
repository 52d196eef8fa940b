"""The metrics of one host: what is counted and read comes from its parts."""

from __future__ import annotations

from collections.abc import Sequence

from reef.host.assembly import Assembly
from reef.host.status import mapped_files_bytes, standing_estimate_bytes
from reef.hosting.contract import Child, ZygoteStatus
from reef.locations.place import CodeLocation
from reef.metrics import Metrics
from reef.metrics.calls import CallCounts
from reef.metrics.cpu import CpuMeter
from reef.metrics.fleet import FleetMemory
from reef.metrics.hearing import Hearing
from reef.metrics.lag import watch_loop
from reef.metrics.live import LivePlaces
from reef.metrics.own import OwnProcess
from reef.metrics.released import Releases
from reef.metrics.tally import Tally
from reef.procfs import cpu_seconds
from reef.web.answers import Answer, Answers, Asked


def answer_metrics(answers: Answers, parts: Assembly) -> None:
    """Count from now on, and answer `/metrics`."""
    metrics = host_metrics(parts)

    async def scraped(asked: Asked) -> Answer:
        content_type, body = await metrics.render(asked.headers.get("accept"))
        return Answer(body, content_type)

    answers.get("/metrics", scraped)
    parts.background.spawn(watch_loop(metrics.tally))


def host_metrics(parts: Assembly) -> Metrics:
    """Subscribes to the host's events and calls."""
    tally, places, serving = Tally(), parts.places, parts.serving
    hearing, cpu = Hearing(tally, places), CpuMeter(places, last=_cpu_of)
    parts.events.subscribe(hearing.hear)
    parts.events.subscribe(cpu.hear)
    parts.calls_heard.add(hearing.observe)
    parts.calls_heard.add(CallCounts(tally, places.__contains__).observe)

    def estimate(place: CodeLocation, zygotes: Sequence[ZygoteStatus]) -> int:
        return standing_estimate_bytes(place, zygotes, mapped)

    mapped = 0

    async def look() -> None:
        nonlocal mapped
        hearing.note_states()
        mapped = mapped_files_bytes(list(places.values()))
        await serving.hosting.sample_zygotes()

    own = OwnProcess("host")
    memory = FleetMemory(
        own,
        places,
        serving.hosting.zygotes,
        estimate,
        budget=lambda: parts.budget.bytes,
        file_error=lambda: parts.fleet.file.error,
    )
    live = LivePlaces(tally, places, cpu, serving.board.in_flight)
    releases = Releases(places, parts.stores.snapshots.size)
    return Metrics(tally, (own.put, live.put, releases.put, memory.put), (look, cpu.look))


def _cpu_of(child: Child) -> float | None:
    return cpu_seconds(child.pid)
