"""One entry of a workspace.yaml's `load_from`, resolved as Dagster resolves it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from reef.errors import ReefError
from reef.fleet.document import Item
from reef.fleet.dotenv import read_env_file
from reef.fleet.interpreter import fault_of
from reef.fleet.model import CodeTarget, Location, ServerAddress
from reef.fleet.paths import folder_of
from reef.fleet.suggest import did_you_mean, template_hint
from reef.words import describe

_SHARED = ("location_name", "working_directory", "executable_path")
_FIELDS = {
    "python_file": ("relative_path", "attribute", *_SHARED),
    "python_module": ("module_name", "attribute", *_SHARED),
    "python_package": ("package_name", "attribute", *_SHARED),
    "autoload_defs_module": ("module_name", *_SHARED),
    "grpc_server": ("host", "socket", "port", "location_name", "ssl", "additional_metadata"),
}


@dataclass
class Surroundings:
    """What Dagster would find around the file: its working directory and its environment."""

    cwd: str
    environ: Mapping[str, str]
    default_python: str
    warnings: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @cached_property
    def variables(self) -> Mapping[str, str]:
        """The environment, with the `.env` of the working directory that Dagster's commands read over it."""
        path = os.path.join(self.cwd, ".env")
        self.files.append(path)  # it may come later
        if not os.path.isfile(path):
            return self.environ
        try:
            return {**self.environ, **read_env_file(path, self.environ)}
        except ReefError as error:
            self.warnings.append(describe(error))
            return self.environ


def read_entry(entry: Item, file: str, around: Surroundings) -> Location:
    """Resolve one entry. Raises ReefError for what cannot be meant; what is only missing makes it `broken`."""
    form, settings = _form(entry)
    values = _Values(settings, around)
    if form == "grpc_server":
        location = _server(settings, values, around)
    else:
        location = _process(_target(form, settings, values, file), values, around)
    return replace(location, where=entry.where, broken=str(values.faults[0]) if values.faults else None)


def _form(entry: Item) -> tuple[str, Item]:
    if not isinstance(entry.value, dict) or len(entry.entries) != 1:
        raise entry.invalid(f"a map with exactly one of {', '.join(_FIELDS)}", template_hint(entry.raw or ""))
    form, settings = next(iter(entry.entries.items()))
    if form not in _FIELDS:
        raise settings.error("is not a kind of location", did_you_mean(form, _FIELDS))
    if isinstance(settings.value, str) and settings.value and form != "grpc_server":
        _refuse_template(settings, settings.value)
        return form, settings
    if not isinstance(settings.value, dict):
        raise settings.invalid("a map" if form == "grpc_server" else "a name or a map")
    for name, each in settings.entries.items():
        if name not in _FIELDS[form]:
            raise each.error("is not a setting", did_you_mean(name, _FIELDS[form]))
    return form, settings


class _Values:
    """Reads the settings of one entry; an environment variable that is not set is a fault of the location."""

    def __init__(self, settings: Item, around: Surroundings) -> None:
        self._settings = settings
        self._around = around
        self.faults: list[ReefError] = []

    def text(self, name: str) -> str | None:
        """A string, or `{env: NAME}`; None where it is not there, or its variable is not set."""
        item = self._settings.entries.get(name)
        if item is None:
            return None
        if isinstance(item.value, dict):
            return self._variable(item)
        if not isinstance(item.value, str):
            raise item.invalid("a string, or {env: NAME}")
        _refuse_template(item, item.value)
        return item.value

    def item(self, name: str) -> Item:
        return self._settings.entries[name]

    def name(self, default: str) -> str:
        """The location's name. Raises ReefError where a variable that would be part of it is not set."""
        name = self.text("location_name")
        if not name and self.faults:
            raise self.faults[0]
        return name or default

    def required(self, name: str) -> str:
        if name not in self._settings.entries:
            raise self._settings.error(f"has no {name}")
        text = self.text(name)
        if text == "":
            raise self._settings.entries[name].invalid("a name")
        return text or ""

    def port(self) -> int | None:
        item = self._settings.entries.get("port")
        if item is None:
            return None
        number = self._variable(item) if isinstance(item.value, dict) else item.value
        if number is None:
            return None
        try:
            port = int(number) if isinstance(number, str) and isinstance(item.value, dict) else number
        except ValueError:
            port = None
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:
            raise item.invalid("a port from 1 to 65535, or {env: NAME}", template_hint(item.raw or ""))
        return port

    def _variable(self, item: Item) -> str | None:
        source = item.entries.get("env")
        if source is None or len(item.entries) != 1 or not isinstance(source.value, str):
            raise item.invalid("a value, or {env: NAME}")
        value = self._around.variables.get(source.value)
        if value is None:
            self.faults.append(
                item.error(
                    f"names the environment variable {source.value}, which is not set", "set it for Reef"
                )
            )
        return value


