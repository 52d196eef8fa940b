"""What a gateway follows and scales over a real API server. No kubelet runs: pods are given their addresses here."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from objects_of import own_pod

sys.path.insert(0, str(Path(__file__).parents[1] / "clusterapi"))

from asking import client, location, ready_for_locations

from deadlines import until_async
from lab.apiserver import ApiServer
from reef.cluster.kinds import CODE_LOCATION, DEPLOYMENT, POD
from reef.gateways.api import ClusterApi
from reef.gateways.contract import NotScaled
from reef.gateways.directory import Directory
from reef.gateways.following import Follower
from reef.kube.labels import PART_OF

SERVING = {
    "placement": {"chosen": "on_demand", "reason": "-"},
    "serving": {"gatewayPort": 20_001, "deployment": "sales"},
}


def deployment(name: str) -> dict[str, object]:
    labels = {"app": name}
    container = {"name": "sales", "image": "registry.example/sales:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


@pytest.mark.timeout(300)
def test_locations_and_pods_come_and_go_and_a_deployment_is_scaled(
    api_server: ApiServer, kube_namespace: str, tmp_path: Path
) -> None:
    ready_for_locations(api_server)

    async def main() -> None:
        async with client(api_server, kube_namespace) as api:
            cluster, directory = ClusterApi(api, kube_namespace), Directory()
            follower = Follower(cluster, directory, tmp_path / "known.json")
            tasks = [asyncio.create_task(each()) for each in (follower.locations, follower.pods)]
            await api.create(CODE_LOCATION, location("sales", kube_namespace))
            await until_async(lambda: directory.listed, 60)
            assert directory.site("sales") is None, "no controller has placed it"
            await api.patch_status(CODE_LOCATION, "sales", SERVING)
            await until_async(lambda: directory.site("sales") is not None, 60)
            site = directory.site("sales")
            assert site is not None
            assert (site.placement, site.gateway_port) == ("on_demand", 20_001)

            pod = own_pod("sales", None)
            labels = {**pod["metadata"]["labels"], PART_OF: "reef"}
            container = {"name": "sales", "image": "registry.example/sales:1"}
            spec = {
                "containers": [container],
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 0,
            }
            await api.create(POD, {"metadata": {"name": "sales-1", "labels": labels}, "spec": spec})
            await until_async(lambda: directory.has_pod(site), 60)
            assert directory.pods_of(site) == ()
            status = {"phase": "Running", "podIP": "10.0.0.7", "podIPs": [{"ip": "10.0.0.7"}]}
            await api.patch_status(POD, "sales-1", status)
            await until_async(lambda: [pod.ip for pod in directory.pods_of(site)] == ["10.0.0.7"], 60)
            await api.delete(POD, "sales-1", grace_s=0)
            await until_async(lambda: not directory.has_pod(site), 60)

            await api.create(DEPLOYMENT, deployment("sales"))
            await cluster.scale("sales", 1)
            assert (await api.get(DEPLOYMENT, "sales"))["spec"]["replicas"] == 1
            with pytest.raises(NotScaled, match="not found"):
                await cluster.scale("nobody", 1)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
