"""What refuses a cutover and a way back, and whose a Service is."""

from __future__ import annotations

from typing import Any

import pytest
from played import chart_service, location

from reef.kube.group import HELM_FORM, HELM_KEY
from reef.kube.objects.adopted import before_cutover, way_back
from reef.kube.objects.location_status import Serving, StatusSeen, status
from reef.kube.objects.owners import MadeBy, made_by
from reef.remote.committing import GUARD, advice
from reef.remote.cutting import CutoverRefused, check_back, check_forward

SEEN = StatusSeen(1, "served", "Served", "It is served.", version="v1", serving=Serving(20_000, pack="p-1"))


def served(**spec: Any) -> dict[str, Any]:
    found = location("sales", **spec)
    found["metadata"]["generation"] = 1
    return {**found, "status": status(SEEN, None, "2026-11-30T02:18:11Z")}


def with_spec(**spec: Any) -> dict[str, Any]:
    found = chart_service("sales")
    found["spec"].update(spec)
    return found


OWNERS: dict[str, tuple[dict[str, Any], MadeBy]] = {
    "helm": ({}, MadeBy("helm", "dagster", "data")),
    "argo, by annotation": (
        {"annotations": {"argocd.argoproj.io/tracking-id": "shop:/Service:data/sales"}},
        MadeBy("argocd", "shop"),
    ),
    "argo, by label": (
        {"annotations": {}, "labels": {"argocd.argoproj.io/instance": "shop"}},
        MadeBy("argocd", "shop"),
    ),
    "flux": (
        {
            "labels": {
                "kustomize.toolkit.fluxcd.io/name": "apps",
                "kustomize.toolkit.fluxcd.io/namespace": "flux",
            }
        },
        MadeBy("flux", "apps", "flux"),
    ),
    "a release of flux": (
        {"labels": {"helm.toolkit.fluxcd.io/name": "dagster", "helm.toolkit.fluxcd.io/namespace": "data"}},
        MadeBy("flux-helm", "dagster", "data"),
    ),
    "somebody": ({"annotations": {}, "labels": {}}, MadeBy("somebody")),
    "reef": ({"labels": {"app.kubernetes.io/part-of": "reef"}}, MadeBy("reef")),
}


@pytest.mark.parametrize("case", OWNERS)
def test_whose_a_service_is(case: str) -> None:
    meta, owner = OWNERS[case]
    assert made_by(chart_service("sales", **meta)) == owner
    assert owner.syncs == (owner.program in ("argocd", "flux", "flux-helm"))


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any] | None, int, str]] = {
    "no Service": (served(), None, 1, "has no Service to cut over"),
    "never served": ({**served(), "status": {}}, with_spec(), 1, "is not served by Reef"),
    "headless": (served(), with_spec(clusterIP="None"), 1, "is headless"),
    "another port": (served(port=4000), with_spec(), 1, "has no port 4000, but 3030"),
    "no gateway": (served(), with_spec(), 0, "no gateway is ready"),
    "its own server": (served(server={"host": "sales.data", "port": 3030}), with_spec(), 1, "lead to itself"),
    "synced": (
        served(),
        chart_service("sales", labels={"kustomize.toolkit.fluxcd.io/name": "apps"}),
        1,
        "belongs to the Kustomization apps of Flux",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_cut_over(case: str) -> None:
    found, service, gateways, said = REFUSED[case]
    with pytest.raises(CutoverRefused, match=said) as refusal:
        check_forward(found, service, gateways, sync_cannot_undo=False)
    assert refusal.value.exit_code == 1
    assert refusal.value.hint


def test_what_flux_leaves_alone_needs_no_option() -> None:
    flux = {"kustomize.toolkit.fluxcd.io/name": "apps"}
    service = chart_service("sales", labels=flux, annotations={GUARD: "disabled"})
    assert check_forward(served(), service, 1, sync_cannot_undo=False) == service


def test_the_way_back_is_exact_whatever_is_there_now() -> None:
    before = before_cutover(chart_service("sales"))
    taken = chart_service("sales", labels={"app.kubernetes.io/part-of": "reef"})
    taken["spec"] |= {"selector": {"a": "b"}, "ports": [{"port": 3030, "targetPort": 20_000}]}
    taken["metadata"]["ownerReferences"] = [{"kind": "CodeLocation"}, {"kind": "Other"}]
    found = served()
    found["metadata"]["annotations"] = {"dagster-reef.io/before-cutover": before}
    selector = {"deployment": "sales", "component": "user-deployments"}
    old = {
        "metadata": {"name": "old"},
        "spec": {"replicas": 1, "template": {"metadata": {"labels": {**selector, "more": "x"}}}},
        "status": {"availableReplicas": 1},
    }
    _, read = check_back(found, taken, [old], "data")
    patch = way_back(taken, read)
    assert patch["spec"]["selector"] == {"a": None, **selector}
    assert patch["spec"]["ports"] == chart_service("sales")["spec"]["ports"]
    assert patch["metadata"]["ownerReferences"] == [{"kind": "Other"}]
    with pytest.raises(CutoverRefused, match="no Deployment has the pods"):
        check_back(found, taken, [], "data")
    with pytest.raises(CutoverRefused, match="has no available pod yet") as refusal:
        check_back(found, taken, [{**old, "status": {}}], "data")
    assert refusal.value.hint == "kubectl -n data rollout status deployment old"


def named(name: str, **notes: str) -> dict[str, Any]:
    found = location(name)
    found["metadata"]["annotations"] = notes
    return found


def test_values_to_commit() -> None:
    owner, both = MadeBy("helm", "dagster"), [named("a"), named("b")]
    (whole,) = advice(owner, both, both, "reef-workspace", "data")
    assert whole.values == {
        "dagster-user-deployments": {"enabled": True, "enableSubchart": False},
        "dagsterWebserver": {
            "workspace": {"enabled": True, "servers": [], "externalConfigmap": "reef-workspace"}
        },
    }
    (part,) = advice(owner, both[:1], both, "reef-workspace", "data")
    assert part.values is None
    assert "dagster-user-deployments.deployments" in part.steps[-1]
    mapped = [named(name, **{HELM_KEY: "x.dagster-user-deployments", HELM_FORM: "map"}) for name in "ab"]
    (one,) = advice(owner, mapped[:1], mapped, "reef-workspace", "data")
    assert one.values == {"x": {"dagster-user-deployments": {"deployments": {"a": None}}}}
