"""What tests of faults take away is away, and comes back."""

from __future__ import annotations

import pytest
from pods import output_of, pod, ready, within

from deadlines import scaled, until
from lab.bringing import lose_node, start_node
from lab.cluster import Cluster
from lab.kubectl import KubectlError

WAITS = ("python", "-c", "import time; time.sleep(1e6)")


def readiness(lab: Cluster, node: str) -> str:
    conditions = lab.kubectl.json("get", "node", node)["status"]["conditions"]
    return next(one["status"] for one in conditions if one["type"] == "Ready")


def test_the_api_server_goes_away_and_comes_back(lab: Cluster, namespace: str) -> None:
    with lab.control.without("kube-apiserver"), pytest.raises(KubectlError, match="refused"):
        lab.kubectl("get", "--raw", "/readyz", timeout_s=scaled(20))

    def answers() -> bool:
        try:
            return lab.kubectl("get", "namespace", namespace, "-o", "name") != ""
        except KubectlError:
            return False

    until(answers, 60, "for the API server")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_is_lost_and_comes_back(lab: Cluster, namespace: str) -> None:
    lost = lab.nodes[1]
    there = {"nodeName": lost.name}
    lab.kubectl.apply(within(namespace, pod("waits", *WAITS, **there)))
    ready(lab.kubectl, namespace, "waits")
    lose_node(lab, lost)
    assert lost.pid is None
    try:
        until(lambda: readiness(lab, lost.name) != "True", 120, "for the node to be missed", every_s=0.5)
    finally:
        start_node(lab, lost)
    until(lambda: readiness(lab, lost.name) == "True", 120, "for the node", every_s=0.5)
    lab.kubectl.apply(within(namespace, pod("again", "id", "-u", restartPolicy="Never", **there)))
    assert output_of(lab.kubectl, namespace, "again") == "10001\n"
