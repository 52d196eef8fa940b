"""A draft makes way for the zygote that stays, unless it holds already what that one would."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosts import Host

from reef.hosting.plan import ZygotePlan
from reef.hosting.zygote import Tuning

QUICK = Tuning(rehearsal=False, plug=False, immortal=False)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path / "b", tuning=QUICK)
    yield made
    made.close()


def plan(key: str, *modules: str, **more: Any) -> ZygotePlan:
    return ZygotePlan(key, sys.executable, {"PATH": os.defpath}, modules, ("a",), **more)


def pid_of(host: Host, plan: ZygotePlan) -> int:
    """Of the zygote that stands once this plan is used."""
    host.run(host.hosting.use([plan]))
    (standing,) = host.hosting.zygotes()
    assert standing.key == plan.key
    return standing.pid


DRAFT = plan("draft", "colorsys", draft=True)


def test_a_draft_that_has_loaded_all_that_is_planned_stays(bare: Host) -> None:
    """Not every module was asked of it: `json` is there because Reef's own code needs it."""
    draft = pid_of(bare, DRAFT)
    final = plan("final", "colorsys", "json")
    assert pid_of(bare, final) == draft
    assert pid_of(bare, final) == draft


@pytest.mark.parametrize(
    "final",
    [
        plan("final", "colorsys", "wave"),
        plan("final", "json"),
        plan("final", "colorsys", changing=("gevent",)),
        plan("final", "colorsys", fingerprint="packages have changed"),
        plan("final", "colorsys", flags=("-X", "utf8")),
        plan("draft of something else", "colorsys", draft=True),
    ],
    ids=["more", "less", "changes others", "another environment", "other options", "a draft"],
)
def test_a_draft_makes_way_for_what_is_not_the_same(bare: Host, final: ZygotePlan) -> None:
    draft = pid_of(bare, DRAFT)
    bare.run(bare.hosting.use([final]))
    assert [one.process.pid for one in bare.hosting.living_zygotes() if one.process.pid == draft] == []


def test_a_draft_that_holds_what_must_not_come_is_not_taken_for_what_is_planned(bare: Host) -> None:
    draft = pid_of(bare, DRAFT)
    bare.run(bare.hosting.use([plan("final", "colorsys", never=("json",))]))
    (standing,) = bare.hosting.zygotes()
    assert (standing.key, standing.pid) == ("draft", draft)
    assert "imports json" in (standing.successor_failed or "")


@pytest.mark.parametrize(("possible", "stays"), [(False, True), (True, False)])
def test_a_draft_makes_way_for_an_immortal_heap(tmp_path: Path, possible: bool, stays: bool) -> None:
    host = Host(tmp_path / "i", tuning=Tuning(rehearsal=False, plug=False, immortal=True))
    try:
        draft = pid_of(host, DRAFT)
        assert (pid_of(host, plan("final", "colorsys", immortal=possible)) == draft) is stays
    finally:
        host.close()
