"""What a location may cost at most, and from when on the doctor says something: `budgets` and `doctor` of a reef.yaml,
or of `[tool.reef]` in a pyproject.toml."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace

from reef.fleet.decode import decoded
from reef.fleet.document import Item
from reef.fleet.measured import read_size, read_span
from reef.fleet.model import Budget, Budgets, DoctorSpec
from reef.fleet.settings import ReefTable
from reef.fleet.suggest import did_you_mean
from reef.fleet.toml_file import TomlTable, read_toml


def read_doctor(document: Item, locations: Collection[str]) -> DoctorSpec:
    """Of a document whose `budgets` and `doctor` are known to fit their models. Raises ReefError."""
    spec = DoctorSpec(_budgets(document.entries.get("budgets"), locations))
    item = document.entries.get("doctor")
    if item is None or item.value is None:
        return spec
    return replace(
        spec, memory_bytes=read_size(item.entries.get("memory")), time_s=read_span(item.entries.get("time"))
    )


def project_doctor(folder: str, locations: Collection[str]) -> DoctorSpec | None:
    """What `[tool.reef]` of a folder's pyproject.toml says; None where there is none. Raises ReefError."""
    path = os.path.join(folder, "pyproject.toml")
    if not os.path.isfile(path):
        return None
    table = read_toml(path).table("tool")
    if "reef" not in table.data:
        return None
    item = _item(table.table("reef"), "reef", table)
    decoded(item, ReefTable)
    return read_doctor(item, locations)


def _item(table: TomlTable, name: str, above: TomlTable) -> Item:
    entries = {}
    for key, value in table.data.items():
        if isinstance(value, dict):
            entries[key] = _item(table.table(key), key, table)
        else:
            path = f"{table.path}.{key}"
            entries[key] = Item(value, path, table.where(key), str(value))
    return Item(dict(table.data), table.path, above.where(name), entries=entries)


def _budgets(item: Item | None, locations: Collection[str]) -> Budgets:
    if item is None or item.value is None:
        return Budgets()
    own = item.entries.get("locations")
    named = own.entries if own else {}
    for name, entry in named.items():
        if name not in locations:
            raise entry.error("is no code location", did_you_mean(name, locations))
    return Budgets(_budget(item), {name: _budget(entry) for name, entry in named.items()})


def _budget(item: Item) -> Budget:
    threads = item.entries.get("threads")
    number = threads.value if threads else None
    return Budget(
        read_size(item.entries.get("memory")),
        read_span(item.entries.get("load_time")),
        number if isinstance(number, int) else None,
        item.where,
    )
