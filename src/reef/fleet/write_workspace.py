"""Writing a fleet as Dagster's own `workspace.yaml`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from reef.fleet.model import CodeTarget, Fleet, Location
from reef.fleet.workspace_location import default_name
from reef.fleet.write_reef import is_writable

_LOST = {
    "env": "env",
    "env_files": "env_file",
    "memory_limit_bytes": "memory_limit",
    "idle_timeout_s": "idle_timeout",
    "max_concurrent_calls": "max_concurrent_calls",
    "load_timeout_s": "load_timeout",
    "on_load_error": "on_load_error",
    "revalidate": "revalidate",
    "owner": "owner",
    "container_image": "container_image",
    "container_context": "container_context",
}


@dataclass(frozen=True)
class Export:
    """The text of a workspace.yaml; `start_in` is where Dagster must be started; `lost` what it cannot say."""

    text: str
    start_in: str | None
    lost: Mapping[str, tuple[str, ...]]  # setting -> the locations that have it


def workspace_yaml(fleet: Fleet) -> Export:
    """A workspace.yaml with absolute paths, so that it means the same in every folder."""
    cwds = Counter(each.cwd for each in fleet.locations if each.code is not None)
    start_in = cwds.most_common(1)[0][0] if cwds else None
    entries = [_entry(each, start_in) for each in fleet.locations if is_writable(each)]
    text = "# Written by `reef export workspace`.\n"
    if start_in:
        text += f"# Start dagster-webserver and dagster-daemon in {start_in}\n"
    for each in fleet.locations:
        if not is_writable(each):
            text += "".join(f"# {line}\n" for line in f"left out: {each.name!r}, {each.broken}".splitlines())
    text += yaml.safe_dump({"load_from": entries}, sort_keys=False, allow_unicode=True, width=10_000)
    return Export(text, start_in, _lost(fleet))


def _entry(spec: Location, start_in: str | None) -> dict[str, object]:
    if spec.server is not None:
        server = spec.server
        address = {"socket": server.socket} if server.socket else {"port": server.port}
        ssl = {"ssl": True} if server.ssl else {}
        return {"grpc_server": {"host": server.host, **address, **ssl, "location_name": spec.name}}
    assert spec.code is not None
    return _process(spec, spec.code, start_in)


def _process(spec: Location, code: CodeTarget, start_in: str | None) -> dict[str, object]:
    form, key, target = _form(code)
    # A file without a map has no working directory of its own; a map would give it the file's folder.
    if form == "python_file" and not code.working_directory and _says_only_its_file(spec, code, start_in):
        return {form: target}
    directory = code.working_directory
    if directory is None and (form == "python_file" or spec.cwd != start_in):
        directory = spec.cwd
    settings = {
        key: target,
        "attribute": code.attribute,
        "working_directory": directory,
        "location_name": spec.name,
        "executable_path": spec.python if spec.python_explicit else None,
    }
    return {form: {name: value for name, value in settings.items() if value}}


def _says_only_its_file(spec: Location, code: CodeTarget, start_in: str | None) -> bool:
    return spec.name == default_name(code) and not (
        code.attribute or spec.python_explicit or spec.cwd != start_in
    )


def _form(code: CodeTarget) -> tuple[str, str, str]:
    """The kind of entry, the key that names its target, and the target."""
    if code.python_file:
        return "python_file", "relative_path", code.python_file
    if code.module_name:
        return "python_module", "module_name", code.module_name
    if code.package_name:
        return "python_package", "package_name", code.package_name
    return "autoload_defs_module", "module_name", code.autoload_defs_module_name or ""


def _lost(fleet: Fleet) -> dict[str, tuple[str, ...]]:
    plain = Location(name="")
    lost: dict[str, tuple[str, ...]] = {}
    for field, setting in _LOST.items():
        names = tuple(each.name for each in fleet.locations if getattr(each, field) != getattr(plain, field))
        if names:
            lost[setting] = names
    return lost
