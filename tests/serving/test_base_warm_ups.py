"""How many warm-ups a fleet's environments need. The warm-up is a stand-in that says what rich would look for;
tests/isolation/test_rehearsals.py shows that real servers load as it says."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "decide"))
from zygote_fleets import environment, warmed

from reef.environments import Environment
from reef.fleet.model import Location
from reef.hosting.plan import WarmedModule, WarmUp
from reef.hosting.warmup import WarmUpFailed
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings
from reef.serving import server_modules
from reef.serving.server_modules import Bases
from reef.statedir import StateDir

HAS, LACKS = {"dagster": "1", "rich": "1", "attrs": "1"}, {"dagster": "1", "rich": "1"}
LOADED = (WarmedModule("dagster.a", "", ("SOME",)), WarmedModule("rich.pretty", "", needs=("attrs",)))


class Lab:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.warmed: list[str] = []
        self.fails = False
        self._here: dict[str, Environment] = {}
        self._around = Surroundings(StateDir(folder), {}, None)
        self._cache = folder
        monkeypatch.setattr(server_modules, "warm_up", self._warm_up)

    def host(self) -> Bases:
        return Bases(self._around, self._cache)

    def learn(self, host: Bases, *environments: Environment) -> Bases:
        self._here = {one.python: one for one in environments}
        asyncio.run(
            host.learn(
                {e.fingerprint: (CodeLocation(Location("l", python=e.python)), e) for e in environments}
            )
        )
        return host

    async def _warm_up(self, python: str, *_: Any) -> WarmUp:
        self.warmed.append(python)
        if self.fails:
            raise WarmUpFailed("it is broken")
        return WarmUp(tuple(warmed(one, self._here[python]) for one in LOADED), 1.0)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


def test_one_warm_up_for_all_that_find_and_miss_the_same(lab: Lab) -> None:
    has = [environment(f"has{n}", names=HAS | {f"own{n}": "1"}) for n in range(3)]
    lacks = [environment(f"lacks{n}", names=LACKS | {f"own{n}": "1"}) for n in range(3)]
    host = lab.learn(lab.host(), *has, *lacks)
    assert lab.warmed == [has[0].python, lacks[0].python]
    for kind in (has, lacks):
        assert {base.environment.python for one in kind if (base := host.of(one))} == {kind[0].python}
        assert all(map(host.of, kind))


def test_it_is_kept_for_an_environment_that_has_moved(lab: Lab) -> None:
    lab.learn(lab.host(), environment("v", names=HAS))
    moved = replace(environment("w", names=HAS), fingerprint="v")
    host = lab.learn(lab.host(), moved)
    assert lab.warmed == ["/v/bin/python"]
    base = host.of(moved)
    assert base is not None
    assert base.modules == tuple(warmed(one, moved) for one in LOADED)


def test_an_environment_that_has_changed_is_looked_at_again_and_no_other(lab: Lab) -> None:
    first, second = environment("a", names=HAS), environment("b", names=LACKS)
    host = lab.learn(lab.host(), first, second)
    changed = replace(environment("a", names=LACKS | {"dagster": "2"}), fingerprint="a, upgraded")
    lab.learn(host, changed, second)
    assert lab.warmed == [first.python, second.python, changed.python]
    assert [base.environment.fingerprint for base in host.all()] == ["b", "a, upgraded"]


def test_a_warm_up_that_fails_is_not_tried_again_and_not_kept(lab: Lab) -> None:
    where, lab.fails = environment("v", names=HAS), True
    host = lab.learn(lab.learn(lab.host(), where), where)
    base = host.of(where)
    assert base is not None
    assert (base.modules, len(lab.warmed)) == ((), 1)
    lab.learn(lab.host(), where)
    assert len(lab.warmed) == 2
