"""Which locations share a pack, and which a container."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from reef.decide.placements.fleets import Seen, placed
from reef.decide.placements.keys import container_of, pack_key
from reef.decide.placements.packing import PackBounds
from reef.decide.placements.wish import Wish
from reef.views import Costs


def location(name: str, image: str = "base:1", pod: dict[str, Any] | None = None, **more: Any) -> Wish:
    container = {"image": image, **more.pop("container", {})}
    return Wish(name, {"pod": pod or {}, "container": container, **more.pop("metadata", {})}, **more)


def together(*wishes: Wish, share: bool = False, **more: Any) -> list[list[list[str]]]:
    """For each pack, for each of its containers, the locations."""
    found = placed(wishes, share, **more).packs
    return sorted([[list(each.locations) for each in pack.containers] for pack in found])


def volume(name: str, secret: str) -> dict[str, Any]:
    return {"volumes": [{"name": name, "secret": {"secretName": secret}}]}


A, B = location("a"), location("b")
TOGETHER: list[tuple[list[Wish], bool, list[list[list[str]]]]] = [
    # containers: image and settings
    ([A, B], False, [[["a", "b"]]]),
    ([A, location("b", "base:2")], False, [[["a"], ["b"]]]),
    ([A, location("b", container={"env": [{"name": "X", "value": "1"}]})], False, [[["a"], ["b"]]]),
    ([A, replace(B, beside={"envDefaults": {"X": "1"}})], False, [[["a"], ["b"]]]),
    ([location("a", pod=volume("v", "s")), location("b", pod=volume("v", "s"))], False, [[["a", "b"]]]),
    ([location("a", pod=volume("v", "s")), location("b", pod=volume("v", "t"))], False, [[["a"], ["b"]]]),
    ([A, location("b", pod={"securityContext": {"runAsUser": 7}})], False, [[["a"], ["b"]]]),
    # owners
    ([replace(A, owner="x"), replace(B, owner="x")], False, [[["a", "b"]]]),
    (
        [replace(A, owner="x"), location("b", "i", owner="x"), replace(B, name="c", owner="y")],
        False,
        [[["a"], ["b"]]],
    ),
    ([replace(A, owner="x"), replace(B, owner="y")], True, [[["a", "b"]]]),
    ([replace(A, owner="x"), B, replace(B, name="c")], False, [[["b", "c"]]]),
    # keys
    ([A, B, replace(B, name="c", namespace="n")], False, [[["a", "b"]]]),
    ([A, B, location("c", pod={"serviceAccountName": "x"})], False, [[["a", "b"]]]),
    (
        [location("a", pod={"serviceAccountName": "x"}), location("b", pod={"serviceAccount": "x"})],
        False,
        [[["a", "b"]]],
    ),
    ([A, location("b", pod={"serviceAccountName": "default"})], False, [[["a", "b"]]]),
    ([A, B, location("c", metadata={"metadata": {"labels": {"team": "x"}}})], False, [[["a", "b"]]]),
    (
        [
            location("a", pod={"tolerations": [{"key": "x"}, {"key": "y"}]}),
            location("b", pod={"tolerations": [{"key": "y"}, {"key": "x"}]}),
        ],
        False,
        [[["a", "b"]]],
    ),
    # those that need a pod, or have one
    ([A, B, location("c", pod={"hostPID": True})], False, [[["a", "b"]]]),
    ([A, B, replace(B, name="c", placement="standing")], False, [[["a", "b"]]]),
]


@pytest.mark.parametrize(("wishes", "share", "wanted"), TOGETHER, ids=range(len(TOGETHER)))
def test_given_locations_wanted_their_packs(
    wishes: list[Wish], share: bool, wanted: list[list[list[str]]]
) -> None:
    assert together(*wishes, share=share) == wanted
    assert together(*reversed(wishes), share=share) == wanted


def test_a_key_says_what_all_of_a_pack_have() -> None:
    pod = {"hostNetwork": True, "nodeSelector": {"disk": "ssd"}, "terminationGracePeriodSeconds": 30}
    wish = location("a", pod=pod, owner="x", namespace="n")
    assert pack_key(wish, share=False).to_json() == {
        "namespace": "n",
        "owner": "x",
        "fields": {"pod.hostNetwork": True, "pod.nodeSelector": {"disk": "ssd"}},
    }
    assert pack_key(wish, share=True).owner is None
    assert pack_key(wish, share=True).digest != pack_key(wish, share=False).digest


def test_a_location_that_nobody_can_join_gets_no_pack() -> None:
    alone = placed([A], False)
    assert (alone.packs, alone.chosen["a"].placement) == ((), "on_demand")
    assert alone.chosen["a"].why.startswith("No other location can share a pack with it. How often")
    often = placed([A], False, Seen({"a": Costs(call_interval_s=30.0)}, {}, {}))
    assert (len(often.packs), often.chosen["a"].placement) == (1, "packed")
    assert "so a pack for it alone is kept" in often.chosen["a"].why


def test_who_is_packed_by_its_own_word_stays_alone() -> None:
    for wish in (replace(A, placement="packed"), replace(A, idle_timeout_s=math.inf)):
        assert together(wish) == [[["a"]]]


def test_a_container_that_waits_anyway_is_shared_by_those_that_are_called_seldom() -> None:
    seen = Seen({"a": Costs(call_interval_s=30.0), "b": Costs(call_interval_s=86_400.0)}, {}, {})
    done = placed([A, B], False, seen)
    assert done.chosen["b"].placement == "packed"
    assert "are those of a, in whose container" in done.chosen["b"].why
    other = placed([A, location("b", "other:1"), location("c", "c:1")], False, seen)
    assert other.chosen["b"].placement == "on_demand"
    asked = placed([A, replace(B, placement="on_demand"), location("c", "c:1")], False, seen)
    assert asked.chosen["b"].placement == "on_demand"


def packed_as(wishes: list[Wish], packs: dict[str, str], bounds: PackBounds) -> dict[str, str]:
    done = placed(wishes, False, Seen({}, {}, packs), bounds)
    return {name: pack.name.rpartition("-")[2] for pack in done.packs for name in pack.locations}


def test_a_pack_has_its_bounds_and_nobody_moves_without_need() -> None:
    wishes = [location(name, f"{name}:1") for name in "abcde"]
    name = f"pack-{pack_key(A, share=False).digest}"
    two = PackBounds(containers=2)
    first = packed_as(wishes, {}, two)
    assert first == {"a": "1", "b": "1", "c": "2", "d": "2", "e": "3"}
    kept = {location: f"{name}-{number}" for location, number in first.items()}
    assert packed_as(wishes[1:], kept, two) == {each: first[each] for each in "bcde"}
    # a new one takes the room that is there; nobody else moves
    assert packed_as([*wishes[1:], location("0", "0:1")], kept, two) == {
        **{each: first[each] for each in "bcde"},
        "0": "1",
    }
    # a pack of another key is none of theirs, nor is a name that is no pack's
    assert packed_as(wishes, {"a": "pack-00000000-9", "b": "x", "c": f"{name}-0"}, two) == first
    # a pack that has become too full gives up whom it no longer holds
    assert packed_as(wishes, dict.fromkeys("abcde", f"{name}-2"), two) == {
        "a": "2",
        "b": "2",
        "c": "1",
        "d": "1",
        "e": "3",
    }
    # another image, the same pack
    assert packed_as([location("a", "new:2"), *wishes[1:]], kept, two) == first


def test_memory_is_a_bound_too() -> None:
    wishes = [
        replace(location(name, f"{name}:1"), memory_bytes=size)
        for name, size in zip("abc", (60, 60, 500), strict=True)
    ]
    assert packed_as(wishes, {}, PackBounds(memory_bytes=100)) == {"a": "1", "b": "2", "c": "3"}
    assert packed_as(wishes, {}, PackBounds(memory_bytes=120)) == {"a": "1", "b": "1", "c": "2"}


def test_the_order_of_a_document_is_no_difference() -> None:
    one = location("a", container={"imagePullPolicy": "Always", "workingDir": "/w"})
    other = location("b", container={"workingDir": "/w", "imagePullPolicy": "Always"})
    assert container_of(one) == container_of(other)


@pytest.mark.parametrize(
    ("now", "wanted"), [("packed", "packed"), ("on_demand", "on_demand"), (None, "on_demand")]
)
def test_where_it_is_now_counts_at_the_edge(now: Any, wanted: str) -> None:
    """Alone or with others, and in a pod of its own: it goes at twice the interval at which it would come."""
    edge = Costs(1.1, 1.1, 150_000_000, call_interval_s=1.5 * 900)
    seen = Seen({"a": edge}, {"a": now} if now else {}, {})
    assert placed([A, location("b", "b:1")], False, seen).chosen["a"].placement == wanted
    rare = Seen({"a": replace(edge, call_interval_s=1.5 * 295)}, seen.placements, {})
    assert placed([A], False, rare).chosen["a"].placement == wanted


@pytest.mark.parametrize(("now", "wanted"), [("standing", "standing"), ("on_demand", "on_demand")])
def test_a_pod_of_its_own_stays_up_at_the_edge(now: Any, wanted: str) -> None:
    seen = Seen({"a": Costs(1.1, 1.1, 150_000_000, call_interval_s=1.5 * 178)}, {"a": now}, {})
    assert placed([location("a", pod={"hostPID": True})], False, seen).chosen["a"].placement == wanted
