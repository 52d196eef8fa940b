"""Values of one deployment, in the forms that people write, to the forms of Kubernetes."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import msgspec

from reef.fleet.document import Item
from reef.kube.findings import Finding, about
from reef.kube.helm.tree import entry, quoted, text, written
from reef.kube.model.pods import EnvFrom, EnvSource, EnvVar, Resources, Toleration
from reef.words import describe

T = TypeVar("T")


def plain_map(item: Item) -> dict[str, Any] | None:
    """An object of Kubernetes' own form, without nulls; None where it is empty. Raises ReefError."""
    if not isinstance(item.value, dict):
        raise item.invalid("a map")
    return _without_nulls(item.value) or None


def plain_list(item: Item, what: str, *required: str) -> list[dict[str, Any]] | None:
    """A list of such objects. Raises ReefError."""
    if not isinstance(item.value, list):
        raise item.invalid(f"a list of {what}")
    for each in item.elements:
        if not isinstance(each.value, dict):
            raise each.invalid(what)
        for name in required:
            if text(each, name) is None:
                raise each.error(f"has no {name}")
    return [_without_nulls(each.value) for each in item.elements] or None


def words(item: Item) -> dict[str, str] | None:
    """Labels, annotations, selectors: what is no string becomes one, as the chart quotes it. Raises ReefError."""
    if not isinstance(item.value, dict):
        raise item.invalid("a map of words")
    found = {name: written(each) for name, each in item.entries.items() if each.value is not None}
    return found or None


def strings(item: Item) -> list[str] | None:
    """A list of arguments. Raises ReefError."""
    if not isinstance(item.value, list):
        raise item.invalid("a list of strings")
    return [written(each) for each in item.elements] or None


def resources(item: Item) -> Resources | None:
    """Requests and limits; a number becomes a quantity. Raises ReefError."""
    if not isinstance(item.value, dict):
        raise item.invalid("a map with requests and limits")
    for name, each in item.entries.items():
        if name not in ("requests", "limits", "claims"):
            raise each.error("is nothing that resources can have", "known here: requests, limits, claims")
    found: dict[str, object] = {}
    for name, bounds in item.entries.items():
        if bounds.value is not None:
            found[name] = plain_list(bounds, "claims") if name == "claims" else words(bounds)
    found = {name: value for name, value in found.items() if value}
    return msgspec.convert(found, Resources) if found else None


def tolerations(item: Item) -> list[Toleration] | None:
    """Tolerations as Kubernetes knows them. Raises ReefError."""
    found = plain_list(item, "tolerations")
    return converted(item, found, list[Toleration], "a list of tolerations") if found else None


def converted(item: Item, value: object, kind: type[T], must_be: str) -> T:
    """The value as a model's. Raises ReefError with the reason."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise item.error(f"must be {must_be}: {describe(error)}") from None


def env_map(item: Item, findings: list[Finding]) -> dict[str, str]:
    """Variables as a map, with the text that the chart makes of what is no string."""
    found = {name: quoted(each) for name, each in item.entries.items()}
    for name, each in item.entries.items():
        if not isinstance(each.value, str) and each.value is not None and found[name] != each.raw:
            findings.append(
                about("changed", each, "is no string, and Helm makes another text of it; put it in quotes")
            )
    return found


def env_list(item: Item, findings: list[Finding]) -> list[EnvVar] | None:
    """Variables; of two with one name the later one counts, as in a container. Raises ReefError."""
    found: dict[str, EnvVar] = {}
    for each in item.elements:
        name = text(each, "name")
        if name is None:
            raise each.error("has no name", "a variable is {name: ..., value: ...}")
        if name in found:
            findings.append(about("changed", each, f"{name} is there twice; the later one counts"))
        found[name] = _variable(each, name, findings)
    return list(found.values()) or None


def _variable(item: Item, name: str, findings: list[Finding]) -> EnvVar:
    for key, each in item.entries.items():
        if key not in ("name", "value", "valueFrom"):
            findings.append(about("lost", each, "a variable has name, value and valueFrom, and nothing else"))
    source, value = entry(item, "valueFrom"), item.entries.get("value")
    if source is not None:
        return EnvVar(name=name, valueFrom=plain_map(source) or {})
    if value is None or value.value is None:
        return EnvVar(name=name)
    if isinstance(value.value, (dict, list)):
        raise value.invalid("a string")
    if not isinstance(value.value, str):
        said = f"is no string, which Kubernetes would refuse; {written(value)!r} is taken"
        findings.append(about("changed", value, said))
    return EnvVar(name=name, value=written(value))


def env_sources(
    item: Item, kind: Literal["configMapRef", "secretRef"], findings: list[Finding]
) -> list[EnvFrom]:
    """`envConfigMaps` or `envSecrets`: maps with a name, or the bare names of older charts. Raises ReefError."""
    if not isinstance(item.value, list):
        raise item.invalid("a list of {name: ...}")
    found = []
    for each in item.elements:
        if isinstance(each.value, dict):
            source = converted(each, plain_map(each), EnvSource, "a map with name and optional")
        elif each.value in (None, ""):
            findings.append(about("changed", each, "is empty and left out"))
            continue
        else:
            source = EnvSource(name=written(each))
        found.append(EnvFrom(configMapRef=source) if kind == "configMapRef" else EnvFrom(secretRef=source))
    return found


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value if each is not None]
    return value
