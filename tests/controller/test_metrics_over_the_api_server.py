"""What a controller reads for its metrics, from a real API server: objects, and what kubelet says in its events.

No kubelet runs there: the test writes the event that one would.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from test_controller_metrics import IMAGE, PULLED, Books, samples

from lab.apiserver import ApiServer
from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.controller.leader_metrics import LeaderMetrics
from reef.controller.metrics import ControllerMetrics
from reef.controller.watched import Watched
from reef.kube.group import API_VERSION, KIND
from reef.kube.model.crd import definition

pytestmark = pytest.mark.timeout(300)
RESOURCES = {"requests": {"memory": "512Mi", "cpu": "1"}}


def event(namespace: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"sales-{reason.lower()}", "namespace": namespace},
        "involvedObject": {"kind": "Pod", "name": "sales-7c", "namespace": namespace},
        "reason": reason,
        "message": message,
        "type": "Normal",
        "firstTimestamp": "2026-11-30T08:00:00Z",
        "lastTimestamp": "2026-11-30T08:00:00Z",
    }


def test_requests_and_pulls(api_server: ApiServer, kube_namespace: str) -> None:
    api_server.kubectl.apply(definition())
    api_server.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    spec = {"image": IMAGE, "owner": "finance", "code": {"module": "sales"}, "resources": RESOURCES}
    meta = {"name": "sales", "namespace": kube_namespace}
    api_server.kubectl.apply({"apiVersion": API_VERSION, "kind": KIND, "metadata": meta, "spec": spec})
    api_server.kubectl.apply(
        event(kube_namespace, "Pulled", PULLED),
        event(kube_namespace, "Pulling", PULLED.replace("12.5s", "99s")),
    )

    async def scraped() -> dict[tuple[str, str], tuple[dict[str, str], float]]:
        client = Client(connection(kubeconfig=api_server.kubeconfig, environ={}))
        client.namespace = kube_namespace
        watched, metrics = Watched(client, kube_namespace), ControllerMetrics()
        await watched.start()
        try:
            metrics.lead(LeaderMetrics(watched, cast(Any, Books()), client, kube_namespace))
            return await samples(metrics)
        finally:
            await watched.close()
            await client.close()

    found = asyncio.run(scraped())
    assert found["reef_location_memory_request_bytes", "sales"] == (
        {"location": "sales", "owner": "finance"},
        512 << 20,
    )
    assert found["reef_location_cpu_request_cores", "sales"][1] == 1
    assert found["reef_location_image_pull_seconds", "sales"][1] == 12.5
    assert found["reef_location_image_size_bytes", "sales"][1] == 734003200
