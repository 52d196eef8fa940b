"""A CodeLocation against its CRD, as an API server would check it.

This is a stand-in: `jsonschema` for the structural part, a CEL interpreter for the rules. Pruning of unknown fields,
cost limits of rules and list maps are an API server's; a cluster's tests have those.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import celpy
import jsonschema

from reef.kube.model.crd import schema

_KUBE = "x-kubernetes-"


def faults(document: dict[str, Any]) -> list[str]:
    """What an API server would say against the object, empty where it takes it."""
    plain = json.loads(json.dumps(document))
    found = [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(plain)]
    return found or list(_broken_rules(schema(), plain, "")) + list(_twice(schema(), plain, ""))


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_closed(schema()))


def _closed(node: Any) -> Any:
    """An API server prunes unknown fields, and kubectl refuses them: here they are faults."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(each) for key, each in node.items()}
    free = node.get(f"{_KUBE}preserve-unknown-fields") or "additionalProperties" in node
    if isinstance(node.get("properties"), dict) and node.get("type") == "object" and not free:
        closed["additionalProperties"] = False
    return closed


def _broken_rules(node: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    for each in node.get(f"{_KUBE}validations", []):
        if not _holds(each["rule"], json.dumps(value)):
            yield f"{path}: {each['message']}"
    for name, below in node.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            yield from _broken_rules(below, value[name], f"{path}.{name}")
    if isinstance(value, list) and "items" in node:
        for index, element in enumerate(value):
            yield from _broken_rules(node["items"], element, f"{path}[{index}]")


def _twice(node: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    """Lists that are maps by a key: each key once."""
    if isinstance(value, list) and (keys := node.get(f"{_KUBE}list-map-keys")):
        seen = [tuple(each.get(key) for key in keys) for each in value]
        yield from (f"{path}: Duplicate value: {each}" for each in set(seen) if seen.count(each) > 1)
    for name, below in node.get("properties", {}).items():
        if isinstance(value, dict) and name in value:
            yield from _twice(below, value[name], f"{path}.{name}")


@cache
def _program(rule: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(rule))


def _holds(rule: str, value: str) -> bool:
    return bool(_program(rule).evaluate({"self": celpy.json_to_cel(json.loads(value))}))
