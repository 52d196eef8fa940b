"""What is found besides costs of statements, and the pure parts: uses of names, shares of modules, what grew."""

from __future__ import annotations

import ast
import os
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deadlines import scaled
from reef.doctor.cures import cure_of
from reef.doctor.daemon import daemon_findings
from reef.doctor.examining import Wishes, examine_in
from reef.doctor.findings import Costs, Definitions, Diagnosis, Finding
from reef.doctor.graph import graph_of
from reef.doctor.guest_process import GuestProcess
from reef.doctor.limits import Limits
from reef.doctor.report import libraries_of, report_of
from reef.doctor.since import heavier, moved
from reef.doctor.source import read_source
from reef.doctor.table import WIDTH, rendered
from reef.doctor.uses import uses_of
from reef.doctor.verdicts import over_budget
from reef.fleet.model import Budget, Budgets, CodeTarget, Location

TICKING = """import select
import dagster as dg

@dg.asset
def one():
    return 1

@dg.sensor(target=[one])
def slow():
    select.select([], [], [], 0.3)
    return dg.SkipReason("nothing")

@dg.schedule(cron_schedule="0 * * * *", target=[one])
def quick():
    return dg.RunRequest()

defs = dg.Definitions(assets=[one], sensors=[slow], schedules=[quick])
"""


def test_slow_ticks_and_many_definitions(tmp_path: Path) -> None:
    """With limits that a small location is over."""
    (tmp_path / "defs.py").write_text(TICKING)
    code = CodeTarget(python_file=str(tmp_path / "defs.py"), working_directory=str(tmp_path))
    spec = Location("ticking", code=code, python=sys.executable, cwd=str(tmp_path))
    limits = Limits(tick_s=0.25, snapshot_bytes=1000)
    wishes = Wishes(limits, timeout_s=scaled(60), ticks=True)
    with GuestProcess(sys.executable, str(tmp_path), os.environ) as guest:
        found = examine_in(guest, spec, wishes, time.perf_counter()).diagnosis
        unasked = examine_in(guest, spec, Wishes(timeout_s=scaled(60)), time.perf_counter()).diagnosis
    assert found.trouble == ()
    ticks = {one.message.split()[1]: (one.file, one.line) for one in found.findings if one.kind == "tick"}
    assert ticks["slow"][0] == str(tmp_path / "defs.py")
    assert ticks["slow"][1] in (8, 9)
    (many,) = [one for one in found.findings if one.kind != "tick"]
    assert many.kind == "definitions"
    assert "% of what Dagster can send" in many.message
    assert unasked.findings == ()


def diagnosis(
    location: str, *findings: Finding, private: int = 0, sensors: int = 0, threads: int = 0
) -> Diagnosis:
    own = Costs(private_bytes=private, wall_s=1.0, threads=threads)
    definitions = {"r": Definitions(sensors=sensors)}
    return Diagnosis(location=location, load=own, own=own, definitions=definitions, findings=findings)


def finding(
    location: str = "a", file: str = "/top/a.py", line: int = 3, private: int = 10**7, **more: Any
) -> Finding:
    given: dict[str, Any] = {
        "location": location,
        "kind": "import",
        "file": file,
        "line": line,
        "module": "postal.parser",
        "statement": "import postal.parser",
        "costs": Costs(private_bytes=private, cpu_s=0.1, wall_s=0.1),
        "needed": "run",
        "why_needed": "",
        "cure": "move it",
        "saving_bytes": private,
    }
    return Finding(**{**given, **more})


def test_a_daemon_that_evaluates_one_after_the_other(tmp_path: Path) -> None:
    fleet = [diagnosis("a", sensors=1), diagnosis("b", sensors=2)]
    assert daemon_findings({}, str(tmp_path), fleet) == []
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\nsensors:\n  use_threads: false\n")
    (one,) = daemon_findings({}, str(tmp_path), fleet)
    assert (one.kind, one.file, one.line) == ("daemon", str(tmp_path / "dagster.yaml"), 2)
    assert daemon_findings({}, str(tmp_path), fleet[:1]) == []
    (tmp_path / "dagster.yaml").write_text("sensors: {use_threads: true}\n")
    assert daemon_findings({}, str(tmp_path), fleet) == []


