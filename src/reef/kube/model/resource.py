"""A CodeLocation as an object: to a document and from one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from reef.errors import ReefError
from reef.fleet.decode import decoded
from reef.fleet.document import Item
from reef.kube.group import API_VERSION, GROUP, KIND
from reef.kube.model.spec import Spec

DEFAULT_PORT = 4000
_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class CodeLocation:
    """One code location; `name` is the object's, a DNS label."""

    name: str
    spec: Spec
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def location_name(self) -> str:
        """The name that Dagster knows."""
        return self.spec.location_name or self.name

    @property
    def port(self) -> int:
        """The port of its Service."""
        return self.spec.port or DEFAULT_PORT

    def document(self) -> dict[str, Any]:
        """As Kubernetes takes it, plain data."""
        metadata: dict[str, Any] = {"name": self.name}
        if self.namespace:
            metadata["namespace"] = self.namespace
        if self.labels:
            metadata["labels"] = dict(self.labels)
        if self.annotations:
            metadata["annotations"] = dict(self.annotations)
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": metadata,
            "spec": cast("dict[str, Any]", msgspec.to_builtins(self.spec)),
        }


def is_code_location(item: Item) -> bool:
    """Whether a document is a CodeLocation, of whatever version."""
    api = item.entries.get("apiVersion")
    kind = item.entries.get("kind")
    return bool(kind and kind.value == KIND and api and str(api.value).startswith(f"{GROUP}/"))


def read_code_location(item: Item) -> CodeLocation:
    """The CodeLocation of a document. Raises ReefError, with the line, for what the model does not know."""
    api = item.entries["apiVersion"]
    if api.value != API_VERSION:
        raise api.invalid(API_VERSION)
    metadata, spec = item.entries.get("metadata"), item.entries.get("spec")
    if spec is None:
        raise item.error("has no spec")
    name = metadata.entries.get("name") if metadata else None
    if metadata is None or name is None or not isinstance(name.value, str):
        raise item.error("has no metadata.name")
    if not is_label(name.value):
        raise name.invalid("a DNS label: small letters, digits and dashes, at most 63, a letter first")
    return CodeLocation(
        name=name.value,
        spec=decoded(spec, Spec),
        namespace=_text(metadata.entries.get("namespace")),
        labels=_words(metadata.entries.get("labels")),
        annotations=_words(metadata.entries.get("annotations")),
    )


def is_label(name: str) -> bool:
    """Whether a Service can have this name."""
    return _LABEL.fullmatch(name) is not None


def label_of(name: str) -> str:
    """A DNS label for any name of a location: `sales & more` becomes `sales-more`. Raises ReefError for no letter."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    plain = plain if plain[:1].isalpha() else f"l-{plain}"
    label = plain[:63].rstrip("-")
    if not is_label(label) or label == "l":
        raise ReefError(f"no object can be named after {name!r}", hint="give the location another name")
    return label


def _text(item: Item | None) -> str | None:
    return str(item.value) if item is not None and item.value is not None else None


def _words(item: Item | None) -> dict[str, str]:
    if item is None or item.value is None:
        return {}
    return {name: str(entry.value) for name, entry in item.entries.items()}
