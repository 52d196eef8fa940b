"""Names of Services are known, those from outside are not, and nothing outside is reached."""

from __future__ import annotations

import json

from pods import output_of, pod, within

from lab.cluster import Cluster
from lab.kubectl import Kubectl

ASK = """
import json, socket
def address(name):
    try:
        return socket.gethostbyname(name)
    except OSError as error:
        return type(error).__name__
print(json.dumps([address("kubernetes.default.svc.cluster.local"), address("elsewhere.test")]))
"""
REACH = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    print(error.strerror)
"""


def test_names_of_services(kubectl: Kubectl, namespace: str) -> None:
    kubectl.apply(within(namespace, pod("asks", "python", "-c", ASK, restartPolicy="Never")))
    told = json.loads(output_of(kubectl, namespace, "asks"))
    service = kubectl.json("-n", "default", "get", "service", "kubernetes")
    assert told == [service["spec"]["clusterIP"], "gaierror"]


def test_a_pod_of_the_lab_reaches_nothing_outside(lab: Cluster, namespace: str) -> None:
    lab.kubectl.apply(within(namespace, pod("tries", "python", "-c", REACH, restartPolicy="Never")))
    assert output_of(lab.kubectl, namespace, "tries") == "Network is unreachable\n"
