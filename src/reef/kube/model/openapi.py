"""From the models to a structural OpenAPI schema: no $ref, and a type everywhere."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

_FREE = "x-kubernetes-preserve-unknown-fields"
_DROPPED = ("title", "default")


def structural(model: type[Struct]) -> dict[str, Any]:
    """The schema of a model, plain data that shares nothing with another call's."""
    generated = msgspec.json.schema(model)
    definitions: dict[str, Any] = generated["$defs"]
    return _plain(definitions[model.__name__], definitions)


def _plain(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if reference := schema.get("$ref"):
        inlined = _plain(definitions[reference.rpartition("/")[2]], definitions)
        return {**inlined, **{key: value for key, value in schema.items() if key != "$ref"}}
    if "anyOf" in schema:
        return _union(schema, definitions)
    plain = {key: value for key, value in schema.items() if key not in _DROPPED}
    if "enum" in plain:
        plain.setdefault("type", "string")
    if properties := plain.get("properties"):
        plain["properties"] = {name: _plain(each, definitions) for name, each in properties.items()}
    if isinstance(plain.get("items"), dict):
        plain["items"] = _plain(plain["items"], definitions)
    extra = plain.pop("additionalProperties", None)
    if isinstance(extra, dict):
        plain["additionalProperties"] = _plain(extra, definitions)
    elif plain.get("type") == "object" and "properties" not in plain:
        plain[_FREE] = True
    if not plain.get("required", True):
        del plain["required"]
    return plain


def _union(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """null goes: Kubernetes takes a null for a field that is not there. A number or a string has a word of its own."""
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", *_DROPPED)}
    members = [_plain(each, definitions) for each in schema["anyOf"] if each.get("type") != "null"]
    if len(members) == 1:
        return {**members[0], **rest}
    kinds = {each.get("type"): each for each in members}
    if set(kinds) != {"string", "integer"}:
        raise ValueError(f"no structural schema for {schema}")
    bounds = {key: value for each in members for key, value in each.items() if key != "type"}
    # Length and pattern bind strings only, a minimum numbers only.
    return {
        **rest,
        **bounds,
        "x-kubernetes-int-or-string": True,
        "anyOf": [{"type": "integer"}, {"type": "string"}],
    }
