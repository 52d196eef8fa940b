"""The fields of a pod and a container, from the document in which an API server describes itself.

kubectl get --raw /openapi/v3/api/v1 | python tests/kube/pod_fields.py > tests/kube/pod_fields.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

# Type -> field -> its type; "" for what has no fields. A list or a map has the type of its elements.
Types = dict[str, dict[str, str]]
ROOTS = {"pod": "PodSpec", "container": "Container"}


def types_of(document: dict[str, Any]) -> Types:
    """All types that a pod's spec is made of."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    full = {name.rpartition(".")[2]: name for name in schemas if name.startswith("io.k8s.api.core.v1.")}
    found: Types = {}
    waiting = [full[each] for each in ROOTS.values()]
    while waiting:
        name = waiting.pop()
        if name.rpartition(".")[2] in found:
            continue
        properties = schemas[name].get("properties", {})
        inner = {field: _type(schema) for field, schema in properties.items()}
        found[name.rpartition(".")[2]] = {
            field: each.rpartition(".")[2] if schemas.get(each, {}).get("properties") else ""
            for field, each in sorted(inner.items())
        }
        waiting += [each for each in inner.values() if schemas.get(each, {}).get("properties")]
    return dict(sorted(found.items()))


def _type(schema: dict[str, Any]) -> str:
    if reference := schema.get("$ref"):
        return str(reference).rpartition("/")[2]
    inside = [*schema.get("allOf", []), schema.get("items"), schema.get("additionalProperties")]
    return next((found for each in inside if isinstance(each, dict) and (found := _type(each))), "")


def lists_of(document: dict[str, Any], types: Types) -> list[str]:
    """`Type.field` of their fields that hold a list."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    return sorted(
        f"{name.rpartition('.')[2]}.{field}"
        for name, schema in schemas.items()
        for field, inner in schema.get("properties", {}).items()
        if inner.get("type") == "array" and name.rpartition(".")[2] in types
    )


def description(document: dict[str, Any]) -> dict[str, Any]:
    """What is checked in."""
    types = types_of(document)
    return {
        "kubernetes": document["info"]["version"].removeprefix("v"),
        "types": types,
        "lists": lists_of(document, types),
    }


def fields(described: dict[str, Any], opened: Callable[[str], bool]) -> Iterator[str]:
    """The path of every field, as the table has it; the parts of a field where `opened(path)`."""
    for section, root in ROOTS.items():
        yield from _below(described, section, root, opened)


def _below(described: dict[str, Any], path: str, kind: str, opened: Callable[[str], bool]) -> Iterator[str]:
    for field, inner in described["types"][kind].items():
        here = f"{path}.{field}"
        yield here
        if inner and opened(here):
            yield from _below(
                described, here + "[]" * (f"{kind}.{field}" in described["lists"]), inner, opened
            )


if __name__ == "__main__":
    json.dump(description(json.load(sys.stdin)), sys.stdout, indent=1)
    sys.stdout.write("\n")
