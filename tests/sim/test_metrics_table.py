"""What is counted of what happens: a story, and the samples that a scraper finds after it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from prometheus_client.parser import text_string_to_metric_families
from world import World

from reef.gateway.contract import CallEnded, CallStarted
from reef.host.metrics import host_metrics
from reef.metrics import Metrics


@dataclass
class Scraper:
    metrics: Metrics
    _found: dict[tuple[str, frozenset[tuple[str, str]]], float] | None = None

    async def scrape(self) -> None:
        _, body = await self.metrics.render()
        self._found = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(body.decode())
            for sample in family.samples
        }

    async def of(self, name: str, location: str = "sales", **labels: str) -> float | None:
        """Of a location that nobody owns, now."""
        await self.scrape()
        assert self._found is not None
        key = frozenset({"location": location, "owner": "", **labels}.items())
        return self._found.get((f"reef_location_{name}", key))

    async def of_host(self, name: str, **labels: str) -> float | None:
        await self.scrape()
        assert self._found is not None
        return self._found.get((f"reef_host_{name}", frozenset(labels.items())))


async def scraped(world: World, **settings: float) -> Scraper:
    await world.locations("sales", **settings)
    return Scraper(host_metrics(world.host.parts))


async def test_a_wake_is_counted_with_what_asked(world: World) -> None:
    told = await scraped(world)
    await world.call("sales")
    assert await told.of("wakes_total", reason="ExecutionPlanSnapshot") == 1
    assert await told.of("cold_start_seconds_count") == 1
    assert await told.of("state", state="warm") == 1
    assert await told.of("memory_private_bytes") is not None
    assert await told.of("calls_total", method="ExecutionPlanSnapshot", lane="forwarded", outcome="OK") == 1


async def test_a_call_to_a_warm_location_is_no_reason(world: World) -> None:
    told = await scraped(world, idle_timeout_s=20.0)
    await world.call("sales")
    await world.call("sales")
    await world.clock.advance(60)
    assert await world.host.parts.servers.wake_up(world.host.place("sales")) is None
    assert await told.of("wakes_total", reason="ExecutionPlanSnapshot") == 1
    assert await told.of("wakes_total", reason="command") == 1


async def test_a_call_that_no_version_of_dagster_makes_has_no_name(world: World) -> None:
    told = await scraped(world)
    for number in range(300):
        for told_of in (CallStarted, partial(CallEnded, seconds=0.1, code="OK")):
            world.host.parts.calls_heard(told_of("sales", f"Invented{number}", "forwarded"))
    assert await told.of("calls_total", method="other", lane="forwarded", outcome="OK") == 300
    assert len(told.metrics.tally.of("sales").numbers) < 10


async def test_sleep_and_its_time(world: World) -> None:
    told = await scraped(world, idle_timeout_s=20.0)
    await world.call("sales")
    await world.clock.advance(100)
    assert await told.of("sleeps_total", reason="idle") == 1
    assert await told.of("state", state="asleep") == 1
    asleep = await told.of("state_seconds_total", state="asleep") or 0.0
    warm = await told.of("state_seconds_total", state="warm") or 0.0
    assert 75 <= asleep <= 85
    assert 19 <= warm <= 25


async def test_an_eviction(world: World) -> None:
    await world.locations("a", "b", fleet={"memory_budget_bytes": 60 << 20}, idle_timeout_s=1e6)
    told = Scraper(host_metrics(world.host.parts))
    for name in ("a", "b"):
        await world.call(name)
        await world.clock.advance(0.2)
    await world.clock.advance(3)
    assert await told.of_host("evictions_total") == 1
    assert await told.of("sleeps_total", "a", reason="memory_budget") == 1
    assert await told.of_host("memory_budget_bytes") == 60 << 20


async def test_a_crash_is_seen_from_its_first_time_on(world: World) -> None:
    told = await scraped(world)
    await world.call("sales")
    assert await told.of("crashes_total", cause="signal") == 0
    world.hosting.dies("sales")
    await world.settle()
    assert await told.of("crashes_total", cause="signal") == 1
    assert await told.of("state", state="warm") == 0


async def test_a_wake_that_fails(world: World) -> None:
    told = await scraped(world)
    world.code("sales", "raises: no such table\n")
    await world.call("sales", deadline_s=600.0)
    await world.clock.advance(100)
    assert (await told.of("wake_failures_total") or 0) >= 1
    assert await told.of("load_failed") == 1


async def test_new_code_that_does_not_load_and_then_does(world: World) -> None:
    told = await scraped(world)
    world.code("sales", "raises: no such table\n")
    await world.reload("sales")
    assert await told.of("probes_total", outcome="load_error") == 1
    assert await told.of("refusals_total") == 1
    assert await told.of("load_failed") == 1
    world.code("sales", "jobs: other\n")
    await world.reload("sales")
    assert await told.of("load_failed") == 0
    assert await told.of("promotions_total") == 1
    assert await told.of_host("probe_seconds_count") == 2


async def test_a_child_that_is_replaced_wakes_because_of_its_new_version(world: World) -> None:
    told = await scraped(world)
    world.hosting.start_s["sales"] = 5.0
    for _ in range(3):
        await world.call("sales")
        await world.clock.advance(5)
    world.code_changes("sales")
    await world.reload("sales")
    await world.clock.advance(20)
    assert await told.of("wakes_total", reason="new_version") == 1


async def test_what_left_the_fleet_leaves_the_metrics(world: World) -> None:
    await world.locations("sales", "billing")
    told = Scraper(host_metrics(world.host.parts))
    await world.call("sales")
    assert await told.of("state", state="warm") == 1
    world.has("billing")
    await world.fleet_changes()
    await world.clock.advance(20)
    assert await told.of("state", state="warm") is None
    assert "sales" not in told.metrics.tally.known()


async def test_a_metric_that_fails_keeps_nobody_from_serving(world: World) -> None:
    world.expected_errors = True
    told = await scraped(world)

    def broken() -> int:
        raise RuntimeError("induced")

    told.metrics.tally.add = broken  # type: ignore[method-assign, assignment]
    assert (await world.call("sales")).ok
    await world.clock.advance(5)
    assert world.state_of("sales") == "warm"
    assert await told.of("state", state="warm") == 1
