"""A draft makes way for the zygote that stays, unless it holds already what that one would."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hosts import Host

from reef.hosting.plan import ZygotePlan
from reef.hosting.slots import Slot
from reef.hosting.zygote import Built, Tuning, Zygote

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
    assert pid_of(bare, plan("another", "colorsys", "wave")) != draft


def test_a_draft_that_holds_what_must_not_come_is_not_taken_for_what_is_planned(bare: Host) -> None:
    draft = pid_of(bare, DRAFT)
    bare.run(bare.hosting.use([plan("final", "colorsys", never=("json",))]))
    (standing,) = bare.hosting.zygotes()
    assert (standing.key, standing.pid) == ("draft", draft)
    assert "imports json" in (standing.successor_failed or "")


def built(of: ZygotePlan) -> Slot:
    """With a stand-in for its zygote, which has loaded what was asked for and `json`."""
    modules = dict.fromkeys((*of.modules, "json"), "")
    told = Built((), modules, (), {}, {}, {}, {}, 0.0)
    return Slot(of, zygote=cast(Zygote, SimpleNamespace(built=told)))


@pytest.mark.parametrize(
    ("final", "stays"),
    [
        (plan("the same", "colorsys"), True),
        (plan("what is there", "colorsys", "json"), True),
        (plan("more", "colorsys", "wave"), False),
        (plan("less", "json"), False),
        (plan("unwanted", "colorsys", never=("json",)), False),
        (plan("changes others", "colorsys", changing=("gevent",)), False),
        (plan("another environment", "colorsys", fingerprint="packages have changed"), False),
        (plan("other options", "colorsys", flags=("-X", "utf8")), False),
        (plan("a draft", "colorsys", draft=True), False),
    ],
    ids=lambda value: value.key if isinstance(value, ZygotePlan) else "",
)
def test_a_draft_makes_way_for_what_is_not_the_same(final: ZygotePlan, stays: bool) -> None:
    assert built(DRAFT).is_what(final, QUICK) is stays


@pytest.mark.parametrize(("possible", "wanted"), [(True, True), (True, False), (False, True)])
def test_a_draft_makes_way_for_an_immortal_heap(possible: bool, wanted: bool) -> None:
    final, tuning = plan("final", "colorsys", immortal=possible), Tuning(immortal=wanted)
    assert built(DRAFT).is_what(final, tuning) is not (possible and wanted)
