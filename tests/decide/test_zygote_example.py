"""The example that `reef.decide.zygotes` tells, computed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from zygote_fleets import Fleet, environment

from reef.decide import zygotes
from reef.decide.zygotes import ZygoteCosts
from reef.decide.zygotes.groups import Division
from reef.decide.zygotes.members import division_of
from reef.decide.zygotes.modules import Modules

DAGSTER = tuple(f"dagster.m{number}" for number in range(1600))
PANDAS = tuple(f"pandas.m{number}" for number in range(800))
TOLD = zygotes.__doc__ or ""


def told_fleet(like_a1: int = 6) -> Fleet:
    fleet = Fleet()
    has_pandas = environment("v1", names={"dagster": "1", "pandas": "3"})
    for number in range(like_a1):
        fleet.add(f"a{number + 1}", has_pandas, (*DAGSTER, *PANDAS))
    for name in ("b1", "b2"):
        fleet.add(name, environment("v2", names={"dagster": "1"}), DAGSTER)
    return fleet.add("odd", environment("v3", names={"dagster": "1"}, build="3.11"), DAGSTER)


def division(fleet: Fleet, *names: str) -> Division:
    bucket = [one for one in fleet.candidates if one.name in names]
    return division_of(bucket, fleet.environments, Modules(fleet.catalogue.facts), ZygoteCosts())


def worth(fleet: Fleet, *names: str) -> int:
    found = division(fleet, *names)
    return found.worth((1 << len(found.members)) - 1) >> 20


ALL = ("a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2")


@pytest.mark.parametrize(
    ("label", "names"),
    [("a1 … b2", ALL), ("a1 … a6", ALL[:6]), ("b1, b2", ALL[6:]), ("odd", ("odd",))],
)
def test_the_table_says_what_each_group_is_worth(label: str, names: tuple[str, ...]) -> None:
    found = division(told_fleet(), *names)
    whole = (1 << len(found.members)) - 1
    preloads = found.preloaded(whole).bit_count()
    cost, saving = found.cost(whole) >> 20, found.saving(whole) >> 20
    row = f"{label:<17}{preloads:>8,}   {cost} MiB  {saving:>3} MiB  {found.worth(whole) >> 20:>4} MiB"
    assert row in TOLD


def test_members_are_locations_that_differ_in_nothing() -> None:
    found = division(told_fleet(), *ALL)
    assert [member.names for member in found.members] == [ALL[:6], ALL[6:]]
    assert set(found.classes) == {("distribution", "pandas"), ("import", "pandas")}
    assert found.modules.touched(("distribution", "pandas")).bit_count() == 800


def test_a_group_is_divided_where_its_parts_are_worth_more() -> None:
    found = told_fleet().decide()
    assert [plan.locations for plan in found.plans] == [ALL[:6], ALL[6:]]
    assert [len(plan.modules) for plan in found.plans] == [2400, 1600]
    assert "a zygote for it alone would take 110 MB and save 80 MB" in found.fresh["odd"]


def test_with_four_of_a_kind_one_zygote_serves_all() -> None:
    fleet = told_fleet(like_a1=4)
    assert (worth(fleet, *ALL[:4]), worth(fleet, *ALL[6:])) == (320, 50)
    assert worth(fleet, *ALL[:4], *ALL[6:]) == 370
    assert "320 + 50 would be no more than 370" in " ".join(TOLD.split())
    (plan,) = fleet.decide().plans
    assert plan.locations == (*ALL[:4], *ALL[6:])
    assert plan.modules == DAGSTER
    assert set(PANDAS) <= set(plan.never)


def test_another_version_of_what_every_server_loads_takes_the_rehearsal() -> None:
    fleet, base = told_fleet(like_a1=4), DAGSTER[:-3]
    library = tuple(f"rich.m{number}" for number in range(3))
    for python, version in (("/v1/bin/python", "1"), ("/v2/bin/python", "2")):
        found = fleet.environments[python]
        names = {name: one.version for name, one in found.distributions.items()}  # type: ignore[union-attr]
        fleet.environments[python] = environment(python.split("/")[1], names={**names, "rich": version})
    old, fleet.candidates = fleet.candidates, []
    for one in old:
        where = fleet.environments[one.python]
        fleet.add(one.name, where, (*base, *library, *(n for n in one.modules if n in PANDAS)))
    fleet.candidates = [replace(one, shared=(*base, *library)) for one in fleet.candidates]
    assert (worth(fleet, *ALL[:4]), worth(fleet, *ALL[6:])) == (320, 50)
    assert f"would be worth {worth(fleet, *ALL[:4], *ALL[6:])} MiB" in " ".join(TOLD.split())
    assert len(fleet.decide().plans) == 2


def test_the_largest_group_gets_a_zygote_where_none_is_worth_it() -> None:
    fleet = Fleet().add("odd", environment("v3", names={"dagster": "1"}, build="3.11"), DAGSTER)
    assert [plan.locations for plan in fleet.decide().plans] == [("odd",)]
