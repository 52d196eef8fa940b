"""The API server that reconcile tests use is a real one: it judges, watches, and goes away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deadlines import scaled
from lab.apiserver import ApiServer, assets
from lab.errors import LabError
from lab.kubectl import KubectlError

GROUP = "lab.test.reef"
SENTENCE = "max is smaller than min: give a max of at least min"


def ranges() -> dict[str, Any]:
    """A custom resource with a rule."""
    number = {"type": "integer"}
    spec = {
        "type": "object",
        "properties": {"min": number, "max": number},
        "x-kubernetes-validations": [{"rule": "self.min <= self.max", "message": SENTENCE}],
    }
    schema = {"type": "object", "properties": {"spec": spec, "status": {"type": "object"}}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"ranges.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": "Range", "plural": "ranges"},
            "versions": [version],
        },
    }


def a_range(namespace: str, low: int, high: int) -> dict[str, Any]:
    metadata = {"name": "one", "namespace": namespace}
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Range",
        "metadata": metadata,
        "spec": {"min": low, "max": high},
    }


def test_a_rule_refuses_nonsense_with_its_sentence(api_server: ApiServer, kube_namespace: str) -> None:
    kubectl = api_server.kubectl
    kubectl.apply(ranges())
    kubectl("wait", "--for=condition=Established", f"crd/ranges.{GROUP}", "--timeout=60s")
    kubectl.apply(a_range(kube_namespace, 1, 2))
    with pytest.raises(KubectlError, match=SENTENCE):
        kubectl.apply(a_range(kube_namespace, 3, 2))
    kept = kubectl.json("-n", kube_namespace, "get", "range", "one")
    assert kept["spec"] == {"min": 1, "max": 2}


def test_it_goes_away_and_comes_back_with_what_it_had(api_server: ApiServer, kube_namespace: str) -> None:
    with api_server.away():
        assert not api_server.ready()
        with pytest.raises(KubectlError, match="refused"):
            api_server.kubectl("get", "namespaces", timeout_s=scaled(20))
    assert (
        api_server.kubectl("get", "namespace", kube_namespace, "-o", "name")
        == f"namespace/{kube_namespace}\n"
    )


def test_nobody_gets_in_without_a_token(api_server: ApiServer) -> None:
    with pytest.raises(KubectlError, match="must be logged in"):
        api_server.kubectl("--token=wrong", "get", "namespaces")


def test_programs_of_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    (tmp_path / "kubectl").touch(0o755)
    with pytest.raises(LabError, match="has no program etcd, kube-apiserver"):
        assets()
    for name in ("etcd", "kube-apiserver"):
        (tmp_path / name).touch(0o755)
    assert assets() == {name: tmp_path / name for name in ("etcd", "kube-apiserver", "kubectl")}
