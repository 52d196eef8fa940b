"""The CustomResourceDefinition: what an API server asks of one, and what it says to people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from crd_check import faults

from reef.fleet.json_schema import schema as reef_schema
from reef.fleet.shared import Shared
from reef.kube.group import API_VERSION, GROUP
from reef.kube.model import Spec
from reef.kube.model.crd import definition, definition_text, schema
from reef.kube.model.status import CONDITIONS, Condition, Status

ROOT = Path(__file__).parents[2]
# What a structural schema may have at a node that carries values, beside its type.
_FREE = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"


def nodes(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, each in node.get("properties", {}).items():
        yield from nodes(each, f"{path}.{name}")
    if "items" in node:
        yield from nodes(node["items"], f"{path}[]")
    if isinstance(node.get("additionalProperties"), dict):
        yield from nodes(node["additionalProperties"], f"{path}{{}}")


def test_the_definition_in_the_docs_is_the_generated_one() -> None:
    kept = (ROOT / "docs" / "codelocations.crd.yaml").read_text()
    assert kept == definition_text(), "reef schema --crd > docs/codelocations.crd.yaml"
    assert yaml.safe_load(kept) == definition()


def test_the_schema_is_structural() -> None:
    for path, node in nodes(schema()):
        assert not {"$ref", "$defs", "oneOf", "allOf", "not", "title", "default"} & node.keys(), path
        assert "type" in node or node.get(_INT_OR_STRING), f"{path} has no type"
        if node.get(_INT_OR_STRING):
            assert node["anyOf"] == [{"type": "integer"}, {"type": "string"}]
        else:
            assert "anyOf" not in node, path
        assert not ("properties" in node and "additionalProperties" in node), path
        assert node.get("additionalProperties") is not False, path
        if node["type"] == "object" if "type" in node else False:
            known = "properties" in node or "additionalProperties" in node or node.get(_FREE)
            assert known or path == ".metadata", f"{path}: everything in it would be pruned"
        if node.get("type") == "array":
            assert "items" in node, path
            for key in node.get("x-kubernetes-list-map-keys", []):
                assert key in node["items"]["required"], f"{path}: a key of a list map must be required"
        for name in node.get("required", []):
            assert name in node["properties"], f"{path}.{name}"


def test_every_field_is_described() -> None:
    for path, node in nodes(schema()):
        if path.startswith((".spec.", ".status.")) and not path.endswith(("[]", "{}")) and "[]." not in path:
            assert node.get("description"), path


def test_shared_fields_are_those_of_reef_yaml() -> None:
    """One set of models: the same names, types, patterns and bounds."""
    ours = schema()["properties"]["spec"]["properties"]
    theirs: dict[str, Any] = reef_schema()["$defs"]["LocationSettings"]["properties"]  # type: ignore[index]
    for name in Shared.__struct_fields__:
        members = [each for each in theirs[name]["anyOf"] if each != {"type": "null"}]
        if len(members) > 1:
            assert ours[name][_INT_OR_STRING]
            continue
        bounds = {key: value for key, value in members[0].items() if key != "$ref"}
        assert {key: ours[name][key] for key in bounds} == bounds, name
    both = set(ours) & set(theirs)
    assert both >= {*Shared.__struct_fields__, "code", "server", "placement", "renamed_from", "env"}


def test_what_is_only_known_for_one_machine_is_said_otherwise() -> None:
    for path, node in nodes(schema()):
        assert "reef.yaml" not in node.get("description", ""), path


def test_what_people_see_in_a_list() -> None:
    version = definition()["spec"]["versions"][0]
    shown = [each["name"] for each in version["additionalPrinterColumns"] if not each.get("priority")]
    assert shown == ["Owner", "Placement", "Version", "Ready", "Age"]
    assert version["subresources"] == {"status": {}}
    assert definition()["metadata"]["name"] == f"codelocations.{GROUP}"


def test_the_group_has_one_place() -> None:
    named = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "src").rglob("*.py")
        if GROUP in path.read_text("utf-8")
    ]
    assert named == ["src/reef/kube/group.py"]


def test_a_status_is_what_wait_and_gitops_tools_read() -> None:
    now = "2026-01-02T03:04:05Z"
    conditions = [
        Condition(
            type=each,
            status="False",
            reason="AsTold",
            message="",
            lastTransitionTime=now,
            observedGeneration=3,
        )
        for each in CONDITIONS
    ]
    status = msgspec.to_builtins(Status(observedGeneration=3, version="a1", conditions=conditions))
    document = {**located(code={"module": "sales"}, image="sales:1"), "status": status}
    assert faults(document) == []
    status["conditions"].append(status["conditions"][0])
    assert faults(document) == [".status.conditions: Duplicate value: ('Ready',)"]


def located(name: str = "sales", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": "CodeLocation", "metadata": {"name": name}, "spec": spec}


CODE = {"code": {"module": "sales"}, "image": "registry/sales:1"}
GOOD = [
    CODE,
    {"image": "sales:1", "startCommand": "image"},
    {"image": "sales:1", "startCommand": "image", "command": ["sh"], "args": ["-c", "serve"]},
    {"image": "sales:1", "serverArgs": ["--empty-working-directory"]},
    {"server": {"host": "sales.legacy", "port": 4000}},
    {"server": {"host": "sales.legacy", "port": 4000}, "placement": "external"},
    {**CODE, "placement": "standing", "replicas": 2},
    {**CODE, "memory_limit": "1Gi", "idle_timeout": "never", "revalidate": "every 10m"},
    {**CODE, "resources": {"requests": {"cpu": 1, "memory": "1Gi"}}, "tolerations": [{"operator": "Exists"}]},
    {**CODE, "volumes": [{"name": "v", "emptyDir": {}}], "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
    {
        **CODE,
        "env": [{"name": "A", "value": ""}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}],
    },
    {**CODE, "envFrom": [{"secretRef": {"name": "s", "optional": True}}, {"configMapRef": {"name": "c"}}]},
]


@pytest.mark.parametrize("spec", GOOD, ids=range(len(GOOD)))
def test_what_makes_sense_is_taken(spec: dict[str, Any]) -> None:
    assert faults(located(**spec)) == []
    assert msgspec.to_builtins(msgspec.convert(spec, Spec)) == spec


SERVER = {"server": {"host": "x", "port": 1}}
BAD = [
    ({}, "give image or server, not both"),
    ({**CODE, **SERVER}, "give image or server, not both"),
    ({**SERVER, "placement": "packed"}, "a location with a server is external"),
    ({**CODE, "placement": "external"}, "an external location needs server"),
    ({**SERVER, "env": [{"name": "A"}]}, "runs elsewhere"),
    ({"image": "x"}, "say what to load"),
    ({**CODE, "startCommand": "image"}, "the image decides what it loads"),
    ({**CODE, "args": ["x"]}, "command and args need startCommand: image"),
    ({**CODE, "serverArgs": ["--port", "1"]}, "leave -h, -p and -s out of serverArgs"),
    ({**CODE, "placement": "packed", "replicas": 2}, "only a standing location has more than one replica"),
    (
        {**CODE, "volumeMounts": [{"name": "v", "mountPath": "/v"}]},
        "each of volumeMounts names one of volumes",
    ),
    ({**CODE, "location_name": "a", "renamed_from": "a"}, "not the one that it has"),
    ({"image": "x", "code": {}}, "code has exactly one of"),
    ({"image": "x", "code": {"module": "a", "package": "a"}}, "code has exactly one of"),
    ({"image": "x", "code": {"autoload_defs_module": "a", "attribute": "b"}}, "attribute does not fit"),
    ({**CODE, "env": [{"name": "A", "value": "", "valueFrom": {}}]}, "value or valueFrom, not both"),
    ({**CODE, "env": [{"name": "A"}, {"name": "A"}]}, "Duplicate value"),
    ({**CODE, "envFrom": [{"prefix": "X"}]}, "either configMapRef or secretRef"),
    ({**CODE, "replicas": 0}, "less than the minimum"),
    ({**CODE, "memory_limit": "many"}, "does not match"),
    ({**CODE, "port": 70000}, "greater than the maximum"),
    ({**CODE, "placement": "somewhere"}, "is not one of"),
    ({**CODE, "ownr": "x"}, "'ownr' was unexpected"),
]


@pytest.mark.parametrize(("spec", "said"), BAD, ids=range(len(BAD)))
def test_nonsense_is_refused_with_a_sentence(spec: dict[str, Any], said: str) -> None:
    found = faults(located(**spec))
    assert 1 <= len(found) <= 2, found
    assert any(said in each for each in found), found


@pytest.mark.parametrize("name", ["Sales", "1sales", "sales.eu", "s" * 64, "sales-"])
def test_a_name_that_is_no_label_is_refused(name: str) -> None:
    assert "metadata.name names a Service" in faults(located(name, **CODE))[0]


def test_a_sentence_is_one_that_a_person_understands() -> None:
    messages = [
        rule["message"] for _, node in nodes(schema()) for rule in node.get("x-kubernetes-validations", [])
    ]
    assert len(messages) > 14
    for message in messages:
        assert "self" not in message.split()
        assert len(message) < 200
        assert not message.endswith(".")


def test_the_chart_brings_the_same_definition() -> None:
    assert (ROOT / "charts" / "reef" / "crds.yaml").read_text("utf-8") == definition_text()
