"""One location of a reef.yaml: its settings over the defaults, resolved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from reef.errors import ReefError
from reef.fleet.document import Item
from reef.fleet.environment import env_file_paths, read_env_files, written_env
from reef.fleet.interpreter import fault_of, resolved_python
from reef.fleet.measured import read_size, read_span
from reef.fleet.model import CodeTarget, Location, OnLoadError, Placement, Revalidate, ServerAddress
from reef.fleet.names import is_name
from reef.fleet.paths import Base
from reef.fleet.suggest import template_hint
from reef.fleet.units import revalidation

TARGETS = {
    "python_file": "python_file",
    "module": "module_name",
    "package": "package_name",
    "autoload_defs_module": "autoload_defs_module_name",
}
_WITHOUT_PROCESS = ("code", "python", "cwd", "working_directory", "env", "env_file")


@dataclass
class Reading:
    """What the locations of one file share, and what is noted while they are read."""

    base: Base
    environ: Mapping[str, str]
    default_python: str
    defaults: Item | None
    warnings: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Settings:
    """A location's own item over that of the defaults; both are already known to fit the models."""

    own: Item
    defaults: Item | None

    def items(self, name: str) -> tuple[Item | None, Item | None]:
        """The defaults' item, then the location's own."""
        return (self.defaults.entries.get(name) if self.defaults else None), self.own.entries.get(name)

    def item(self, name: str) -> Item | None:
        default, own = self.items(name)
        return own or default

    def value(self, name: str) -> object:
        item = self.item(name)
        return item.value if item else None


def read_location(name: str, item: Item, reading: Reading) -> Location:
    """Resolve one location. Raises ReefError for what cannot be meant; what is only missing makes it `broken`."""
    _check_name(name, item)
    settings = _Settings(item, reading.defaults)
    placement = _placement(settings)
    location = _shared(name, settings, placement)
    if placement == "external":
        return replace(location, server=_server(settings, reading))
    return _with_process(location, settings, reading)


def _check_name(name: str, item: Item) -> None:
    if not is_name(name):
        raise item.error(
            "is no name for a location", "a name has at least one letter, and no control characters"
        )


def _placement(settings: _Settings) -> Placement:
    has_server = "server" in settings.own.entries
    said = settings.own.entries.get("placement")
    if said is None or said.value is None:
        default = cast("Placement | None", settings.value("placement"))
        return "external" if has_server else default or "packed"
    if has_server and said.value != "external":
        raise said.error(
            f'= "{said.value}", but the location has a server', "only an external location has a server"
        )
    return cast("Placement", said.value)


def _shared(name: str, settings: _Settings, placement: Placement) -> Location:
    return Location(
        name=name,
        placement=placement,
        owner=cast("str | None", settings.value("owner")),
        memory_limit_bytes=read_size(settings.item("memory_limit")),
        idle_timeout_s=read_span(settings.item("idle_timeout")),
        max_concurrent_calls=cast(
            "int", settings.value("max_concurrent_calls") or Location.max_concurrent_calls
        ),
        load_timeout_s=read_span(settings.item("load_timeout")),
        on_load_error=cast("OnLoadError", settings.value("on_load_error") or Location.on_load_error),
        revalidate=_revalidate(settings.item("revalidate")),
        container_image=cast("str | None", settings.value("container_image")),
        container_context=cast("Mapping[str, object] | None", settings.value("container_context")),
        renamed_from=_renamed_from(name, settings),
        where=settings.own.where,
    )


def _renamed_from(name: str, settings: _Settings) -> str | None:
    said = settings.own.entries.get("renamed_from")
    if said is None:
        return None
    if said.value == name:
        raise said.error(f'= "{said.value}", which is its name', "name the one that it had before")
    return str(said.value)


def _revalidate(item: Item | None) -> Revalidate:
    if item is None or item.value is None:
        return None
    try:
        return revalidation(str(item.value))
    except ValueError:  # its form was checked before
        raise item.invalid("an interval from one second, such as every 10m") from None


