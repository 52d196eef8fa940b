"""Shared services with real processes, called as code of a location calls them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deadlines import scaled, until_async
from reef.dagster import CallFailed, CallRefused, CallTimeout, ServiceBusy, ServiceUnavailable, SharedService
from reef.errors import ReefError
from reef.fleet.model import ServiceSpec
from reef.services.services import Services
from reef.statedir import open_state_dir

PARSER = """
import os, time
STARTED = os.getpid()
def parse(text: str, times: int = 1) -> list[str]:
    return text.split() * times
def pid(): return os.getpid()
def echo(*args, **named): return [list(args), named]
def fail(text): raise ValueError(f"bad: {text}")
def odd(): return object()
def marked(): return {"$bytes": "no base64"}
def reciprocal(x): return 1 / x
def slow(seconds): time.sleep(seconds); return seconds
def grow(size): globals().setdefault("kept", []).append(bytearray(b"x") * size); time.sleep(60)
def leave(): os._exit(3)
class Box:
    @staticmethod
    def deep(x): return -x
"""
OFFERED = ("parse", "pid", "echo", "fail", "odd", "marked", "reciprocal", "slow", "grow", "leave", "Box.deep")


@pytest.fixture
def spec(tmp_path: Path) -> ServiceSpec:
    (tmp_path / "postal_parser.py").write_text(PARSER)
    return ServiceSpec("postal", "postal_parser", OFFERED, sys.executable, str(tmp_path))


@asynccontextmanager
async def _open(spec: ServiceSpec, tmp_path: Path) -> AsyncIterator[tuple[Services, SharedService]]:
    services = Services([spec], open_state_dir(tmp_path / "state"), os.environ)
    await services.open()
    path = services.folder / f"{spec.name}.sock"
    try:
        yield services, SharedService(name=spec.name, address=f"unix:{path}", timeout_s=scaled(30))
    finally:
        await services.close()
        assert not list(services.folder.glob("*.sock"))


async def _in_thread(work: Callable[..., Any], *args: Any, **named: Any) -> Any:
    return await asyncio.to_thread(work, *args, **named)


def test_is_asleep_until_it_is_called(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(spec, tmp_path) as (services, postal):
            assert services.about()["postal"]["state"] == "asleep"
            assert await _in_thread(postal.call, "parse", "10 Main St", times=2) == ["10", "Main", "St"] * 2
            about = services.about()["postal"]
            assert (about["state"], about["starts"], about["calls"]) == ("warm", 1, 0)
            assert await _in_thread(postal.call, "pid") != os.getpid()
            assert (services.folder.stat().st_mode & 0o777) == 0o700

    asyncio.run(story())


def test_plain_data_of_all_kinds(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(spec, tmp_path) as (_, postal):
            sent = {"a": [1, 2.5, None, True, "ä"], "b": {"c": b"\x00\xff"}}
            assert await _in_thread(postal.call, "echo", sent, (1, 2), k=b"x") == [
                [sent, [1, 2]],
                {"k": b"x"},
            ]
            assert await _in_thread(postal.call, "Box.deep", 4) == -4
            results = await _in_thread(lambda: list(postal.map("parse", (f"a {n}" for n in range(250)))))
            assert results == [["a", str(n)] for n in range(250)]

    asyncio.run(story())


def test_what_is_wrong_with_a_call_is_said(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(spec, tmp_path) as (_, postal):
            results = postal.map("reciprocal", [2, 4, 0, 8])
            assert await _in_thread(lambda: [next(results), next(results)]) == [0.5, 0.25]
            with pytest.raises(CallFailed, match="reciprocal raised ZeroDivisionError"):
                next(results)
            with pytest.raises(CallFailed, match="fail raised ValueError: bad: x") as failed:
                await _in_thread(postal.call, "fail", "x")
            assert "in fail" in failed.value.trace
            for match, args in (
                ("nothing is not offered; Box.deep, echo", ("nothing",)),
                ("parse: missing a required argument: 'text'", ("parse",)),
                ("parse: text must be str, not int", ("parse", 3)),
                ("odd gives builtins.object, which is no plain data", ("odd",)),
                ("marked gives a map with the key \\$bytes alone", ("marked",)),
                ("echo: an argument is a map with the key \\$bytes alone", ("echo", [{"$bytes": "x"}])),
                ("echo: an argument is builtins.object, which is no plain data", ("echo", object())),
            ):
                with pytest.raises(CallRefused, match=match):
                    await _in_thread(postal.call, *args)

    asyncio.run(story())


def test_sleeps_again_and_wakes(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(replace(spec, idle_timeout_s=0.5), tmp_path) as (services, postal):
            first = await _in_thread(postal.call, "pid")
            await until_async(lambda: services.about()["postal"]["state"] == "asleep", 30)
            await until_async(lambda: not os.path.exists(f"/proc/{first}"), 30)
            assert await _in_thread(postal.call, "pid") != first

    asyncio.run(story())


def test_a_call_ends_in_time(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(spec, tmp_path) as (_, postal):
            await _in_thread(postal.call, "pid")
            hasty = SharedService(name="postal", address=postal.address, timeout_s=0.5)
            with pytest.raises(CallTimeout, match=r"postal\.slow did not answer within 0\.5 s"):
                await _in_thread(hasty.call, "slow", 30)

    asyncio.run(story())


def test_more_calls_than_may_wait_are_turned_away(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(replace(spec, at_once=1, waiting=1), tmp_path) as (services, postal):
            await _in_thread(postal.call, "pid")
            with ThreadPoolExecutor(2) as pool:
                running = [pool.submit(postal.call, "slow", scaled(1)) for _ in range(2)]
                await until_async(lambda: services.about()["postal"]["calls"] == 2, 30)
                hasty = SharedService(name="postal", address=postal.address, timeout_s=0.5)
                with pytest.raises(ServiceBusy, match="2 calls are under way or waiting, which is the most"):
                    await _in_thread(hasty.call, "pid")
                patient = await _in_thread(postal.call, "pid")  # tries again until there is room
                assert patient
                assert all(await asyncio.gather(*map(asyncio.wrap_future, running)))

    asyncio.run(story())


def test_is_ended_over_its_memory_and_serves_again(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(replace(spec, memory_limit_bytes=150_000_000), tmp_path) as (_, postal):
            first = await _in_thread(postal.call, "pid")
            with pytest.raises(ServiceUnavailable, match="more than its 150,000,000 bytes of memory"):
                await _in_thread(postal.call, "grow", 300_000_000)
            assert await _in_thread(postal.call, "pid") != first

    asyncio.run(story())


def test_a_process_that_ends_is_said_and_started_again(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(spec, tmp_path) as (_, postal):
            with pytest.raises(ServiceUnavailable, match="its process ended during the call"):
                await _in_thread(postal.call, "leave")
            assert await _in_thread(postal.call, "parse", "a b") == ["a", "b"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"module": "no_such_module"}, "No module named 'no_such_module'"),
        ({"expose": ("none",)}, "has no attribute 'none'"),
        ({"expose": ("STARTED",)}, "postal_parser.STARTED is no function"),
        ({"python": "/no/python"}, "/no/python cannot be started"),
    ],
)
def test_one_that_does_not_start_says_why_at_once(
    spec: ServiceSpec, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    async def story() -> None:
        async with _open(replace(spec, **change), tmp_path) as (services, postal):
            for _ in range(2):  # the second is told at once, and starts nothing
                with pytest.raises(ServiceUnavailable, match="postal does not start") as caught:
                    await _in_thread(postal.call, "pid")
                assert said in str(caught.value)
            assert services.about()["postal"]["state"] == "failed"

    asyncio.run(story())


def test_calls_are_passed_on_to_a_server_that_somebody_else_runs(spec: ServiceSpec, tmp_path: Path) -> None:
    """The other is a service of another Reef, which cannot be reached before it is there and after it is gone."""
    socket = tmp_path / "other" / "state" / "s" / "postal.sock"
    passing = ServiceSpec("postal", "", (), "", "", at_once=1, waiting=0, address=f"unix:{socket}")

    async def story() -> None:
        async with _open(passing, tmp_path) as (services, postal):
            assert services.about()["postal"]["state"] == "elsewhere"
            with pytest.raises(ServiceUnavailable):
                await _in_thread(postal.call, "parse", "x")
            about = services.about()["postal"]
            assert about["state"] == "failed"
            assert str(socket) in about["error"]
            async with _open(spec, tmp_path / "other") as (others, _):
                await _until_reached(postal)
                assert await _in_thread(postal.call, "parse", "a b") == ["a", "b"]
                about = services.about()["postal"]
                assert (about["state"], about["error"], about["starts"]) == ("elsewhere", "", 0)
                assert about["last_error"]
                assert others.about()["postal"]["starts"] == 1
                with pytest.raises(CallFailed, match="bad: x"):
                    await _in_thread(postal.call, "fail", "x")
                await _is_turned_away_while_busy(services, postal)
            with pytest.raises(ServiceUnavailable):
                await _in_thread(postal.call, "parse", "x")
            assert services.about()["postal"]["state"] == "failed"

    async def _until_reached(postal: SharedService) -> None:
        """gRPC waits a little before it tries an address again."""
        deadline = asyncio.get_running_loop().time() + scaled(30)
        while asyncio.get_running_loop().time() < deadline:
            try:
                await _in_thread(postal.call, "pid")
            except ServiceUnavailable:
                await asyncio.sleep(0.05)
            else:
                return

    async def _is_turned_away_while_busy(services: Services, postal: SharedService) -> None:
        busy_s = scaled(1.5)
        first = asyncio.create_task(_in_thread(postal.call, "slow", busy_s))
        await until_async(lambda: services.about()["postal"]["calls"] == 1, 10)
        hasty = SharedService(name="postal", address=postal.address, timeout_s=0.3)
        with pytest.raises(ServiceBusy):
            await _in_thread(hasty.call, "parse", "x")
        assert await first == busy_s

    asyncio.run(story())


def test_what_ended_it_is_said_until_there_is_something_else(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(spec, tmp_path) as (services, postal):
            with pytest.raises(ServiceUnavailable):
                await _in_thread(postal.call, "leave")
            assert await _in_thread(postal.call, "parse", "x") == ["x"]
            about = services.about()["postal"]
            assert (about["state"], about["error"]) == ("warm", "")
            assert about["last_error"] == "its process ended during the call"

    asyncio.run(story())


def test_services_that_come_change_and_go_while_it_runs(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(spec, tmp_path) as (services, postal):
            before = await _in_thread(postal.call, "pid")
            slow = asyncio.create_task(_in_thread(postal.call, "slow", 1.0))
            await until_async(lambda: services.keepers["postal"].calls == 1, 30, "for the call")
            other = replace(spec, name="other", expose=("pid",))
            changed = replace(spec, expose=("pid",))
            found = await services.follow([changed, other])
            assert (found.added, found.changed, found.removed) == (("other",), ("postal",), ())
            assert await _in_thread(postal.call, "pid") != before
            assert await slow == 1.0  # on the process with which it began
            with pytest.raises(CallRefused, match="parse is not offered"):
                await _in_thread(postal.call, "parse", "a b")
            await until_async(lambda: not os.path.exists(f"/proc/{before}"), 30, "for the old process")
            address = f"unix:{services.folder}/other.sock"
            asked = SharedService(name="other", address=address, timeout_s=scaled(30))
            assert await _in_thread(asked.call, "pid") != before
            assert not await services.follow([replace(changed, image="x:2", replicas=(1, 4)), other])
            assert (await services.follow([changed])).removed == ("other",)
            assert list(services.about()) == ["postal"]
            with pytest.raises(ServiceUnavailable):
                await _in_thread(
                    SharedService(name="other", address=address, timeout_s=scaled(5)).call, "pid"
                )

    asyncio.run(story())


def test_a_change_that_cannot_be_listened_for_changes_nothing(spec: ServiceSpec, tmp_path: Path) -> None:
    async def story() -> None:
        async with _open(spec, tmp_path) as (services, _):
            with pytest.raises(ReefError):
                await services.follow([replace(spec, name="x" * 120)])
            assert list(services.about()) == ["postal"]

    asyncio.run(story())


def test_without_reef_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REEF_SERVICES", raising=False)
    with pytest.raises(ServiceUnavailable, match="was not started by Reef"):
        SharedService(name="postal").call("parse", "x")


def test_the_guest_names_the_call_as_its_callers_do() -> None:
    """It imports nothing of Reef, so it has a copy."""
    from reef import calls_of_services
    from reef.guest import service_calls

    assert (service_calls.METHOD, service_calls.MOST_BYTES) == (
        calls_of_services.METHOD,
        calls_of_services.MOST_BYTES,
    )
