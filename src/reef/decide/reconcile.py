"""A fleet's file was edited: what of it concerns which location. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reef.fleet.model import Fleet, Location

# placed: where its code runs. code: what runs is another version. limits: neither; counts from now on.
Kind = Literal["placed", "code", "limits"]

_PLACED = ("placement", "server")
_CODE = (
    *("code", "python", "python_explicit", "cwd", "env", "env_files"),
    *("container_image", "container_context", "broken"),
)
_NOWHERE = ("where", "renamed_from")


@dataclass(frozen=True)
class FleetChanges:
    """Names, in the order of the new file; `removed` in that of the old one. `renamed`: new name → old one."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def names_differ(self) -> bool:
        """Whether Dagster's workspace file is another one."""
        return bool(self.added or self.removed)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def changes(old: Mapping[str, Location], new: Mapping[str, Location]) -> FleetChanges:
    added = tuple(name for name in new if name not in old)
    removed = tuple(name for name in old if name not in new)
    kinds = {name: kind for name in new if name in old and (kind := _kind(old[name], new[name]))}
    return FleetChanges(added, removed, renames({name: new[name] for name in added}, removed), kinds)


def renames(added: Mapping[str, Location], gone: tuple[str, ...]) -> dict[str, str]:
    """New name → the old one that it says it had."""
    return {
        name: spec.renamed_from
        for name, spec in added.items()
        if spec.renamed_from and spec.renamed_from in gone
    }


def renames_of(fleet: Fleet) -> dict[str, str]:
    """All that a fleet's file says at a start: new name → old one."""
    return {spec.name: spec.renamed_from for spec in fleet.locations if spec.renamed_from}


def _kind(old: Location, new: Location) -> Kind | None:
    different = {
        name
        for name in Location.__dataclass_fields__
        if name not in _NOWHERE and getattr(old, name) != getattr(new, name)
    }
    if different.intersection(_PLACED):
        return "placed"
    if different.intersection(_CODE):
        return "code"
    return "limits" if different else None


def too_empty(old: Mapping[str, Location], new: Mapping[str, Location]) -> bool:
    """A file without any location is more likely a mistake than a wish: nothing is removed for it."""
    return bool(old) and not new
