"""Who is charged with what several statements bring, as a table. Pure: no location is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from reef.doctor.causes import Watched, causes_of
from reef.doctor.graph import At, Graph, Share, Took
from reef.doctor.limits import Limits

MB = 1 << 20
A, B = ("defs.py", 1), ("defs.py", 2)
NOTHING = [0.0, 0.0, 0, 0, 0]


def statement(own_bytes: int, *events: tuple[str, str, int]) -> dict[str, Any]:
    return {"took": [0.0, 0.0, own_bytes, 0, 0], "wanted": [], "events": list(events)}


def of_both(size: int) -> Share:
    return Share(frozenset((A, B)), Took(private_bytes=size), ["snow", "snow.connector"])


THREAD = ("thread", "pool", 1)
CASES: dict[str, tuple[dict[At, dict[str, Any]], int, dict[At, int]]] = {
    "neither is heavy alone": ({A: statement(0), B: statement(0)}, 180, {A: 180}),
    "one of them starts a thread": ({A: statement(0), B: statement(0, THREAD)}, 180, {A: 180, B: 0}),
    "one of them is heavy alone": ({A: statement(0), B: statement(90 * MB)}, 180, {B: 90}),
    "what both bring is light": ({A: statement(0), B: statement(0)}, 1, {}),
}


@pytest.mark.parametrize(("statements", "shared", "charged"), CASES.values(), ids=list(CASES))
def test_what_two_statements_bring(
    statements: dict[At, dict[str, Any]], shared: int, charged: dict[At, int]
) -> None:
    watched = Watched(statements, Graph((of_both(shared * MB),), {A: frozenset({"snow"}), B: frozenset()}))
    found = causes_of(watched, Limits())
    assert {cause.at: cause.took.private_bytes // MB for cause in found} == charged
    if charged.get(A):
        assert found[0].statements == (A, B), "both would have to go"


def test_nobody_shares_with_a_statement_of_the_same_cause() -> None:
    """What A and B both name is one cause; what C brings besides is shared with C alone."""
    c = ("defs.py", 3)
    whole = frozenset({"snow"})
    all_three = Share(frozenset((A, B, c)), Took(private_bytes=7 * MB), ["numbers"])
    statements = {A: statement(90 * MB), B: statement(0), c: statement(20 * MB)}
    graph = Graph((all_three, of_both(180 * MB)), {A: whole, B: whole, c: frozenset()})
    first, second = causes_of(Watched(statements, graph), Limits())
    assert (first.statements, first.overlaps) == ((A, B), {c: 7 * MB})
    assert (second.statements, set(second.overlaps)) == ((c,), {A, B})
