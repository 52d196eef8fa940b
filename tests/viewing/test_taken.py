"""What pods take, as a metrics server says it. A real API server answers; its figures are objects of the test, for no
metrics server runs beside it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from asking import client
from looped import looped

from lab.apiserver import ApiServer
from reef.cluster.kinds import POD_METRICS
from reef.kube.labels import COMPONENT, PART_OF
from reef.viewing.taken import Taken

pytestmark = pytest.mark.timeout(300)
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "pods.metrics.k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
    },
    "spec": {
        "group": "metrics.k8s.io",
        "scope": "Namespaced",
        "names": {"plural": "pods", "singular": "podmetrics", "kind": "PodMetrics", "listKind": "PodMetricsList"},
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}  # fmt: skip


def measured(name: str, **own: str) -> dict[str, Any]:
    usage = {"cpu": "250m", "memory": "120Mi"}
    return {
        "apiVersion": "metrics.k8s.io/v1beta1",
        "kind": "PodMetrics",
        "metadata": {"name": name, "labels": own},
        "containers": [{"name": "sales", "usage": usage}, {"name": "beside", "usage": usage}],
    }


@looped
async def test_the_sum_of_a_pods_containers_where_somebody_measures(
    api_server: ApiServer, kube_namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with client(api_server, kube_namespace) as api:
        taken = Taken(api, kube_namespace)
        assert await taken.bytes() == {}
        assert not taken.is_there
        assert [each.message for each in caplog.records if "not measured here" in each.message]
    api_server.kubectl.apply(CRD)
    try:
        api_server.kubectl("wait", "--for=condition=Established", "crd/pods.metrics.k8s.io", "--timeout=60s")
        async with client(api_server, kube_namespace) as api:
            await api.create(POD_METRICS, measured("sales-1", **{PART_OF: "reef", COMPONENT: "location"}))
            await api.create(POD_METRICS, measured("somebody-elses"))
            taken = Taken(api, kube_namespace)
            assert await taken.bytes() == {"sales-1": 240 << 20}
            assert taken.cpu == {"sales-1": 0.5}
    finally:
        api_server.kubectl("delete", "crd", "pods.metrics.k8s.io")
