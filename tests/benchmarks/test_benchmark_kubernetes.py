"""What the rows of `kubernetes.py` compute from what they measured. Nothing is started."""

from __future__ import annotations

from typing import Any

import kubernetes_base
import kubernetes_changes
import kubernetes_requests
import kubernetes_rest
import kubernetes_rows
import kubernetes_used
from kubernetes_requests import MINUTES, Packs, Uses
from lab import fleet
from reef.decide.sizing.proposal import MIB
from reef.decide.sizing.stretches import Spread


def flat(memory: float, cpu: float) -> Uses:
    return Uses(Spread(memory, memory, memory), Spread(cpu, cpu, cpu))


def test_a_day_of_a_server_that_is_always_there_is_sized_by_the_rule_of_reef_usage() -> None:
    day = kubernetes_requests._day([1] * MINUTES, flat(200 * MIB, 0.05), None)
    assert kubernetes_requests._sized(day) == (224 * MIB, 0.06)


def test_a_pack_requests_what_is_awake_together_and_not_what_all_of_it_would() -> None:
    found = Packs(
        controller=flat(60 * MIB, 0.01),
        gateway=flat(60 * MIB, 0.01),
        host=flat(40 * MIB, 0.01),
        asleep=flat(6 * MIB, 0.001),
        awake=flat(106 * MIB, 0.1),
        awake_s=60.0,
    )
    members = [each for each in fleet.members() if each.owner == "finance"]
    memory, _ = kubernetes_requests._pack(members, found)
    images = len({each.image for each in members})
    waiting, together = (40 + 6 * images) * MIB, 100 * len(members) * MIB
    assert waiting < memory < waiting + together


def test_the_same_locations_have_the_same_day() -> None:
    def days() -> list[list[int]]:
        chance = kubernetes_requests.random.Random
        return [kubernetes_requests._calls(each, chance(each.name)) for each in fleet.members()]

    assert days() == days()
    assert any(len(day) == MINUTES for day in days())
    assert any(len(day) < 10 for day in days())


def test_processor_time_is_told_over_windows() -> None:
    samples = [(float(second), 0.5 * second) for second in range(40)]
    assert list(kubernetes_used._rates(samples)) == [0.5, 0.5, 0.5]


def test_writes_are_counted_without_leases_and_tokens() -> None:
    def kubectl(*_: str) -> str:
        lines = (
            '{code="200",resource="codelocations",subresource="status",verb="PATCH"} 4',
            '{code="200",resource="codelocations",subresource="",verb="GET"} 9',
            '{code="200",resource="leases",subresource="",verb="PUT"} 70',
            '{code="201",resource="serviceaccounts",subresource="token",verb="POST"} 3',
            '{code="200",resource="pods",subresource="",verb="DELETE"} 1e+01',
        )
        return "\n".join(f"apiserver_request_total{each}" for each in lines)

    asked: Any = kubectl
    assert kubernetes_rest.writes(asked) == {"PATCH codelocations": 4, "DELETE pods": 10}


def test_room_is_what_the_scheduler_counts() -> None:
    def container(size: str) -> dict[str, Any]:
        return {"resources": {"requests": {"memory": size}}}

    spec = {"containers": [container("64Mi"), container("8Mi"), {}], "initContainers": [container("16Mi")]}
    assert kubernetes_base._requests({"spec": spec}) == 72 * MIB


def test_an_id_that_goes_back_is_seen() -> None:
    assert kubernetes_changes._backwards(["a", "a", "b", "b"]) == []
    assert kubernetes_changes._backwards(["a", "b", "a", "b", "b"]) == ["b", "a"]
    assert kubernetes_changes._changes(["a", "b", "b", "a"]) == 2


def test_each_row_has_a_name() -> None:
    assert set(kubernetes_rows.ROWS) >= {"memory", "warm", "requests", "base", "many"}
