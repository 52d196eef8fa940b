"""A real code location's image serves Dagster's gRPC through a Service, to a pod on the other node."""

from __future__ import annotations

import json

import pytest
from pods import beside, output_of, pod, ready, within

from lab.kubectl import Kubectl

ASK = """
import json, socket
from dagster._grpc.client import DagsterGrpcClient
from dagster_shared.serdes import deserialize_value
client = DagsterGrpcClient(host="sales", port=4000)
assert client.ping("hello")["echo"] == "hello"
told = deserialize_value(client.list_repositories())
print(json.dumps({
    "address": socket.gethostbyname("sales"),
    "repositories": [symbol.repository_name for symbol in told.repository_symbols],
}))
"""
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "sales"},
    "spec": {"selector": {"app": "sales"}, "ports": [{"port": 4000}]},
}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_another_pod_calls_it_through_its_service(kubectl: Kubectl, namespace: str) -> None:
    probe = {"readinessProbe": {"tcpSocket": {"port": 4000}, "periodSeconds": 1}}
    server = pod("sales")
    server["spec"]["containers"][0] |= probe
    kubectl.apply(within(namespace, SERVICE), within(namespace, server))
    ready(kubectl, namespace, "sales")
    kubectl.apply(
        within(namespace, pod("asks", "python", "-c", ASK, restartPolicy="Never", **beside("sales")))
    )
    told = json.loads(output_of(kubectl, namespace, "asks").splitlines()[-1])
    service = kubectl.json("-n", namespace, "get", "service", "sales")
    assert told == {"address": service["spec"]["clusterIP"], "repositories": ["__repository__"]}
    nodes = {one["spec"]["nodeName"] for one in kubectl.json("-n", namespace, "get", "pods")["items"]}
    assert len(nodes) == 2
    user = kubectl("-n", namespace, "exec", "sales", "--", "id", "-u")
    assert user == "10001\n"
