"""Images of more locations can be made while the cluster runs."""

from __future__ import annotations

import secrets

from pods import output_of, pod, within

from lab.cluster import Cluster


def test_a_new_location_runs_on_each_node(lab: Cluster, namespace: str) -> None:
    name, code = f"reef.test/made-{secrets.token_hex(4)}:1", "import dagster as dg  # just made\n"
    lab.load_locations({name: code})
    reads = ("sh", "-c", "cat /opt/app/defs.py")
    for node in lab.nodes:
        told = pod(node.name, *reads, image=name, nodeName=node.name, restartPolicy="Never")
        told["spec"]["containers"][0]["imagePullPolicy"] = "Never"
        lab.kubectl.apply(within(namespace, told))
    for node in lab.nodes:
        assert output_of(lab.kubectl, namespace, node.name) == code
