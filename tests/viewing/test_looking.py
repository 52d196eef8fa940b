"""What the page of a cluster sees of Reef's processes, without an API server: objects are in memory, `/metrics` is
asked over loopback."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from looped import looped
from processes_of_reef import MB, SaidOfOne, SayingProcess, listening

from reef.cluster.kinds import Document, Key
from reef.kube import labels
from reef.viewing.asking import Asking
from reef.viewing.looking import BEFORE, Looking
from reef.web.chronicle import Wake

PACK, GATEWAY = "127.0.0.11", "127.0.0.12"
SENSOR = "SyncExternalSensorExecution"


@dataclass
class InMemory:
    """Stands for an informer."""

    kept: dict[Key, Document] = field(default_factory=dict)
    away: str | None = None

    @property
    def objects(self) -> Mapping[Key, Document]:
        return self.kept

    def put(self, document: Document) -> None:
        self.kept["here", document["metadata"]["name"]] = document

    def start(self) -> None: ...
    async def synced(self) -> None: ...
    async def close(self) -> None: ...


@dataclass
class Scales:
    """Stands for a metrics server."""

    found: dict[str, int] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    async def bytes(self) -> Mapping[str, int]:
        return self.found


def location(name: str, phase: str = "served", **status: Any) -> Document:
    served = {"phase": phase, "observedGeneration": 1, "version": "0123456789abcdef", **status}
    return {"metadata": {"name": name, "generation": 1}, "spec": {"owner": "finance"}, "status": served}


def packed(name: str, **status: Any) -> Document:
    chosen = {"chosen": "packed", "reason": "It fits."}
    return location(name, placement=chosen, serving={"gatewayPort": 20_001, "pack": "pack-1"}, **status)


def pod(
    name: str, component: str, ip: str | None, *, created: str = "2026-01-01T00:00:00Z", **more: str
) -> Document:
    own = {labels.PART_OF: "reef", labels.COMPONENT: component, **more}
    meta = {"name": name, "uid": f"uid-{name}", "labels": own, "creationTimestamp": created}
    return {"metadata": meta, "spec": {"containers": []}, "status": {"phase": "Running", "podIP": ip}}


class There:
    """A pack with `sales` in it, and a gateway; the clock is the test's."""

    def __init__(self, port: int) -> None:
        self.now = 1_800_000_000.0
        self.locations, self.pods, self.scales = InMemory(), InMemory(), Scales()
        self.pack, self.gateway = SayingProcess({"sales": SaidOfOne()}), SayingProcess(own_pss=40 * MB)
        self.locations.put(packed("sales"))
        self.pods.put(pod("pack-1-x", "pack", PACK, **{labels.PACK: "pack-1"}))
        self.pods.put(pod("gateway-1", "gateway", GATEWAY))
        self.port, self.patience_s = port, 60.0
        self.looking = self.another()

    def another(self) -> Looking:
        """A process that begins now."""
        return Looking(
            self.locations, self.pods, self.scales, Asking(self.port, self.patience_s), lambda: self.now
        )

    async def look(self) -> dict[str, Any]:
        self.now += 15
        self.looking.again()
        return await self.looking.status()

    async def row(self, name: str = "sales") -> dict[str, Any]:
        return next(row for row in (await self.look())["locations"] if row["name"] == name)

    def texts(self, name: str = "sales") -> list[str]:
        return [moment.text for moment in self.looking.chronicle.moments(name)]


@asynccontextmanager
async def there() -> AsyncIterator[There]:
    with socket.socket() as found:
        found.bind(("", 0))
        port = found.getsockname()[1]
    world = There(port)
    pack = await listening(world.pack.text, PACK, port)
    gateway = await listening(world.gateway.text, GATEWAY, port)
    try:
        yield world
    finally:
        await world.looking.close()
        await asyncio.gather(pack.aclose(), gateway.aclose())


@looped
async def test_a_wake_is_told_with_its_reason_its_memory_and_its_calls() -> None:
    async with there() as world:
        assert (await world.row())["state"] == "asleep"
        world.pack.wakes("sales", SENSOR, world.now + 5, 0.25)
        world.gateway.called("sales", SENSOR, 3)
        world.gateway.called("sales", "GetServerId", 900, lane="answered")
        row = await world.row()
        assert (row["state"], row["private_bytes"], row["pss_bytes"]) == ("warm", 30 * MB, 45 * MB)
        assert (row["memory_limit_bytes"], row["calls"], row["wakes"]) == (512 * MB, 3, 1)
        assert row["last_cold_start_s"] == 0.25
        assert world.looking.chronicle.last_wake("sales") == Wake(world.now - 10, "sensor tick", 0.25)
        world.gateway.called("sales", SENSOR, outcome="UNAVAILABLE")
        world.pack.sleeps("sales")
        row = await world.row()
        assert (row["state"], row["pss_bytes"], row["warm_private_bytes"]) == ("asleep", 0, 30 * MB)
        assert set(world.texts()) == {
            "woken: sensor tick",
            "sensor tick",
            "sensor tick failed: UNAVAILABLE",
            "asleep: nobody called it",
        }


@looped
async def test_totals_have_every_process_and_what_pods_of_their_own_would_take() -> None:
    async with there() as world:
        world.pack.wakes("sales", SENSOR, world.now, 0.25)
        totals = (await world.look())["totals"]
        assert totals["standing_estimate_bytes"] == 120 * MB
        assert totals["reef_pss_bytes"] > (20 + 40 + 45) * MB
        assert totals["states"] == {"warm": 1}


