"""What there is one of: the name of a location, and a port."""

from __future__ import annotations

import pytest

from reef.decide.cluster.owners import Claim, conflict, owners
from reef.decide.cluster.ports import Ports, ports


def claim(name: str, created: float, location_name: str = "Sales", **more: bool) -> Claim:
    return Claim(name, f"uid-{name}", location_name, created, **more)


def test_a_name_is_that_of_the_oldest() -> None:
    old, new = claim("b", 1.0), claim("a", 2.0)
    other = claim("c", 3.0, "Finance")
    found = owners([new, other, old])
    assert {name: each.name for name, each in found.items()} == {"a": "b", "b": "b", "c": "c"}
    assert conflict(old, found["b"]) is None
    told = conflict(new, found["a"])
    assert told is not None
    assert "'Sales' belongs to the CodeLocation b" in told


def test_of_two_of_one_second_it_is_the_same_each_time() -> None:
    a, b = claim("a", 1.0), claim("b", 1.0)
    assert owners([a, b]) == owners([b, a])
    assert owners([b, a])["b"] == a


def test_one_that_goes_has_its_name_until_it_is_gone() -> None:
    going, new = claim("a", 1.0, deleting=True), claim("b", 2.0)
    assert owners([going, new])["b"] == going
    assert owners([new])["b"] == new


DAY = 86_400.0


@pytest.mark.parametrize(
    ("names", "before", "given", "left", "lacking"),
    [
        (["b", "a"], Ports(), {"a": 10, "b": 11}, {}, ()),
        (["a", "b"], Ports({"b": 10}), {"a": 11, "b": 10}, {}, ()),
        (["b"], Ports({"a": 10, "b": 11}), {"b": 11}, {10: DAY}, ()),
        (["c"], Ports({"a": 10}), {"c": 11}, {10: DAY}, ()),
        (["c"], Ports({}, {10: 0.5}), {"c": 11}, {10: 0.5}, ()),
        (["c"], Ports({}, {10: 0.0}), {"c": 10}, {}, ()),
        (["a", "b", "c", "d"], Ports({"d": 12}), {"a": 10, "b": 11, "d": 12}, {}, ("c",)),
    ],
)
def test_ports(
    names: list[str], before: Ports, given: dict[str, int], left: dict[int, float], lacking: tuple[str, ...]
) -> None:
    found = ports(names, before, DAY, first=10, last=12)
    assert (dict(found.given), dict(found.left), found.lacking) == (given, left, lacking)
    assert ports(names, found, DAY, first=10, last=12) == found
