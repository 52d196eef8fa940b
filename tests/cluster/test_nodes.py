"""The cluster is what the other tests take it for."""

from __future__ import annotations

import json

from lab import versions
from lab.cluster import Cluster
from lab.kubectl import Kubectl


def test_two_nodes_are_ready(kubectl: Kubectl) -> None:
    nodes = kubectl.json("get", "nodes")["items"]
    assert len(nodes) >= 2
    ready = [
        condition["status"]
        for node in nodes
        for condition in node["status"]["conditions"]
        if condition["type"] == "Ready"
    ]
    assert ready == ["True"] * len(nodes)


def test_it_is_the_kubernetes_that_was_built(lab: Cluster) -> None:
    told = [node["status"]["nodeInfo"] for node in lab.kubectl.json("get", "nodes")["items"]]
    assert {one["kubeletVersion"] for one in told} == {f"v{versions.KUBERNETES}"}
    assert {one["containerRuntimeVersion"] for one in told} == {f"containerd://{versions.CONTAINERD}"}
    server = json.loads(lab.kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"]
    assert server == f"v{versions.KUBERNETES}"


def test_no_device_leads_out_of_the_lab(lab: Cluster) -> None:
    devices = json.loads(lab.control.inside("ip", "-json", "link", "show"))
    names = {one["ifname"] for one in devices} - {"lo", "lab0"}
    assert names == {f"port{number}" for number in range(1, len(lab.nodes) + 1)}
    routes = json.loads(lab.control.inside("ip", "-json", "route", "show", "default"))
    assert routes == []
