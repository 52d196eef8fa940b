"""What must not leave a cluster, taken out of documents and texts. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

LEFT_OUT = "(left out)"
SHORTEST = 4  # a shorter value would take pieces out of every word
# Values of ordinary settings, which say nothing of anybody and stand in every text.
_PLAIN = re.compile(
    r"[0-9.:_-]*|true|false|yes|no|none|null|prod|production|staging|dev|test|info|debug|warning|error",
    re.IGNORECASE,
)
_DROPPED = ("managedFields", "kubectl.kubernetes.io/last-applied-configuration")
_MAPS_OF_VALUES = ("envDefaults", "env", "data", "stringData", "binaryData")
_URL = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@\"']*@")
_NAMED = re.compile(
    r"(?P<name>[\w.-]*(?:password|passwd|secret|token|api[-_]?key|access[-_]?key|credential)[\w.-]*[\"']?\s*[=:]\s*)"
    r"(?P<value>[\"']?[^\s\"',;&]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?P<kind>Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{6,}")
_WORD = re.compile(r"--?[\w-]*(?:password|passwd|secret|token|key)[\w-]*", re.IGNORECASE)
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)", re.DOTALL)


class Redaction:
    """Knows the values of all variables that documents name, so that it finds them in texts as well. `shown` are values
    that may be seen: names of objects and images, without which nothing could be understood."""

    def __init__(self, documents: Iterable[Any], shown: Collection[str] = ()) -> None:
        found = {each for document in documents for each in _values(document)} - {*shown}
        longest_first = sorted((each for each in found if _is_telling(each)), key=len, reverse=True)
        words = "|".join(map(re.escape, longest_first))
        self._known = re.compile(rf"(?<![\w-])(?:{words})(?![\w-])") if longest_first else None

    def text(self, text: str) -> str:
        """Without these values, passwords in URLs, and what is called a password or the like."""
        if self._known is not None:
            text = self._known.sub(LEFT_OUT, text)
        text = _URL.sub(rf"\g<scheme>{LEFT_OUT}@", text)
        text = _BEARER.sub(rf"\g<kind> {LEFT_OUT}", text)
        return _NAMED.sub(rf"\g<name>{LEFT_OUT}", text)

    def document(self, value: Any) -> Any:
        """A copy: names of variables stay, values go."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return self._elements(value)
        if not isinstance(value, Mapping):
            return value
        return {name: self._member(name, each) for name, each in value.items() if name not in _DROPPED}

    def _member(self, name: str, value: Any) -> Any:
        if name in _MAPS_OF_VALUES and isinstance(value, Mapping):
            return {each: self._content(each, inside) for each, inside in value.items()}
        if name in ("env", "env_vars", "envVars") and isinstance(value, list):
            return [_without_value(each) for each in value]
        return self.document(value)

    def _content(self, name: str, content: Any) -> Any:
        """Of a file in a ConfigMap: Reef's own are shown, without what is a variable in them."""
        if name == "pack.json" and isinstance(content, str):
            try:
                return self.document(json.loads(content))
            except ValueError:
                return LEFT_OUT
        return self.text(content) if name == "workspace.yaml" and isinstance(content, str) else LEFT_OUT

    def _elements(self, values: list[Any]) -> list[Any]:
        """Arguments: what follows `--password` is left out too."""
        found, hides = [], False
        for each in values:
            found.append(LEFT_OUT if hides and isinstance(each, str) else self.document(each))
            hides = isinstance(each, str) and _WORD.fullmatch(each) is not None
        return found


def _without_value(variable: Any) -> Any:
    if isinstance(variable, str):
        return variable.partition("=")[0]
    if isinstance(variable, Mapping) and "value" in variable:
        return {**variable, "value": LEFT_OUT}
    return variable


def _values(value: Any) -> Iterator[str]:
    """Of all variables in a document."""
    if isinstance(value, list):
        for each in value:
            yield from _values(each)
    if not isinstance(value, Mapping):
        return
    for name, each in value.items():
        if name in _MAPS_OF_VALUES and isinstance(each, Mapping):
            yield from _plain_values(each)
        elif name in ("env", "env_vars", "envVars") and isinstance(each, list):
            yield from filter(None, map(_value_of, each))
        else:
            yield from _values(each)


def _plain_values(values: Mapping[str, Any]) -> Iterator[str]:
    for name, each in values.items():
        if name == "pack.json" and isinstance(each, str):
            try:
                yield from _values(json.loads(each))
            except ValueError:
                continue
        elif isinstance(each, str) and name != "workspace.yaml":
            yield each


def _value_of(variable: Any) -> str | None:
    if isinstance(variable, str):
        found = _ASSIGNED.fullmatch(variable)
        return found["value"] if found else None
    if not isinstance(variable, Mapping) or str(variable.get("name", "")).startswith("REEF_"):
        return None
    value = variable.get("value")
    return value if isinstance(value, str) else None


def images(value: Any) -> Iterator[str]:
    """All images that a document names."""
    if isinstance(value, list):
        for each in value:
            yield from images(each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name in ("image", "imageID") and isinstance(each, str):
                yield each
            else:
                yield from images(each)


def _is_telling(value: str) -> bool:
    return len(value) >= SHORTEST and _PLAIN.fullmatch(value) is None