@looped
async def test_what_was_counted_before_the_page_began_is_no_news() -> None:
    """A page that is started again shows the last wake, and does not tell a month of calls as if they were now."""
    async with there() as world:
        world.pack.wakes("sales", SENSOR, world.now - 300, 0.5)
        world.gateway.called("sales", SENSOR, 77)
        row = await world.row()
        assert row["calls"] == 77
        assert world.texts() == []
        assert world.looking.chronicle.last_wake("sales") == Wake(world.now - 315, "sensor tick", 0.5)


@looped
async def test_a_wake_of_before_whose_reason_nobody_knows_any_more() -> None:
    async with there() as world:
        world.pack.wakes("sales", SENSOR, world.now - 600, 0.5)
        world.pack.wakes("sales", "command", world.now - 300, 0.7)
        await world.look()
        wake = world.looking.chronicle.last_wake("sales")
        assert wake is not None
        assert (wake.why, wake.took_s) == (BEFORE, 0.0)


@looped
async def test_a_process_that_began_again_counts_from_nothing() -> None:
    async with there() as world:
        world.gateway.called("sales", SENSOR, 5)
        await world.look()
        world.gateway.tally = type(world.gateway.tally)()
        world.gateway.called("sales", SENSOR, 2)
        assert (await world.row())["calls"] == 7


@looped
async def test_a_pack_that_does_not_answer_is_said_and_the_rest_is_shown() -> None:
    async with there() as world:
        world.pack.wakes("sales", SENSOR, world.now, 0.25)
        await world.look()
        world.pods.put(pod("pack-1-x", "pack", "127.0.0.99", **{labels.PACK: "pack-1"}))
        found = await world.look()
        assert found["locations"][0]["state"] == "warm", "as it was a moment ago"
        assert any("pack-1-x does not answer" in each for each in found["fleet"]["warnings"])


@looped
async def test_what_a_pack_said_long_ago_is_not_believed() -> None:
    async with there() as world:
        world.patience_s = 0.0
        world.looking = world.another()
        world.pods.put(pod("pack-1-x", "pack", "127.0.0.99", **{labels.PACK: "pack-1"}))
        found = await world.look()
        assert found["locations"][0]["state"] == "waking"
        assert any("pack-1-x does not answer" in each for each in found["fleet"]["warnings"])


@pytest.mark.parametrize(
    ("ready", "deleting", "state"),
    [(True, False, "warm"), (False, False, "waking"), (True, True, "draining")],
)
@looped
async def test_a_location_with_pods_of_its_own(ready: bool, deleting: bool, state: str) -> None:
    own = pod("alone-1", "location", "10.0.0.9", **{labels.LOCATION: "alone"})
    own["spec"]["containers"] = [{"name": "alone", "image": "alone:1"}]
    own["status"]["containerStatuses"] = [
        {"name": "alone", "ready": ready, "state": {"running": {"startedAt": "2026-01-01T00:00:05Z"}}}
    ]
    if deleting:
        own["metadata"]["deletionTimestamp"] = "2026-01-02T00:00:00Z"
    async with there() as world:
        chosen = {"chosen": "on_demand", "reason": "-"}
        serving = {"gatewayPort": 20_002, "deployment": "alone"}
        world.locations.put(location("alone", placement=chosen, serving=serving))
        assert (await world.row("alone"))["state"] == "asleep"
        world.pods.put(own)
        world.scales.found = {"alone-1": 200 * MB}
        row = await world.row("alone")
        assert (row["state"], row["pss_bytes"]) == (state, 200 * MB if state != "waking" else 0)


@looped
async def test_what_does_not_load_is_failed_and_says_why() -> None:
    async with there() as world:
        says = {
            "type": "Stalled",
            "status": "True",
            "reason": "DoesNotLoad",
            "message": "No module named 'sap'",
        }
        world.locations.put(location("bridge", "refused", version="", conditions=[says]))
        row = await world.row("bridge")
        assert (row["state"], row["last_error"]) == ("failed", "No module named 'sap'")


@looped
async def test_a_new_version_and_a_refusal_are_on_the_timeline() -> None:
    async with there() as world:
        await world.look()
        world.locations.put(packed("sales", version="fedcba9876543210"))
        await world.look()
        says = {
            "type": "Degraded",
            "status": "True",
            "reason": "DoesNotLoad",
            "message": "it has no warehouse",
        }
        refused = packed("sales", version="fedcba9876543210", conditions=[says])
        refused["status"]["phase"] = "refused"
        world.locations.put(refused)
        row = await world.row()
        assert (row["state"], row["last_error"]) == ("asleep", "it has no warehouse")
        assert world.texts() == [
            "version fedcba987654 is served",
            "a version is refused: it has no warehouse",
        ]


@looped
async def test_a_location_that_is_gone_leaves_nothing() -> None:
    async with there() as world:
        world.pack.wakes("sales", SENSOR, world.now, 0.25)
        await world.look()
        world.locations.kept.clear()
        found = await world.look()
        assert found["locations"] == []
        assert found["totals"]["standing_estimate_bytes"] == 0
        assert world.looking.chronicle.last_wake("sales") is None