def _server(settings: _Settings, reading: Reading) -> ServerAddress:
    for name in _WITHOUT_PROCESS:
        if name in settings.own.entries:
            raise settings.own.entries[name].error(
                "does not fit an external location", "its server runs elsewhere, with settings of its own"
            )
    server = settings.own.entries.get("server")
    if server is None:
        raise settings.own.error("is external and has no server", "server: {host: ..., port: ...}")
    given = {name: entry.value for name, entry in server.entries.items()}
    if ("port" in given) == ("socket" in given):
        raise server.error("must have either port or socket", "server: {host: localhost, port: 4000}")
    socket = reading.base.path(str(given["socket"])) if "socket" in given else None
    return ServerAddress(
        host=str(given.get("host", "localhost")),
        port=cast("int | None", given.get("port")),
        socket=socket,
        ssl=bool(given.get("ssl", False)),
    )


def _with_process(spec: Location, settings: _Settings, reading: Reading) -> Location:
    code = _code(settings, reading.base)
    faults: list[ReefError] = []
    python = settings.item("python")
    files = env_file_paths(settings.items("env_file"), reading.base)
    spec = replace(
        spec,
        code=code,
        python=_python(python, reading, faults) if python and python.value else reading.default_python,
        python_explicit=bool(python and python.value),
        cwd=_cwd(settings, reading.base, faults),
        env=_env(settings, files, reading, faults),
        env_files=tuple(path for path, _ in files),
    )
    return replace(spec, broken=str(faults[0])) if faults else spec


def _code(settings: _Settings, base: Base) -> CodeTarget:
    code = settings.own.entries.get("code")
    if code is None:
        raise settings.own.error(
            "has no code", "code: a Python file, a module, or a map; or server: for an external location"
        )
    given = {name: str(entry.value) for name, entry in code.entries.items()} or _shorthand(code)
    targets = [name for name in TARGETS if name in given]
    if len(targets) != 1:
        raise code.error(f"must have exactly one of {', '.join(TARGETS)}")
    if targets == ["autoload_defs_module"] and "attribute" in given:
        raise code.entries["attribute"].error(
            "does not fit autoload_defs_module, which finds all definitions"
        )
    target = given[targets[0]]
    directory = settings.value("working_directory")
    return replace(
        CodeTarget(
            attribute=given.get("attribute"),
            working_directory=base.path(str(directory)) if directory else None,
        ),
        **{TARGETS[targets[0]]: base.path(target) if targets == ["python_file"] else target},
    )


def _shorthand(code: Item) -> dict[str, str]:
    text = str(code.value)
    if text.endswith(".py"):
        return {"python_file": text}
    if os.sep in text:
        raise code.error(f'= "{text}", must be a file that ends in .py, or a module', template_hint(text))
    return {"module": text}


def _python(item: Item, reading: Reading, faults: list[ReefError]) -> str:
    python = resolved_python(str(item.value), reading.base.folder, reading.environ)
    if fault := fault_of(python):
        hint = template_hint(python) or "create it, or correct the path: it is relative to this file"
        faults.append(item.error(f'= "{item.value}", {python} {fault}', hint))
    return python


def _cwd(settings: _Settings, base: Base, faults: list[ReefError]) -> str:
    item = settings.item("cwd")
    if item is None or item.value is None:
        return base.folder
    cwd = base.path(str(item.value))
    if not os.path.isdir(cwd):
        faults.append(item.error(f'= "{item.value}", {cwd} is not a folder', template_hint(cwd)))
    return cwd


def _env(
    settings: _Settings, files: list[tuple[str, Item]], reading: Reading, faults: list[ReefError]
) -> dict[str, str]:
    reading.files += (path for path, _ in files)
    values: dict[str, str] = {}
    try:
        values = read_env_files(files, reading.environ)
    except ReefError as error:
        faults.append(error)
    for item in settings.items("env"):
        written, warnings = written_env(item, reading.environ)
        values.update(written)
        reading.warnings += warnings
    return values
