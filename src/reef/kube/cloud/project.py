"""A dg project or workspace whose `build.yaml` says how its image is built, with its container context beside."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

import msgspec

from reef.errors import ReefError, Where
from reef.fleet.document import Item, read_document
from reef.fleet.model import Fleet, Location
from reef.fleet.text import shown
from reef.kube.cloud.context_settings import context_settings
from reef.kube.cloud.importing import Images
from reef.kube.dns_labels import Labels
from reef.kube.findings import Finding
from reef.kube.model import CodeLocation, Spec
from reef.kube.render import Rendered, Target, rendered

_CONTEXT = "container_context.yaml"
_BUILD = "build.yaml"


def says_only_how_to_build(document: Item) -> bool:
    """Whether a build.yaml leaves the locations to the project."""
    return "locations" not in document.entries and bool({"registry", "directory"} & document.entries.keys())


def import_project(
    fleet: Fleet, build: Item, images: Images, namespace: str | None, environ: Mapping[str, str]
) -> Rendered:
    """A CodeLocation for each project of the fleet. What stands in a project's own folder wins over the workspace's."""
    locations: list[CodeLocation] = []
    findings: list[Finding] = []
    labels = Labels()
    for location in fleet.locations:
        image = _image(location, build, images, fleet.folder)
        moved = replace(location, cwd=_folder(location))
        alone = Fleet((moved,), fleet.source, fleet.kind, fleet.default_python, folder=moved.cwd)
        done = rendered(alone, Target(image, None, namespace), environ, labels)
        findings += done.findings
        locations += [_with_context(each, location, fleet.folder, findings) for each in done.locations]
    return Rendered(tuple(locations), tuple(findings))


def _folder(location: Location) -> str:
    """That of its project, which its image has as WORKDIR: the one above its source that has a pyproject.toml."""
    start = (location.code.working_directory if location.code else None) or location.cwd
    folder = start
    while not os.path.isfile(os.path.join(folder, "pyproject.toml")):
        if os.path.dirname(folder) == folder:
            return start
        folder = os.path.dirname(folder)
    return folder


def _image(location: Location, build: Item, images: Images, folder: str) -> str:
    if given := (images.by_location or {}).get(location.name):
        return given
    own = _document(_folder(location), _BUILD, folder)
    for item in (own, build):
        registry = item.entries.get("registry") if item else None
        if registry is not None and registry.value:
            if images.tag is None:
                raise registry.error(
                    "is where the image is pushed, and its tag is not in the file", "give --tag TAG"
                )
            return f"{registry.value}:{images.tag}"
    hint = f"registry: ... in it, or --image {location.name}=IMAGE"
    raise ReefError(f"says no registry for {location.name}", where=Where(build.where.file), hint=hint)


def _with_context(
    made: CodeLocation, location: Location, folder: str, findings: list[Finding]
) -> CodeLocation:
    settings: dict[str, object] = {}
    for each in dict.fromkeys((folder, _folder(location))):
        path = os.path.join(each, _CONTEXT)
        if each and os.path.isfile(path):
            document = read_document(path)
            settings.update(context_settings(document.entries.get("container_context") or document, findings))
    spec: Spec = msgspec.structs.replace(made.spec, **settings)
    return CodeLocation(made.name, spec, made.namespace)


def _document(folder: str, name: str, root: str) -> Item | None:
    """That of a project's own folder; the workspace's is known already."""
    path = os.path.join(folder, name)
    if not folder or folder == root or not os.path.isfile(path):
        return None
    document = read_document(path)
    if not isinstance(document.value, dict):
        raise ReefError("must be a map with registry", where=Where(shown(path)))
    return document
