"""What a CodeLocation says of itself, and how tools read it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from reef.kube.model.status import Status
from reef.kube.objects.location_status import Serving, StatusSeen, status

NOW, LATER = "2026-11-30T02:18:11Z", "2026-11-30T03:00:00Z"
SERVED = StatusSeen(4, "served", "Served", "Version v1 is served.", version="v1")
NEVER = replace(SERVED, version=None, phase="under_way", reason="Probing", message="It is tried.")
REFUSED = replace(SERVED, phase="refused", reason="LoadError", message="ImportError: pandas.")


def kstatus(found: dict[str, Any], generation: int) -> str:
    """As the library of that name decides it, which Flux and Argo CD's newer checks use."""
    by_type = {each["type"]: each["status"] for each in found["conditions"]}
    if found["observedGeneration"] != generation:
        return "InProgress"
    if by_type["Stalled"] == "True":
        return "Failed"
    if by_type["Reconciling"] == "True" or by_type["Ready"] != "True":
        return "InProgress"
    return "Current"


TABLE: dict[str, tuple[StatusSeen, dict[str, bool], str]] = {
    "served": (SERVED, {"Ready": True}, "Current"),
    "the first time": (NEVER, {"Reconciling": True}, "InProgress"),
    "a newer one is tried": (
        replace(SERVED, phase="under_way"),
        {"Ready": True, "Reconciling": True},
        "InProgress",
    ),
    "it waits for its wave": (
        replace(SERVED, phase="waiting"),
        {"Ready": True, "Reconciling": True},
        "InProgress",
    ),
    "refused for good": (REFUSED, {"Ready": True, "Stalled": True, "Degraded": True}, "Failed"),
    "refused, and tried again": (
        replace(REFUSED, comes_back=True),
        {"Ready": True, "Reconciling": True, "Degraded": True},
        "InProgress",
    ),
    "never loaded": (replace(REFUSED, version=None), {"Stalled": True}, "Failed"),
    "its name is another's": (
        replace(SERVED, phase="conflict", reason="Conflict", version=None),
        {"Stalled": True},
        "Failed",
    ),
    "no placement keeps it": (
        replace(NEVER, phase="impossible", reason="NoPlacement"),
        {"Stalled": True},
        "Failed",
    ),
    "paused": (replace(SERVED, phase="paused", reason="Paused"), {"Ready": True}, "Current"),
    "its pod does not run": (
        replace(SERVED, not_running="Its container does not run: ErrImagePull."),
        {"Reconciling": True},
        "InProgress",
    ),
    "no room for its pod": (
        replace(SERVED, room="0/2 nodes."),
        {"Ready": True, "Reconciling": True},
        "InProgress",
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_conditions(case: str) -> None:
    seen, holds, read = TABLE[case]
    found = status(seen, None, NOW)
    assert {each["type"] for each in found["conditions"] if each["status"] == "True"} == set(holds)
    assert len(found["conditions"]) == 4
    assert kstatus(found, 4) == read
    assert kstatus(found, 5) == "InProgress"
    msgspec.convert(found, Status)


def test_nothing_is_written_where_nothing_changes() -> None:
    first = status(SERVED, None, NOW)
    assert status(SERVED, first, LATER) == first


def test_a_transition_has_its_time() -> None:
    found = status(REFUSED, status(SERVED, None, NOW), LATER)
    times = {each["type"]: each["lastTransitionTime"] for each in found["conditions"]}
    assert times == {"Ready": NOW, "Reconciling": NOW, "Stalled": LATER, "Degraded": LATER}
    ready = next(each for each in found["conditions"] if each["type"] == "Ready")
    assert ready["message"] == "Version v1 is served. ImportError: pandas."


def test_where_gateways_find_it() -> None:
    seen = replace(
        SERVED, image="a:1", digest="sha256:1", placement="packed", placement_why="Why.", address="s.d:4000"
    )
    found = status(replace(seen, serving=Serving(20_000, pack="pack-1-1")), None, NOW)
    assert found["serving"] == {"gatewayPort": 20_000, "pack": "pack-1-1"}
    assert found["image"] == {"requested": "a:1", "digest": "sha256:1"}
    assert found["placement"] == {"chosen": "packed", "reason": "Why."}
    assert found["address"] == "s.d:4000"


def test_a_long_error_is_cut() -> None:
    found = status(replace(REFUSED, message="x" * 5000), None, NOW)
    assert all(len(each["message"]) <= 1024 for each in found["conditions"])
