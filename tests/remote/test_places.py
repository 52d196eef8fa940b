"""In which container a location is, and what is said where it is in none."""

from __future__ import annotations

from typing import Any

from played import location

from reef.cli.cluster.logs import of_location
from reef.kube import labels
from reef.kube.group import GROUP
from reef.kube.objects.contents import text
from reef.kube.seen.state import Content
from reef.remote.places import Place, surroundings


def pod(name: str, component: str, created: str = "2026-11-30T02:18:11Z", **own: str) -> dict[str, Any]:
    own = {f"{GROUP}/{key}": value for key, value in own.items()}
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": created,
            "labels": {labels.PART_OF: "reef", labels.COMPONENT: component, **own},
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "reef"}]},
        "status": {"phase": "Running"},
    }


def pack(name: str, **contents: list[str]) -> dict[str, Any]:
    inside = {each: Content("s", "i", dict.fromkeys(names, "d")) for each, names in contents.items()}
    return {
        "metadata": {
            "name": name,
            "labels": {labels.COMPONENT: "pack"},
            "annotations": {labels.CONTENTS: text(inside)},
            "creationTimestamp": "2026-11-30T02:18:11Z",
        }
    }


def placed(name: str, pods: list[Any], sets: list[Any], **serving: Any) -> Place:
    status = {"serving": {"gatewayPort": 20_000, **serving}} if serving else {}
    return surroundings(pods, sets).of({**location(name), "status": status})


def test_in_a_pack_alone_and_with_others() -> None:
    pods, sets = [pod("p", "pack", pack="pack-a-2")], [pack("pack-a-2", one=["web"], two=["a", "b"])]
    assert placed("web", pods, sets, pack="pack-a-2") == Place("p", "one", "node-1")
    assert placed("b", pods, sets, pack="pack-a-2") == Place("p", "two", "node-1", shared=True)
    assert "has no pod" in placed("b", [], sets, pack="pack-a-2").why
    assert "has no container" in placed("other", pods, sets, pack="pack-a-2").why


def test_in_pods_of_its_own() -> None:
    older = pod("older", "location", "2026-11-30T01:00:00Z", location="web")
    newer = pod("newer", "location", location="web")
    found = placed("web", [older, newer, pod("other", "location", location="x")], [], deployment="reef-web")
    assert (found.pod, found.container, found.others) == ("newer", "web", ("older",))
    assert "sleeps" in placed("web", [], [], deployment="reef-web").why


def test_elsewhere_being_tried_and_nowhere() -> None:
    assert "somebody else's" in placed("web", [], [], target="x:4000").why
    assert placed("web", [pod("t", "probe", location="web")], []) == Place(
        "t", "location", "node-1", probe=True
    )
    assert "never served" in placed("web", [], []).why


def test_lines_of_others_are_left_out() -> None:
    assert of_location(b'{"location": "web", "owner": null, "line": "hello"}\n', "web") == "hello\n"
    assert of_location(b'{"location": "other", "owner": null, "line": "hello"}\n', "web") is None
    assert of_location(b"an agent's own line\n", "web") is None
    assert of_location(b"[1]\n", "web") is None
