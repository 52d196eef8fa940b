"""Environments that differ in what Dagster's server looks for: each zygote rehearses, and each child has its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eyes import Eyes, telling
from learned import until_learned
from reefs import Reef

from reef.demo.venvs import Environment, make_environments

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

MORE = (
    '"rich": sys.modules["rich.pretty"].__file__, "has attrs": sys.modules["rich.pretty"]._has_attrs, '
    '"attr": "attr" in sys.modules, "log": sys.modules["structlog"].__file__'
)
KINDS = ("has", "lacks")


@pytest.fixture(scope="module")
def pythons(folder: Path) -> dict[str, str]:
    """Two with the Dagster that runs the tests. `rich`, which every server loads, imports `attr` where it finds it."""
    wanted = [Environment("has", fetched=("attrs",)), Environment("lacks")]
    made = make_environments(sys.executable, folder / "envs", wanted)
    if made.warnings:
        pytest.skip(made.warnings[0])
    return dict(made.pythons)


@pytest.fixture(scope="module")
def reef(folder: Path, start: Callable[..., Reef], pythons: dict[str, str]) -> Reef:
    """Two locations in each: too few for `rich` and what needs it to pay for a second zygote."""
    rows = ["locations:"]
    for name in (f"{kind}{number}" for kind in KINDS for number in (1, 2)):
        (folder / f"{name}.py").write_text(telling(name, more=MORE))
        rows.append(f"  {name}: {{code: {name}.py, python: {pythons[name[:-1]]}, idle_timeout: 1s}}")
    spec = folder / "reef.yaml"
    spec.write_text("\n".join([*rows, ""]))
    (folder / "home").mkdir()
    return until_learned(
        start("serve", spec, folder / "s", "--dagster-home", str(folder / "home")).until_up(200)
    )


def said(reef: Reef, name: str) -> dict[str, Any]:
    reef.command("sleep", name)
    told = Eyes(reef, name).tick(timeout=100)
    return dict(told if isinstance(told, dict) else json.loads(told))


def test_each_has_a_zygote_that_has_rehearsed(reef: Reef, pythons: dict[str, str]) -> None:
    zygotes = reef.learned_zygotes()
    assert {zygote["python"]: zygote["locations"] for zygote in zygotes} == dict.fromkeys(pythons.values(), 2)
    assert all("rehearsal" in zygote["features"] for zygote in zygotes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_child_has_looked_for_it_in_its_own_environment(
    reef: Reef, pythons: dict[str, str], kind: str
) -> None:
    seen = said(reef, f"{kind}2")
    assert reef.row(f"{kind}2")["not_forked_because"] is None
    assert (seen["has attrs"], seen["attr"]) == (kind == "has", kind == "has")
    own = str(Path(pythons[kind]).parent.parent)
    assert seen["rich"].startswith(own)
    assert seen["log"].startswith(own)
