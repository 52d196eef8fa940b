"""What is known of a location's imports. Plain data, no I/O: decisions read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_MODULES = (".py", ".so", ".pyd")


@dataclass(frozen=True)
class Unclear:
    """Something that may import what nobody can tell from the source; `file` absolute."""

    file: str
    line: int | None
    text: str


@dataclass(frozen=True)
class Footprint:
    """Paths are absolute and real. `via`: file -> the file and line that import it, None for an
    entry. `data_folders` are those of imported packages. `has_dbt`: it imports dagster_dbt, which reads a dbt project
    that nobody can tell from the source."""

    location: str
    via: Mapping[str, tuple[str, int] | None]
    unclear: tuple[Unclear, ...] = ()
    source_root: str | None = None
    data_folders: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    dependency_files: tuple[str, ...] = ()
    external: bool = False
    has_dbt: bool = False


def is_module(path: str) -> bool:
    return path.endswith(_MODULES)
