"""Writing a `reef.yaml` that reads back as the fleet that Dagster's own files describe."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping

import yaml

from reef.errors import Where
from reef.fleet.interpreter import resolved_python
from reef.fleet.model import CodeTarget, Fleet, Location
from reef.fleet.paths import Base
from reef.fleet.reef_location import TARGETS

_OPENING = """\
# The fleet of {source}, as `reef init` found it.
# The names are the ones that Dagster knows: its history, schedules and sensors hang on them.
# Paths are relative to this file. `reef schema` prints the JSON schema of this file, for editors.
"""
_FLEET = """
# python: .venv/bin/python     # for the webserver, the daemon and locations that name no interpreter
# memory_budget: 4Gi           # for all code servers together
"""
_EXAMPLES = """
# owner: team-data
# memory_limit: 1Gi          # of one code server
# revalidate: on_wake        # or every 10m, or never; for definitions that come from a database, an API, a clock
# idle_timeout: 10m          # or never; without it Reef decides from what a location costs
"""


def reef_yaml(fleet: Fleet, folder: str) -> str:
    """The text of a reef.yaml in `folder` (absolute). A location that says too little to be written is a comment."""
    shared = _shared(fleet, folder)
    text = _OPENING.format(source=_inside(fleet.source, folder)) + _FLEET
    text += _defaults(shared, folder) + "\nlocations:"
    if not any(is_writable(location) for location in fleet.locations):
        text += " {}"
    text += "\n"
    return text + "".join(_entry(location, shared, folder) for location in fleet.locations)


def is_writable(spec: Location) -> bool:
    """Whether enough is known of it: a server, or code."""
    return spec.server is not None or (spec.code is not None and bool(spec.code.cli_args()))


def _shared(fleet: Fleet, folder: str) -> dict[str, str]:
    """What all processes have in common: `cwd` and `python`, as absolute paths."""
    processes = [each for each in fleet.locations if each.code is not None and is_writable(each)]
    shared = {}
    if cwds := Counter(each.cwd for each in processes):
        shared["cwd"] = cwds.most_common(1)[0][0]
    pythons = {each.python if each.python_explicit else None for each in processes}
    if len(pythons) == 1 and (python := pythons.pop()):
        shared["python"] = python
    return {"cwd": folder, **shared}


def _defaults(shared: Mapping[str, str], folder: str) -> str:
    settings = {}
    if shared["cwd"] != folder:
        settings["cwd"] = Base(folder).written(shared["cwd"])
    if "python" in shared:
        settings["python"] = _python(shared["python"], folder)
    examples = _EXAMPLES.strip().splitlines()
    if settings:
        return "\ndefaults:\n" + "".join(f"  {line}\n" for line in examples) + _indented(settings, 2)
    return "\n# defaults:\n" + "".join(f"#   {line[2:]}\n" for line in examples)


def _entry(spec: Location, shared: Mapping[str, str], folder: str) -> str:
    comment = f"  # from {_source(spec.where, folder)}\n" if spec.where else ""
    if spec.broken:
        comment += "".join(f"  # broken: {line}\n" for line in spec.broken.splitlines())
    if not is_writable(spec):
        return comment + "".join(f"  # {line}\n" for line in _yaml({spec.name: {}}).splitlines())
    return comment + _indented({spec.name: _settings(spec, shared, folder)}, 2)


def _settings(spec: Location, shared: Mapping[str, str], folder: str) -> dict[str, object]:
    base = Base(folder)
    if spec.server is not None:
        return {"server": _server(spec, base)}
    assert spec.code is not None
    settings: dict[str, object] = {"code": _code(spec.code, base)}
    if spec.python_explicit and spec.python != shared.get("python"):
        settings["python"] = _python(spec.python, folder)
    if spec.code.working_directory:
        settings["working_directory"] = base.written(spec.code.working_directory)
    if spec.cwd != shared["cwd"]:
        settings["cwd"] = base.written(spec.cwd)
    if spec.env_files:
        settings["env_file"] = _one_or_many(base.written(path) for path in spec.env_files)
    if spec.placement != "packed":
        settings["placement"] = spec.placement
    return settings


def _server(spec: Location, base: Base) -> dict[str, object]:
    assert spec.server is not None
    server = spec.server
    where = {"socket": base.written(server.socket)} if server.socket else {"port": server.port}
    return {"host": server.host, **where, **({"ssl": True} if server.ssl else {})}


def _code(code: CodeTarget, base: Base) -> object:
    values = (
        base.written(code.python_file) if code.python_file else None,
        code.module_name,
        code.package_name,
        code.autoload_defs_module_name,
    )
    kind, target = next((kind, value) for kind, value in zip(TARGETS, values, strict=True) if value)
    if code.attribute:
        return {kind: target, "attribute": code.attribute}
    is_file = target.endswith(".py")
    short = is_file if kind == "python_file" else kind == "module" and not is_file and os.sep not in target
    return target if short else {kind: target}


def _python(python: str, folder: str) -> str:
    written = Base(folder).written(python)
    return written if os.sep in written and resolved_python(written, folder, {}) == python else python


def _one_or_many(values: Iterable[str]) -> str | list[str]:
    found = list(values)
    return found[0] if len(found) == 1 else found


def _source(where: Where, folder: str) -> str:
    return str(Where(_inside(os.path.abspath(where.file), folder), where.line))


def _inside(path: str, folder: str) -> str:
    return Base(folder).written(path)


def _yaml(data: object) -> str:
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000)


def _indented(data: object, by: int) -> str:
    return "".join(" " * by + line + "\n" for line in _yaml(data).splitlines())
