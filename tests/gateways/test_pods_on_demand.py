"""Locations with pods of their own: woken, called as soon as they answer, and let go without losing a call."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import grpc.aio
import pytest
from code_servers import CodeServer
from edges import Here, address, edge, relay
from memory_cluster import MemoryCluster
from objects_of import location, own_pod

from deadlines import scaled, until_async
from reef.gateway.contract import Endpoint
from reef.peers.messages import GatewayState, Nothing, Rest, Rested

ON_DEMAND = location("sales", placement="on_demand", deployment="sales-d", port=4001)
STANDING = location("sales", placement="standing", deployment="sales-d", port=4001)
TICK = "ExternalPartitionNames"  # any call that needs a server


async def listening(one: Here) -> None:
    await until_async(lambda: one.listens_for("sales"))


def now(one: Here) -> Endpoint | None:
    return one.process.parts.servers.endpoint_now("sales")


def test_a_call_wakes_the_pod_and_goes_on_as_soon_as_that_answers(tmp_path: Path, small: CodeServer) -> None:
    """Not when it is *Ready*; the pod has its address before its server takes connections."""

    async def main() -> None:
        host, cluster = address(), MemoryCluster([ON_DEMAND])
        cluster.on_scale = lambda _name, _replicas: cluster.put("pods", own_pod("sales", None))
        async with edge(tmp_path, cluster) as one, AsyncExitStack() as stack:
            await listening(one)
            calls = [asyncio.create_task(one.call(TICK, timeout_s=scaled(60))) for _ in range(5)]
            await until_async(lambda: cluster.scaled == [("sales-d", 1)])
            cluster.put("pods", own_pod("sales", host))
            await until_async(lambda: "u1" in one.process.parts.servers.reaching._asking)
            assert now(one) is None
            await stack.enter_async_context(relay(host, 4001, small.socket))
            await asyncio.gather(*calls)
            assert cluster.scaled == [("sales-d", 1)], "one wake for all calls"
            assert now(one) == Endpoint(f"{host}:4001", "", "u1", "pod")
            await one.call(TICK)

    asyncio.run(main())


def test_a_call_that_comes_while_the_pod_is_scaled_down_is_not_lost(
    tmp_path: Path, small: CodeServer
) -> None:
    """The controller asks first; from then on no call goes to the pod that may go."""

    async def main() -> None:
        first, second, cluster = address(), address(), MemoryCluster([ON_DEMAND], [own_pod("sales", None)])

        def scale(_name: str, replicas: int) -> None:
            if "sales-u1" not in cluster.objects["pods"]:
                cluster.put("pods", own_pod("sales", second, uid="u2"))

        cluster.on_scale = scale
        async with edge(tmp_path, cluster) as one, relay(second, 4001, small.socket):
            await listening(one)
            async with relay(first, 4001, small.socket):
                cluster.put("pods", own_pod("sales", first))
                await one.call(TICK)
                rested = await one.told("Rest", Rest("sales", scaled(60)), Rested)
                assert rested == Rested(True)
                call = asyncio.create_task(one.call(TICK, timeout_s=scaled(60)))
                await until_async(lambda: ("sales-d", 1) in cluster.scaled)
                assert not call.done(), "the first pod still answers, and may be gone at any moment"
                before = len(cluster.scaled)
                cluster.put("pods", own_pod("sales", first, leaving=True))
                cluster.remove("pods", "sales-u1")
            await until_async(lambda: len(cluster.scaled) > before, 30)
            await call
            assert (await one.told("State", Nothing(), GatewayState)).idle_since["sales"] is not None

    asyncio.run(main())


def test_a_pod_that_is_not_scaled_down_after_all_is_called_again(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        host, cluster = address(), MemoryCluster([ON_DEMAND])
        async with edge(tmp_path, cluster) as one, relay(host, 4001, small.socket):
            await listening(one)
            cluster.put("pods", own_pod("sales", host))
            await one.call(TICK)
            assert await one.told("Rest", Rest("sales", 1.0), Rested) == Rested(True)
            assert now(one) is None
            await one.call(TICK, timeout_s=scaled(60))

    asyncio.run(main())


def test_one_that_is_needed_may_not_sleep(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        cluster = MemoryCluster([ON_DEMAND])
        async with edge(tmp_path, cluster) as one:
            await listening(one)
            started = (await one.told("State", Nothing(), GatewayState)).idle_since["sales"]
            assert started is not None
            call = asyncio.create_task(one.call(TICK, timeout_s=scaled(60)))
            await until_async(lambda: one.process.parts.board.in_flight("sales") == 1)
            assert (await one.told("State", Nothing(), GatewayState)).idle_since == {"sales": None}
            assert await one.told("Rest", Rest("sales", 1.0), Rested) == Rested(False)
            call.cancel()
            await until_async(lambda: one.process.parts.board.in_flight("sales") == 0)
            since = (await one.told("State", Nothing(), GatewayState)).idle_since["sales"]
            assert since is not None
            assert started < since <= time.time()

    asyncio.run(main())


def test_a_pod_that_takes_no_connection_is_woken_again(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        first, second, cluster = address(), address(), MemoryCluster([ON_DEMAND])
        cluster.on_scale = lambda _name, _replicas: cluster.put("pods", own_pod("sales", second, uid="u2"))
        async with edge(tmp_path, cluster) as one, relay(second, 4001, small.socket):
            await listening(one)
            cluster.put(
                "pods", own_pod("sales", first, ready=True)
            )  # and gone: the cluster does not know it yet
            await until_async(lambda: now(one) is not None)
            call = asyncio.create_task(one.call(TICK, timeout_s=scaled(60)))
            await until_async(lambda: "u1" in one.process.parts.servers.reaching._failed)
            cluster.remove("pods", "sales-u1")
            await call
            assert cluster.scaled == [("sales-d", 1)]

    asyncio.run(main())


def test_a_cluster_that_refuses_to_scale(tmp_path: Path) -> None:
    """The call waits as long as its caller does: the cluster may be back by then."""

    async def main() -> None:
        cluster = MemoryCluster([ON_DEMAND])
        cluster.refuses = "the API server is away"
        async with edge(tmp_path, cluster) as one:
            await listening(one)
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await one.call(TICK, timeout_s=1.5)
            assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert set(cluster.scaled) == {("sales-d", 1)}

    asyncio.run(main())


def test_standing_pods_are_never_scaled_and_share_the_calls(tmp_path: Path, small: CodeServer) -> None:
    """Those that are *Ready* come first; one that is not is called where there is no other."""

    async def main() -> None:
        hosts, cluster = [address(), address(), address()], MemoryCluster([STANDING])
        async with edge(tmp_path, cluster) as one, AsyncExitStack() as stack:
            await listening(one)
            for host in hosts:
                await stack.enter_async_context(relay(host, 4001, small.socket))
            cluster.put("pods", own_pod("sales", hosts[0], uid="u0"))
            await one.call(TICK, timeout_s=scaled(60))
            found = now(one)
            assert found is not None
            assert found.server == "u0"
            for number in (1, 2):
                cluster.put("pods", own_pod("sales", hosts[number], uid=f"u{number}", ready=True))
            await until_async(lambda: (found := now(one)) is not None and found.server != "u0")
            assert {each.server for each in (now(one) for _ in range(10)) if each} == {"u1", "u2"}
            assert {each.server for each in await one.process.parts.servers.run_endpoints("sales")} == {
                "u0",
                "u1",
                "u2",
            }
            assert cluster.scaled == []

    asyncio.run(main())


def test_somebody_elses_server(tmp_path: Path, small: CodeServer) -> None:
    """It can be asked for its own id before anything is shown."""

    async def main() -> None:
        host = address()
        cluster = MemoryCluster([location("sales", placement="external", target=f"{host}:4001")])
        async with edge(tmp_path, cluster) as one, relay(host, 4001, small.socket):
            await listening(one)
            assert await one.server_id(timeout_s=scaled(30))
            await one.call(TICK)

    asyncio.run(main())
