"""Which locations a change touches, why a version differs, and what must not be promoted."""

from __future__ import annotations

import pytest

from reef.decide.changed import MadeOf, reasons_between
from reef.decide.diff import Diff, difference, refusal, spelt
from reef.decide.plan import LocationPlan, Plan
from reef.decide.touched import chain_to, touched_by
from reef.importgraph import Footprint, Unclear

SALES = Footprint(
    "sales",
    via={
        "/r/sales/defs.py": None,
        "/r/lib/__init__.py": ("/r/sales/defs.py", 3),
        "/r/lib/a.py": ("/r/lib/__init__.py", 1),
        "/r/sub/module.py": ("/r/lib/a.py", 9),
    },
    source_root="/r/sales",
    data_folders=("/r/lib",),
    env_files=("/r/x.env",),
    dependency_files=("/r/uv.lock",),
)
DOUBTFUL = Footprint("doubtful", via={"/r/d.py": None}, unclear=(Unclear("/r/d.py", 4, "is odd"),))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/r/sales/defs.py", "module"),
        ("/r/lib/a.py", "module"),
        ("/r/sub", "module"),  # a submodule is one path
        ("/r/sales/anything/new", "source"),
        ("/r/lib/deep/data.csv", "data"),
        ("/r/x.env", "environment file"),
        ("/r/uv.lock", "dependencies"),
        ("/r/lib/b.py", None),
        ("/r/salesforce/defs.py", None),
        ("/r/other/uv.lock", None),
    ],
)
def test_a_changed_file(path: str, kind: str | None) -> None:
    plan = touched_by(SALES, {path})
    assert [(why.kind, why.path) for why in plan.reasons] == ([(kind, path)] if kind else [])
    assert plan.touched is (kind is not None)


def test_the_chain_of_a_module_begins_at_the_entry() -> None:
    assert chain_to(SALES.via, "/r/lib/a.py") == ("/r/sales/defs.py:3", "/r/lib/__init__.py:1", "/r/lib/a.py")
    loop = {"/a": ("/b", 1), "/b": ("/a", 2)}
    assert chain_to(loop, "/a") == ("/b:1", "/a")


def test_what_cannot_be_told_counts_only_where_it_could_matter() -> None:
    assert touched_by(DOUBTFUL, {"/r/readme.md"}) == LocationPlan("doubtful", False)
    (why,) = touched_by(DOUBTFUL, {"/r/z.py", "/r/y.so"}).reasons
    assert why.text == "/r/d.py:4 is odd: it cannot be told whether it uses /r/y.so and 1 more"
    assert [why.kind for why in touched_by(DOUBTFUL, {"/r/d.py"}).reasons] == ["module"]


def test_source_outside_of_the_repository_cannot_be_told() -> None:
    assert touched_by(SALES, set(), inside="/r").touched is False
    assert "lies outside /elsewhere" in touched_by(SALES, set(), inside="/elsewhere").reasons[0].text
    assert not touched_by(Footprint("external", {}, external=True), set(), inside="/elsewhere").touched


def test_settings_and_new_locations() -> None:
    assert [why.text for why in touched_by(SALES, set(), ["env.A"]).reasons] == ["setting env.A changed"]
    assert [why.kind for why in touched_by(SALES, {"/r/lib/a.py"}, new=True).reasons] == ["new"]


def test_a_plan_has_something_to_do_where_a_location_changes_or_goes() -> None:
    assert not Plan((LocationPlan("a", False),)).anything
    assert Plan((LocationPlan("a", True),)).anything
    assert Plan((), ("gone",)).anything


OLD = MadeOf(
    files={"/r/a.py": "1", "/r/b.py": "2", "/r/missing": "absent", "/r/folder/": "x"},
    marks={"env.A": "m", "cwd": "c"},
    python="/p",
    build="b",
    fingerprint="f",
    distributions={"pandas": ("2.2", "d1"), "numpy": ("2", "d2"), "six": ("1", "d3")},
)


def test_the_same_has_no_reasons() -> None:
    assert reasons_between(OLD, OLD) == ()


def test_files_settings_and_distributions_are_named() -> None:
    new = MadeOf(
        files={"/r/a.py": "9", "/r/c.py": "3", "/r/missing": "4", "/r/folder/": "y"},
        marks={"env.A": "n", "cwd": "c"},
        python="/p",
        build="b",
        fingerprint="g",
        distributions={"pandas": ("2.3", "d4"), "numpy": ("2", "d5"), "rich": ("14", "d6")},
    )
    assert [(why.kind, why.text, why.path) for why in reasons_between(OLD, new)] == [
        ("setting", "setting env.A changed", None),
        ("distribution", "numpy 2: other files of the same version", None),
        ("distribution", "pandas 2.2 → 2.3", None),
        ("distribution", "rich 14 added", None),
        ("distribution", "six 1 removed", None),
        ("source", "changed", "/r/a.py"),
        ("source", "removed", "/r/b.py"),
        ("source", "added", "/r/c.py"),
        ("source", "other files are in it", "/r/folder/"),
        ("source", "added", "/r/missing"),
    ]


def test_another_python_is_told_apart_from_other_start_up_files() -> None:
    def with_build(build: str) -> MadeOf:
        return MadeOf(OLD.files, OLD.marks, "/p", build, "other", OLD.distributions)

    assert "another build of Python" in reasons_between(OLD, with_build("b2"))[0].text
    assert "start-up files" in reasons_between(OLD, with_build("b"))[0].text


def test_definitions_are_compared_by_name_and_content() -> None:
    diff = difference(
        {"jobs": {"a": "1", "b": "1"}, "sensors": {"s": "1"}},
        {"jobs": {"b": "2", "c": "1"}, "assets": {"x": "1"}},
    )
    assert diff == Diff(
        added={"jobs": ("c",), "assets": ("x",)},
        removed={"jobs": ("a",), "sensors": ("s",)},
        changed={"jobs": ("b",)},
    )
    assert refusal(diff, allow_removals=True) is None
    assert refusal(diff, allow_removals=False) == "it would remove jobs a; sensors s"
    assert refusal(Diff(added={"jobs": ("a",)}, changed={"jobs": ("b",)}), allow_removals=False) is None
    assert spelt({"jobs": tuple("abcdefg")}, most=2) == "jobs a, b and 5 more"
