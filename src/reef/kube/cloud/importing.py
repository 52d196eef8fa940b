"""`dagster_cloud.yaml`, and a `build.yaml` of the same form, as CodeLocations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reef.errors import ReefError
from reef.fleet.document import Item
from reef.fleet.shared import Code
from reef.fleet.suggest import did_you_mean, template_hint
from reef.kube.cloud.context_settings import context_settings
from reef.kube.dns_labels import Labels
from reef.kube.findings import Finding, about, left_out
from reef.kube.model import CodeLocation, Spec
from reef.kube.render import Rendered

_TARGETS = {
    "python_file": "python_file",
    "module_name": "module",
    "package_name": "package",
    "autoload_defs_module_name": "autoload_defs_module",
}
_READ = (
    "location_name",
    "code_source",
    "image",
    "build",
    "attribute",
    "working_directory",
    "executable_path",
    "container_context",
)
_WHY_NOT = {
    "agent_queue": "there is no Dagster+ agent",
    "git": "Dagster+ shows it; Reef shows the image",
    "defs_state_info": "Dagster+ writes it",
    "pex_metadata": "it is of Dagster+ Serverless",
}


@dataclass(frozen=True)
class Images:
    """What the file leaves to the build: the tag of what it pushes, or the image of a location by its name."""

    tag: str | None = None
    by_location: dict[str, str] | None = None


def import_dagster_cloud(document: Item, images: Images, namespace: str | None) -> Rendered:
    """A CodeLocation for each location of the file. Raises ReefError for what is none of Dagster+'s."""
    labels, findings, locations = Labels(), list[Finding](), list[CodeLocation]()
    for item in _locations(document):
        try:
            reader = _Location(item, images, findings)
            name, spec = reader.read()
            label = labels.label(name)
        except ReefError as error:
            findings.append(left_out(item, error))
            continue
        if label != name:
            spec.location_name = name
        locations.append(CodeLocation(label, spec, namespace or reader.namespace()))
    return Rendered(tuple(locations), tuple(findings))


def _locations(document: Item) -> tuple[Item, ...]:
    found = document.entries.get("locations")
    if found is None:
        raise document.error("has no locations", "a dagster_cloud.yaml has a list of locations")
    if not isinstance(found.value, list):
        raise found.invalid("a list of locations")
    return found.elements


@dataclass(frozen=True)
class _Location:
    item: Item
    images: Images
    findings: list[Finding]

    def read(self) -> tuple[str, Spec]:
        name = self._text("location_name")
        if not name:
            raise self.item.error("has no location_name")
        for key, each in self.item.entries.items():
            if key not in _READ and each.value is not None:
                why = _WHY_NOT.get(key) or f"Reef does not know it; {did_you_mean(key, _READ)}"
                self.findings.append(about("lost", each, why))
        found: dict[str, Any] = {"image": self._image(name), "code": self._code()}
        if directory := self._text("working_directory"):
            found["working_directory"] = directory
        if python := self._text("executable_path"):
            found["python"] = python
        context = self.item.entries.get("container_context")
        if context is not None and context.value is not None:
            found.update(context_settings(context, self.findings))
        return name, Spec(**found)

    def namespace(self) -> str | None:
        """The one that its container context names."""
        item: Item | None = self.item
        for key in ("container_context", "k8s", "namespace"):
            item = item.entries.get(key) if item else None
        return None if item is None or item.value is None else _filled(item)

    def _code(self) -> Code:
        source = self.item.entries.get("code_source")
        entries = source.entries if source else {}
        targets = [name for name in _TARGETS if name in entries]
        if source is None or len(targets) != 1:
            raise (source or self.item).error(
                f"must have exactly one of {', '.join(_TARGETS)} in code_source"
            )
        attribute = self._text("attribute")
        given = {_TARGETS[targets[0]]: str(entries[targets[0]].value)}
        return Code(**given, **({"attribute": attribute} if attribute else {}))

    def _image(self, name: str) -> str:
        given = (self.images.by_location or {}).get(name) or self._text("image")
        if given:
            return given
        build = self.item.entries.get("build")
        registry = build.entries.get("registry") if build else None
        if registry is None or not registry.value:
            raise self.item.error("has neither image nor build.registry", f"give --image {name}=IMAGE")
        if self.images.tag is None:
            raise registry.error(
                "is where the image is pushed, and its tag is not in the file", "give --tag TAG"
            )
        return f"{_filled(registry)}:{self.images.tag}"

    def _text(self, name: str) -> str | None:
        item = self.item.entries.get(name)
        return None if item is None or item.value is None else _filled(item)


def _filled(item: Item) -> str:
    text = str(item.value)
    if hint := template_hint(text):
        raise item.error(f'= "{text}" is not filled in', hint)
    return text
