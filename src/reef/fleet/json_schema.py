"""The JSON schema of `reef.yaml`, from the models that read it."""

from __future__ import annotations

import json

import msgspec

from reef.fleet.reef_location import TARGETS
from reef.fleet.settings import ReefFile


def schema() -> dict[str, object]:
    """Draft 2020-12, as plain data."""
    generated = msgspec.json.schema(ReefFile)
    definitions = generated["$defs"]
    definitions["Code"]["oneOf"] = [{"required": [name]} for name in TARGETS]
    definitions["Server"]["oneOf"] = [{"required": [name]} for name in ("port", "socket")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "reef.yaml",
        **generated,
    }


def schema_text() -> str:
    """The schema as it is printed, and as docs/reef.schema.json holds it."""
    return json.dumps(schema(), indent=2) + "\n"
