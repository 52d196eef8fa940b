"""Given ReplicaSets and pods of packs -> what is done next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clusters import (
    AB,
    AB2,
    AB_IMAGES,
    BOTH_IN_A,
    NEW,
    NOW,
    OLD,
    ONE,
    OTHER,
    TWO,
    V1,
    V2,
    A,
    content,
    pod,
    replica_set,
    seen,
    unscheduled,
    wanted,
)

from reef.decide.cluster.pack_steps import (
    Action,
    Configure,
    DeletePack,
    MakePack,
    NoRoom,
    PacksSeen,
    PackWanted,
    PatchImage,
    Switch,
)
from reef.decide.cluster.packs import packs


def short(actions: tuple[Action, ...]) -> list[tuple[Any, ...]]:
    """Without sentences."""
    found: list[tuple[Any, ...]] = []
    for each in actions:
        match each:
            case MakePack(_, number, order, _):
                found.append(("make", number, *order))
            case PatchImage(where, there, name, image):
                found.append(("patch", where, there, name, image))
            case Configure(where):
                found.append(("configure", where))
            case Switch(location, where):
                found.append(("switch", location, where))
            case DeletePack(where, _):
                found.append(("delete", where))
            case NoRoom(_, _, locations):
                found.append(("no room", *locations))
    return found


AT_TWO = {"a": TWO, "b": TWO}
ON_BUSY = {ONE: frozenset({"b"})}

TABLE: dict[str, tuple[PackWanted, PacksSeen, list[tuple[Any, ...]]]] = {
    # the first pod
    "nothing is there": (wanted(AB), seen(serving={}), [("make", 1, "a", "b")]),
    "more may come at once": (wanted(AB, since=NOW - 1), seen(serving={}), []),
    "more come all the time": (wanted(AB, NOW - 1, NOW - 31), seen(serving={}), [("make", 1, "a", "b")]),
    "who is nowhere goes there before it is up": (
        wanted(AB),
        seen(replica_set(1, AB, None), serving={}),
        [("switch", "a", ONE), ("switch", "b", ONE)],
    ),
    "rest": (wanted(AB), seen(OLD), []),
    # another image
    "idle: in place": (wanted(AB2), seen(OLD), [("patch", ONE, "pod-1", "b", V2)]),
    "under way: waits": (wanted(AB2, NOW - 5), seen(OLD, busy=ON_BUSY), []),
    "somebody else is busy": (
        wanted(AB2, NOW),
        seen(OLD, busy={ONE: frozenset({"a"})}),
        [("patch", ONE, "pod-1", "b", V2)],
    ),
    "never idle: beside": (wanted(AB2, NOW - 61), seen(OLD, busy=ON_BUSY), [("make", 2, "a", "b")]),
    "busy and not running: in place": (
        wanted(AB2, NOW),
        seen(replica_set(1, AB, pod(AB_IMAGES, waits=("b",))), busy=ON_BUSY),
        [("patch", ONE, "pod", "b", V2)],
    ),
    "no pod yet: the template": (
        wanted(AB2),
        seen(replica_set(1, AB, None)),
        [("patch", ONE, None, "b", V2)],
    ),
    "the template has it, the pod does not": (
        wanted(AB2),
        seen(replica_set(1, AB2, pod(AB_IMAGES))),
        [("patch", ONE, "pod", "b", V2)],
    ),
    "both locations of a container": (
        wanted({"a": content(V2, a=V2, b=V2)}),
        seen(replica_set(1, BOTH_IN_A)),
        [("patch", ONE, "pod-1", "a", V2)],
    ),
    "one of them is busy": (
        wanted({"a": content(V2, a=V2, b=V2)}, NOW),
        seen(replica_set(1, BOTH_IN_A), busy=ON_BUSY),
        [],
    ),
    # what its host is told
    "one more in a container": (
        wanted(BOTH_IN_A),
        seen(replica_set(1, {"a": content(V1, a=V1)}), serving={"a": ONE}),
        [("configure", ONE)],
    ),
    "the host is told when the image runs": (
        wanted({**A, "b": content(V2, b="new")}),
        seen(replica_set(1, {**A, "b": content(V2, b="old")}, pod({"a": V1, "b": V2}))),
        [("configure", ONE)],
    ),
    "not before": (
        wanted({**A, "b": content(V2, b="new")}, NOW),
        seen(replica_set(1, {**A, "b": content(V2, b="old")}, pod({"a": V1, "b": V2}, waits=("b",)))),
        [],
    ),
    "or when it is no longer waited for": (
        wanted({**A, "b": content(V2, b="new")}, NOW - 121),
        seen(replica_set(1, {**A, "b": content(V2, b="old")}, pod({"a": V1, "b": V2}, waits=("b",)))),
        [("configure", ONE)],
    ),
    # something else has changed
    "beside": (wanted(OTHER), seen(OLD), [("make", 2, "a", "b")]),
    "beside, what fails last": (
        wanted(OTHER),
        seen(replica_set(1, AB, pod(AB_IMAGES, waits=("a",)))),
        [("make", 2, "b", "a")],
    ),
    "beside, not at once": (wanted(OTHER, NOW - 1), seen(OLD), []),
    "one that goes has its number still": (
        wanted(AB),
        seen(replica_set(4, AB, deleting=True), serving={}),
        [("make", 5, "a", "b")],
    ),
    "what only goes can wait": (wanted(A, NOW - 60), seen(OLD, serving={"a": ONE}), []),
    "not for ever": (wanted(A, NOW - 121), seen(OLD, serving={"a": ONE}), [("make", 2, "a")]),
    # from the old to the new
    "its host is not ready": (
        wanted(OTHER),
        seen(OLD, replica_set(2, OTHER, pod(AB_IMAGES, host=False), created=NOW)),
        [],
    ),
    "each when its container runs": (
        wanted(OTHER),
        seen(OLD, replica_set(2, OTHER, pod(AB_IMAGES, waits=("b",)), created=NOW)),
        [("switch", "a", TWO)],
    ),
    "one that never runs is not waited for": (
        wanted(OTHER),
        seen(
            OLD,
            replica_set(2, OTHER, pod(AB_IMAGES, waits=("b",)), created=NOW - 121),
            serving={"a": TWO, "b": ONE},
        ),
        [("switch", "b", TWO)],
    ),
    "an old one that is gone keeps nobody": (
        wanted(OTHER),
        seen(replica_set(2, OTHER, pod(AB_IMAGES, host=False), created=NOW)),
        [("switch", "a", TWO), ("switch", "b", TWO)],
    ),
    "all have gone over": (wanted(OTHER), seen(OLD, NEW, serving=AT_TWO), [("delete", ONE)]),
    "a call is under way in the old one": (wanted(OTHER), seen(OLD, NEW, serving=AT_TWO, busy=ON_BUSY), []),
    "or may be": (wanted(OTHER), seen(OLD, NEW, serving=AT_TWO, left={ONE: NOW - 3}), []),
    "the old one goes already": (
        wanted(OTHER),
        seen(replace(OLD, deleting=True), NEW, serving=AT_TWO),
        [],
    ),
    "it is outdated before it is up": (
        wanted(AB),
        seen(OLD, replica_set(2, OTHER, pod(AB_IMAGES, host=False), created=NOW)),
        [("make", 3, "a", "b")],
    ),
    "the one between goes": (
        wanted(AB),
        seen(OLD, replica_set(2, OTHER, None), replica_set(3, AB, pod(AB_IMAGES, host=False))),
        [("delete", TWO)],
    ),
    # no room
    "it is said": (
        wanted(OTHER),
        seen(OLD, replica_set(2, OTHER, unscheduled(NOW - 5), created=NOW - 5)),
        [("no room", "a", "b")],
    ),
    "the old one makes room": (
        wanted(OTHER),
        seen(OLD, replica_set(2, OTHER, unscheduled(NOW - 61))),
        [("no room", "a", "b"), ("delete", ONE)],
    ),
    "not while it is called": (
        wanted(OTHER),
        seen(OLD, replica_set(2, OTHER, unscheduled(NOW - 61)), busy=ON_BUSY),
        [("no room", "a", "b")],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_is_done(case: str) -> None:
    pack, there, then = TABLE[case]
    assert short(packs([pack], there, NOW)) == then


def test_no_pack_no_pod() -> None:
    assert short(packs([], seen(OLD, serving={}), NOW)) == [("delete", ONE)]
    assert (
        short(packs([], seen(OLD), NOW)) == []
    )  # its locations are served from there until they are elsewhere


def test_an_annotation_that_somebody_broke_is_written_again() -> None:
    broken = replace(OLD, contents={})
    assert ("configure", ONE) in short(packs([wanted(AB)], seen(broken), NOW))