USES = {
    "def f(x=m.a): ...": "default argument",
    "@m.d\ndef f(): ...": "decorator",
    "class C(m.B): ...": "class base",
    "class C(metaclass=m.M): ...": "class base",
    "class C:\n    x = m.y": "module-level value",
    "X: m.T = 1": "type annotation",
    "class C:\n    x: m.T": "type annotation",
    "class C(B):\n    x: m.T": "type annotation that its class evaluates",
    "@d\nclass C:\n    x: m.T = 1": "type annotation that its class evaluates",
    "if m.x: ...": "module-level condition",
    "for i in m.x: ...": "module-level iter",
    "with m.x(): ...": "module-level items",
    "try:\n    ...\nexcept m.E:\n    ...": "except clause",
    "[m.x for _ in y]": "module-level value",
    "f = lambda x=m.y: x": "module-level value",
    "@a\ndef f() -> m.T: ...": "type annotation that Dagster evaluates",
    "@a\ndef f(x: 'm.T'): ...": "type annotation that Dagster evaluates",
    "def f(): return m.x": "",
    "f = lambda: m.x": "",
    "class C:\n    def f(self): return m.x": "",
    "async def f(): await m.x()": "",
}


@pytest.mark.parametrize("text", USES)
def test_what_a_name_is_used_for(text: str) -> None:
    assert {use.why for use in uses_of(ast.parse(text))["m"]} == {USES[text]}


def test_postponed_annotations_are_no_use() -> None:
    tree = ast.parse("from __future__ import annotations\ndef f(x: m.T) -> m.T: ...")
    assert "m" not in uses_of(tree)


