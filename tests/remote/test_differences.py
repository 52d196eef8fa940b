"""CodeLocations of files against those of a cluster."""

from __future__ import annotations

import json
from typing import Any

from played import location

from reef.cli.cluster.differing import Compared, line_of, lines
from reef.remote.differences import differences

SECRET = "hunter2-and-more"  # noqa: S105
NEW = "another-secret"


def one(ours: dict[str, Any], theirs: dict[str, Any]) -> Any:
    (found,) = differences([ours], [theirs])
    return found


def test_what_is_added_changed_the_same_and_only_there() -> None:
    there = [location("a"), location("b"), location("c")]
    found = differences([location("a"), location("b", image="x:2"), location("d")], there)
    assert [(each.name, each.state) for each in found] == [
        ("a", "same"),
        ("b", "changed"),
        ("c", "only_there"),
        ("d", "added"),
    ]


def test_elements_with_a_name_are_compared_by_it() -> None:
    theirs = location("a", volumes=[{"name": "x", "emptyDir": {}}, {"name": "y", "emptyDir": {}}])
    ours = location(
        "a", volumes=[{"name": "y", "emptyDir": {"medium": "Memory"}}, {"name": "z", "emptyDir": {}}]
    )
    found = one(ours, theirs)
    assert [(each.path, each.kind) for each in found.changes] == [
        ("spec.volumes[y].emptyDir.medium", "added"),
        ("spec.volumes[z]", "added"),
        ("spec.volumes[x]", "removed"),
    ]


def test_what_is_no_version_is_not_tried() -> None:
    assert not one(location("a", owner="b"), location("a")).new_version
    assert not one(location("a", placement="standing"), location("a")).new_version
    assert one(location("a", image="x:2"), location("a")).new_version
    assert one(location("a", env=[]), location("a")).new_version
    (line,) = [line_of(each) for each in one(location("a", owner="b"), location("a")).changes]
    assert line == "spec.owner: team-a → b"


def test_labels_and_annotations_of_others_are_theirs() -> None:
    ours, theirs = location("a"), location("a")
    theirs["metadata"] |= {"annotations": {"argocd.argoproj.io/tracking-id": "x"}, "labels": {"of": "others"}}
    assert one(ours, theirs).state == "same"
    ours["metadata"]["labels"] = {"of": "ours"}
    assert [each.path for each in one(ours, theirs).changes] == ["metadata.labels.of"]


def test_no_value_of_a_variable_is_shown() -> None:
    theirs = location(
        "a",
        env=[{"name": "TOKEN", "value": SECRET}, {"name": "GONE", "value": SECRET}],
        envDefaults={"KEY": SECRET},
        sidecarContainers=[{"name": "s", "env": [{"name": "T", "value": SECRET}]}],
        container_context={"k8s": {"env_vars": [f"T={SECRET}"]}},
    )
    ours = location(
        "a",
        env=[{"name": "TOKEN", "value": NEW}, {"name": "MORE", "value": NEW}],
        envDefaults={"KEY": NEW},
        sidecarContainers=[{"name": "s", "env": [{"name": "T", "value": NEW}]}],
        container_context={"k8s": {"env_vars": [f"T={NEW}"]}},
    )
    for wanted, there in ((ours, theirs), (ours, location("a")), (location("a"), theirs)):
        found = differences([wanted], [there])
        said = json.dumps([each.to_json() for each in found]) + "\n".join(
            lines(Compared(found, [], True), "n")
        )
        assert found[0].changes
        assert SECRET not in said
        assert NEW not in said


def test_a_part_of_the_fleet_says_nothing_of_the_rest() -> None:
    found = differences([location("a")], [location("a"), location("b")])
    assert Compared(found, [], says_all=True).differs
    assert not Compared(found, [], says_all=False).differs
