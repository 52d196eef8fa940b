"""Packs that find no room, promotions that wait for a place, and how long is waited."""

from __future__ import annotations

from dataclasses import replace

from clusters import (
    AB2,
    AB_IMAGES,
    AT_ONE,
    LONG_AGO,
    NOW,
    OLD,
    OTHER,
    PACK,
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

from reef.decide.cluster.pack_steps import DeletePack, PackChange, PacksSeen, PackWanted, changing
from reef.decide.cluster.pack_views import PackView, serves
from reef.decide.cluster.packs import packs, stuck_locations
from reef.kube.seen.state import ReplicaSetSeen


def named(name: str, sets: tuple[ReplicaSetSeen, ...]) -> tuple[PackWanted, tuple[ReplicaSetSeen, ...]]:
    pack = replace(wanted(OTHER), name=name)
    return pack, tuple(replace(each, name=f"{name}-{each.number}") for each in sets)


def test_one_pack_at_a_time_makes_room() -> None:
    stuck = (OLD, replica_set(2, OTHER, unscheduled(NOW - 61)))
    one, of_one = named("pack-aa-1", stuck)
    two, of_two = named("pack-bb-1", stuck)
    serving = {"a": "pack-aa-1-1", "b": "pack-bb-1-1"}
    there = PacksSeen((*of_one, *of_two), serving)
    gone = [each for each in packs([one, two], there, NOW) if isinstance(each, DeletePack)]
    assert [each.replica_set for each in gone] == ["pack-aa-1-1"]
    starting = replace(of_one[1], pod=pod(AB_IMAGES, host=False))
    there = PacksSeen((starting, *of_two), {"a": "pack-aa-1-2", "b": "pack-bb-1-1"})
    assert not [each for each in packs([one, two], there, NOW) if isinstance(each, DeletePack)]
    up = replace(of_one[1], pod=pod(AB_IMAGES))
    there = PacksSeen((up, *of_two), {"a": "pack-aa-1-2", "b": "pack-bb-1-1"})
    gone = [each for each in packs([one, two], there, NOW) if isinstance(each, DeletePack)]
    assert [each.replica_set for each in gone] == ["pack-bb-1-1"]


def test_a_promotion_waits_for_the_place() -> None:
    def there(one: ReplicaSetSeen, serving: dict[str, str] | None = None) -> bool:
        return serves(PackView(PACK, AB2, (one,), serving or AT_ONE), "b")

    assert there(replica_set(1, AB2))
    assert not there(OLD)
    assert not there(replica_set(1, AB2, pod({"a": V1, "b": V2}, waits=("b",))))
    assert not there(replica_set(1, AB2, pod({"a": V1, "b": V2}, host=False)))
    assert not there(replica_set(1, {**A, "b": content(V2, b="told of the old")}))
    assert not there(replica_set(1, AB2), {"b": "elsewhere"})


def test_a_version_that_never_runs_is_told_of() -> None:
    def told(there: ReplicaSetSeen, since: float = NOW - 121) -> dict[str, str]:
        return stuck_locations([wanted(AB2, since)], seen(there), NOW)

    waits = pod({"a": V1, "b": V2}, waits=("b",))
    assert told(replica_set(1, AB2, waits)) == {"b": "Its container in pod does not run: it has not started."}
    assert told(replica_set(1, AB2, waits), NOW - 119) == {}
    assert told(replica_set(1, AB2, replace(waits, created=NOW - 9))) == {}
    assert told(replica_set(1, AB2)) == {}
    assert told(OLD) == {}  # it is not there yet: a call is under way
    assert told(replica_set(1, AB2, None)) == {}


def test_patience_is_counted_from_the_last_change_and_from_the_first() -> None:
    first = changing(None, "x", False, 10.0)
    assert first == PackChange("x", 10.0, 10.0)
    assert changing(first, "x", False, 20.0) == first
    assert changing(first, "y", False, 20.0) == PackChange("y", 20.0, 10.0)
    done = changing(first, "x", True, 30.0)
    assert done == PackChange("x", 10.0, None)
    assert changing(done, "z", False, 40.0) == PackChange("z", 40.0, 40.0)
    assert LONG_AGO < NOW
