"""`/metrics` of a gateway: calls of every location, and wakes of those on demand."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from code_servers import CodeServer
from edges import Here, address, edge, relay
from memory_cluster import MemoryCluster
from objects_of import location, own_pod
from prometheus_client.parser import text_string_to_metric_families

from deadlines import scaled, until_async

TICK = "ExternalPartitionNames"


async def samples(one: Here) -> dict[str, tuple[dict[str, str], float]]:
    status, text = await one.looked("/metrics")
    assert status == 200
    return {
        sample.name: (sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_wake_on_demand_and_its_call(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        host = address()
        wanted = location("sales", placement="on_demand", deployment="sales-d", port=4001)
        wanted["spec"]["owner"] = "finance"
        cluster = MemoryCluster([wanted])
        cluster.on_scale = lambda _name, _replicas: cluster.put("pods", own_pod("sales", host))
        async with edge(tmp_path, cluster) as one, relay(host, 4001, small.socket):
            await until_async(lambda: one.listens_for("sales"))
            await one.call(TICK, timeout_s=scaled(60))
            found = await samples(one)
            who = {"location": "sales", "owner": "finance"}
            assert found["reef_location_wakes_total"] == ({**who, "reason": TICK}, 1)
            assert found["reef_location_cold_start_seconds_count"] == (who, 1)
            labels, number = found["reef_location_calls_total"]
            assert (labels, number) == ({**who, "method": TICK, "lane": "forwarded", "outcome": "OK"}, 1)
            assert found["reef_location_calls_in_flight"] == (who, 0)
            assert found["reef_host_info"][0]["role"] == "gateway"

    asyncio.run(main())


@pytest.mark.parametrize("accept", ["application/openmetrics-text", "text/plain"])
def test_the_format_is_the_one_that_is_asked_for(tmp_path: Path, accept: str) -> None:
    async def main() -> None:
        async with edge(tmp_path, MemoryCluster([])) as one:
            reader, writer = await asyncio.open_connection(one.host, 8081)
            writer.write(f"GET /metrics HTTP/1.1\r\nHost: x\r\naccept:  {accept}\r\n\r\n".encode())
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
            await writer.wait_closed()
            assert f"Content-Type: {accept}".encode() in head
            assert f"Content-Length: {len(body)}\r\n".encode() in head + b"\r\n"
            assert body.endswith(b"# EOF\n") == (accept != "text/plain")

    asyncio.run(main())
