"""The files that say what a location requests: where in them that is, what is set now, and what a proposal changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reef.decide.sizing.proposal import Has
from reef.fleet.document import Item
from reef.fleet.units import size_bytes, size_text
from reef.kube.helm.section import deployments_of, find_sections
from reef.kube.model.resource import is_code_location
from reef.kube.quantities import cpu_text, quantity
from reef.usage.judging import Judged

Kind = Literal["reef.yaml", "codelocations", "helm-values"]
KINDS: tuple[Kind, ...] = ("reef.yaml", "codelocations", "helm-values")
Path = tuple[str | int, ...]
_RESOURCES = {
    "memory_request": ("requests", "memory"),
    "memory_limit": ("limits", "memory"),
    "cpu_request": ("requests", "cpu"),
    "cpu_limit": ("limits", "cpu"),
}


@dataclass(frozen=True)
class SettingsPlace:
    """Of one location in a file: `path` leads from the file's document number `document` to its settings."""

    name: str
    document: int
    path: Path
    has: Has


def kind_of(documents: Sequence[Item]) -> Kind | None:
    """What a file is; None for one that says nothing of locations."""
    if any(is_code_location(each) for each in documents):
        return "codelocations"
    if len(documents) != 1:
        return None
    if isinstance(documents[0].value, dict) and find_sections(documents[0]):
        return "helm-values"
    locations = documents[0].entries.get("locations")
    return "reef.yaml" if locations is not None and isinstance(locations.value, dict) else None


def places(kind: Kind, documents: Sequence[Item]) -> list[SettingsPlace]:
    """Every location of the file."""
    if kind == "reef.yaml":
        return list(_of_reef_yaml(documents[0]))
    return list(_of_code_locations(documents) if kind == "codelocations" else _of_values(documents[0]))


def changes(kind: Kind, found: Judged) -> dict[tuple[str, ...], str]:
    """What a proposal changes: where in a location's settings -> the value that is written."""
    if kind == "reef.yaml":
        said: dict[tuple[str, ...], str] = {}
        if isinstance(limit := found.here.memory_limit.value, int | float):
            said["memory_limit",] = str(size_text(round(limit)))
        if isinstance(placement := found.here.placement.value, str):
            said["placement",] = placement
        return said
    prefix = ("spec", "resources") if kind == "codelocations" else ("resources",)
    said = {(*prefix, *path): text for path, text in _resources(found).items()}
    if kind == "codelocations" and isinstance(placement := found.pod.placement.value, str):
        said["spec", "placement"] = "auto" if placement == "packed" else placement
    return said


def _resources(found: Judged) -> dict[tuple[str, str], str]:
    said: dict[tuple[str, str], str] = {}
    for name in ("memory_request", "memory_limit"):
        value = getattr(found.pod, name).value
        if isinstance(value, int | float):
            said[_RESOURCES[name]] = str(size_text(round(value)))
    if isinstance(cpu := found.pod.cpu_request.value, int | float):
        said[_RESOURCES["cpu_request"]] = cpu_text(cpu)
    return said


def merge_patch(kind: Kind, judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Documents for who has no file at hand: to be merged into reef.yaml or values, or one for each CodeLocation."""
    changed = [(each, changes(kind, each)) for each in judged]
    nested = {each.name: _nested(said) for each, said in changed if said}
    if kind == "reef.yaml":
        return [{"locations": nested}] if nested else []
    if kind == "helm-values":
        deployments = [{"name": name, **said} for name, said in nested.items()]
        return [{"dagster-user-deployments": {"deployments": deployments}}] if deployments else []
    return [{"metadata": {"name": name}, **said} for name, said in nested.items()]


def _nested(said: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in said.items():
        inner = found
        for name in path[:-1]:
            inner = inner.setdefault(name, {})
        inner[path[-1]] = value
    return found


def _of_reef_yaml(document: Item) -> Iterator[SettingsPlace]:
    defaults = document.entries.get("defaults")
    for name, item in document.entries["locations"].entries.items():
        external = "server" in item.entries
        placement = "external" if external else _setting(item, defaults, "placement") or "packed"
        limit = _bytes(_setting(item, defaults, "memory_limit"))
        yield SettingsPlace(name, 0, ("locations", name), Has(memory_limit=limit, placement=str(placement)))


def _setting(item: Item, defaults: Item | None, name: str) -> object:
    own = item.entries.get(name) or (defaults.entries.get(name) if defaults else None)
    return own.value if own else None


def _bytes(written: object) -> float | None:
    try:
        return size_bytes(written) if isinstance(written, str | int) else None
    except ValueError:
        return None


def _of_code_locations(documents: Sequence[Item]) -> Iterator[SettingsPlace]:
    for number, document in enumerate(documents):
        if not is_code_location(document):
            continue
        spec, metadata = document.entries.get("spec"), document.entries.get("metadata")
        name = _text(spec, "location_name") or _text(metadata, "name")
        if spec is not None and name:
            placement = "external" if "server" in spec.entries else _text(spec, "placement") or "auto"
            yield SettingsPlace(name, number, (), _has(spec, placement))


def _of_values(document: Item) -> Iterator[SettingsPlace]:
    for section in find_sections(document):
        found = deployments_of(section)
        if found is None:
            continue
        base: Path = tuple(section.key.split(".")) if section.key else ()
        base = (*base, "deployments") if found is not section.item else base
        for number, each in enumerate(found.elements):
            if name := _text(each, "name"):
                yield SettingsPlace(name, 0, (*base, number), _has(each, "standing"))
        for key, each in found.entries.items():
            yield SettingsPlace(_text(each, "name") or key, 0, (*base, key), _has(each, "standing"))


def _has(item: Item, placement: str) -> Has:
    figures = {}
    for name, (group, what) in _RESOURCES.items():
        inner: Item | None = item
        for key in ("resources", group, what):
            inner = inner.entries.get(key) if inner is not None else None
        figures[name] = quantity(inner.value) if inner is not None else None
    return Has(**figures, placement=placement)


def _text(item: Item | None, name: str) -> str | None:
    found = item.entries.get(name) if item is not None else None
    return str(found.value) if found is not None and found.value is not None else None
