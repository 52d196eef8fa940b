"""Reading a project whose `pyproject.toml` has `[tool.dagster]`, as `dagster dev` reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from reef.fleet.model import CodeTarget, Fleet, Location
from reef.fleet.names import check_names
from reef.fleet.toml_file import TomlTable, read_toml


def names_a_target(block: TomlTable) -> bool:
    """Whether `[tool.dagster]` says what to load; it may also hold nothing but other settings."""
    return "module_name" in block.data or "modules" in block.data


def read_project(path: str, default_python: str) -> Fleet:
    """The fleet of a pyproject.toml's `[tool.dagster]`. Raises ReefError."""
    folder = os.path.dirname(path)
    block = read_toml(path).table("tool").table("dagster")
    name = block.string("code_location_name")
    locations = tuple(
        Location(
            name=name or module,
            code=CodeTarget(module_name=module, working_directory=folder),
            python=default_python,
            cwd=folder,
            where=table.where(key),
        )
        for table, key, module in _modules(block)
    )
    check_names(locations)
    return Fleet(
        locations,
        source=path,
        folder=folder,
        kind="project",
        default_python=default_python,
        files=(path,),
    )


def _modules(block: TomlTable) -> Iterator[tuple[TomlTable, str, str]]:
    """Each module with the table and the key that name it."""
    modules = block.tables("modules")
    if "module_name" in block.data:
        if modules:
            raise block.error("modules", "and module_name exclude each other", "remove one of the two")
        yield block, "module_name", block.required("module_name")
        return
    if not modules:
        raise block.error("modules", "must not be empty")
    for each in modules:
        if each.required("type") == "module":
            yield each, "name", each.required("name")
