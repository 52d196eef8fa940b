"""`reef render --placements`, and what a CodeLocation asks of a pod."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from test_kube_commands import reef

from reef.controller.wishes import wish_of
from reef.decide.placements.choosing import chosen
from reef.kube.asked import WRITTEN, document
from reef.kube.model import CodeLocation, Spec

CODE = {"module": "sales"}


def located(name: str, **spec: Any) -> CodeLocation:
    given = {"image": "acme/base:1", "code": CODE, **spec}
    return CodeLocation(name, msgspec.convert(given, Spec), "data")


FIELDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"pod": {}, "container": {"image": "acme/base:1"}, "metadata": {}}),
    (
        {"podSecurityContext": {"fsGroup": 1}, "securityContext": {"runAsUser": 2}, "labels": {"a": "b"}},
        {
            "pod": {"securityContext": {"fsGroup": 1}},
            "container": {"image": "acme/base:1", "securityContext": {"runAsUser": 2}},
            "metadata": {"labels": {"a": "b"}},
        },
    ),
    (
        {  # what `pod` and `container` say is added
            "volumes": [{"name": "a", "emptyDir": {}}],
            "sidecarContainers": [{"name": "proxy"}],
            "nodeSelector": {"a": "1"},
            "pod": {
                "hostPID": True,
                "volumes": [{"name": "b", "emptyDir": {}}],
                "nodeSelector": {"a": "2", "b": "2"},
                "containers": [{"name": "more"}],
            },
            "container": {"image": "acme/other:1", "tty": True},
        },
        {
            "pod": {
                "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {}}],
                "containers": [{"name": "proxy"}, {"name": "more"}],
                "nodeSelector": {"a": "1", "b": "2"},
                "hostPID": True,
            },
            "container": {"image": "acme/base:1", "tty": True},
            "metadata": {},
        },
    ),
]


@pytest.mark.parametrize(("spec", "wanted"), FIELDS, ids=range(len(FIELDS)))
def test_given_a_code_location_wanted_what_it_asks_of_a_pod(
    spec: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert document(located("sales", **spec)) == wanted


# Whatever belongs neither to a pod nor to its container, or is Reef's own.
OF_REEF = {
    *(
        "location_name",
        "owner",
        "placement",
        "replicas",
        "code",
        "server",
        "renamed_from",
        "startCommand",
        "serverArgs",
    ),
    *(
        "python",
        "working_directory",
        "cwd",
        "port",
        "service",
        "memory_limit",
        "idle_timeout",
        "max_concurrent_calls",
    ),
    *("load_timeout", "on_load_error", "revalidate", "runResources", "includeConfigInLaunchedRuns"),
    *("container_context", "helm", "envDefaults", "instance", "pod", "container"),
}


def test_every_field_of_a_code_location_is_asked_or_known_to_be_none_of_a_pod() -> None:
    assert set(WRITTEN.values()) | OF_REEF == set(Spec.__struct_fields__)
    assert not set(WRITTEN.values()) & OF_REEF


OWN_WORDS = [
    ({"sidecarContainers": [{"name": "proxy", "image": "p"}]}, "sidecarContainers"),
    ({"podSecurityContext": {"windowsOptions": {"hostProcess": True}}}, "podSecurityContext.windowsOptions"),
    ({"securityContext": {"privileged": True}}, "securityContext.privileged"),
    ({"volumes": [{"name": "s", "emptyDir": {"sizeLimit": "1Gi"}}]}, "volumes[s].emptyDir.sizeLimit"),
    ({"resources": {"limits": {"nvidia.com/gpu": 1}}}, "resources.limits[nvidia.com/gpu]"),
    ({"pod": {"hostPID": True}}, "pod.hostPID"),
    ({"container": {"livenessProbe": {"grpc": {"port": 4000}}}}, "container.livenessProbe"),
    ({"pod": {"fieldOfLater": 1}}, "pod.fieldOfLater"),
    ({"code": msgspec.UNSET, "startCommand": "image"}, "startCommand"),
]


@pytest.mark.parametrize(("spec", "place"), OWN_WORDS, ids=[place for _, place in OWN_WORDS])
def test_a_reason_names_the_field_as_it_was_written(spec: dict[str, Any], place: str) -> None:
    given = {
        name: value
        for name, value in {"code": CODE, "image": "i", **spec}.items()
        if value is not msgspec.UNSET
    }
    location = CodeLocation("sales", msgspec.convert(given, Spec))
    (reason,) = chosen(wish_of(location, "sales")).reasons
    assert reason.where == place


FLEET = [
    located("orders", owner="shop"),
    located("catalogue", owner="shop"),
    located("search", owner="shop", image="acme/search:1"),
    located("ledger", owner="finance", pod={"hostPID": True}),
    located("audit", owner="finance", idle_timeout="never"),
    located("batch", owner="finance", pod={"restartPolicy": "Never"}),
    CodeLocation("legacy", msgspec.convert({"server": {"host": "legacy", "port": 1}}, Spec), "data"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = [each.document() for each in FLEET]
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump_all(documents))
    return tmp_path


def test_the_placements_of_a_fleet(folder: Path) -> None:
    done = reef(folder, "render", "fleet.yaml", "--placements", "--json")
    assert done.returncode == 1, done.stderr  # one is refused
    found = json.loads(done.stdout)
    assert {each["name"]: each["placement"] for each in found["locations"]} == {
        "orders": "packed",
        "catalogue": "packed",
        "search": "packed",
        "ledger": "on_demand",
        "audit": "packed",
        "batch": None,
        "legacy": "external",
    }
    shop, finance = sorted(found["packs"], key=lambda pack: -len(pack["containers"]))
    assert shop["containers"] == [
        {"image": "acme/base:1", "locations": ["catalogue", "orders"]},
        {"image": "acme/search:1", "locations": ["search"]},
    ]
    assert shop["key"] == {"namespace": "data", "owner": "shop", "fields": {}}
    assert finance["containers"] == [{"image": "acme/base:1", "locations": ["audit"]}]
    by_name = {each["name"]: each for each in found["locations"]}
    assert by_name["orders"]["pack"] == shop["name"]
    assert by_name["ledger"]["pack"] is None
    assert [each["field"] for each in by_name["ledger"]["reasons"]] == ["pod.hostPID"]
    assert set(by_name["ledger"]) == {"name", "namespace", "owner", "placement", "pack", "why", "reasons"}
    assert found["findings"] == []


def test_owners_may_share(folder: Path) -> None:
    done = json.loads(reef(folder, "render", "fleet.yaml", "--placements", "--share-packs", "--json").stdout)
    (pack,) = done["packs"]
    assert [each["locations"] for each in pack["containers"]] == [
        ["audit", "catalogue", "orders"],
        ["search"],
    ]


def test_the_table_for_people(folder: Path) -> None:
    done = reef(folder, "render", "fleet.yaml", "--placements")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["LOCATION", "OWNER", "PLACEMENT", "PACK", "WHY"]
    assert lines[4].split()[:4] == ["ledger", "finance", "on_demand", "-"]
    assert "It needs a pod of its own for pod.hostPID. The location sees all processes" in lines[4]
    assert lines[6].split()[:4] == ["batch", "finance", "refused", "-"]
    assert any("3 locations in 2 containers; all have namespace data, owner shop" in line for line in lines)
    assert lines[-1] == "7 locations: 1 external, 1 on_demand, 4 packed, 1 refused; 2 packs"


def test_a_fleet_of_this_machine_too(tmp_path: Path) -> None:
    text = "locations: {a: {code: sales}, b: {code: shop}, c: {code: x, placement: standing}}"
    (tmp_path / "reef.yaml").write_text(text)
    done = reef(tmp_path, "render", "--placements", "--image", "a:1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "3 locations: 2 packed, 1 standing; 1 pack"
    left = reef(tmp_path, "render", "--placements")
    assert left.returncode == 1
    assert "has no image" in left.stderr
    assert left.stdout.splitlines()[-1] == "0 locations: none; 0 packs"


def test_one_name_in_two_namespaces(tmp_path: Path) -> None:
    documents = [CodeLocation("a", located("a").spec, space).document() for space in ("x", "y")]
    (tmp_path / "two.yaml").write_text(yaml.safe_dump_all(documents))
    done = json.loads(reef(tmp_path, "render", "two.yaml", "--placements", "--json").stdout)
    assert [each["name"] for each in done["locations"]] == ["x/a", "y/a"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--placements", "-o", "out"), "--placements writes no files"),
        (("--share-packs",), "--share-packs changes nothing here"),
        (("--placements", "nowhere.yaml"), "does not exist"),
    ],
)
def test_a_mistake_is_one_message(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = reef(folder, "render", *words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
