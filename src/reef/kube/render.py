"""A fleet of this machine as CodeLocations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reef.errors import ReefError
from reef.fleet.document import Item, read_document
from reef.fleet.dotenv import read_env_file
from reef.fleet.model import Fleet, Location
from reef.fleet.shared import Code
from reef.fleet.units import revalidation_text, size_text, span_text
from reef.kube.dns_labels import Labels
from reef.kube.findings import Finding
from reef.kube.inside import Inside
from reef.kube.model import CodeLocation, Spec
from reef.kube.model.parts import ExternalServer
from reef.kube.model.pods import EnvVar
from reef.words import headline


@dataclass(frozen=True)
class Rendered:
    """CodeLocations, and what could not be said."""

    locations: tuple[CodeLocation, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Target:
    """`image` is that of locations which name none; `workdir` where the fleet's folder is in it."""

    image: str | None = None
    workdir: str | None = None
    namespace: str | None = None


def rendered(
    fleet: Fleet, target: Target, environ: Mapping[str, str], labels: Labels | None = None
) -> Rendered:
    """A CodeLocation for each location that has code and an image, or a server; `labels` are those that are taken."""
    labels, findings, locations = labels or Labels(), list[Finding](), list[CodeLocation]()
    for location in fleet.locations:
        written = _Written(fleet, location)
        maker = _Maker(location, target, Inside(fleet.folder, target.workdir), written, environ)
        try:
            spec = maker.spec()
            label = labels.label(location.name)
        except ReefError as error:
            why = f"{error.message}; {error.hint}" if error.hint else error.message
            findings.append(Finding("left_out", location.name, why, location.where))
            continue
        if label != location.name:
            spec.location_name = location.name
        findings += maker.findings
        locations.append(CodeLocation(label, spec, target.namespace))
    return Rendered(tuple(locations), tuple(findings))


class _Written:
    """What reef.yaml says of a location itself; the resolved one no longer tells it from a default."""

    def __init__(self, fleet: Fleet, location: Location) -> None:
        document = read_document(fleet.source) if fleet.kind == "reef" else None
        entries = document.entries if document else {}
        own = entries["locations"].entries.get(location.name) if "locations" in entries else None
        self._items = [item for item in (own, entries.get("defaults")) if item is not None]

    def says(self, name: str) -> bool:
        """Whether it, or the defaults, have the setting."""
        found = (item.entries.get(name) for item in self._items)
        return any(each is not None and each.value is not None for each in found)

    def borrowed(self) -> set[str]:
        """Variables whose value is that of Reef's own environment."""
        names: set[str] = set()
        for item in self._items:
            env = item.entries.get("env")
            names |= borrowed(env) if env else set()
        return names


def borrowed(env: Item) -> set[str]:
    """Variables of an `env` that it names without a value."""
    if env.entries:
        return {name for name, each in env.entries.items() if each.value is None}
    return {str(each.value) for each in env.elements if "=" not in str(each.value)}


class _Maker:
    def __init__(
        self,
        location: Location,
        target: Target,
        inside: Inside,
        written: _Written,
        environ: Mapping[str, str],
    ) -> None:
        self._location = location
        self._target = target
        self._inside = inside
        self._written = written
        self._environ = environ
        self.findings: list[Finding] = []

    def spec(self) -> Spec:
        """Raises ReefError for a location that no image can run."""
        return Spec(**self._settings(), **(self._server() if self._location.server else self._process()))

    def _settings(self) -> dict[str, Any]:
        it = self._location
        found: dict[str, Any] = {
            "owner": it.owner,
            "renamed_from": it.renamed_from,
            "container_context": dict(it.container_context) if it.container_context else None,
            "memory_limit": size_text(it.memory_limit_bytes) if it.memory_limit_bytes else None,
            "idle_timeout": None if it.idle_timeout_s is None else span_text(it.idle_timeout_s),
            "load_timeout": None if it.load_timeout_s is None else span_text(it.load_timeout_s),
            "revalidate": None if it.revalidate is None else revalidation_text(it.revalidate),
        }
        for name in ("max_concurrent_calls", "on_load_error", "placement"):
            if self._written.says(name):
                found[name] = getattr(it, name)
        return {name: value for name, value in found.items() if value is not None}

    def _server(self) -> dict[str, Any]:
        server = self._location.server
        assert server is not None
        if server.port is None:
            raise ReefError(
                "its server is a unix socket, which no other pod reaches", hint="give it a host and a port"
            )
        address = ExternalServer(host=server.host, port=server.port)
        if server.ssl:
            address.ssl = True
        return {"server": address}

    def _process(self) -> dict[str, Any]:
        it = self._location
        if it.code is None or not it.code.cli_args():
            raise ReefError(headline(it.broken) or "nothing says what to load")
        image = it.container_image or self._target.image
        if image is None:
            raise ReefError("has no image", hint="container_image in reef.yaml, or --image")
        if it.python_explicit:
            self._lose("python", f"{it.python} is of this machine; the image's own python is taken")
        found = {"image": image, "code": self._code(), **self._directories(), **self._env()}
        return {name: value for name, value in found.items() if value}

    def _code(self) -> Code:
        code = self._location.code
        assert code is not None
        attribute = {"attribute": code.attribute} if code.attribute else {}
        if code.python_file:
            path = self._inside.path(code.python_file)
            if path is None:
                raise ReefError(
                    f"{code.python_file} is not in {self._inside.folder}, so not known in the image"
                )
            return Code(python_file=path, **attribute)
        if code.module_name:
            return Code(module=code.module_name, **attribute)
        if code.package_name:
            return Code(package=code.package_name, **attribute)
        return Code(autoload_defs_module=code.autoload_defs_module_name or "")

    def _directories(self) -> dict[str, str]:
        it, found = self._location, dict[str, str]()
        directory = it.code.working_directory if it.code else None
        if directory and not self._inside.is_folder(directory):
            found |= self._directory("working_directory", directory)
        if it.cwd and not self._inside.is_folder(it.cwd):
            found |= self._directory("cwd", it.cwd)
        return found

    def _directory(self, name: str, path: str) -> dict[str, str]:
        there = self._inside.path(path)
        if there is None:
            self._lose(name, f"{path} is not in the fleet's folder, so where it is in the image is not known")
            return {}
        if name == "cwd" and self._target.workdir is None:
            self._lose(name, f"{there} is relative to the image's folder: say where that is with --workdir")
            return {}
        return {name: there}

    def _env(self) -> dict[str, list[EnvVar]]:
        it, values = self._location, dict(self._location.env)
        for path in it.env_files:
            for name, value in self._of_file(path).items():
                if values.get(name) == value:
                    del values[name]
        if it.env_files:
            self._lose("env_file", "its values may be secrets: make a Secret of it and name it in envFrom")
        for name in sorted(self._written.borrowed() & values.keys()):
            self._lose(
                f"env.{name}", "it has the value of Reef's own environment here: name a Secret in envFrom"
            )
            del values[name]
        return {"env": [EnvVar(name=name, value=value) for name, value in values.items()]}

    def _of_file(self, path: str) -> Mapping[str, str]:
        try:
            return read_env_file(path, self._environ)
        except ReefError:
            return {}

    def _lose(self, setting: str, why: str) -> None:
        self.findings.append(Finding("lost", f"{self._location.name}.{setting}", why, self._location.where))
