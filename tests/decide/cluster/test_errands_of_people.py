"""`reef wake` and `reef sleep` on a cluster: what is done next, and how it is written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from clusters import NOW, container

from reef.decide.cluster.errand_steps import Answer, AskHost, ErrandSeen, ScaleDown, ScaleUp, errand
from reef.kube.errand_annotation import Errand, read_errand
from reef.kube.labels import HOST_CONTAINER
from reef.kube.seen.state import DeploymentSeen, PodSeen

Does = Answer | AskHost | ScaleUp | ScaleDown | None
Verb = Literal["wake", "sleep"]

HOST = replace(container(HOST_CONTAINER, "reef"), ready=True)
POD = PodSeen("pack-1-x", NOW, ip="10.0.0.1", containers={HOST_CONTAINER: HOST})
UP = DeploymentSeen("reef-sales", 1, 1, wanted=1, updated=1, available=1)
ASLEEP = replace(UP, wanted=0, updated=0, available=0)
PACKED, ON_DEMAND = ErrandSeen("packed", pod=POD), ErrandSeen("on_demand", deployment=UP)
NO_HOST = replace(POD, containers={HOST_CONTAINER: replace(HOST, ready=False)})

TABLE: dict[str, tuple[Verb, ErrandSeen, Does]] = {
    "in a pack its host does it": ("wake", PACKED, AskHost(POD)),
    "to sleep, too": ("sleep", PACKED, AskHost(POD)),
    "its host starts": ("wake", replace(PACKED, pod=NO_HOST), None),
    "its pack has no pod": ("wake", replace(PACKED, pod=None), None),
    "its container does not run": ("wake", replace(PACKED, stuck="No image."), Answer("failed", "No image.")),
    "nothing of it is served": ("wake", ErrandSeen(None), Answer("failed", "no version of it is served")),
    "on demand, asleep": ("wake", replace(ON_DEMAND, deployment=ASLEEP), ScaleUp("reef-sales")),
    "on demand, its pod starts": (
        "wake",
        replace(ON_DEMAND, deployment=replace(UP, available=0)),
        None,
    ),
    "on demand, up": ("wake", ON_DEMAND, Answer("warm")),
    "on demand, to sleep": ("sleep", ON_DEMAND, ScaleDown("reef-sales")),
    "on demand, it sleeps": ("sleep", replace(ON_DEMAND, deployment=ASLEEP), Answer("asleep")),
    "paused": (
        "sleep",
        replace(ON_DEMAND, paused=True),
        Answer("warm", "it is paused, and left as it is"),
    ),
    "standing": (
        "sleep",
        replace(ON_DEMAND, placement="standing"),
        Answer("warm", "its placement is standing: it never sleeps"),
    ),
    "external": ("wake", ErrandSeen("external"), Answer("external", "its server is somebody else's")),
}


@pytest.mark.parametrize("case", TABLE)
def test_one_step(case: str) -> None:
    verb, seen, does = TABLE[case]
    assert errand(verb, seen) == does


def test_an_errand_is_written_where_it_was_asked() -> None:
    asked = read_errand("wake 2026-11-30T12:00:00.5Z")
    assert asked == Errand("wake", "2026-11-30T12:00:00.5Z")
    assert read_errand(asked.written()) == asked
    done = asked.done("failed", "ImportError: no\nmodule: pandas")
    assert done.written() == "wake 2026-11-30T12:00:00.5Z: failed: ImportError: no module: pandas"
    assert read_errand(done.written()) == done
    assert read_errand("sleep") == Errand("sleep")
    assert read_errand("sleep: asleep") == Errand("sleep", "", "asleep")
    assert [read_errand(each) for each in (None, "", "dance", "wakeup now")] == [None] * 4
