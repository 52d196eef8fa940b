"""Which zygotes there are: small fleets, and what must come out."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import pytest
from zygote_fleets import DAGSTER, PANDAS, Fleet, environment, warmed

from reef.decide.zygotes import Zygotes
from reef.environments.model import Environment, EnvironmentProblem, Origin
from reef.hosting.plan import LeftOut, Unfit, WarmedModule


def groups(found: Zygotes) -> set[tuple[str, ...]]:
    return {plan.locations for plan in found.plans}


def groups_in_order(found: Zygotes) -> list[tuple[str, ...]]:
    return [plan.locations for plan in found.plans]


def test_a_fleet_in_one_venv_has_one_zygote() -> None:
    fleet, here = Fleet(), environment("venv")
    for number in range(10):
        fleet.add(f"l{number}", here)
    found = fleet.decide()
    assert groups(found) == {tuple(f"l{number}" for number in range(10))}
    assert found.plans[0].modules == DAGSTER
    assert found.plans[0].rebase == {}
    assert found.fresh == {}


def test_fifty_venvs_with_the_same_dagster_have_one_zygote() -> None:
    fleet = Fleet()
    for number in range(50):
        extra = {f"extra{number}": "1", "common": str(number % 2)}
        modules = (*DAGSTER, f"extra{number}.a", "common.a")
        fleet.add(f"l{number}", environment(f"v{number}", names={"dagster": "1.13", **extra}), modules)
    found = fleet.decide()
    assert len(found.plans) == 1
    plan = found.plans[0]
    assert plan.modules == DAGSTER
    assert set(plan.rebase) == {f"l{number}" for number in range(1, 50)}
    assert plan.rebase["l7"].prefix == "/v7"
    assert plan.rebase["l7"].site_dirs == ("/v7/lib/site-packages",)
    assert "common.a" in plan.never
    assert found.fresh == {}


def test_what_none_of_a_group_has_installed_is_not_preloaded() -> None:
    """A warm-up speaks for all environments of its kind: `rich` imports `attr` where that is installed."""
    fleet, full, bare = (
        Fleet(),
        environment("full", names={"dagster": "1.13", "attrs": "1"}),
        environment("bare"),
    )
    fleet.add("first", full, (*DAGSTER, "attrs.a"))
    order = fleet.candidates[0].modules
    for number in range(5):
        fleet.add(f"l{number}", bare, env={"PYTHONHASHSEED": "1"})
    fleet.candidates[1:] = [replace(one, modules=order) for one in fleet.candidates[1:]]
    found = fleet.decide()
    (plan,) = [plan for plan in found.plans if "l0" in plan.locations]
    assert plan.python == bare.python
    assert plan.modules == DAGSTER


WITH_ATTRS = {"dagster": "1.13", "rich": "1", "attrs": "1"}
LOOKS_FOR_ATTRS = WarmedModule("rich.pretty", "", needs=("attrs.a",))
NEEDS_RICH = WarmedModule("rich.main", "", needs=("rich.pretty",))


def test_what_looks_for_something_in_vain_is_preloaded_where_all_lack_it() -> None:
    """`rich` imports `attr` where that is installed; where it is not, `rich` loads as well, in all alike."""
    fleet = Fleet()
    full, bare = (
        environment("full", names=WITH_ATTRS),
        environment("bare", names={"dagster": "1", "rich": "1"}),
    )
    for number in range(3):
        fleet.add(f"full{number}", full, (*DAGSTER, "attrs.a", LOOKS_FOR_ATTRS, NEEDS_RICH))
        fleet.add(f"bare{number}", bare, (*DAGSTER, LOOKS_FOR_ATTRS, NEEDS_RICH), {"PYTHONHASHSEED": "1"})
    has, lacks = fleet.decide().plans
    assert has.modules == (*DAGSTER, "attrs.a", "rich.pretty", "rich.main")
    assert lacks.modules == (*DAGSTER, "rich.pretty", "rich.main")
    assert lacks.never == ("attrs.a",)


@pytest.mark.parametrize("origin", ["editable", "local"])
def test_what_looks_for_something_and_finds_a_working_copy_is_not_preloaded(origin: Origin) -> None:
    names, fleet = {"dagster": "1", "rich": "1", "attrs": "1"}, Fleet()
    where = environment("v", names=names, origins={"attrs": origin})
    if origin == "editable":
        where = replace(
            where, owners=({"dagster": "dagster", "rich": "rich"},), working_copies={"attrs": "/w"}
        )
    for name in "ab":
        fleet.add(name, where, (*DAGSTER, LOOKS_FOR_ATTRS, NEEDS_RICH))
    assert fleet.decide().plans[0].modules == DAGSTER


def rehearsing(kinds: dict[str, int], **names: str) -> Fleet:
    """Locations by kind, in an environment each; all look for `rich`, which looks for `attrs`, and the server
    loads what is there. `names`: kind -> distributions with versions, as in "rich=1 attrs=1"."""
    fleet = Fleet()
    for kind, count in kinds.items():
        installed = dict(one.split("=") for one in names[kind].split())
        where = environment(kind, names={"dagster": "1", **installed})
        seen = (*DAGSTER, *(["attrs.a"] if "attrs" in installed else []), LOOKS_FOR_ATTRS, NEEDS_RICH)
        for number in range(count):
            fleet.add(f"{kind}{number}", where, seen)
    fleet.candidates = [replace(one, shared=one.modules) for one in fleet.candidates]
    return fleet


@pytest.mark.parametrize(
    ("other", "counts", "parts"),
    [
        ("rich=1", (2, 2), ["has", "lacks"]),
        ("rich=1", (9, 9), ["has", "lacks"]),
        ("rich=2 attrs=1", (9, 3), ["has", "lacks"]),
        ("rich=1", (9, 1), ["has"]),
        ("rich=1", (1, 1), ["has+lacks"]),
        ("rich=1 attrs=1 more=1", (9, 3), ["has+lacks"]),
    ],
)
def test_those_whose_server_loads_differently_do_not_take_the_rehearsal_from_each_other(
    other: str, counts: tuple[int, int], parts: list[str]
) -> None:
    """A few modules differ, too few to pay for a zygote by themselves; without them none could rehearse the server.
    One alone is not worth a zygote, and two of which each is alone share one without a rehearsal."""
    kinds = dict(zip(("has", "lacks"), counts, strict=True))
    found = rehearsing(kinds, has="rich=1 attrs=1", lacks=other).decide()
    assert [
        "+".join(sorted({name.rstrip("0123456789") for name in g})) for g in groups_in_order(found)
    ] == parts
    if parts != ["has+lacks"] or "more" in other:
        assert all({"rich.pretty", "rich.main"} <= set(plan.modules) for plan in found.plans)
        assert all(plan.shared == plan.modules for plan in found.plans)


def test_a_difference_in_two_things_at_once_parts_as_well() -> None:
    kinds = dict.fromkeys(("a", "b", "c", "d"), 5)
    made_of = {"a": "rich=1 attrs=1", "b": "rich=1", "c": "rich=2 attrs=1", "d": "rich=2"}
    found = rehearsing(kinds, **made_of).decide()
    assert len(found.plans) == 4
    assert all("rich.main" in plan.modules for plan in found.plans)


def test_who_hides_what_a_server_loads_does_not_take_the_rehearsal_from_others() -> None:
    fleet = rehearsing({"has": 9}, has="rich=1 attrs=1")
    fleet.candidates[4] = replace(fleet.candidates[4], own_names=frozenset({"rich"}))
    found = fleet.decide()
    assert "rich.main" in found.plans[0].modules
    assert "its own module 'rich' hides the installed one" in found.fresh["has4"]


def test_what_every_server_loads_is_what_the_bases_of_all_have() -> None:
    fleet, here, there = Fleet(), environment("a"), environment("b")
    fleet.add("a", here).add("b", there)
    shared = (DAGSTER[:9], DAGSTER[3:12])
    fleet.candidates = [replace(one, shared=base) for one, base in zip(fleet.candidates, shared, strict=True)]
    assert fleet.decide().plans[0].shared == DAGSTER[3:9]


def test_another_python_or_dagster_gets_another_zygote_if_it_pays() -> None:
    fleet = Fleet()
    new = environment("new")
    old = environment("old", names={"dagster": "1.12"})
    other = environment("other", build="3.11")
    for number in range(5):
        fleet.add(f"new{number}", new).add(f"old{number}", old)
    fleet.add("alone", other)
    found = fleet.decide()
    assert groups(found) == {tuple(f"{kind}{number}" for number in range(5)) for kind in ("new", "old")}
    assert list(found.fresh) == ["alone"]
    assert "Python 3.12.1, another build" in found.fresh["alone"]
    assert "would take 103 MB and save 75 MB" in found.fresh["alone"]


def test_one_of_another_dagster_is_told_which() -> None:
    fleet, here = Fleet(), environment("v")
    for number in range(3):
        fleet.add(f"l{number}", here)
    fleet.add("odd", environment("o", names={"dagster": "1.9"}))
    assert "dagster 1.9, others have 1.13; a zygote for it alone" in fleet.decide().fresh["odd"]


def test_extras_are_preloaded_where_two_locations_import_them_and_all_have_them() -> None:
    fleet, here = Fleet(), environment("v", names={"dagster": "1", "pandas": "3", "lonely": "1"})
    fleet.add("a", here, (*DAGSTER, *PANDAS, "lonely.x")).add("b", here, (*DAGSTER, *PANDAS)).add("c", here)
    assert fleet.decide().plans[0].modules == (*DAGSTER, *PANDAS)


@pytest.mark.parametrize(("with_pandas", "zygotes"), [(2, 1), (3, 1), (6, 2)])
def test_a_second_zygote_for_those_with_an_extra_only_where_it_pays(with_pandas: int, zygotes: int) -> None:
    fleet = Fleet()
    for number in range(20):
        has = number < with_pandas
        names = {"dagster": "1", "pandas": "3"} if has else {"dagster": "1"}
        fleet.add(
            f"l{number}", environment(f"v{number}", names=names), (*DAGSTER, *PANDAS) if has else DAGSTER
        )
    found = fleet.decide()
    assert len(found.plans) == zygotes
    assert found.fresh == {}
    assert [set(PANDAS) <= set(plan.modules) for plan in found.plans] == [True, False][2 - zygotes :]


def test_two_conflicting_versions_of_a_small_library_do_not_part_a_fleet() -> None:
    fleet = Fleet()
    for number in range(10):
        names = {"dagster": "1", "small": str(number % 2)}
        fleet.add(f"l{number}", environment(f"v{number % 2}", names=names), (*DAGSTER, "small.a"))
    plan = fleet.decide().plans[0]
    assert len(plan.locations) == 10
    assert plan.modules == DAGSTER
    assert "small" in plan.never or "small.a" in plan.never


@pytest.mark.parametrize("origin", ["editable", "local", "unowned"])
def test_nothing_first_party_is_preloaded(origin: Origin) -> None:
    fleet, here = Fleet(), environment("v", names={"dagster": "1", "mine": "1"}, origins={"mine": origin})
    fleet.add("a", here, (*DAGSTER, "mine.x")).add("b", here, (*DAGSTER, "mine.x"))
    assert fleet.decide().plans[0].modules == DAGSTER


def test_what_one_has_as_a_working_copy_is_preloaded_for_nobody_with_it() -> None:
    fleet = Fleet()
    fleet.add("a", environment("a", names={"dagster": "1", "lib": "1"}), (*DAGSTER, "lib.x"))
    fleet.add("b", environment("b", names={"dagster": "1", "lib": "1"}), (*DAGSTER, "lib.x"))
    fleet.add("c", environment("c", names={"dagster": "1", "lib": "1"}, origins={"lib": "editable"}))
    plan = fleet.decide().plans[0]
    assert plan.locations == ("a", "b", "c")
    assert plan.modules == DAGSTER


def test_a_shadowed_name_and_all_that_needs_it_stay_out() -> None:
    fleet, here = Fleet(), environment("v", names={"dagster": "1", "yaml": "6", "uses": "1"})
    seen = (
        *DAGSTER,
        "yaml.a",
        WarmedModule("uses.b", "", needs=("yaml.a",)),
        WarmedModule("uses.c", "", needs=("uses.b",)),
    )
    for name in "abc":
        fleet.add(name, here, seen, own=("yaml", "unrelated") if name == "c" else ())
    plan = fleet.decide().plans[0]
    assert plan.locations == ("a", "b", "c")
    assert plan.modules == DAGSTER
    assert set(plan.never) >= {"yaml", "yaml.a", "uses.b", "uses.c"}


def test_what_was_seen_to_change_others_stays_out_with_all_that_needs_it_and_is_told() -> None:
    fleet, here = Fleet(), environment("v", names={"dagster": "1", "patches": "6", "uses": "1", "calm": "2"})
    fleet.catalogue.unfit = {"patches.a": Unfit("changed", "changes socket.socket")}
    fleet.catalogue.costs = {"patches": 0.4}
    seen = (*DAGSTER, "patches.a", WarmedModule("uses.b", "", needs=("patches.a",)), "calm.c")
    for name in "ab":
        fleet.add(name, here, seen)
    fleet.add("c", here).candidates = [replace(one, shared=DAGSTER) for one in fleet.candidates]
    plan = fleet.decide().plans[0]
    assert plan.modules == (*DAGSTER, "calm.c")
    assert plan.shared == DAGSTER
    assert plan.changing == ("patches.a",)
    assert plan.left_out == (LeftOut("patches", "changes socket.socket", 0.4, 1),)


def test_where_nobody_has_seen_what_all_load_it_is_what_all_load_first() -> None:
    fleet, here = Fleet(), environment("v", names={"dagster": "1", "pandas": "3"})
    for name, more in (("a", PANDAS), ("b", PANDAS), ("c", ())):
        fleet.add(name, here, (*DAGSTER, *more))
    assert fleet.decide().plans[0].shared == DAGSTER


def test_a_location_that_shadows_dagster_is_alone() -> None:
    fleet, here = Fleet(), environment("v")
    for name in "abc":
        fleet.add(name, here, own=("dagster",) if name == "c" else ())
    found = fleet.decide()
    assert groups(found) == {("a", "b")}
    assert "its own module 'dagster' hides the installed one" in found.fresh["c"]


def test_a_module_that_reads_a_variable_stays_out_where_values_differ() -> None:
    """Invariant 3: a preloaded module is one that would have loaded the same in the child."""
    here = environment("v", names={"dagster": "1", "cfg": "1"})
    seen = (
        *DAGSTER,
        WarmedModule("cfg.a", "", env_read=("CFG_MODE",)),
        WarmedModule("cfg.b", "", needs=("cfg.a",)),
    )
    for values, preloaded in (
        (("x", "x"), True),
        (("x", "y"), False),
        (("x", None), False),
        ((None, None), True),
    ):
        fleet = Fleet()
        for name, value in zip("ab", values, strict=True):
            fleet.add(name, here, seen, {"CFG_MODE": value} if value else {})
        plan = fleet.decide().plans[0]
        assert ("cfg.a" in plan.modules, "cfg.b" in plan.modules) == (preloaded, preloaded), values
        assert plan.env.get("CFG_MODE") == (values[0] if preloaded else None)


def test_a_variable_that_dagster_reads_parts_those_that_set_it() -> None:
    here = environment("v")
    seen = (WarmedModule("dagster.m0", "", env_read=("DAGSTER_X",)),)
    seen += tuple(WarmedModule(name, "", needs=("dagster.m0",)) for name in DAGSTER[1:])
    fleet = Fleet()
    for number in range(9):
        fleet.add(f"l{number}", here, seen, {"DAGSTER_X": "7"} if number in (1, 2, 3) else {})
    fleet.add("odd", here, seen, {"DAGSTER_X": "secret"})
    found = fleet.decide()
    assert groups(found) == {("l0", "l4", "l5", "l6", "l7", "l8"), ("l1", "l2", "l3")}
    assert "DAGSTER_X, which is read on import, differs" in found.fresh["odd"]
    assert "secret" not in found.fresh["odd"]


def test_variables_by_prefix() -> None:
    here = environment("v", names={"dagster": "1", "tq": "1"})
    seen = (*DAGSTER, WarmedModule("tq.a", "", env_read=("TQ_*",)))
    same = Fleet().add("a", here, seen, {"X": "1"}).add("b", here, seen, {"X": "2"}).decide()
    assert "tq.a" in same.plans[0].modules
    differs = Fleet().add("a", here, seen, {"TQ_BAR": "1"}).add("b", here, seen).decide()
    assert "tq.a" not in differs.plans[0].modules


def test_what_only_counts_at_exec_is_never_shared() -> None:
    fleet, here = Fleet(), environment("v")
    for number in range(6):
        fleet.add(f"l{number}", here, env={"PYTHONOPTIMIZE": "2"} if number % 2 else {"PYTHONOPTIMIZE": ""})
    fleet.add("odd", here, env={"LD_PRELOAD": "/x.so"})
    found = fleet.decide()
    assert groups(found) == {("l0", "l2", "l4"), ("l1", "l3", "l5")}
    assert found.plans[1].env["PYTHONOPTIMIZE"] == "2"
    assert (
        "LD_PRELOAD differs from the others', and counts only when a program is started" in found.fresh["odd"]
    )


@pytest.mark.parametrize(
    "name", ["LANG", "LC_ALL", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES", "OMP_NUM_THREADS", "PYTHONHASHSEED"]
)
def test_settings_that_part(name: str) -> None:
    fleet, here = Fleet(), environment("v")
    for number in range(4):
        fleet.add(f"l{number}", here, env={name: "1"} if number > 1 else {})
    assert groups(fleet.decide()) == {("l0", "l1"), ("l2", "l3")}


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "DB_PASSWORD"])
def test_settings_that_do_not_part_and_do_not_reach_the_zygote(name: str) -> None:
    fleet, here = Fleet(), environment("v")
    for number in range(4):
        fleet.add(f"l{number}", here, env={name: "1", "SECRET": "same everywhere"})
    found = fleet.decide()
    assert len(found.plans) == 1
    assert set(found.plans[0].env) == {"PATH", "HOME"}


def test_a_name_that_a_module_looks_for_in_vain_must_be_missing_for_all() -> None:
    """`try: import pandas` in a preloaded module has another outcome where pandas is."""
    looks = (*DAGSTER, WarmedModule("lib.maybe", "", needs=("pandas",)))
    without = environment("a", names={"dagster": "1", "lib": "1"})
    has = environment("b", names={"dagster": "1", "lib": "1", "pandas": "3"})
    same = Fleet().add("a", without, looks).add("b", replace(without, python="/c/bin/python"), looks).decide()
    assert "lib.maybe" in same.plans[0].modules
    mixed = Fleet().add("a", without, looks).add("b", has, looks).decide()
    assert mixed.plans[0].modules == DAGSTER


@pytest.mark.parametrize(
    ("others", "needs_seen", "preloaded"),
    [
        (("1", "1"), False, True),
        (("1", "2"), False, False),
        (("1", ""), False, False),
        (("1", "2"), True, True),
    ],
)
def test_what_nobody_knows_the_needs_of_is_shared_by_equal_environments_only(
    others: tuple[str, str], needs_seen: bool, preloaded: bool
) -> None:
    """A report that does not say what `lib.x` looked for: it may have looked for `other`."""
    fleet = Fleet()
    for number, other in enumerate(others):
        names = {"dagster": "1", "lib": "1"} | ({"other": other} if other else {})
        where = environment(f"v{number}", names=names)
        fleet.add(f"base{number}", where)
        bare = [replace(warmed(name, where), needs=()) for name in (*DAGSTER, "lib.x")]
        for name in "ab":
            fleet.add(f"{name}{number}", where, [*bare, "lib.y"] if needs_seen else bare)
    plan = fleet.decide().plans[0]
    assert len(plan.locations) == 6
    assert ("lib.x" in plan.modules) == preloaded


def test_interpreters_that_cannot_fork() -> None:
    here = environment("v")
    fleet = Fleet().add("a", here).add("b", here)
    fleet.add("none", EnvironmentProblem("/no/python", "/no/python does not exist", "name another"))
    fleet.add("pypy", replace(here, python="/p/bin/python", implementation="pypy"))
    fleet.add("nogil", replace(here, python="/n/bin/python", free_threaded=True))
    found = fleet.decide()
    assert groups(found) == {("a", "b")}
    assert found.fresh == {
        "none": "/no/python does not exist",
        "pypy": "pypy 3.12.1: only CPython can be forked",
        "nogil": "Python 3.12.1 is a free-threaded build, which is not forked",
    }


def test_nobody_forks_where_nobody_can() -> None:
    problem = EnvironmentProblem("/no/python", "/no/python does not exist", "name another")
    assert Fleet().add("a", problem).decide() == Zygotes((), {"a": "/no/python does not exist"})
    assert Fleet().decide() == Zygotes((), {})


def test_the_first_zygote_need_not_pay_and_unseen_locations_are_expected_to_be_like_the_others() -> None:
    here = environment("v")
    assert groups(Fleet().add("a", here, ()).decide()) == {("a",)}
    assert groups(Fleet().add("a", here).decide()) == {("a",)}
    fleet = Fleet().add("seen", here)
    for number in range(3):
        fleet.add(f"l{number}", here, ())
    plan = fleet.decide().plans[0]
    assert (len(plan.locations), plan.modules) == (4, DAGSTER)


def test_the_order_is_the_order_seen() -> None:
    fleet, here = Fleet(), environment("v", names={"dagster": "1", "z": "1"})
    modules = ("z.late", *reversed(DAGSTER[:50]), "std.x")
    fleet.add("a", here, modules).add("b", here, modules).add("c", here, DAGSTER[:50])
    assert fleet.decide().plans[0].modules == modules


def test_the_same_fleet_gives_the_same_plan_whatever_was_first() -> None:
    def made(order: Iterable[int]) -> Fleet:
        fleet = Fleet()
        for number in order:
            names = {"dagster": "1", "x": str(number % 3)}
            fleet.add(f"l{number}", environment(f"v{number}", names=names), (*DAGSTER, "x.a"))
        return fleet

    one, other = made(range(9)).decide(), made(reversed(range(9))).decide()
    assert {p.key for p in one.plans} == {p.key for p in other.plans}
    assert sorted(one.plans[0].locations) == sorted(other.plans[0].locations)


def test_a_standing_zygote_stays_while_a_new_one_would_save_little() -> None:
    here = environment("v", names={"dagster": "1", "pandas": "3", "bit": "1"})
    before = Fleet().add("a", here).add("b", here).decide().plans
    few = Fleet().add("a", here, (*DAGSTER, "bit.a")).add("b", here, (*DAGSTER, "bit.a")).add("c", here)
    assert few.decide(before).plans[0].key == before[0].key
    assert few.decide(before).plans[0].locations == ("a", "b", "c")
    assert few.decide().plans[0].key != before[0].key
    many = Fleet().add("a", here, (*DAGSTER, *PANDAS)).add("b", here, (*DAGSTER, *PANDAS))
    assert many.decide(before).plans[0].modules == (*DAGSTER, *PANDAS)


@pytest.mark.parametrize(
    "later",
    [environment("v", names={"dagster": "2"}), environment("v", build="other"), environment("w")],
    ids=["distribution", "python", "place"],
)
def test_a_standing_zygote_of_other_content_goes(later: Environment) -> None:
    """Invariant 3: after `pip install -U` a new zygote is built first."""
    before = Fleet().add("a", environment("v")).add("b", environment("v")).decide().plans
    found = Fleet().add("a", later).add("b", later).decide(before)
    assert found.plans[0].key != before[0].key


def test_a_standing_zygote_that_has_what_a_new_location_must_not_have_goes() -> None:
    here = environment("v", names={"dagster": "1", "yaml": "1"})
    seen = (*DAGSTER, "yaml.a")
    before = Fleet().add("a", here, seen).add("b", here, seen).decide().plans
    assert "yaml.a" in before[0].modules
    after = (
        Fleet().add("a", here, seen).add("b", here, seen).add("c", here, seen, own=("yaml",)).decide(before)
    )
    assert "yaml.a" not in after.plans[0].modules


@pytest.mark.parametrize("venvs", [1, 50, 200])
def test_two_hundred_locations_are_decided_quickly(venvs: int) -> None:
    fleet = Fleet()
    for number in range(200):
        place = number % venvs
        names = {f"d{n}": "1" for n in range(60)} | {
            "dagster": "1",
            "lib": str(place % 7),
            f"own{place}": "1",
        }
        modules = (*DAGSTER, "lib.a", f"own{place}.a")
        fleet.add(f"l{number}", environment(f"v{place}", names=names), modules, {"LOCATION": str(number)})
    started = time.process_time()
    found = fleet.decide()
    assert time.process_time() - started < 1.0  # 8, 50 and 180 ms on an idle machine
    assert len(found.plans) == 1
    assert len(found.plans[0].locations) == 200
