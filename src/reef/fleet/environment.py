"""What a location adds to the environment that Reef was started with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reef.errors import ReefError
from reef.fleet.document import Item
from reef.fleet.dotenv import read_env_file
from reef.fleet.paths import Base


def written_env(item: Item | None, environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The values of an `env` setting, and a warning for each name that is passed on but not set."""
    values: dict[str, str] = {}
    warnings = []
    for name, value, entry in _pairs(item):
        if not name or "\0" in name + (value or ""):
            raise entry.error("names no variable", "write NAME=VALUE, or NAME alone")
        taken = environ.get(name) if value is None else value
        if taken is None:
            warnings.append(f"{entry.where}: {entry.path} passes {name} on, which is not set where Reef runs")
        else:
            values[name] = taken
    return values, warnings


def _pairs(item: Item | None) -> Iterator[tuple[str, str | None, Item]]:
    if item is None:
        return
    for name, entry in item.entries.items():
        yield name, None if entry.value is None else entry.raw, entry
    for entry in item.elements:
        name, equals, value = str(entry.value).partition("=")
        yield name.strip(), value if equals else None, entry


def env_file_paths(items: Iterable[Item | None], base: Base) -> list[tuple[str, Item]]:
    """The files that `env_file` settings name, in order, each with the item that names it."""
    found = []
    for item in items:
        for each in (item.elements or (item,)) if item and item.value is not None else ():
            found.append((base.path(str(each.value)), each))
    return found


def read_env_files(files: Iterable[tuple[str, Item]], environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of all the files, later ones winning. Raises ReefError with the line that names the file."""
    values: dict[str, str] = {}
    for path, item in files:
        try:
            values.update(read_env_file(path, {**environ, **values}))
        except ReefError as error:
            raise item.error(f'= "{item.value}": {error.where} {error.message}', error.hint) from None
    return values
