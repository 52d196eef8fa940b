"""For which environments the load of one server speaks."""

from __future__ import annotations

import pytest
from zygote_fleets import environment, warmed

from reef.decide.zygotes.bases import base_of, tops_in
from reef.hosting.plan import WarmedModule

HERE = {"dagster": "1", "rich": "1", "attrs": "1"}
LACKS = {"dagster": "1", "rich": "1"}
LOADED = ("dagster.a", WarmedModule("rich.pretty", "", needs=("attrs", "std", "ipython.display")))


@pytest.mark.parametrize(
    ("names", "speaks"),
    [
        (HERE, True),
        (HERE | {"other": "1"}, True),
        (HERE | {"rich": "2"}, True),  # what differs in it is left out where it is shared
        (LACKS, False),
        (HERE | {"ipython": "1"}, False),
        (HERE | {"dagster": "2"}, False),
    ],
    ids=[
        "the same",
        "more",
        "another version",
        "lacks what was found",
        "has what was missed",
        "another dagster",
    ],
)
def test_it_speaks_for_environments_that_have_the_same_of_what_it_looks_for(
    names: dict[str, str], speaks: bool
) -> None:
    where, there = environment("a", names=HERE), environment("b", names=names)
    base = base_of(where, [warmed(one, where) for one in LOADED])
    assert base.speaks_for(there, tops_in(there)) is speaks


def test_another_build_of_python_is_another_base() -> None:
    where, there = environment("a"), environment("b", build="3.11")
    assert not base_of(where, [warmed("dagster.a", where)]).speaks_for(there, tops_in(there))


def test_where_nothing_was_to_be_seen_it_speaks_for_every_environment_with_that_dagster() -> None:
    where, there = environment("a", names=HERE), environment("b", names=LACKS)
    assert base_of(where, ()).speaks_for(there, tops_in(there))
