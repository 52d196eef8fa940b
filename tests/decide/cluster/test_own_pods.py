"""Deployments of locations with a pod of their own, and when a pod on demand goes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from clusters import NOW, container

from reef.decide.cluster.own import (
    Action,
    ApplyDeployment,
    DeleteDeployment,
    OwnSeen,
    OwnWanted,
    Serve,
    on_lost_nodes,
    own,
    running,
    stuck_pods,
)
from reef.decide.cluster.sleeping import OnDemand, Sleep, next_look, sleeping, together
from reef.kube import labels
from reef.kube.seen.state import ContainerSeen, DeploymentSeen, PodSeen
from reef.views import Costs

NAME = "reef-sales"
STANDING = OwnWanted("sales", NAME, "new", "standing", 2)
ON_DEMAND = replace(STANDING, placement="on_demand", replicas=1)
UP = DeploymentSeen(NAME, 3, 3, wanted=2, updated=2, available=2, made_from="new")
ASLEEP = replace(UP, wanted=0, updated=0, available=0)
APPLY, APPLY_TEMPLATE = ApplyDeployment("sales", NAME, 2), ApplyDeployment("sales", NAME, None)
FROM_HERE, FROM_A_PACK = {"sales": NAME}, {"sales": "pack-aa-1-1"}


def there(one: DeploymentSeen, serving: dict[str, str], **more: object) -> OwnSeen:
    return OwnSeen({NAME: one}, serving, **more)  # type: ignore[arg-type]


TABLE: dict[str, tuple[list[OwnWanted], OwnSeen, list[Action]]] = {
    "standing, new": ([STANDING], OwnSeen(), [APPLY]),
    "on demand, new: asleep": ([ON_DEMAND], OwnSeen(), [ApplyDeployment("sales", NAME, 0)]),
    "rest": ([STANDING], there(UP, FROM_HERE), []),
    "asleep": ([ON_DEMAND], there(ASLEEP, FROM_HERE), []),
    "awake": ([ON_DEMAND], there(replace(UP, wanted=1), FROM_HERE), []),
    "other settings": ([STANDING], there(replace(UP, made_from="old"), FROM_HERE), [APPLY]),
    "other settings of one asleep": (
        [ON_DEMAND],
        there(replace(ASLEEP, made_from="old"), FROM_HERE),
        [APPLY_TEMPLATE],
    ),
    "another number": ([STANDING], there(replace(UP, wanted=1), FROM_HERE), [APPLY]),
    "it comes from a pack, and is not up": (
        [STANDING],
        there(replace(UP, available=1), FROM_A_PACK),
        [],
    ),
    "its template is not seen yet": ([STANDING], there(replace(UP, generation=4), FROM_A_PACK), []),
    "it is up": ([STANDING], there(UP, FROM_A_PACK), [Serve("sales", NAME)]),
    "on demand it need not be": ([ON_DEMAND], there(ASLEEP, FROM_A_PACK), [Serve("sales", NAME)]),
    "it goes into a pack": ([], there(UP, FROM_HERE), []),
    "it is there": ([], there(UP, FROM_A_PACK), [DeleteDeployment(NAME)]),
    "with a call under way": ([], there(UP, FROM_A_PACK, busy=frozenset({NAME})), []),
    "with one that may be": ([], there(UP, FROM_A_PACK, left={NAME: NOW - 3}), []),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_is_done(case: str) -> None:
    wanted, seen, actions = TABLE[case]
    assert list(own(wanted, seen, NOW)) == actions


def test_a_promotion_waits_for_pods_that_stand() -> None:
    assert running(STANDING, there(UP, {}))
    assert not running(STANDING, there(replace(UP, available=1), {}))
    assert not running(STANDING, there(replace(UP, made_from="old"), {}))
    assert running(ON_DEMAND, there(ASLEEP, {}))
    assert not running(STANDING, OwnSeen())


def on_demand(*idle_since: float | None, gateways: int = 2, **more: object) -> OnDemand:
    found = OnDemand("sales", 1, gateways, idle_since, up_since=NOW - 900, idle_timeout_s=60.0)
    return replace(found, **more)  # type: ignore[arg-type]


SLEEPS: dict[str, tuple[OnDemand, bool]] = {
    "nobody asked for a minute": (on_demand(NOW - 60, NOW - 700), True),
    "one gateway was asked": (on_demand(NOW - 59, NOW - 700), False),
    "a call needs it": (on_demand(None, NOW - 700), False),
    "a gateway is silent": (on_demand(NOW - 700), False),
    "no gateway": (on_demand(gateways=0), True),
    "it has just come up": (on_demand(NOW - 700, NOW - 700, up_since=NOW - 5), False),
    "it has runs": (on_demand(NOW - 700, NOW - 700, live_runs=1), False),
    "it sleeps": (on_demand(NOW - 700, NOW - 700, replicas=0), False),
    "never": (on_demand(NOW - 700, NOW - 700, idle_timeout_s=math.inf), False),
    "unmeasured": (on_demand(NOW - 31, NOW - 31, idle_timeout_s=None), True),
    "dear to start": (
        on_demand(NOW - 31, NOW - 31, idle_timeout_s=None, costs=Costs(2.0, 2.0, 100_000_000)),
        False,
    ),
}


@pytest.mark.parametrize("case", SLEEPS)
def test_who_sleeps(case: str) -> None:
    one, sleeps = SLEEPS[case]
    assert sleeping([one], NOW) == ((Sleep("sales"),) if sleeps else ())


def test_when_to_look_again() -> None:
    one = on_demand(NOW - 59, NOW - 700)
    assert next_look([one, on_demand(None, None)], NOW) == NOW + 1
    assert next_look([on_demand(None, None)], NOW) is None


def test_what_gateways_say_together() -> None:
    assert together([{"sales": 1.0}, {"sales": None}, {}], "sales") == (1.0, None)


def test_a_pod_of_its_own_on_a_lost_node_is_made_elsewhere_once() -> None:
    mine = {labels.COMPONENT: "location", labels.LOCATION: "sales"}
    pods = [
        PodSeen("one", NOW, node="node", ip="10.0.0.1", labels=mine),
        PodSeen("sent there since", NOW, node="gone", labels={**mine, labels.LOCATION: "other"}),
        PodSeen("goes", NOW, node="gone", ip="10.0.0.2", labels=mine, deleting=True),
    ]
    assert on_lost_nodes(pods, frozenset({"gone"})) == {}
    on_lost = on_lost_nodes(pods, frozenset({"node"}))
    assert on_lost == {"sales": frozenset({"node"})}
    assert own([STANDING], there(UP, FROM_HERE, on_lost=on_lost), NOW) == (APPLY,)
    awake = replace(UP, wanted=1)
    assert own([ON_DEMAND], there(awake, FROM_HERE, on_lost=on_lost), NOW) == (APPLY_TEMPLATE,)
    made = replace(UP, avoids=frozenset({"node"}))
    assert own([STANDING], there(made, FROM_HERE, on_lost=on_lost), NOW) == ()


def test_a_pod_of_its_own_that_never_runs_is_told_of() -> None:
    """One that runs and is not ready loads its code, and is given the time that it takes."""
    mine = {labels.COMPONENT: "location", labels.LOCATION: "sales", labels.VERSION: "v2"}
    up = replace(UP, version="v2")
    waits = container("sales", "acme/sales:2", "waiting", reason="ImagePullBackOff")

    def pod(name: str, *containers: ContainerSeen, age_s: float = 121, **more: Any) -> PodSeen:
        inside = {each.name: each for each in containers}
        return PodSeen(name, NOW - age_s, containers=inside, labels=more.pop("labels", mine), **more)

    def told(*pods: PodSeen, there_is: DeploymentSeen = up) -> dict[str, str]:
        return stuck_pods([STANDING], there(there_is, FROM_HERE), pods, NOW)

    assert told(pod("one", waits)) == {"sales": "Its container sales in one does not run: ImagePullBackOff."}
    assert told(pod("one", waits, age_s=119)) == {}
    assert told(pod("one", replace(waits, state="running"))) == {}
    assert told(pod("one", waits), pod("two", replace(waits, state="running", ready=True))) == {}
    assert told(pod("one", waits, labels={**mine, labels.VERSION: "v1"})) == {}
    assert told(pod("one", waits, deleting=True)) == {}
    assert told(pod("one", waits, unschedulable="No node has room.")) == {}
    assert told(pod("one", waits), there_is=replace(up, made_from="old")) == {}
    init = {"fetch": ContainerSeen("fetch", reason="CrashLoopBackOff")}
    blocked = pod("one", replace(waits, reason="PodInitializing"), init=init)
    assert told(blocked) == {"sales": "Its container fetch in one does not run: CrashLoopBackOff."}
    assert told() == {}
