"""The gate of shared services before a real API server: what is rendered is taken, and its account may do what it does
and no more. Nothing runs there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from lab.apiserver import ApiServer
from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.cluster.errors import ClusterError, Forbidden
from reef.cluster.kinds import DEPLOYMENT, POD, SECRET, Kind
from reef.fleet.model import ServiceSpec
from reef.kube.objects.service_gate import GATES, NAME, service_gate
from reef.kube.objects.shared_service import PROGRAM, ServicePod, shared_service

pytestmark = pytest.mark.timeout(180)


def test_its_account_scales_its_deployments_and_nothing_else(
    api_server: ApiServer, kube_namespace: str, tmp_path: Path
) -> None:
    spec = ServiceSpec("postal", "parser", ("parse",), "", "", memory_limit_bytes=3 << 30, replicas=(1, 4))
    pod = ServicePod(
        name="postal",
        namespace=kube_namespace,
        image="acme/postal:1",
        env={},
        workdir=None,
        program=dict.fromkeys(PROGRAM, "import os\n"),
        gate=GATES,
    )
    api_server.kubectl("label", "namespace", kube_namespace, "pod-security.kubernetes.io/enforce=restricted")
    documents = [*shared_service(spec, pod), *service_gate([("postal", spec)], kube_namespace, "reef:1")]
    api_server.kubectl.apply(*documents)
    api_server.kubectl.apply(*documents)  # again, as GitOps does
    token = api_server.kubectl("-n", kube_namespace, "create", "token", NAME).strip()
    path = tmp_path / "kubeconfig"
    config = yaml.safe_load(api_server.kubeconfig.read_text())
    config["users"] = [{"name": "admin", "user": {"token": token}}]
    path.write_text(yaml.safe_dump(config))

    async def story() -> None:
        client = Client(connection(kubeconfig=path, environ={}))
        try:
            for number in (2, 0):
                await client.scale(DEPLOYMENT, "postal", number, kube_namespace)
                found = api_server.kubectl.json("-n", kube_namespace, "get", "deployment", "postal")
                assert found["spec"]["replicas"] == number
            with pytest.raises(Forbidden):
                await client.scale(DEPLOYMENT, NAME, 3, kube_namespace)
            with pytest.raises(Forbidden):
                await client.patch(DEPLOYMENT, "postal", {"metadata": {"labels": {"a": "b"}}}, kube_namespace)
            for kind in (DEPLOYMENT, POD, SECRET):
                await refused(client, kind)
        finally:
            await client.close()

    async def refused(client: Client, kind: Kind) -> None:
        with pytest.raises(ClusterError):
            await client.list(kind, kube_namespace)

    asyncio.run(story())
    api_server.kubectl.apply(*documents)  # whoever applies the files again does not wake it
    found = api_server.kubectl.json("-n", kube_namespace, "get", "deployment", "postal")
    assert found["spec"]["replicas"] == 0
