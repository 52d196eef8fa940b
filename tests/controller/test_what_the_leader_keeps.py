"""What a leader keeps and gives back: pauses, Services, what it says of itself, whose calls are under way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from test_books import document, known

from reef.controller.asked import asked
from reef.controller.book import Book
from reef.controller.known import read_known
from reef.controller.moving import pods_of
from reef.controller.pausing import noted, to_note
from reef.controller.standing import Standing
from reef.kube import labels
from reef.kube.objects.adopted import before_cutover, given_back
from reef.kube.seen.state import PodSeen

PAUSED = {labels.PAUSED: "true"}


def test_a_paused_location_asks_for_what_it_asked_for_then() -> None:
    book = Book(name="sales")
    first = asked(known(**PAUSED), book, {})
    (spec,) = to_note([first]).values()
    book = noted(book, spec)
    changed = document(**PAUSED)
    changed["spec"] = {"image": "sales:2", "code": {"module": "sales"}, "placement": "standing"}
    later = asked(read_known(changed), book, {})
    assert (later.version, later.location.spec) == (first.version, first.location.spec)
    assert not to_note([later])
    del changed["metadata"]["annotations"]  # type: ignore[attr-defined]
    goes_on = asked(read_known(changed), book, {})
    assert goes_on.location.spec.image == "sales:2"
    assert to_note([goes_on]) == {"sales": None}


@dataclass
class FakeLease:
    """A FAKE of `cluster.lease.Leadership`: what it has seen."""

    seen: bool = False
    trouble: str | None = None


def test_who_cannot_do_its_work_is_not_ready() -> None:
    standing, lease = Standing(), FakeLease()
    assert standing.missing()
    standing.waits_for(lease)
    assert standing.missing() == ("it has not asked for the lease yet",)
    lease.seen = True
    assert not standing.missing()
    lease.trouble = "no route to host"
    assert standing.missing() == ("the lease cannot be asked for: no route to host",)
    standing.leads()
    assert standing.missing() == ("it leads, and has not looked yet",)
    standing.cannot("the database: refused")
    assert standing.missing() == ("the database: refused",)
    standing.looked()
    assert not standing.missing()


def test_pods_of_a_deployment() -> None:
    def pod(uid: str, location: str, component: str = "location") -> PodSeen:
        marks = {labels.LOCATION: location, labels.COMPONENT: component}
        return PodSeen(uid, 0.0, labels=marks, uid=uid)

    pods = [pod("a", "sales"), pod("b", "sales"), pod("c", "books"), pod("d", "sales", "probe")]
    assert pods_of("reef-sales", pods) == {"a", "b"}


def service(selector: dict[str, str], **annotations: str) -> dict[str, Any]:
    meta = {
        "name": "sales",
        "namespace": "dagster",
        "annotations": annotations,
        "labels": {"chart": "dagster"},
    }
    return {"metadata": meta, "spec": {"selector": selector, "ports": [{"port": 3030, "targetPort": 20_000}]}}


def test_a_service_is_given_back_where_it_says_where_it_led() -> None:
    chart = service({"deployment": "sales"})
    chart["spec"]["ports"] = [{"port": 3030, "targetPort": 3030}]
    taken = service(labels.GATEWAYS, **{labels.BEFORE_CUTOVER: before_cutover(chart)})
    back = given_back(taken, labels.GATEWAYS)
    assert back is not None
    assert back["spec"]["ports"] == chart["spec"]["ports"]
    assert {name for name, each in back["spec"]["selector"].items() if each} == {"deployment"}
    assert back["metadata"]["annotations"][labels.BEFORE_CUTOVER] is None
    assert given_back(chart, labels.GATEWAYS) is None
    assert given_back(service(labels.GATEWAYS), labels.GATEWAYS) is None
    damaged = service(labels.GATEWAYS, **{labels.BEFORE_CUTOVER: json.dumps([])})
    assert given_back(damaged, labels.GATEWAYS) is None
    own = {**taken, "metadata": {**taken["metadata"], "labels": {labels.PART_OF: "reef"}}}
    assert given_back(own, labels.GATEWAYS) is None
