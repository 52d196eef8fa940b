"""Documents of an API server as values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reef.kube import labels
from reef.kube.objects.replica_set import pod_patch
from reef.kube.seen.reading import deployment_seen, pod_seen, replica_set_seen, seconds, timestamp
from reef.kube.seen.state import ContainerSeen

AT = "2026-11-30T02:18:11Z"
SIX = "6" * 64


def pod(name: str = "p", created: str = AT, **status: Any) -> dict[str, Any]:
    metadata = {"name": name, "creationTimestamp": created, "labels": {labels.PACK: "pack-aa-1-2"}}
    containers = [{"name": "sales", "image": "acme/sales:1"}, {"name": "reef", "image": "reef:1"}]
    return {"metadata": metadata, "spec": {"containers": containers}, "status": status}


def test_a_pod_that_no_node_takes() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/2 nodes are available.",
        "lastTransitionTime": AT,
    }
    found = pod_seen(pod(phase="Pending", conditions=[condition]))
    assert found.unschedulable == "0/2 nodes are available."
    assert found.unschedulable_since == found.created == seconds(AT)
    assert found.containers["sales"] == ContainerSeen("sales", "acme/sales:1")


def test_its_containers() -> None:
    statuses = [
        {
            "name": "sales",
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"exitCode": 3, "message": "no module"}},
            "restartCount": 4,
        },
        {
            "name": "reef",
            "ready": True,
            "imageID": f"docker.io/reef@sha256:{SIX}",
            "state": {"running": {"startedAt": AT}},
        },
    ]
    found = pod_seen(pod(phase="Running", podIP="10.0.0.7", containerStatuses=statuses))
    assert found.ip == "10.0.0.7"
    assert found.is_ready("reef")
    assert found.has_running("reef")
    assert found.containers["reef"].since == seconds(AT)
    one = found.containers["sales"]
    assert (one.state, one.reason, one.message, one.exit_code, one.restarts) == (
        "waiting",
        "CrashLoopBackOff",
        "back-off",
        3,
        4,
    )
    assert not found.has_running("sales")
    assert not found.has_running("nobody")


@pytest.mark.parametrize(
    ("asked", "runs", "right"),
    [
        (f"a:1@sha256:{SIX}", f"docker.io/a@sha256:{SIX}", True),
        (f"a:1@sha256:{SIX}", f"docker.io/a@sha256:{'5' * 64}", False),  # kubelet has not replaced it yet
        (
            f"a:1@sha256:{SIX}",
            f"sha256:{'5' * 64}",
            True,
        ),  # an image from an archive tells no digest of a registry
        ("a:1", f"docker.io/a@sha256:{SIX}", True),
    ],
)
def test_whether_what_is_asked_for_runs(asked: str, runs: str, right: bool) -> None:
    one = ContainerSeen("sales", asked, runs, "running")
    assert one.running is right
    assert not replace(one, state="waiting").running


def test_a_replica_set_has_its_newest_pod() -> None:
    document = {
        "metadata": {"name": "pack-aa-1-2", "creationTimestamp": AT, "annotations": {labels.MADE_FROM: "d"}},
        "spec": {"template": {"spec": {"containers": []}}},
    }
    old, new = pod_seen(pod("old")), pod_seen(pod("new", "2026-11-30T02:19:00Z"))
    found = replica_set_seen(document, [old, new])
    assert (found.pack, found.number, found.made_from) == ("pack-aa-1", 2, "d")
    assert found.pod == new
    assert replica_set_seen(document, [old, replace(new, deleting=True)]).pod == old
    assert replica_set_seen(document, [old, replace(new, phase="Failed")]).pod == old
    assert replica_set_seen(document, [replace(new, labels={})]).pod is None


def test_a_deployment() -> None:
    document = {
        "metadata": {"name": "reef-sales", "generation": 3, "annotations": {labels.MADE_FROM: "d"}},
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {labels.VERSION: "v1"}}}},
        "status": {
            "observedGeneration": 3,
            "updatedReplicas": 2,
            "availableReplicas": 1,
            "conditions": [
                {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "timed out"}
            ],
        },
    }
    found = deployment_seen(document)
    assert (found.made_from, found.version, found.message) == ("d", "v1", "timed out")
    assert not found.settled
    assert replace(found, available=2).settled
    assert not replace(found, available=2, observed_generation=2).settled


def test_times_go_both_ways() -> None:
    at = seconds(AT)
    assert at is not None
    assert timestamp(at) == AT
    assert seconds(None) is None


def images_of(restarts: int, state: str, **more: Any) -> dict[str, Any]:
    return {"name": "sales", "restartCount": restarts, "state": {state: {}}, **more}


@pytest.mark.parametrize(
    ("before", "after", "runs"),
    [
        (images_of(0, "running"), images_of(0, "running"), False),  # the old one, for a moment
        (images_of(0, "running"), images_of(1, "running"), True),
        (images_of(2, "running"), images_of(3, "waiting"), False),
        (images_of(0, "waiting"), images_of(0, "running"), True),  # its first start has the new image
        (images_of(0, "waiting", lastState={"terminated": {"exitCode": 1}}), images_of(0, "running"), False),
    ],
)
def test_which_start_has_the_new_image(before: dict[str, Any], after: dict[str, Any], runs: bool) -> None:
    """Where images have no digest, their names are all the same to a node."""
    document = pod(phase="Running", containerStatuses=[before])
    patch = pod_patch("sales", "acme/sales:1", pod_seen(document))
    document["metadata"]["annotations"] = patch["metadata"]["annotations"]
    document["status"]["containerStatuses"] = [after]
    assert pod_seen(document).has_running("sales") is runs