def _target(form: str, settings: Item, values: _Values, file: str) -> CodeTarget:
    if isinstance(settings.value, str):
        name, directory, attribute = settings.value, None, None
    else:
        name = values.required(_FIELDS[form][0])
        directory, attribute = values.text("working_directory") or None, values.text("attribute") or None
    if form == "python_file":
        # Dagster adds the file's folder to sys.path for the map form only.
        folder = folder_of(file)
        if isinstance(settings.value, dict):
            directory = os.path.join(folder, directory) if directory else folder
        return CodeTarget(
            python_file=os.path.join(folder, name), attribute=attribute, working_directory=directory
        )
    if form == "python_module":
        return CodeTarget(module_name=name, attribute=attribute, working_directory=directory)
    if form == "python_package":
        return CodeTarget(package_name=name, attribute=attribute, working_directory=directory)
    return CodeTarget(autoload_defs_module_name=name, working_directory=directory)


def _process(code: CodeTarget, values: _Values, around: Surroundings) -> Location:
    if code.working_directory:
        code = replace(code, working_directory=os.path.join(around.cwd, code.working_directory))
    name = values.name(default_name(code))
    named = values.text("executable_path")
    return Location(
        name=name,
        code=code,
        python=_python(named, values, around) if named else around.default_python,
        python_explicit=bool(named),
        cwd=around.cwd,
    )


def _python(named: str, values: _Values, around: Surroundings) -> str:
    expanded = os.path.expanduser(named)
    path = os.path.join(around.cwd, expanded)
    if os.sep not in expanded:
        path = shutil.which(expanded, path=around.variables.get("PATH", os.defpath)) or path
    if fault := fault_of(path):
        values.faults.append(
            values.item("executable_path").error(
                f'= "{named}", {path} {fault}', f"a relative path starts from {around.cwd}, as in Dagster"
            )
        )
    return path


def default_name(code: CodeTarget) -> str:
    """The name that Dagster gives to a location without one."""
    target = code.package_name or code.module_name or code.autoload_defs_module_name
    target = target or os.path.basename(code.python_file or "")
    return f"{target}:{code.attribute}" if code.attribute else target


def _server(settings: Item, values: _Values, around: Surroundings) -> Location:
    port, socket, host = values.port(), values.text("socket"), values.text("host") or "localhost"
    if not values.faults and bool(port) == bool(socket):
        raise settings.error("must have either port or socket")
    ssl = settings.entries.get("ssl")
    if ssl and not isinstance(ssl.value, bool):
        raise ssl.invalid("true or false")
    if extra := settings.entries.get("additional_metadata"):
        around.warnings.append(f"{extra.where}: {extra.path} is only shown by Dagster, and left out by Reef")
    address = ServerAddress(
        host, port, os.path.join(around.cwd, socket) if socket else None, bool(ssl and ssl.value)
    )
    return Location(
        name=values.name(f"grpc:{host}:{socket or port}"),
        placement="external",
        server=None if values.faults else address,
    )


def _refuse_template(item: Item, text: str) -> None:
    if hint := template_hint(text):
        raise item.error(f'= "{text}" is not filled in', hint)
