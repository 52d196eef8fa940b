"""Services change hands in a real API server: the real command, and the part of the controller that makes Services.

No kubelet is there: statuses of CodeLocations, gateways' pods and Deployments are played. So nothing answers through a
Service; the cluster's tests have that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from controlled import controller
from played import PODS, PORT, Played, chart_service, location

from deadlines import until
from reef.controller.book import Book
from reef.kube import labels
from reef.peers.messages import ServedNow

pytestmark = pytest.mark.timeout(300)
NAMES = ("billing", "sales")
SHOWN = {name: Book(name=name, generation=1, shown=ServedNow(server_id="s"), version="v1") for name in NAMES}
PORTS = {"billing": 20_001, "sales": 20_000}


def gateway(played: Played) -> None:
    played.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "reef-gateway-1", "labels": labels.GATEWAYS},
            "spec": {"containers": [{"name": "gateway", "image": "reef"}]},
        }
    )
    state = {"running": {"startedAt": "2026-11-30T02:18:11Z"}}
    one = {
        "name": "gateway",
        "ready": True,
        "state": state,
        "image": "reef",
        "imageID": "",
        "restartCount": 0,
    }
    played.patch_status("pod", "reef-gateway-1", {"phase": "Running", "containerStatuses": [one]})


def old_deployment(played: Played, name: str, available: int) -> None:
    selector = {**PODS, "deployment": name}
    pod = {"metadata": {"labels": selector}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
    spec = {"replicas": available, "selector": {"matchLabels": selector}, "template": pod}
    played.apply(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"old-{name}"}, "spec": spec}
    )
    count = {"replicas": available, "readyReplicas": available, "availableReplicas": available}
    played.patch_status("deployment", f"old-{name}", count)


@pytest.fixture
def served(played: Played) -> Iterator[Played]:
    """Two locations that Reef serves, whose Services are of the chart."""
    gateway(played)
    for name in NAMES:
        played.apply(chart_service(name), location(name))
        played.say(name)
        body = {"serving": {"gatewayPort": PORTS[name]}}
        played.patch_status("codelocation", name, body)
    with controller(played, SHOWN, PORTS):
        yield played


def leads(played: Played, name: str = "sales") -> Any:
    spec = played.get("service", name)["spec"]
    return spec["selector"], [(each["port"], each["targetPort"], each["name"]) for each in spec["ports"]]


def test_the_same_service_leads_to_gateways_and_back(served: Played) -> None:
    before = served.get("service", "sales")
    done = served.reef("cutover", "sales")
    assert "sales: cut over, from the Helm release dagster" in done.out
    assert "take the elements of these names out of dagster-user-deployments.deployments" in done.err
    assert leads(served) == (labels.GATEWAYS, [(PORT, 20_000, "grpc")])
    after = served.get("service", "sales")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert "ownerReferences" not in after["metadata"]  # it is not collected with its CodeLocation
    assert after["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert leads(served, "billing")[0] == {**PODS, "deployment": "billing"}
    assert "unchanged" in served.reef("cutover", "sales").out

    old_deployment(served, "sales", 0)
    refused = served.reef("cutover", "--back", "sales", code=1)
    assert f"kubectl -n {served.namespace} scale deployment old-sales --replicas=1" in refused.out
    assert leads(served)[0] == labels.GATEWAYS
    old_deployment(served, "sales", 1)
    assert "sales: back" in served.reef("cutover", "--back", "sales").out
    again = served.get("service", "sales")
    assert again["spec"] == before["spec"]
    assert again["metadata"]["annotations"] == before["metadata"]["annotations"]
    notes = served.get("codelocation", "sales")["metadata"].get("annotations") or {}
    assert not {labels.CUTOVER, labels.BEFORE_CUTOVER} & notes.keys()


def test_all_of_a_release_and_the_values_that_switch_it_off(served: Played) -> None:
    done = served.reef("cutover", "--all", "--json").json
    assert [(each["name"], each["state"]) for each in done["results"]] == [
        (name, "cut_over") for name in NAMES
    ]
    (told,) = done["commit"]
    assert told["values"]["dagster-user-deployments"] == {"enabled": True, "enableSubchart": False}
    assert told["locations"] == list(NAMES)
    assert leads(served, "billing") == (labels.GATEWAYS, [(PORT, 20_001, "grpc")])
    assert served.reef("cutover", "--all").out == "0 locations: nothing to do\n"


def test_what_the_next_sync_would_undo_is_refused(served: Played) -> None:
    tracked = {"argocd.argoproj.io/tracking-id": "shop:/Service:data/sales"}
    served.apply(chart_service("sales", annotations=tracked))
    done = served.reef("cutover", "sales", code=1)
    assert "the Service of sales belongs to the Argo CD application shop" in done.out
    assert "sync-options=Prune=false" in done.err
    assert leads(served)[0] == {**PODS, "deployment": "sales"}
    assert labels.CUTOVER not in (served.get("codelocation", "sales")["metadata"].get("annotations") or {})
    served.reef("cutover", "sales", "--sync-cannot-undo")
    assert leads(served)[0] == labels.GATEWAYS


def test_a_location_that_reef_does_not_serve_keeps_its_service(served: Played) -> None:
    served.say("sales", "refused", version=None, message="ImportError: no pandas")
    done = served.reef("cutover", "--all", code=1)
    assert "sales: refused: sales is not served by Reef: ImportError: no pandas" in done.out
    assert "billing: cut over" in done.out
    assert leads(served)[0] == {**PODS, "deployment": "sales"}


def test_services_of_reefs_own_go_with_their_locations_and_others_do_not(served: Played) -> None:
    served.k("delete", "service", "billing")
    until(lambda: served.k("get", "services", "-o", "name").count("service/") == 2, 30, "for the new Service")
    (owner,) = served.get("service", "billing")["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("CodeLocation", "billing")
    assert "unchanged" in served.reef("cutover", "billing").out


def test_the_way_back_with_reef_dead(served: Played) -> None:
    """The commands of docs/kubernetes-cutover.md."""
    served.reef("cutover", "sales")
    before = json.loads(served.get("codelocation", "sales")["metadata"]["annotations"][labels.BEFORE_CUTOVER])
    served.k("annotate", "codelocation", "sales", f"{labels.CUTOVER}-")
    patch = [
        {"op": "replace", "path": "/spec/selector", "value": before["selector"]},
        {"op": "replace", "path": "/spec/ports", "value": before["ports"]},
    ]
    served.k("patch", "service", "sales", "--type=json", "-p", json.dumps(patch))
    assert leads(served) == ({**PODS, "deployment": "sales"}, [(PORT, PORT, "grpc")])
