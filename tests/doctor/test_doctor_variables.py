"""Variables by which definitions are decided: what is said unasked, and what loads with other values prove."""

from __future__ import annotations

import ast
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from deadlines import scaled
from reef.doctor.examining import Wishes, examine_in
from reef.doctor.guest_process import GuestProcess
from reef.doctor.source import Statement
from reef.doctor.variables import Reading, variable_findings
from reef.fleet.model import CodeTarget, Location


def reading(*names: str, decides: bool = True, line: int = 1) -> Reading:
    return Reading(("/a.py", line), Statement(ast.Pass(), line, "text"), names, decides, ())


class Loads:
    """Simulated: definitions are others where one of `matters` has another value, and `breaks` do not load."""

    def __init__(self, matters: str = "", breaks: str = "", clock: bool = False) -> None:
        self.matters, self.breaks, self.clock, self.asked = matters, breaks, clock, list[tuple[str, ...]]()

    def __call__(self, others: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        self.asked.append(tuple(others))
        if self.breaks in others:
            return {"trouble": {}}
        return {"digest": f"d{self.matters in others}{len(self.asked) if self.clock else ''}"}


@pytest.mark.parametrize(
    ("read", "loads", "said"),
    [
        ([reading("A")], None, ["definitions may depend on A: not proved, --variables tries another value"]),
        ([reading("A", decides=False)], None, []),
        ([reading("A")], Loads("A"), ["definitions depend on A: with another value they are others"]),
        ([reading("A")], Loads(breaks="A"), ["loading depends on A: with another value it does not load"]),
        (
            [reading("A")],
            Loads(),
            ["definitions may depend on A: with another value they were the same, so it is not proved"],
        ),
        (
            [reading("A")],
            Loads(clock=True),
            ["definitions may depend on A: they are others at each load, so it cannot be proved"],
        ),
        (
            [reading("A", decides=False), reading("B", decides=False, line=2)],
            Loads("B"),
            ["definitions depend on B: with another value they are others"],
        ),
        ([reading("A", decides=False)], Loads(breaks="A"), []),
        ([reading("A", decides=False)], Loads("A", clock=True), []),
    ],
)
def test_what_is_said(read: list[Reading], loads: Loads | None, said: list[str]) -> None:
    found = variable_findings("sales", read, "dFalse", loads)
    assert [one.message for one in found] == said
    assert all(one.measured is ("may" not in one.message) for one in found)


def test_many_that_are_only_assigned_take_one_load_more() -> None:
    loads = Loads()
    assert variable_findings("sales", [reading(name, decides=False) for name in "ABC"], "dFalse", loads) == []
    assert loads.asked == [(), ("A", "B", "C")]


DEFS = """import os
import dagster as dg

SCHEMA = os.environ.get("CORPUS_SCHEMA", "dev")
PORT = int(os.environ["CORPUS_PORT"])
assets = [dg.AssetSpec("always", metadata={"schema": SCHEMA})]
if os.environ.get("CORPUS_STAGE", "test") == "production":
    assets.append(dg.AssetSpec("extra"))
defs = dg.Definitions(assets=assets)
"""


def test_loads_with_other_values_prove_it(tmp_path: Path) -> None:
    (tmp_path / "defs.py").write_text(DEFS)
    code = CodeTarget(python_file=str(tmp_path / "defs.py"), working_directory=str(tmp_path))
    spec = Location("sales", code=code, python=sys.executable, cwd=str(tmp_path))
    wishes = Wishes(timeout_s=scaled(60), variables=True)
    with GuestProcess(sys.executable, str(tmp_path), {**os.environ, "CORPUS_PORT": "5432"}) as guest:
        found = examine_in(guest, spec, wishes, time.perf_counter()).diagnosis
    assert found.trouble == ()
    said = {(one.line, one.message.partition(":")[0], one.measured) for one in found.findings}
    assert said == {
        (4, "definitions depend on CORPUS_SCHEMA", True),
        (7, "definitions depend on CORPUS_STAGE", True),
    }