def test_a_location_of_before_loads_its_own_working_copies(tmp_path: Path) -> None:
    """An editable install names today's files: the former ones go before them."""
    site = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    for name in ("repo/sales/src", "repo/common", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
        (site / f"{Path(name).parts[-1]}.pth").write_text(f"{tmp_path / name}\n")
    python, repository = str(tmp_path / "venv" / "bin" / "python"), str(tmp_path / "repo")
    code = CodeTarget(module_name="sales.definitions")
    env = {"PYTHONPATH": f"{repository}/common:/opt/shared"}
    spec = Location("sales", code=code, python=python, cwd=f"{repository}/sales", env=env)
    before = moved(spec, repository, "/before")
    assert before.cwd == "/before/sales"
    folders = before.env["PYTHONPATH"].split(":")
    assert folders[:2] == ["/before/common", "/opt/shared"]
    assert set(folders[2:]) == {"/before/sales/src", "/before/common"}
    plain = Location("plain", code=code, python="/no/bin/python", cwd=f"{repository}/sales")
    assert moved(plain, repository, "/before").env == {}


def test_the_cure_of_an_annotation_is_one_that_helps() -> None:
    """Quotes help where Python alone evaluates it, and no cure that moves the import where others do."""
    plain = cure_of("import", "define", "type annotation, line 3", "m", 1)
    assert plain == "put the annotation in quotes (line 3) and move it: reef doctor --fix"
    read = cure_of("import", "define", "type annotation that its class evaluates, line 3", "m", 1)
    assert read.startswith("annotate with a lighter type, or none")


def test_a_value_that_only_functions_use_is_needed_to_run(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("import m\nA = m.a()\nB = A + 1\ndef f():\n    return B\n")
    source = read_source(str(file))
    statement = source.at(1)
    assert statement is not None
    assert source.needed(statement)[0] == "run"
    file.write_text("import m\nA = m.a()\nB = A + 1\nC = call(B)\n")
    source = read_source(str(file))
    statement = source.at(1)
    assert statement is not None
    assert source.needed(statement) == ("define", "module-level value, line 2")


def took(private: int) -> list[float]:
    return [0.1, 0.1, private, 0, 0]


def watched(
    modules: dict[str, int], asks: list[tuple[str, int, str]], own: tuple[str, ...] = ()
) -> dict[str, Any]:
    statements = {(file, line) for file, line, _ in asks if line}
    return {
        "modules": {
            name: {"took": took(size), "own": name in own, "started": [], "file": ""}
            for name, size in modules.items()
        },
        "asks": [list(ask) for ask in asks],
        "statements": [
            {"file": file, "line": line, "started": [], "took": took(0), "events": []}
            for file, line in statements
        ],
        "root_started": [],
    }


def test_a_module_belongs_to_all_statements_that_lead_to_it() -> None:
    graph = graph_of(
        watched(
            {"left": 1, "right": 2, "core": 4, "core.sub": 8, "ours": 16, "given": 32},
            [
                ("a.py", 1, "left"),
                ("b.py", 2, "right"),
                ("left", 0, "core.sub"),
                ("right", 0, "core"),
                ("core.sub", 0, "core"),
                ("a.py", 1, "ours"),
                ("a.py", 1, "given"),
                ("", 0, "given"),
            ],
            own=("ours",),
        )
    )
    found = {
        tuple(sorted(one.statements)): (one.took.private_bytes, sorted(one.modules)) for one in graph.shares
    }
    assert found == {
        (("a.py", 1),): (9, ["core.sub", "left"]),
        (("b.py", 2),): (2, ["right"]),
        (("a.py", 1), ("b.py", 2)): (4, ["core"]),
    }


def test_circular_modules_end() -> None:
    graph = graph_of(watched({"a": 1, "b": 2}, [("x.py", 1, "a"), ("a", 0, "b"), ("b", 0, "a")]))
    assert [one.took.private_bytes for one in graph.shares] == [3]


def test_libraries_are_added_up_over_the_fleet() -> None:
    first = diagnosis("a", finding("a", private=2 * 10**9))
    second = diagnosis("b", finding("b", "/top/b.py", 7, 10**9, module="postal.expand"))
    (one,) = libraries_of([first, second])
    assert (one.name, one.locations, one.bytes, one.saving_bytes) == (
        "postal",
        ("a", "b"),
        3 * 10**9,
        3 * 10**9,
    )
    assert [(line.location, line.file, line.line) for line in one.lines] == [
        ("a", "/top/a.py", 3),
        ("b", "/top/b.py", 7),
    ]


def test_budgets_name_the_worst_line() -> None:
    costly = diagnosis(
        "a", finding(private=10**8), finding(line=9, private=10**6), private=2 * 10**8, threads=3
    )
    budgets = Budgets(Budget(memory_bytes=10**8), {"a": Budget(load_time_s=0.5, threads=2)})
    found = {one.what: one.line for one in over_budget([costly, diagnosis("b", private=10**7)], budgets)}
    assert found == {"memory": 3, "load_time": 3, "threads": 0}


@pytest.mark.parametrize(("now_s", "grown_s"), [(2.5, None), (2.9, 0.9)])
def test_a_busy_machine_makes_nothing_heavier(now_s: float, grown_s: float | None) -> None:
    """Half a second more of two seconds is what two loads of the same import differ by there."""
    took = finding(file="/top/a.py")
    before, after = (
        msgspec.structs.replace(took, costs=Costs(wall_s=one, cpu_s=one, private_bytes=10**7))
        for one in (2.0, now_s)
    )
    found = heavier([diagnosis("a", before)], [diagnosis("a", after)], "/top", "/top", Limits())[0].findings
    assert [round(one.costs.wall_s, 1) for one in found] == ([] if grown_s is None else [grown_s])


def test_what_got_heavier_knows_a_statement_that_has_moved() -> None:
    before = [diagnosis("a", finding(file="/old/a.py", line=3))]
    same = [diagnosis("a", finding(line=8, private=11 * 10**6))]
    more = [diagnosis("a", finding(line=8, private=3 * 10**7))]
    assert heavier(before, same, "/top", "/old", Limits())[0].findings == ()
    (grown,) = heavier(before, more, "/top", "/old", Limits())[0].findings
    assert grown.costs.private_bytes == 2 * 10**7


def test_long_names_stay_within_the_table() -> None:
    long = "a" * 90
    one = finding(long, f"/top/{long}/{long}.py", 123456, statement=f"import {long}.{long}")
    also = msgspec.structs.replace(one, location="b")
    text = rendered(
        report_of("/top/reef.yaml", "/top", [diagnosis(long, one), diagnosis("b", also)]), full=True
    )
    assert max(map(len, text.splitlines())) <= WIDTH
    assert ".py:123456" in text
