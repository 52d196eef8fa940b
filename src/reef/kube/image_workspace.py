"""The workspace.yaml of an image that holds many locations, as CodeLocations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reef.errors import ReefError
from reef.fleet.document import Item, parse_document
from reef.fleet.model import CodeTarget
from reef.fleet.shared import Code
from reef.fleet.suggest import did_you_mean, template_hint
from reef.fleet.workspace_location import default_name
from reef.kube.dns_labels import Labels
from reef.kube.findings import Finding, about, left_out
from reef.kube.inside import Inside
from reef.kube.model import CodeLocation, Spec
from reef.kube.model.parts import ExternalServer
from reef.kube.render import Rendered, Target

# The key that names the target in each form, and what reef.yaml calls that form.
_FORMS = {
    "python_file": ("relative_path", "python_file"),
    "python_module": ("module_name", "module"),
    "python_package": ("package_name", "package"),
    "autoload_defs_module": ("module_name", "autoload_defs_module"),
}
_SETTINGS = ("attribute", "working_directory", "location_name", "executable_path")
_SERVER = ("host", "port", "ssl", "location_name")


def import_workspace(documents: list[Item], target: Target) -> Rendered:
    """A CodeLocation for each entry of the workspaces. Raises ReefError for what is no workspace."""
    labels, findings, locations = Labels(), list[Finding](), list[CodeLocation]()
    names: dict[str, Item] = {}
    for entry in (each for document in documents for each in _entries(document)):
        try:
            name, spec = _Entry(entry, target, findings).location()
            label = labels.label(name)
        except ReefError as error:
            findings.append(left_out(entry, error))
            continue
        if first := names.get(name):
            raise entry.error(
                f"is called {name!r} too: the first is at {first.where}", "give it a location_name"
            )
        names[name] = entry
        if label != name:
            spec.location_name = name
        locations.append(CodeLocation(label, spec, target.namespace))
    return Rendered(tuple(locations), tuple(findings))


def _entries(document: Item) -> Iterator[Item]:
    kind = document.entries.get("kind")
    if kind is not None and kind.value == "ConfigMap":
        yield from _of_configmap(document)
        return
    load_from = document.entries.get("load_from")
    if load_from is None:
        known = "a workspace.yaml has load_from; `reef import helm` reads the chart's values"
        raise document.error("has no load_from", known)
    if not isinstance(load_from.value, list):
        raise load_from.invalid("a list of locations")
    yield from load_from.elements


def _of_configmap(document: Item) -> Iterator[Item]:
    """The chart's way: workspace.yaml as a string in a ConfigMap."""
    data = document.entries.get("data")
    found = [
        each for name, each in (data.entries if data else {}).items() if name.endswith((".yaml", ".yml"))
    ]
    if not found:
        raise document.error("is a ConfigMap without a workspace.yaml in its data")
    for each in found:
        line = each.where.line or 0
        yield from _entries(parse_document("\n" * line + str(each.value), each.where.file))


@dataclass(frozen=True)
class _Entry:
    item: Item
    target: Target
    findings: list[Finding]

    def location(self) -> tuple[str, Spec]:
        """Its name and its spec. Raises ReefError."""
        item = self.item
        if not isinstance(item.value, dict) or len(item.entries) != 1:
            raise item.invalid(f"a map with exactly one of {', '.join((*_FORMS, 'grpc_server'))}")
        form, settings = next(iter(item.entries.items()))
        if form == "grpc_server":
            return self._server(settings)
        if form not in _FORMS:
            raise settings.error("is not a kind of location", did_you_mean(form, (*_FORMS, "grpc_server")))
        return self._process(form, settings)

    def _process(self, form: str, settings: Item) -> tuple[str, Spec]:
        key, ours = _FORMS[form]
        if isinstance(settings.value, dict):
            self._check(settings, (key, *_SETTINGS))
            written = _text(settings, key)
        else:
            written = _said(settings)
        if not written:
            raise settings.error(f"has no {key}")
        if self.target.image is None:
            raise settings.error("has no image", "name the one that has all of its code with --image")
        inside = Inside("", self.target.workdir)
        code = {ours: inside.absolute(written) if ours == "python_file" else written}
        if attribute := _text(settings, "attribute"):
            code["attribute"] = attribute
        found: dict[str, Any] = {"image": self.target.image, "code": Code(**code)}
        if directory := _text(settings, "working_directory"):
            found["working_directory"] = inside.absolute(directory)
        if python := _text(settings, "executable_path"):
            found["python"] = inside.absolute(python) if "/" in python else python
        return _text(settings, "location_name") or _default_name(form, written, code), Spec(**found)

    def _server(self, settings: Item) -> tuple[str, Spec]:
        self._check(settings, (*_SERVER, "socket", "additional_metadata"))
        if extra := settings.entries.get("additional_metadata"):
            self.findings.append(about("lost", extra, "Dagster only shows it"))
        if socket := settings.entries.get("socket"):
            raise socket.error(
                "is a unix socket, which no other pod reaches", "give the server a host and a port"
            )
        host, port = _text(settings, "host") or "localhost", settings.entries.get("port")
        if port is None or not isinstance(port.value, int) or not 0 < port.value < 65536:
            raise (port or settings).error("must have a port from 1 to 65535 here")
        address = ExternalServer(host=host, port=port.value)
        ssl = settings.entries.get("ssl")
        if ssl is not None and ssl.value is True:
            address.ssl = True
        return _text(settings, "location_name") or f"grpc:{host}:{port.value}", Spec(server=address)

    def _check(self, settings: Item, known: tuple[str, ...]) -> None:
        for name, each in settings.entries.items():
            if name not in known:
                raise each.error("is not a setting", did_you_mean(name, known))


def _default_name(form: str, written: str, code: dict[str, str]) -> str:
    attribute = code.get("attribute")
    if form == "python_file":
        return default_name(CodeTarget(python_file=written, attribute=attribute))
    return default_name(CodeTarget(module_name=written, attribute=attribute))


def _text(settings: Item, name: str) -> str | None:
    item = settings.entries.get(name)
    return None if item is None or item.value is None else _said(item)


def _said(item: Item) -> str:
    if isinstance(item.value, dict):
        raise item.error("takes its value from a variable, which is not known here", "write the value")
    text = str(item.value)
    if hint := template_hint(text):
        raise item.error(f'= "{text}" is not filled in', hint)
    return text
