"""`reef doctor --in-cluster` against a real API server: Jobs that are made, read and removed. Nothing runs there: the
test plays kubelet."""

from __future__ import annotations

import json
from typing import Any

import pytest
from played import Played, location

from deadlines import until
from reef.errors import ReefError
from reef.kube import labels
from reef.peers.diagnosis import order_from_json
from reef.remote.images import image_before

pytestmark = pytest.mark.timeout(300)
CONTROLLER = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "reef-controller", "labels": {labels.PART_OF: "reef"}},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "containers": [
                    {
                        "name": "controller",
                        "image": "reef:1",
                        "env": [
                            {"name": "REEF_IMAGE", "value": "registry.example/reef:1"},
                            {"name": "REEF_IMAGE_PULL_SECRETS", "value": '[{"name": "registry"}]'},
                        ],
                    }
                ]
            },
        },
    },
}


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    template = job["spec"]["template"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{job['metadata']['name']}-x", "labels": template["metadata"]["labels"]},
        "spec": template["spec"],
    }


def waiting(name: str, reason: str, message: str) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": name, "image": "", "imageID": "", "ready": False, "restartCount": 0, "state": state}


def test_an_image_that_cannot_be_is_a_finding_and_the_job_is_gone(played: Played) -> None:
    limits = {"limits": {"memory": "1Gi"}}
    played.apply(
        CONTROLLER,
        location("sales", resources=limits, env=[{"name": "TEAM", "value": "a"}]),
        {**location("legacy"), "spec": {"server": {"host": "legacy.internal", "port": 4000}}},
    )
    begun = played.begin("doctor", "--in-cluster", "--json")

    def jobs() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(played.k("get", "jobs", "-o", "json"))["items"]
        return found

    (job,) = until(jobs, 90, "for the Job")
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("CodeLocation", "sales")
    spec = job["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (0, 300)
    assert spec["activeDeadlineSeconds"] > 900
    host, one = spec["template"]["spec"]["containers"]
    assert (host["image"], host["command"]) == ("registry.example/reef:1", ["reef", "doctor-pod"])
    assert spec["template"]["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    order = order_from_json(host["env"][0]["value"])
    assert (order.name, order.target, order.timeout_s) == ("sales", {"module_name": "sales"}, 180.0)
    assert one["resources"]["limits"] == {"memory": "1Gi"}
    assert {"name": "TEAM", "value": "a"} in one["env"]
    assert not any("secret" in each for each in spec["template"]["spec"]["volumes"])  # no certificate of Reef
    pod = pod_of(job)
    played.apply(pod)
    said = [waiting("reef", "", ""), waiting("location", "InvalidImageName", "invalid reference format")]
    played.patch_status("pod", pod["metadata"]["name"], {"containerStatuses": said})
    done = begun.wait()
    assert done.code == 0, done.err
    by_name = {each["location"]: each["trouble"][0] for each in done.json["diagnoses"]}
    assert "invalid reference format" in by_name["sales"]["message"]
    assert by_name["legacy"]["kind"] == "partial"
    until(lambda: not [each for each in jobs() if "deletionTimestamp" not in each["metadata"]], 60, "its end")
    kept = played.get("configmap", "reef-doctor-sales-last")
    assert kept["metadata"]["ownerReferences"] == [owner]
    assert "invalid reference format" in json.loads(kept["data"]["diagnosis.json"])["lines"][0]


def test_where_no_reef_is_installed_it_says_so(played: Played) -> None:
    played.apply(location("sales"))
    done = played.reef("doctor", "--in-cluster", code=2)
    assert "no Deployment reef-controller" in done.err
    assert "takes no --fix" in played.reef("doctor", "--in-cluster", "--fix", code=2).err
    assert "only with --in-cluster" in played.reef("doctor", code=2).err


def test_the_image_of_an_earlier_version() -> None:
    history = [{"version": "v2a", "image": "x:2"}, {"version": "v1b", "image": "x@sha256:1"}]
    document = {**location("sales"), "status": {"history": history}}
    assert image_before(document, "v1") == "x@sha256:1"
    assert image_before(document, "y:3") == "y:3"
    with pytest.raises(ReefError, match="begins several versions"):
        image_before(document, "v")
    with pytest.raises(ReefError, match="is no version in the history of sales, and no image"):
        image_before(document, "q")
