"""What an edited fleet's file means for each location."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reef.decide.reconcile import changes, too_empty
from reef.errors import Where
from reef.fleet.model import CodeTarget, Location, ServerAddress

ONE = Location("one", code=CodeTarget(python_file="/x/one.py"), python="/p", cwd="/x")


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        (replace(ONE, where=Where("reef.yaml", 7)), None),
        (replace(ONE, renamed_from="zero"), None),
        (replace(ONE, owner="team"), "limits"),
        (replace(ONE, idle_timeout_s=5.0, memory_limit_bytes=1), "limits"),
        (replace(ONE, on_load_error="show"), "limits"),
        (replace(ONE, env={"A": "b"}), "code"),
        (replace(ONE, python="/q"), "code"),
        (replace(ONE, broken="reef.yaml:3: no such folder"), "code"),
        (replace(ONE, placement="standing", owner="team"), "placed"),
        (Location("one", placement="external", server=ServerAddress(port=1)), "placed"),
    ],
)
def test_what_differs_says_what_is_to_be_done(new: Location, kind: str | None) -> None:
    found = changes({"one": ONE}, {"one": new})
    assert found.changed == ({} if kind is None else {"one": kind})
    assert not found.names_differ
    assert bool(found) == (kind is not None)


def test_locations_come_and_go_and_get_other_names() -> None:
    two, three = replace(ONE, name="two"), replace(ONE, name="three", renamed_from="one")
    found = changes({"one": ONE}, {"two": two, "three": three})
    assert (found.added, found.removed, found.renamed) == (("two", "three"), ("one",), {"three": "one"})
    assert found.names_differ
    assert changes({"one": ONE}, {"one": ONE, "three": three}).renamed == {}  # the old one is still there


def test_a_file_without_any_location_is_not_believed() -> None:
    assert too_empty({"one": ONE}, {})
    assert not too_empty({}, {})
    assert not too_empty({"one": ONE}, {"two": ONE})


def test_every_setting_of_a_location_is_of_one_kind() -> None:
    """A new field that nobody thought of counts as a limit: nothing is probed for it. This list makes one think."""
    assert {
        "name",
        "placement",
        "server",
        "code",
        "python",
        "python_explicit",
        "cwd",
        "env",
        "env_files",
        "awaited_files",
        "container_image",
        "container_context",
        "broken",
        "where",
        "renamed_from",
        "owner",
        "memory_limit_bytes",
        "idle_timeout_s",
        "max_concurrent_calls",
        "load_timeout_s",
        "on_load_error",
    } >= Location.__dataclass_fields__.keys() - {"revalidate"}
