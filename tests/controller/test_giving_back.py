"""A Service that was taken over, and whose CodeLocation is deleted, on a real API server."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "clusterapi"))

from asking import client, location, ready_for_locations

from deadlines import Deadline
from lab.apiserver import ApiServer
from reef.cluster.kinds import CODE_LOCATION, SERVICE
from reef.controller.asked import asked
from reef.controller.book import Book
from reef.controller.known import Known
from reef.controller.objects import Objects
from reef.controller.watched import Watched
from reef.kube import labels
from reef.kube.objects.adopted import before_cutover
from reef.peers.messages import ServedNow

PORT = 20_001
SHOWN = Book(name="sales", generation=1, shown=ServedNow(server_id="1"), version="v1")


def charts_service(namespace: str) -> dict[str, Any]:
    meta = {"name": "sales", "namespace": namespace, "labels": {"heritage": "Helm"}}
    ports = [{"name": "grpc", "port": 4000, "protocol": "TCP", "targetPort": "grpc"}]
    spec = {"selector": {"deployment": "sales"}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}


@pytest.mark.timeout(300)
def test_it_leads_where_it_led(api_server: ApiServer, kube_namespace: str) -> None:
    ready_for_locations(api_server)

    async def main() -> None:
        async with client(api_server, kube_namespace) as api:
            there = await api.create(SERVICE, charts_service(kube_namespace))
            made = location("sales", kube_namespace)
            made["spec"]["port"] = 4000
            made["metadata"]["annotations"] |= {
                labels.CUTOVER: "true",
                labels.BEFORE_CUTOVER: before_cutover(there),
            }
            await api.create(CODE_LOCATION, made)
            watched = Watched(api, kube_namespace)
            await watched.start()
            objects = Objects(api, watched, kube_namespace, "reef-workspace")

            async def follow() -> None:
                known: list[Known] = watched.known()
                fleet = [asked(each, SHOWN, {}) for each in known]
                await objects.follow(fleet, {"sales": PORT}, {each.name for each in known})

            async def leads(selector: dict[str, str], port: int | str) -> None:
                """Look after look, as a leader does."""
                deadline = Deadline(60)
                while True:
                    await follow()
                    spec = (await api.get(SERVICE, "sales", kube_namespace))["spec"]
                    if (spec["selector"], spec["ports"][0]["targetPort"]) == (selector, port):
                        return
                    assert not deadline.over, spec
                    await asyncio.sleep(0.05)

            try:
                await leads(dict(labels.GATEWAYS), PORT)
                await api.delete(CODE_LOCATION, "sales", kube_namespace)
                await leads({"deployment": "sales"}, "grpc")
                last = (await api.get(SERVICE, "sales", kube_namespace))["metadata"]
                assert last["uid"] == there["metadata"]["uid"]
                assert labels.BEFORE_CUTOVER not in last.get("annotations", {})
                assert last["labels"] == {"heritage": "Helm"}
            finally:
                await watched.close()

    asyncio.run(main())
